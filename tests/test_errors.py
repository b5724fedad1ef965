import re

import pytest

from vidtext import errors
from vidtext.errors import VidtextError

CLASSES = {name: value for name, value in vars(errors).items() if isinstance(value, type)}


def drawn() -> dict[str, str]:
    """Read the tree in the module's docstring: each class's name and that of the class it hangs under."""
    parents: dict[str, str] = {}
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"[\s│├└─]*?(\w+Error)\b", line):
            depth = found.start(1) // 4 - 1
            branch[depth:] = [found[1]]
            if depth:
                parents[found[1]] = branch[depth - 1]
    return parents


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {name: cls.__bases__[0].__name__ for name, cls in CLASSES.items() if cls is not VidtextError}
    assert drawn() == real
    assert len(real) == 17


def test_one_root_catches_all_and_a_bad_option_is_a_value_error() -> None:
    assert all(issubclass(cls, VidtextError) for cls in CLASSES.values())
    assert issubclass(errors.OptionError, ValueError)


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (errors.VidtextError, 1),
        (errors.OptionError, 2),
        (errors.SourceRefusedError, 3),
        (errors.SourceTooLargeError, 3),
        (errors.UnreadableMediaError, 4),
        (errors.NoVideoStreamError, 4),
        (errors.MediaTooLargeError, 4),
        (errors.UnknownModelError, 5),
        (errors.ModelUnavailableError, 5),
        (errors.IncompleteBatchError, 6),
        (errors.BusyError, 7),
        (errors.GpuRefusedError, 7),
        (errors.CancelledError, 130),
    ],
)
def test_exit_codes_tell_the_kinds_apart(error: type[VidtextError], exit_code: int) -> None:
    assert error.exit_code == exit_code
