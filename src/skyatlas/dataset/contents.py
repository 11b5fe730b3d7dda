"""This file holds the plain report of what is inside a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contents:
    """A plain report of what is inside a file, also of one that cannot be read further."""

    kind: str
    """"spectrum", "image", "cube", "table", "VOTable", "not FITS" …"""
    lines: tuple[str, ...]
    """One sentence or table line each."""

    def __str__(self) -> str:
        return "\n".join((self.kind, *self.lines))
