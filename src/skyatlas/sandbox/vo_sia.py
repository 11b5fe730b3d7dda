"""This file answers as SIA 1.0: images around a place, their columns named by UCD.

SIZE is the width (and height) of a box in degrees. There are two ways of old: UCD 1 words, VOTable
1.1 and angstrom, or also utypes, world coordinates and metres. Source: SIA 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from starlette.responses import Response

from skyatlas.sandbox import headers, region, vo_files, vo_holdings
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.clock import zulu
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_asked import limit, no_upload, numbers, old_place, response_format
from skyatlas.sandbox.vo_holdings import DataSet
from skyatlas.sandbox.vo_place import Place, outline
from skyatlas.sandbox.vo_table import Answer, Field, failed, respond

_WAYS = {"COVERS", "ENCLOSED", "CENTER", "OVERLAPS"}
_FITS_WORDS = {"image/fits", "application/fits", "all", ""}
_FRAMES = {"ICRS", "FK5"}

_OLD: tuple[Field, ...] = (
    Field("title", ucd="VOX:Image_Title"),
    Field("instrument", ucd="INST_ID"),
    Field("mjd", "double", "d", "VOX:Image_MJDateObs"),
    Field("ra", "double", "deg", "POS_EQ_RA_MAIN"),
    Field("dec", "double", "deg", "POS_EQ_DEC_MAIN"),
    Field("naxes", "int", "", "VOX:Image_Naxes"),
    Field("naxis", "int", "", "VOX:Image_Naxis", arraysize="*"),
    Field("scale", "double", "deg/pix", "VOX:Image_Scale", arraysize="*"),
    Field("format", ucd="VOX:Image_Format"),
    Field("band", ucd="VOX:BandPass_ID"),
    Field("band_unit", ucd="VOX:BandPass_Unit"),
    Field("band_mid", "double", "", "VOX:BandPass_RefValue"),
    Field("band_hi", "double", "", "VOX:BandPass_HiLimit"),
    Field("band_lo", "double", "", "VOX:BandPass_LoLimit"),
    Field("size", "int", "byte", "VOX:Image_FileSize"),
    Field("url", ucd="VOX:Image_AccessReference"),
)
_NEW: tuple[Field, ...] = (
    Field("frame", ucd="VOX:STC_CoordRefFrame", utype="obscore:Char.SpatialAxis.CoordSystem"),
    Field("equinox", "double", "yr", "VOX:STC_CoordEquinox"),
    Field("projection", ucd="VOX:WCS_CoordProjection", arraysize="3"),
    Field("crpix", "double", "pix", "VOX:WCS_CoordRefPixel", arraysize="*"),
    Field("crval", "double", "deg", "VOX:WCS_CoordRefValue", arraysize="*"),
    Field("cd", "double", "deg/pix", "VOX:WCS_CDMatrix", arraysize="*"),
    Field("pixflags", ucd="VOX:Image_PixFlags"),
    Field("obs_publisher_did", ucd="meta.ref.ivoid;meta.main",
          utype="obscore:Curation.PublisherDID"),
    Field("obs_collection", ucd="meta.id", utype="obscore:DataID.Collection"),
    Field("facility_name", ucd="meta.id;instr.tel", utype="obscore:Provenance.ObsConfig.Facility"),
    Field("target_name", ucd="meta.id;src", utype="obscore:Target.Name"),
    Field("t_exptime", "double", "s", "time.duration;obs.exposure",
          "obscore:Char.TimeAxis.Coverage.Support.Extent"),
    Field("date_obs", ucd="time.start;obs.exposure", xtype="timestamp",
          utype="obscore:Char.TimeAxis.Coverage.Bounds.Limits.StartTime"),
    Field("calib_level", "int", "", "meta.code;obs.calib", "obscore:ObsDataset.calibLevel"),
    Field("s_region", ucd="pos.outline;obs.field",
          utype="obscore:Char.SpatialAxis.Coverage.Support.Area"),
)  # fmt: skip

_INPUTS: tuple[tuple[Field, str], ...] = (
    (Field("INPUT:POS", unit="deg", description="Centre, ICRS: ra,dec"), "0,0"),
    (Field("INPUT:SIZE", unit="deg", description="Width, or width,height"), "0.1"),
    (Field("INPUT:FORMAT", description="image/fits, ALL or METADATA"), "ALL"),
    (Field("INPUT:INTERSECT", description="COVERS, ENCLOSED, CENTER or OVERLAPS"), "OVERLAPS"),
    (Field("INPUT:VERB", "int", description="0 to 3"), "1"),
)
_MORE_INPUTS: tuple[tuple[Field, str], ...] = (
    (Field("INPUT:NAXIS", "int", "pix", arraysize="2", description="Ignored: images are whole"),
     "0 0"),
    (Field("INPUT:CFRAME", description="ICRS or FK5"), "ICRS"),
    (Field("INPUT:MAXREC", "int", description="Most rows"), "10000"),
)  # fmt: skip


def query(_state: State, asked: Asked, place: Place) -> Response:
    """The images that fit, as a VOTable; an error is a document with status 200."""
    try:
        wanted = _Wanted(asked, place)
    except ValueError as error:
        return failed(str(error))
    found = [item for item in place.items if wanted.fits(item)]
    most = limit(asked, place.service)
    fields = _fields(place)
    rows = []
    for item in found[:most]:
        values = _values(asked, item, "angstrom" if place.has("ucd1") else "m")
        rows.append([values[field.name] for field in fields])
    return respond(
        Answer(
            fields,
            rows,
            overflow=len(found) > most,
            params=_inputs(place) if wanted.only_metadata else "",
            version="1.1" if place.has("ucd1") else "1.4",
        )
    )


def _fields(place: Place) -> tuple[Field, ...]:
    return _OLD + _NEW if place.has("wcs") else _OLD


def _inputs(place: Place) -> str:
    every = _INPUTS + (_MORE_INPUTS if place.has("wcs") else ())
    kept = (one for one in every if one[0].name != "INPUT:INTERSECT" or not _refuses(place))
    return "".join(field.param(value) for field, value in kept)


def _refuses(place: Place) -> bool:
    return place.has("no-intersect")


@dataclass(slots=True, init=False)
class _Wanted:
    """The constraints of one request; raises ValueError where they make no sense."""

    only_metadata: bool
    box: tuple[region.Shape, ...]
    centre: tuple[region.Shape, ...]
    way: str
    formats: set[str]

    def __init__(self, asked: Asked, place: Place) -> None:
        no_upload(asked)
        response_format(asked)
        limit(asked, place.service)
        self.formats = {word.strip().lower() for word in asked.one("FORMAT").split(",")}
        self.only_metadata = "metadata" in self.formats
        self.way = asked.one("INTERSECT", "OVERLAPS").upper()
        if _refuses(place) and asked.all("INTERSECT"):
            raise ValueError("The parameter INTERSECT is not supported")
        if self.way not in _WAYS:
            raise ValueError(f"INTERSECT={self.way} is unknown; there are: {', '.join(_WAYS)}")
        if place.has("wcs"):
            _check_frame(asked)
        verb = asked.one("VERB") or "1"
        if verb not in {"0", "1", "2", "3"}:
            raise ValueError(f"VERB={verb} is not 0, 1, 2 or 3")
        self.box = self.centre = ()
        if not self.only_metadata:
            self._look(asked)

    def _look(self, asked: Asked) -> None:
        centre = old_place(asked)
        if centre is None:
            raise ValueError("The parameter POS is missing; write POS=ra,dec in degrees")
        if not asked.one("SIZE"):
            raise ValueError("The parameter SIZE is missing; write SIZE=width in degrees")
        sides = numbers("SIZE", asked.one("SIZE"), ",")
        if len(sides) not in {1, 2} or not all(0.0 <= side <= 360.0 for side in sides):
            raise ValueError(f"SIZE={asked.one('SIZE')} is no width in degrees")
        self.centre = (region.shape("POINT", centre),)
        if not max(sides):
            self.box = self.centre
            return
        # A box as wide as the sky is no box any more: everything within half its width.
        if max(sides) >= 90.0:
            self.box = (region.shape("CIRCLE", (*centre, min(max(sides) / 2.0, 180.0))),)
            return
        self.box = (region.shape("BOX", (*centre, sides[0] or 1e-9, sides[-1] or 1e-9)),)

    def fits(self, item: DataSet) -> bool:
        """Whether an image is where it should be."""
        if self.only_metadata or not self.formats & _FITS_WORDS:
            return False
        footprint = outline(item)
        match self.way:
            case "COVERS":
                return region.contains(self.box, footprint)
            case "ENCLOSED":
                return region.contains(footprint, self.box)
            case "CENTER":
                return region.intersects(self.centre, footprint)
        return region.intersects(self.box, footprint)


def _check_frame(asked: Asked) -> None:
    frame = asked.one("CFRAME", "ICRS").upper()
    if frame not in _FRAMES:
        raise ValueError(f"CFRAME={frame} is not supported; there are: {', '.join(_FRAMES)}")
    if text := asked.one("NAXIS"):
        pixels = numbers("NAXIS", text, ",")
        if len(pixels) not in {1, 2} or any(not one.is_integer() or one < 1 for one in pixels):
            raise ValueError(f"NAXIS={text} is no number of pixels")


def _values(asked: Asked, item: DataSet, unit: str) -> dict[str, object]:
    """All that either way of old says about an image, by the column's name."""
    row = cast("Mapping[str, float]", item.row)
    plate = item.plate
    cards = {keyword: value for keyword, value, _ in headers.place(plate.shot)}
    factor = 1e10 if unit == "angstrom" else 1.0
    low, high = row["em_min"] * factor, row["em_max"] * factor
    pixels, scale = int(row["s_xel1"]), row["s_pixel_scale"] / 3600.0
    return {
        **item.row,
        "title": row["obs_title"],
        "instrument": row["instrument_name"],
        "mjd": (row["t_min"] + row["t_max"]) / 2.0,  # SIA 1.0: the mean
        "ra": row["s_ra"],
        "dec": row["s_dec"],
        "naxes": 2,
        "naxis": (pixels, pixels),
        "scale": (-scale, scale),
        "format": "image/fits"
        if item.row["access_format"] == vo_holdings.FITS
        else vo_holdings.LINKS,
        "band": row["filter"],
        "band_unit": unit,
        "band_mid": round((low + high) / 2.0, 12),
        "band_hi": round(high, 12),
        "band_lo": round(low, 12),
        "size": vo_files.size(plate),
        "url": asked.link(str(row["access_url"])),
        "frame": "ICRS",
        "equinox": 2000.0,
        "projection": "TAN",
        "crpix": (cards["CRPIX1"], cards["CRPIX2"]),
        "crval": (cards["CRVAL1"], cards["CRVAL2"]),
        "cd": (cards["CD1_1"], cards["CD1_2"], cards["CD2_1"], cards["CD2_2"]),
        "pixflags": "C",
        "date_obs": zulu(row["t_min"])[:-1],
    }
