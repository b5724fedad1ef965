from __future__ import annotations

import logging

import pytest
from pydantic import ValidationError

from vidtext.errors import OptionError
from vidtext.settings import BETWEEN, Settings
from vidtext.settings_environment import RENAMED, variable_of


def value_of(settings: Settings, name: str) -> object:
    group, _, field = name.partition(BETWEEN)
    return getattr(getattr(settings, group), field)


def text_for(name: str) -> str:
    """A text that fits the field, and is not its default."""
    default = value_of(Settings(), name)
    return "1" if isinstance(default, bool) else "7" if isinstance(default, int | float) else "7.0.0.0/8"


def test_nothing_set_is_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"PATH": "/bin", "LIMITS__MAX_FRAMES": "3"}) == Settings()


def test_the_process_environment_alone_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDTEXT_LIMITS__MAX_FRAMES", "3")
    assert Settings().limits.max_frames != 3
    assert Settings.from_env({}) == Settings()


def test_each_kind_of_value_is_read() -> None:
    settings = Settings.from_env(
        {
            "VIDTEXT_LIMITS__MAX_FRAMES": "12",
            "VIDTEXT_LIMITS__MAX_DURATION_SECONDS": "90.5",
            "VIDTEXT_MODELS__DEFAULT": "some/model",
        }
    )
    assert settings == Settings().override(
        limits__max_frames=12, limits__max_duration_seconds=90.5, models__default="some/model"
    )
    assert isinstance(settings.limits.max_frames, int)


@pytest.mark.parametrize("name", Settings.names())
def test_every_field_has_a_variable(name: str) -> None:
    value = value_of(Settings(), name)
    assert value_of(Settings.from_env({variable_of(name): text_for(name)}), name) == type(value)(text_for(name))


@pytest.mark.parametrize("name", Settings.names())
def test_every_field_is_described(name: str) -> None:
    group, _, field = name.partition(BETWEEN)
    assert type(getattr(Settings(), group)).model_fields[field].description


@pytest.mark.parametrize(("former", "name"), RENAMED.items())
def test_a_former_name_is_read_and_reported(former: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        settings = Settings.from_env({f"VIDTEXT_{former.upper()}": text_for(name)})
    assert settings == Settings.from_env({variable_of(name): text_for(name)})
    assert f"VIDTEXT_{former.upper()} is deprecated" in caplog.text
    assert variable_of(name) in caplog.text


def test_defaults_give_way_to_variables_by_either_name() -> None:
    assert Settings.from_env({}, sandbox__enabled=True).sandbox.enabled
    for variable in ("VIDTEXT_SANDBOX__ENABLED", "VIDTEXT_GUARD_DECODING"):
        assert not Settings.from_env({variable: "0"}, sandbox__enabled=True).sandbox.enabled


def test_a_setting_by_both_its_names_is_refused() -> None:
    with pytest.raises(OptionError, match="are the same setting"):
        Settings.from_env({"VIDTEXT_MAX_FRAMES": "3", "VIDTEXT_LIMITS__MAX_FRAMES": "4"})


@pytest.mark.parametrize(("text", "value"), [("1", True), ("On", True), ("TRUE", True), ("0", False), ("no", False)])
def test_a_switch_is_read_as_people_write_it(text: str, value: bool) -> None:  # noqa: FBT001
    assert Settings.from_env({"VIDTEXT_SANDBOX__ENABLED": text}).sandbox.enabled is value


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(OptionError, match="VIDTEXT_SANDBOX__ENABLED='7'.*1 or 0"):
        Settings.from_env({"VIDTEXT_SANDBOX__ENABLED": "7"})


@pytest.mark.parametrize("text", ["", "many", "1.5", "0x10", "1 000"])
def test_text_that_is_no_number_is_refused_with_its_variable(text: str) -> None:
    with pytest.raises(OptionError, match=rf"VIDTEXT_LIMITS__MAX_FRAMES='{text}'.*whole number"):
        Settings.from_env({"VIDTEXT_LIMITS__MAX_FRAMES": text})


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("VIDTEXT_LIMITS__MAX_FRAME", "VIDTEXT_LIMITS__MAX_FRAMES"),
        ("VIDTEXT_LIMIT__MAX_FRAMES", "VIDTEXT_LIMITS__MAX_FRAMES"),
        ("VIDTEXT_MAX_WINDOW", "VIDTEXT_LIMITS__MAX_WINDOWS"),
        ("VIDTEXT_GUARD_DECODE", "VIDTEXT_SANDBOX__ENABLED"),
        ("VIDTEXT_API_TOKENS", "VIDTEXT_API__TOKEN"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest(variable: str, nearest: str) -> None:
    with pytest.raises(OptionError, match=rf"{variable} is not a setting\..*{nearest}\?"):
        Settings.from_env({variable: "12"})


@pytest.mark.parametrize("name", ["limits__max_frame", "limit__max_frames", "max_frames"])
def test_an_unknown_field_is_refused_with_the_nearest(name: str) -> None:
    with pytest.raises(OptionError, match=rf"{name} is not a setting\..*limits__max_frames\?"):
        Settings().override(**{name: 12})


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_limit_of_nothing_is_refused(value: str) -> None:
    with pytest.raises(OptionError, match=f"VIDTEXT_LIMITS__MAX_FRAMES='{value}'.*greater than 0"):
        Settings.from_env({"VIDTEXT_LIMITS__MAX_FRAMES": value})
    with pytest.raises(OptionError, match=rf"limits\.max_frames={value}.*greater than 0"):
        Settings().override(limits__max_frames=int(value))


def test_a_limit_that_is_no_number_is_refused() -> None:
    with pytest.raises(OptionError, match="MAX_DURATION_SECONDS='nan'"):
        Settings.from_env({"VIDTEXT_LIMITS__MAX_DURATION_SECONDS": "nan"})


def test_overriding_keeps_what_was_set_before() -> None:
    settings = Settings().override(limits__max_frames=3).override(limits__max_windows=5, api__token="secret")
    assert (settings.limits.max_frames, settings.limits.max_windows) == (3, 5)
    assert "secret" not in repr(settings)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().limits.max_frames = 1  # type: ignore[misc]
