import dataclasses

import pytest

from vidtext.errors import OptionError
from vidtext.settings import Settings


def test_nothing_set_is_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"PATH": "/bin", "MAX_FRAMES": "3"}) == Settings()


def test_each_kind_of_value_is_read() -> None:
    settings = Settings.from_env(
        {"VIDTEXT_MAX_FRAMES": "12", "VIDTEXT_MAX_DURATION_SECONDS": "90.5", "VIDTEXT_DEFAULT_MODEL": "some/model"}
    )
    assert settings == dataclasses.replace(
        Settings(), max_frames=12, max_duration_seconds=90.5, default_model="some/model"
    )
    assert isinstance(settings.max_frames, int)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
def test_every_field_has_a_variable(field: str) -> None:
    value = getattr(Settings(), field)
    text = "1" if isinstance(value, bool) else "7" if isinstance(value, int | float) else "7.0.0.0/8"
    assert getattr(Settings.from_env({f"VIDTEXT_{field.upper()}": text}), field) == type(value)(text)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("On", True), ("TRUE", True), ("0", False), ("no", False)])
def test_a_switch_is_read_as_people_write_it(text: str, value: bool) -> None:  # noqa: FBT001
    assert Settings.from_env({"VIDTEXT_GUARD_DECODING": text}).guard_decoding is value


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(OptionError, match="VIDTEXT_GUARD_DECODING='7' is not a valid bool"):
        Settings.from_env({"VIDTEXT_GUARD_DECODING": "7"})


@pytest.mark.parametrize("text", ["", "many", "1.5", "0x10", "1 000"])
def test_text_that_is_no_number_is_refused_with_its_variable(text: str) -> None:
    with pytest.raises(OptionError, match=rf"VIDTEXT_MAX_FRAMES='{text}' is not a valid int"):
        Settings.from_env({"VIDTEXT_MAX_FRAMES": text})


def test_an_unknown_variable_is_refused_with_those_that_exist() -> None:
    with pytest.raises(OptionError, match=r"VIDTEXT_MAX_FRAME is not a setting\..*VIDTEXT_MAX_FRAMES"):
        Settings.from_env({"VIDTEXT_MAX_FRAME": "12"})


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_limit_of_nothing_is_refused(value: str) -> None:
    with pytest.raises(OptionError, match=f"max_frames is {value}; it must be greater than 0"):
        Settings.from_env({"VIDTEXT_MAX_FRAMES": value})


def test_a_limit_that_is_no_number_is_refused() -> None:
    with pytest.raises(OptionError, match="max_duration_seconds is nan"):
        Settings.from_env({"VIDTEXT_MAX_DURATION_SECONDS": "nan"})


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().max_frames = 1  # type: ignore[misc]
