"""This file answers as ESO's SSAP service: reduced one-dimensional spectra around a place.

SIZE is a diameter in degrees, BAND is in metres, TIME in ISO dates; the answer's access_url is the
file itself, not a DataLink document. Source: SSA 1.1; columns of https://archive.eso.org/ssap.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from starlette.responses import Response

from skyatlas.sandbox import region, votable
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.clock import mjd_of
from skyatlas.sandbox.datalink import FILE, did
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.state import NotWelcome, State
from skyatlas.sandbox.tables import Column
from skyatlas.sandbox.tap import refusal
from skyatlas.sandbox.votable import Sheet

_COLUMNS: tuple[tuple[Column, str, str], ...] = (
    (Column("COLLECTION"), "ssa:DataID.Collection", "obs_collection"),
    (Column("TARGETNAME", ucd="meta.id;src"), "ssa:Target.Name", "target_name"),
    (Column("title", ucd="meta.title;meta.dataset"), "ssa:DataID.Title", "obs_title"),
    (Column("s_ra", "double", "deg", "pos.eq.ra"), "", "s_ra"),
    (Column("s_dec", "double", "deg", "pos.eq.dec"), "", "s_dec"),
    (
        Column("APERTURE", "double", "deg", "phys.angSize;instr.fov"),
        "ssa:Char.SpatialAxis.Coverage.Bounds.Extent",
        "s_fov",
    ),
    (
        Column("em_min", "double", "m", "em.wl;stat.min"),
        "ssa:Char.SpectralAxis.Coverage.Bounds.Start",
        "em_min",
    ),
    (
        Column("em_max", "double", "m", "em.wl;stat.max"),
        "ssa:Char.SpectralAxis.Coverage.Bounds.Stop",
        "em_max",
    ),
    (
        Column("SPECRP", "double", "", "spect.resolution"),
        "ssa:Char.SpectralAxis.ResPower",
        "em_res_power",
    ),
    (Column("SNR", "double", "", "stat.snr"), "ssa:Derived.SNR", "snr"),
    (
        Column("t_min", "double", "d", "time.start;obs.exposure"),
        "ssa:Char.TimeAxis.Coverage.Bounds.Start",
        "t_min",
    ),
    (
        Column("t_max", "double", "d", "time.end;obs.exposure"),
        "ssa:Char.TimeAxis.Coverage.Bounds.Stop",
        "t_max",
    ),
    (Column("CREATORDID", ucd="meta.id"), "ssa:DataID.CreatorDID", "obs_creator_did"),
    (Column("PUBDID", ucd="meta.ref.ivoid"), "ssa:Curation.PublisherDID", "obs_publisher_did"),
    (Column("access_url", ucd="meta.ref.url"), "ssa:Access.Reference", ""),
    (Column("access_format", ucd="meta.code.mime"), "ssa:Access.Format", ""),
    (
        Column("access_estsize", "long", "kbyte", "phys.size;meta.file"),
        "ssa:Access.Size",
        "access_estsize",
    ),
    (Column("dp_id", ucd="meta.id;meta.main"), "", "dp_id"),
)
"""Column, SSA's utype, and ObsCore's column that it is taken from."""


def query(state: State, asked: Asked) -> Response:
    """`/ssap`: the spectra that fit, as a VOTable."""
    try:
        visitor = state.visitor(asked)
        wanted = _Wanted(asked)
    except NotWelcome as error:
        return refusal(401, str(error))
    except ValueError as error:
        # SSA 1.1, section 4.2: an error is a document, and the status is still 200.
        return Response(votable.error(f"UsageFault: {error}"), media_type=votable.VOTABLE)
    found = [
        item
        for item in state.world.items.values()
        if state.item(item.dp_id) is item and state.may_see(item, visitor) and wanted.fits(item)
    ]
    columns = tuple(column for column, _, _ in _COLUMNS)
    rows = [_row(asked, item) for item in found[: wanted.limit]]
    sheet = Sheet(
        columns,
        rows,
        overflow=len(found) > wanted.limit and not wanted.metadata_only,
        utypes=tuple(utype for _, utype, _ in _COLUMNS),
    )
    return Response(votable.votable(sheet), media_type=votable.VOTABLE)


def _row(asked: Asked, item: Item) -> list[object]:
    special = {
        "access_url": asked.link(FILE + item.dp_id),
        "access_format": item.content_type,
        "PUBDID": did(item.dp_id),
        "dp_id": item.dp_id,
    }
    return [special.get(column.name, item.row.get(source)) for column, _, source in _COLUMNS]


class _Wanted:
    """The constraints of one request; raises ValueError where they make no sense."""

    def __init__(self, asked: Asked) -> None:
        if asked.one("REQUEST", "queryData").lower() != "querydata":
            raise ValueError(f"REQUEST={asked.one('REQUEST')} is not supported; use queryData")
        self.metadata_only = asked.one("FORMAT").lower() == "metadata"
        fault = asked.fault("overflow")
        self.limit = int(fault.number(1)) if fault else int(asked.one("MAXREC") or 1_000_000)
        self.limit = 0 if self.metadata_only else self.limit
        self.collection = asked.one("COLLECTION").lower()
        self.band = _range(asked.one("BAND"), float)
        self.time = _range(asked.one("TIME"), _mjd)
        self.place: tuple[region.Shape, ...] = ()
        if position := asked.one("POS").partition(";")[0]:
            numbers = [float(number) for number in position.split(",")]
            if len(numbers) != 2:
                raise ValueError(f"POS={position} is no position; write ra,dec in degrees")
            radius = float(asked.one("SIZE") or 1.0) / 2
            self.place = (region.shape("CIRCLE", (*numbers, radius)),)

    def fits(self, item: Item) -> bool:
        """Whether a spectrum is inside all constraints."""
        row = item.row
        if item.table != "ivoa.ObsCore" or row.get("dataproduct_type") != "spectrum":
            return False
        if self.collection and str(row.get("obs_collection", "")).lower() != self.collection:
            return False
        if self.place and not region.intersects(self.place, _outline(item)):
            return False
        return _overlap(self.band, row.get("em_min"), row.get("em_max")) and _overlap(
            self.time, row.get("t_min"), row.get("t_max")
        )


def _outline(item: Item) -> tuple[region.Shape, ...]:
    row = item.row
    if row.get("s_region"):
        return region.parse(str(row["s_region"]))
    return (region.shape("POINT", (cast("float", row["s_ra"]), cast("float", row["s_dec"]))),)


_Range = tuple[float | None, float | None]


def _range(text: str, read: object) -> _Range:
    """SSA's "low/high", "low/", "/high" or one value."""
    low, slash, high = text.partition("/")
    reader = cast("type[float]", read)
    first = reader(low) if low.strip() else None
    return first, (reader(high) if high.strip() else None) if slash else first


def _mjd(text: str) -> float:
    if text.isdecimal() and len(text) == 4:
        text = f"{text}-01-01"
    return mjd_of(datetime.fromisoformat(text).isoformat())


def _overlap(wanted: _Range, low: object, high: object) -> bool:
    first, last = wanted
    if first is None and last is None:
        return True
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return False
    return (first is None or high >= first) and (last is None or low <= last)
