"""This file asks TESScut for pixels that it cuts out of TESS's full-frame images.

Invariant: one file per sector. A cut of all sectors at once holds up the service until it gives up
(astroquery's issue 2447). Source: mast.stsci.edu/tesscut/docs/getting_started.html, read on
2026-11-21; it allows 5 requests per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput, Unreadable
from skyatlas.model import Note, Product, Why

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from skyatlas.archive import Door
    from skyatlas.model import Target

__all__ = ["CUT", "SECTOR", "Cut", "products", "sectors"]

SECTOR = "https://mast.stsci.edu/tesscut/api/v0.1/sector"
CUT = "https://mast.stsci.edu/tesscut/api/v0.1/astrocut"


@dataclass(frozen=True, slots=True)
class Cut:
    """A chip of TESS that saw a position in one sector."""

    name: str
    """TESScut's own: "tess-s0001-1-3"."""
    sector: int
    camera: int
    ccd: int


def sectors(door: Door, ra: float, dec: float) -> tuple[Cut, ...]:
    """Where TESS saw a position (degrees ICRS), by sector; () where it never looked.

    Raises Unreadable and what the door raises.
    """
    place = {"ra": _text(ra), "dec": _text(dec), "radius": "0d"}
    reply = door.ask(SECTOR, params=place)
    try:
        found = [_cut(row) for row in reply.json()["results"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(
            f"cannot read which sectors TESScut has: {error!r}",
            archive="mast",
            url=reply.url,
            status=reply.status_code,
        ) from error
    return tuple(sorted(found, key=lambda cut: (cut.sector, cut.camera, cut.ccd)))


def products(
    door: Door,
    target: Target,
    *,
    size: tuple[int, int] = (10, 10),
    sectors: Collection[int] | None = None,
) -> Iterator[Product | Note]:
    """The pixels around a target, one zip per sector; a Note where TESS has not looked.

    `size` is (rows, columns) in TESS's pixels of 21 arcsec; `sectors` are those wanted, None all.
    A zip holds one target pixel file. Raises BadInput, Unreadable and what the door raises.
    """
    ra, dec = target.ra, target.dec
    if ra is None or dec is None:
        raise BadInput(f"{target.asked!r} has no place; TESScut cuts around a position")
    if min(size) < 1:
        raise BadInput(f"a cut of {size[0]} x {size[1]} pixels holds none")
    seen = {cut.sector: cut for cut in reversed(_seen(door, ra, dec))}
    wanted = sorted(seen if sectors is None else set(sectors))
    for number in wanted:
        if number in seen:
            yield _product(target, ra, dec, seen[number], size)
    missing = [number for number in wanted if number not in seen]
    if missing or not seen:
        which = f" in sector {', '.join(map(str, missing))}" if missing else ""
        yield Note(Why.ASSUMED, f"TESS has not looked at {target.asked}{which}: nothing to cut out")


_seen = sectors
"""The function, where a parameter has its name."""


def _cut(row: Any) -> Cut:
    """Of {"sectorName": "tess-s0001-1-3", "sector": "1", "camera": "1", "ccd": "3"}."""
    return Cut(str(row["sectorName"]), int(row["sector"]), int(row["camera"]), int(row["ccd"]))


def _text(degrees: float) -> str:
    """With every digit; numpy's numbers would tell their type too."""
    return repr(float(degrees))


def _product(target: Target, ra: float, dec: float, cut: Cut, size: tuple[int, int]) -> Product:
    rows, columns = size
    place = f"ra={_text(ra)}&dec={_text(dec)}&y={rows}&x={columns}&units=px"
    return Product(
        url=f"{CUT}?{place}&sector={cut.sector}",
        archive="mast",
        obs_id=cut.name,
        target=target.asked,
        # As the file in the zip is called, at whatever place of the frame the cut ends.
        name=f"{cut.name}_{ra:.6f}_{dec:.6f}_{columns}x{rows}_astrocut.zip",
        content_type="application/zip",
        semantics="#cutout",
        category="TESScut",
        provenance={
            "obs_collection": "TESS",
            "obs_id": cut.name,
            "facility_name": "TESS",
            "dataproduct_type": "timeseries",
            "target_name": target.name or target.asked,
            "s_ra": ra,
            "s_dec": dec,
            "sequence_number": cut.sector,
        },
    )
