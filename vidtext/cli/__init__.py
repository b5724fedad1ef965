"""The command line: `python -m vidtext caption VIDEO`, and `chapters`, `summary`, `chat`, `probe`, `models`, `batch`.

The result goes to standard output and nothing else does; progress, notes and errors go to standard error. What the
libraries print goes there too. Everything heavy is imported when a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vidtext.cli.arguments import parser
from vidtext.cli.commands import command_of
from vidtext.cli.terminal import say
from vidtext.errors import CancelledError, VidtextError
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. `arguments` are those of the process if none are given."""
    try:
        options = parser().parse_args(arguments)
        command_of(options.command)(options, Settings.from_env(os.environ))
    except VidtextError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        say("Stopped.")
        return CancelledError.exit_code
    return 0
