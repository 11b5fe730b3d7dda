"""This file answers as SSA 1.1: spectra around a place, their columns named by utype.

SIZE is a diameter in degrees, BAND is in metres and TIME in ISO dates, whatever the columns are in:
metres, MJD and kilobytes, or angstrom, ISO 8601 and bytes. Source: SSA 1.1, sections 4 and 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from starlette.responses import Response

from skyatlas.sandbox import region, vo_files
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_asked import (
    Interval,
    limit,
    meets,
    moment,
    no_upload,
    number,
    old_place,
    old_ranges,
    response_format,
)
from skyatlas.sandbox.vo_holdings import DataSet
from skyatlas.sandbox.vo_place import Place, outline
from skyatlas.sandbox.vo_table import Answer, Field, failed, respond

_FORMATS = {"", "all", "compliant", "native", "fits", "application/fits", "image/fits"}
_CHAR = "ssa:Char"

_ALWAYS: tuple[Field, ...] = (
    Field("DataModel", utype="ssa:Dataset.DataModel"),
    Field("Length", "long", utype="ssa:Dataset.Length", ucd="meta.number"),
    Field("Title", ucd="meta.title;meta.dataset", utype="ssa:DataID.Title"),
    Field("Collection", ucd="meta.id", utype="ssa:DataID.Collection"),
    Field("Instrument", ucd="meta.id;instr", utype="ssa:DataID.Instrument"),
    Field("Date", ucd="time.creation;meta.dataset", utype="ssa:DataID.Date", xtype="timestamp"),
    Field("PubDID", ucd="meta.ref.ivoid", utype="ssa:Curation.PublisherDID"),
    Field("Publisher", ucd="meta.curation", utype="ssa:Curation.Publisher"),
    Field("TargetName", ucd="meta.id;src", utype="ssa:Target.Name"),
    Field("TargetPos", "double", "deg", "pos.eq;src", "ssa:Target.Pos", arraysize="2"),
    Field("Pos", "double", "deg", "pos.eq",
          f"{_CHAR}.SpatialAxis.Coverage.Location.Value", arraysize="2"),
    Field("Aperture", "double", "deg", "phys.angSize;instr.fov",
          f"{_CHAR}.SpatialAxis.Coverage.Bounds.Extent"),
    Field("SpecRP", "double", "", "spect.resolution", f"{_CHAR}.SpectralAxis.ResPower"),
    Field("SNR", "double", "", "stat.snr", "ssa:Derived.SNR"),
    Field("Format", ucd="meta.code.mime", utype="ssa:Access.Format"),
    Field("AcRef", ucd="meta.ref.url", utype="ssa:Access.Reference"),
)  # fmt: skip
_PLAIN: tuple[Field, ...] = (
    Field("WaveMin", "double", "m", "em.wl;stat.min",
          f"{_CHAR}.SpectralAxis.Coverage.Bounds.Start"),
    Field("WaveMax", "double", "m", "em.wl;stat.max",
          f"{_CHAR}.SpectralAxis.Coverage.Bounds.Stop"),
    Field("TimeMin", "double", "d", "time.start;obs.exposure",
          f"{_CHAR}.TimeAxis.Coverage.Bounds.Start"),
    Field("TimeMax", "double", "d", "time.end;obs.exposure",
          f"{_CHAR}.TimeAxis.Coverage.Bounds.Stop"),
    Field("ExpTime", "double", "s", "time.duration;obs.exposure",
          f"{_CHAR}.TimeAxis.Coverage.Bounds.Extent"),
    Field("Size", "long", "kbyte", "phys.size;meta.file", "ssa:Access.Size"),
)  # fmt: skip
_OTHER_UNITS: Mapping[str, Field] = {
    "WaveMin": Field("WaveMin", "double", "Angstrom"),
    "WaveMax": Field("WaveMax", "double", "Angstrom"),
    "TimeMin": Field("TimeMin", xtype="timestamp"),
    "TimeMax": Field("TimeMax", xtype="timestamp"),
    "Size": Field("Size", "long", "byte"),
}
"""Type, unit and xtype of the columns where the habit is angstrom."""
_CONSTANT = {"DataModel", "Collection", "Instrument", "Publisher", "Aperture", "Format"}
"""Columns that are PARAMs where that is the habit."""
_INPUTS = (
    (Field("INPUT:POS", unit="deg", description="Centre, ICRS: ra,dec"), ""),
    (Field("INPUT:SIZE", "double", "deg", description="Diameter"), 1.0),
    (Field("INPUT:BAND", unit="m", description="Vacuum wavelengths: low/high"), ""),
    (Field("INPUT:TIME", description="ISO 8601: first/last"), ""),
    (Field("INPUT:FORMAT", description="all, fits or metadata"), "all"),
    (Field("INPUT:TARGETNAME", description="Name of the target"), ""),
    (Field("INPUT:SPECRP", "double", description="Least spectral resolving power"), 0.0),
    (Field("INPUT:MAXREC", "int", description="Most rows"), 10_000),
)


def query(_state: State, asked: Asked, place: Place) -> Response:
    """The spectra that fit, as a VOTable; an error is a document with status 200."""
    try:
        wanted = _Wanted(asked)
        most = limit(asked, place.service)
    except ValueError as error:
        # SSA 1.1, section 4.2: an error is a document, and the status is still 200.
        return failed(f"UsageFault: {error}")
    found = [item for item in place.items if wanted.fits(item)]
    fields = _fields(place)
    values = [_values(asked, item, place) for item in found[:most]]
    return respond(
        Answer(
            fields,
            [[row[field.name] for field in fields] for row in values],
            overflow=len(found) > most,
            params=_params(asked, place, wanted.only_metadata),
        )
    )


def _every_field(place: Place) -> tuple[Field, ...]:
    every = _ALWAYS + _PLAIN
    if place.has("angstrom"):
        every = tuple(
            replace(field, datatype=other.datatype, unit=other.unit, xtype=other.xtype)
            if (other := _OTHER_UNITS.get(field.name))
            else field
            for field in every
        )
    if place.has("old-utypes"):  # the drafts of SSA had no prefix
        every = tuple(replace(one, utype=one.utype.removeprefix("ssa:")) for one in every)
    return every


def _fields(place: Place) -> tuple[Field, ...]:
    every = _every_field(place)
    if not place.has("old-utypes"):
        return every
    return tuple(field for field in every if field.name not in _CONSTANT)


def _params(asked: Asked, place: Place, with_inputs: bool) -> str:
    parts = []
    if place.has("old-utypes") and place.items:
        values = _values(asked, place.items[0], place)
        every = (field for field in _every_field(place) if field.name in _CONSTANT)
        parts = [field.param(values[field.name]) for field in every]
    if with_inputs:
        parts += [field.param(value) for field, value in _INPUTS]
    return "".join(parts)


def _values(asked: Asked, item: DataSet, place: Place) -> dict[str, object]:
    row = cast("Mapping[str, float]", item.row)
    size = vo_files.size(item.plate)
    angstrom = place.has("angstrom")
    return {
        "DataModel": "Spectrum-1.0",
        "Length": row["em_xel"],
        "Title": row["obs_title"],
        "Collection": row["obs_collection"],
        "Instrument": row["instrument_name"],
        "Date": iso(item.plate.shot.created),
        "PubDID": item.dp_id,
        "Publisher": place.publisher.title,
        "TargetName": row["target_name"],
        "TargetPos": (row["s_ra"], row["s_dec"]),
        "Pos": (row["s_ra"], row["s_dec"]),
        "Aperture": row["s_fov"],
        "SpecRP": row["em_res_power"],
        "SNR": row["snr"],
        "Format": item.content_type,
        "AcRef": asked.link(str(row["access_url"])),
        "WaveMin": round(row["em_min"] * 1e10, 6) if angstrom else row["em_min"],
        "WaveMax": round(row["em_max"] * 1e10, 6) if angstrom else row["em_max"],
        "TimeMin": iso(row["t_min"]) if angstrom else row["t_min"],
        "TimeMax": iso(row["t_max"]) if angstrom else row["t_max"],
        "ExpTime": row["t_exptime"],
        "Size": size if angstrom else -(-size // 1000),
    }


@dataclass(slots=True, init=False)
class _Wanted:
    """The constraints of one request; raises ValueError where they make no sense."""

    only_metadata: bool
    formats: set[str]
    circle: tuple[region.Shape, ...]
    band: list[Interval]
    time: list[Interval]
    least: dict[str, float]
    words: dict[str, str]

    def __init__(self, asked: Asked) -> None:
        no_upload(asked)
        response_format(asked)
        if not asked.all("REQUEST"):
            raise ValueError("The parameter REQUEST is missing; write REQUEST=queryData")
        if asked.one("REQUEST").lower() != "querydata":
            raise ValueError(f"REQUEST={asked.one('REQUEST')} is not supported; use queryData")
        version = asked.one("VERSION")
        if version and not version.startswith("1"):
            raise ValueError(f"VERSION={version} is not supported; this is version 1.1")
        self.formats = {word.strip().lower() for word in asked.one("FORMAT").split(",")}
        self.only_metadata = "metadata" in self.formats
        self.circle = _circle(asked)
        self.band = old_ranges("BAND", asked.one("BAND"), float)
        self.time = old_ranges("TIME", asked.one("TIME"), moment)
        names = {"SPECRP": "em_res_power", "SNR": "snr"}
        self.least = {
            column: number(name, asked.one(name).rstrip("/"))
            for name, column in names.items()
            if asked.one(name)
        }
        texts = {"TARGETNAME": "target_name", "COLLECTION": "obs_collection",
                 "PUBDID": "obs_publisher_did"}  # fmt: skip
        self.words = {
            column: asked.one(name).lower() for name, column in texts.items() if asked.one(name)
        }

    def fits(self, item: DataSet) -> bool:
        """Whether a spectrum is inside all constraints."""
        row = item.row
        if self.only_metadata or not self.formats & _FORMATS:
            return False
        if any(str(row[column]).lower() != word for column, word in self.words.items()):
            return False
        if any(cast("float", row[column]) < least for column, least in self.least.items()):
            return False
        if self.circle and not region.intersects(self.circle, outline(item)):
            return False
        band = meets(self.band, row["em_min"], row["em_max"])
        return band and meets(self.time, row["t_min"], row["t_max"])


def _circle(asked: Asked) -> tuple[region.Shape, ...]:
    centre = old_place(asked)
    if centre is None:
        return ()
    diameter = number("SIZE", asked.one("SIZE") or "1.0")
    if not 0.0 <= diameter <= 360.0:
        raise ValueError(f"SIZE={asked.one('SIZE')} is no diameter in degrees")
    return (region.shape("CIRCLE", (*centre, diameter / 2.0)),)
