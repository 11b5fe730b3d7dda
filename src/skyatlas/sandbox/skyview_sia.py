"""This file answers as SkyView's SIA 1.0: one row for each survey and format, made when fetched.

Invariant: the URL of a row is the call of `runquery.pl` that makes the image, and a survey that has
not looked at the place has no row. Source: SkyView-in-a-Jar, section 4.3, and SIA 1.0.
"""

from __future__ import annotations

from urllib.parse import quote_plus

from starlette.responses import Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.skyview_image import seen
from skyatlas.sandbox.skyview_surveys import Survey, survey_of, surveys
from skyatlas.sandbox.skyview_wanted import DECIMAL, MOST, PROJECTIONS, Wanted
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_asked import numbers, old_place
from skyatlas.sandbox.vo_table import Answer, Field, failed, respond

_RUN = "https://skyview.gsfc.nasa.gov/current/cgi/runquery.pl"
_FEWEST, _LARGEST = 5.0, 10_000.0
"""The image is that many of the survey's own pixels wide; else a survey has no row."""
_KINDS = {"image/fits": "FITS", "image/jpeg": "JPEG"}
_FRAMES = {"ICRS": "ICRS", "FK4": "B1950", "FK5": "J2000", "GAL": "Galactic", "ECL": "E2000"}
_FIELDS = (
    Field("Survey", ucd="VOX:Image_Title"),
    Field("Ra", "double", "deg", "POS_EQ_RA_MAIN"),
    Field("Dec", "double", "deg", "POS_EQ_DEC_MAIN"),
    Field("Dim", "int", "", "VOX:Image_Naxes"),
    Field("Size", "int", "", "VOX:Image_Naxis", arraysize="*"),
    Field("Scale", "double", "deg", "VOX:Image_Scale", arraysize="*"),
    Field("Format", ucd="VOX:Image_Format"),
    Field("PixFlags", ucd="VOX:Image_PixFlags"),
    Field("URL", ucd="VOX:Image_AccessReference"),
    Field("LogicalName", ucd="VOX:Image_LogicalName"),
)
_INPUTS = (
    (Field("INPUT:POS", unit="deg", description="Centre: ra,dec"), "0,0"),
    (Field("INPUT:SIZE", unit="deg", description="Width, or width,height"), "0.1"),
    (Field("INPUT:FORMAT", description="image/fits, image/jpeg, ALL or METADATA"), "ALL"),
    (Field("INPUT:SURVEY", description="Names of surveys, or their beginning"), ""),
    (Field("INPUT:NAXIS", description="Pixels: width, or width,height"), "300"),
)


def query(_state: State, asked: Asked) -> Response:
    """`/current/cgi/vo/sia.pl` with POS, SIZE, and perhaps survey, FORMAT, NAXIS, PROJ, CFRAME."""
    formats = {word.strip().lower() for word in asked.one("FORMAT", "ALL").split(",")}
    if "metadata" in formats:
        params = "".join(field.param(value) for field, value in _INPUTS)
        return respond(Answer(_FIELDS, (), params=params, version="1.1"))
    try:
        images = [_wanted(asked, survey) for survey in _chosen(asked.one("survey"))]
    except ValueError as error:
        return failed(str(error))
    kinds = [kind for kind in _KINDS if formats & {kind, "all", ""}]
    rows = [_row(asked, want, kind) for want in images if _shown(want) for kind in kinds]
    numbered = [(*row, str(number)) for number, row in enumerate(rows, start=1)]
    return respond(Answer(_FIELDS, numbered, version="1.1"))


def _chosen(text: str) -> list[Survey]:
    """The surveys of names with commas between; of a beginning, all that begin so."""
    found: list[Survey] = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        exact = survey_of(word)
        begun = [one for one in surveys().values() if one.name.lower().startswith(word.lower())]
        found += begun if len(begun) > 1 or exact is None else [exact]
    return found if text.strip() else list(surveys().values())


def _wanted(asked: Asked, survey: Survey) -> Wanted:
    centre = old_place(asked)
    if centre is None:
        raise ValueError("POS not specified or incorrectly formatted")
    if not DECIMAL.fullmatch(asked.one("POS")):
        raise ValueError(f"Unable to recognize target/position: {asked.one('POS')}")
    sides = numbers("SIZE", asked.one("SIZE") or "0.1", ",")
    pixels = [int(side) for side in numbers("NAXIS", asked.one("NAXIS") or "300", ",")]
    if not all(0.0 < side <= 360.0 for side in sides) or not all(0 < n <= MOST for n in pixels):
        raise ValueError("Invalid SIZE or NAXIS")
    named = asked.one("PROJ", "TAN")[:3].capitalize()
    coordinates = _FRAMES.get(asked.one("CFRAME", "FK5").upper(), "J2000")
    return Wanted(
        survey,
        asked.one("POS"),
        (centre[0], centre[1]),
        coordinates,
        named if named in PROJECTIONS else "Tan",
        asked.one("INTERPOLATION", "Clip"),
        (pixels[0], pixels[-1]),
        (sides[0], sides[-1]),
        floats=True,
    )


def _shown(want: Wanted) -> bool:
    wide = want.size[0] / want.survey.scale
    return _FEWEST <= wide <= _LARGEST and bool(seen(want).any())


def _row(asked: Asked, want: Wanted, kind: str) -> tuple[object, ...]:
    (width, height), (columns, rows) = want.size, want.pixels
    parameters = {
        "position": want.position,
        "survey": want.survey.name,
        "pixels": f"{columns},{rows}",
        "sampler": want.sampler,
        "size": f"{width!r},{height!r}",
        "projection": want.projection,
        "coordinates": want.coordinates,
        "return": _KINDS[kind],
    }
    url = f"{_RUN}?" + "&".join(f"{name}={quote_plus(text)}" for name, text in parameters.items())
    return (
        want.survey.name,
        *want.centre,
        2,
        want.pixels,
        (-width / columns, height / rows),
        kind,
        "F",
        asked.link(url),
    )
