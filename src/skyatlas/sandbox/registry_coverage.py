"""This file says where publishers' collections have data: sky, photon energies, times, columns.

Invariant: everything is made from the data sets themselves, so a coverage is never too small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from skyatlas.sandbox import moc, region, vo_holdings
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.publisher import Publisher, VoService
from skyatlas.sandbox.publisher_taps import published
from skyatlas.sandbox.tables import Column, Table

Interval = tuple[float, float]

ORDER = 6
"""HEALPix order of the coverages (0.9 degrees), as RegTAP 1.2 recommends."""
_HC = 6.62607015e-34 * 299792458.0
"""J m, exact (SI 2019)."""


def _items(publisher: Publisher, names: Sequence[str], seed: int) -> Iterator[Item]:
    for item in vo_holdings.items(publisher, seed):
        if item.row["obs_collection"] in names:
            yield item


@lru_cache(maxsize=4096)
def _cells(outline: str) -> moc.Moc:
    return moc.of_region(region.parse(outline), ORDER)


def sky(publisher: Publisher, names: Sequence[str], seed: int) -> str:
    """The MOC of collections' data sets and sources, in ASCII."""
    outlines = [str(item.row["s_region"]) for item in _items(publisher, names, seed)]
    for name in names:
        if (collection := publisher.collection(name)).kind == "catalogue":
            found = vo_holdings.sources(collection, seed)
            outlines += [f"POSITION ICRS {source.ra} {source.dec}" for source in found]
    return moc.text_of(moc.union(map(_cells, outlines)), ORDER)


def energies(publisher: Publisher, names: Sequence[str]) -> tuple[Interval, ...]:
    """Lowest and highest energy of a photon, in joule, of each band."""
    bands = {band for name in names for band in publisher.collection(name).bands}
    return tuple(sorted((_HC / high, _HC / low) for _, low, high in bands))


def times(publisher: Publisher, names: Sequence[str], seed: int) -> Interval | None:
    """From the first to the last photon, MJD; None for catalogues, which do not say."""
    rows = [item.row for item in _items(publisher, names, seed)]
    if not rows:
        return None
    begins, ends = ([float(str(row[name])) for row in rows] for name in ("t_min", "t_max"))
    return min(begins), max(ends)


def tables(publisher: Publisher, service: VoService, seed: int) -> list[Table]:
    """The tables that a record tells of: a TAP service's, or the columns of an answer."""
    if service.protocol == "tap":
        return published(publisher, seed) if "obscore" in service.habits else []
    columns = tuple(
        Column(f"column_{number}", ucd=ucd) for number, ucd in enumerate(service.ucds, 1)
    )
    return [Table("", "results", columns, description=service.description)] if columns else []
