"""This file asks MAST's ObsTAP service: the way that is left when the portal gives nothing.

Invariant: what is not the same as through the portal is told by a Note. ObsTAP knows no `obsid`, so
of an observation only the file at its own address can be had. Sources: the address as Firefly's
change log has it; 100,000 rows at most, and no INTERSECTS, as astroquery recorded of the sister
service for the TESS Input Catalog. That a row is a file, other programs found. Read on 2026-11-21,
not verified at MAST.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyatlas.archives.mast import matching, rows
from skyatlas.model import Note, Query, Why
from skyatlas.obscore import Fixed, conform, plain_values
from skyatlas.protocols import tap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door
    from skyatlas.errors import ArchiveError

SERVICE = tap.TapService("mast", "https://mast.stsci.edu/vo-tap/api/v0.1/caom", hard_limit=100_000)
TABLE = "ivoa.obscore"
_AT_ONCE = 25
"""Places in one question: as ESO's service takes them, that has no uploads either."""


def search(
    queries: Sequence[Query], numbers: Sequence[int], door: Door, error: ArchiveError
) -> Iterator[Table | Note]:
    """Rows for those of the queries that `numbers` says; `error` is what the portal ended with.

    Raises an ArchiveError leaf.
    """
    about = tap.known(door, SERVICE)
    columns = tap.columns_of(door, SERVICE, TABLE)
    # Where footprints cannot be asked for, centres half a degree farther around are.
    widened = about.offer.geometry is not None and "INTERSECTS" not in about.offer.geometry
    left: tuple[str, ...] = ()
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        # In which unit wavelengths are, is known from the answer only: the house compares them.
        mine = [replace(queries[number], band=None) for number in some]
        adql = tap.obscore_adql(mine, TABLE, columns=columns, geometry=about.offer.geometry)
        left = tap.not_asked(mine[0], columns)
        answer = tap.ask(door, SERVICE, adql, limit=mine[0].limit)
        table = _converted(answer.table, mine, some, widened)
        table.meta["asked"] = [adql]
        yield table
        if answer.truncated:
            why = Why.TRUNCATED if mine[0].limit is None else Why.LIMITED
            yield Note(why, f"ObsTAP had more than {len(answer.table)} rows", len(answer.table))
    yield Note(Why.UNANSWERED, _missing(error, left, widened))


def _missing(error: ArchiveError, left: Sequence[str], widened: bool) -> str:
    without = f", asked without {', '.join(left)}" if left else ""
    far = ", does not find large fields by their edges" if widened else ""
    return (
        f"the portal failed ({error}); these rows are from MAST's ObsTAP{without}, which tells of "
        f"each observation its own file only{far} and does not say which are science"
    )


def _converted(
    native: Table, queries: Sequence[Query], numbers: Sequence[int], widened: bool
) -> Table:
    """ObsCore with our identifiers, a row for each question that it answers."""
    table = conform(
        native,
        {
            "archive": Fixed("mast"),
            "target": None,
            "s_region": lambda t: _regions(t) if "s_region" in t.colnames else None,
            "em_min": lambda t: _metres(t, "em_min"),
            "em_max": lambda t: _metres(t, "em_max"),
        },
    )
    table["obs_publisher_did"] = _dids(table)
    names = ("s_region", "s_ra", "s_dec")
    columns = [plain_values(table[name]) for name in names]
    places = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    placed = queries[0].target is not None and queries[0].target.ra is not None
    if placed:
        pairs = matching.by_place(places, queries, widened=widened)
    else:
        pairs = matching.each(places, queries)
    chosen = table[[row for row, _ in pairs]]
    chosen["query"] = [numbers[query] for _, query in pairs]
    return chosen


def _regions(native: Table) -> Any:
    import numpy as np

    return np.array([rows.region(text) for text in plain_values(native["s_region"])], dtype=object)


def _metres(native: Table, name: str) -> Any:
    """Wavelengths by the unit that the column says; the standard's where it says none."""
    import numpy as np
    from astropy import units

    if name not in native.colnames:
        return None
    unit = native[name].unit
    known = isinstance(unit, units.UnitBase) and unit.is_equivalent(units.m)
    scale = unit.to(units.m) if known else 1.0
    values = [rows.number(value, scale, positive=True) for value in plain_values(native[name])]
    return np.array([np.nan if value is None else value for value in values])


def _dids(table: Table) -> list[str]:
    """Identifiers, made different where several files have the same: ObsTAP has a row for each."""
    dids, urls = (plain_values(table[name]) for name in ("obs_publisher_did", "access_url"))
    files = [str(url or "").rpartition("/")[2] for url in urls]
    return [f"{did or rows.DID}#{file}" for did, file in zip(dids, files, strict=True)]
