"""This file answers one question: is this the file that was promised? By content, not by label.

For files on disk; `Inspection` answers it for bytes on their way, and does the work for both.
"""

from __future__ import annotations

from pathlib import Path

from skyatlas.net.inspection import Inspection
from skyatlas.net.promise import Doubtful, Promise, looks_like_html

__all__ = ["Doubtful", "Promise", "looks_like_html", "verify"]

_PIECE = 1024 * 1024


def verify(path: Path, promise: Promise) -> tuple[str, ...]:
    """How the file was verified: "length", "sha256", "gzip", "fits structure", "checksum" …

    Raises Corrupt with one sentence, and Doubtful where only sums inside the file are wrong.
    """
    inspection = Inspection(promise)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            inspection.feed(piece)
    return inspection.finish(path)
