"""The results of a batch as one ZIP: `results.jsonl` and the files about each item, as a folder would have them."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from vidtext.batch.results import RESULTS, line_of
from vidtext.media.write.atomic_write import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vidtext.batch.work import Outcome


def write_archive(outcomes: Iterable[Outcome], target: Path) -> None:
    """Write the file; it is complete or not there.

    Raises:
        VidtextError: it cannot be written.
    """
    outcomes = tuple(outcomes)
    with whole_file(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(RESULTS, "".join(line_of(outcome) for outcome in outcomes))
        for outcome in outcomes:
            for document in outcome.documents:
                archive.writestr(f"{outcome.item.name}{document.suffix}", document.text.encode(errors="replace"))
