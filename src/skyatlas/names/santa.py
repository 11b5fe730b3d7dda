"""This file asks MAST's name resolver (SANTA), which knows every TIC, KIC and EPIC number.

Invariant: of its answers only those about the very name that was asked are taken, and of these the
one from the catalogue of that number first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skyatlas.archive import Door
from skyatlas.errors import ArchiveError, Broken, Unreadable
from skyatlas.names.answer import Answer, Reading

URL = "https://mastresolver.stsci.edu/Santa-war/query"

AT_ONCE = 30
"""Names per question, as astroquery.mast does it."""

_CATALOGUE = {"TIC": 0, "KEPLER": 0, "K2": 0, "SIMBAD": 1, "NED": 2, "SIMBADCFA": 3, "VIZIER": 4}
"""Whom to believe first."""


def ask(names: Sequence[str], door: Door) -> dict[str, Reading | ArchiveError]:
    """What MAST says about each of these names; an ArchiveError where it did not answer."""
    outcome: dict[str, Reading | ArchiveError] = {}
    asked = list(dict.fromkeys(names))
    for start in range(0, len(asked), AT_ONCE):
        chunk = asked[start : start + AT_ONCE]
        try:
            outcome |= _ask_one(chunk, door)
        except ArchiveError as error:
            outcome |= dict.fromkeys(asked[start:], error)
            break
    return outcome


def _ask_one(names: Sequence[str], door: Door) -> dict[str, Reading | ArchiveError]:
    params = [("name", name) for name in names]
    params += [("outputFormat", "json"), ("resolveAll", "true")]
    reply = door.ask(URL, params=params)
    try:
        document = reply.json()
        rows = document["resolvedCoordinate"]
        status = document.get("status") or ""
        found = {name: _reading(name, rows) for name in names}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(
            f"cannot read the answer of MAST's name resolver: {error!r}",
            archive="mast", url=reply.url, status=reply.status_code,
        ) from error  # fmt: skip
    if status and not rows:
        raise Broken(
            f"MAST's name resolver failed: {status}",
            archive="mast", url=reply.url, status=reply.status_code,
        )  # fmt: skip
    return dict(found)


def _reading(name: str, rows: Sequence[Mapping[str, Any]]) -> Reading:
    # MAST gives the names back in lower case.
    mine = [row for row in rows if row["searchString"].casefold() == name.casefold()]
    mine.sort(key=lambda row: _CATALOGUE.get(row["resolver"], 9))
    return Reading(
        tuple(
            Answer(
                f"MAST {row['resolver']}",
                " ".join(str(row.get("canonicalName") or "").split()),
                float(row["ra"]) % 360.0,
                float(row["decl"]),
            )
            for row in mine
        )
    )
