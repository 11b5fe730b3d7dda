"""This file asks SkyView for images: the address of each, and what is to be known of its pixels.

Invariant: one survey a call, the position with every digit, and pixels that are told as resampled.
Sources: the man page of SkyView-in-a-Jar 3.5, which the site runs, and the site's own form
(skyview.gsfc.nasa.gov/current/docs/batchpage.html says that both take the same words).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from skyatlas.archives.skyview.surveys import UNSAID, named
from skyatlas.errors import BadInput
from skyatlas.model import Note, Product, Why
from skyatlas.protocols.service import digits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skyatlas.archive import Door
    from skyatlas.errors import AtlasError
    from skyatlas.stamp import Stamp, Survey

__all__ = ["MOST", "ROUTE", "RUN", "Grid", "address", "grid", "outside", "photometry", "stamps"]

RUN = "https://skyview.gsfc.nasa.gov/current/cgi/runquery.pl"
MOST = 5000
"""Pixels of a side that we ask for; SkyView refuses too large images, but publishes no bound."""
_FEWEST = 5
"""Pixels of a side at least: below, SkyView's own SIA takes an image for too small."""
_USUAL = 300
"""Pixels of the longer side where a survey's scale is not known; SkyView's own usual size."""
_WIDEST = 90.0
"""Degrees: more of the sky than that is not to be seen in a gnomonic projection."""
_PROJECTIONS = ("Tan", "Car", "Ait", "Sin", "Zea", "Csc", "Arc")
"""Those of the form."""
_SAMPLERS = re.compile(r"default|nn|li|clip|(lanczos|spline)[1-9]?", re.IGNORECASE)
_SAMPLER = "LI"
"""Bilinear. SkyView's own usual one (nearest neighbour, mostly) moves sources by half a pixel."""
ROUTE = "SkyView"
_PHOTOMETRY = "unsafe: SkyView interpolates ({}) onto a new grid, which does not conserve flux"
_NOTHING = re.compile(
    r"no candidate images|outside the coverage area|no matches found for requested region"
    r"|no images in fov|no valid pixels",
    re.IGNORECASE,
)
"""What SkyView's program says where a survey has nothing (skyview.executive.Imager, 3.5.6)."""
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Grid:
    """The pixels of an image."""

    columns: int
    rows: int
    width: float
    """Degrees."""
    height: float

    @property
    def scale(self) -> float:
        """Arcsec in a pixel, the larger side."""
        return 3600.0 * max(self.width / self.columns, self.height / self.rows)


def stamps(stamps: Sequence[Stamp], door: Door) -> Iterator[tuple[int, Product | Note]]:
    """The image of each stamp; nobody is asked before it is fetched. Raises BadInput."""
    pieces = [_piece(stamp, door) for stamp in stamps]
    for index, (stamp, (survey, pixels)) in enumerate(zip(stamps, pieces, strict=True)):
        yield index, _product(stamp, survey, pixels)
        if survey.scale is not None and stamp.pixels is None and _is_coarser(pixels, survey.scale):
            yield index, _coarser(stamp, pixels, survey.scale)


def grid(width: float, height: float, scale: float | None) -> Grid:
    """The survey's own pixels (arcsec; None: not known) that cover so much of the sky (degrees).

    At most `MOST` a side: a larger image gets larger pixels.
    """
    longer = 3600.0 * max(width, height)
    step = longer / _USUAL if scale is None else max(scale, longer / MOST)
    columns, rows = (_steps(3600.0 * side / step) for side in (width, height))
    if min(columns, rows) < _FEWEST:
        step = min(step, 3600.0 * min(width, height) / _FEWEST)
        columns, rows = (min(_steps(3600.0 * side / step), MOST) for side in (width, height))
    return Grid(columns, rows, columns * step / 3600.0, rows * step / 3600.0)


def address(
    survey: str, place: tuple[float, float], pixels: Grid, projection: str = "", sampler: str = ""
) -> str:
    """The call that makes an image of one survey as FITS; the place is degrees ICRS.

    Without a scaling: that is for pictures. ICRS is among the form's coordinates; its "J2000" is
    FK5, up to 0.025 arcsec away, nearly a pixel of the finest surveys.
    """
    asked = {
        "Position": ",".join(digits(degrees) for degrees in place),
        "Coordinates": "ICRS",
        "Survey": survey,
        "Projection": _projection(projection),
        "Sampler": sampler or _SAMPLER,
        "Pixels": f"{pixels.columns},{pixels.rows}",
        "Size": f"{digits(pixels.width)},{digits(pixels.height)}",
        "Return": "FITS",
    }
    return f"{RUN}?{urlencode(asked, safe=',', quote_via=quote)}"


def outside(error: AtlasError) -> str:
    """The sentence, where a failed image only says that a survey has not looked there; else "".

    Evidence is what SkyView's page says. A bare 404 is evidence for surveys of a part of the sky
    only (astroquery's issue 572: so it answers for SDSS outside of its footprint).
    """
    product = getattr(error, "product", None)
    asked = str(getattr(error, "url", "") or (product.url if isinstance(product, Product) else ""))
    survey = dict(parse_qsl(urlsplit(asked).query)).get("Survey", "this survey")
    words = f"{getattr(error, 'said', '')} {error}"
    if _NOTHING.search(words):
        return f"{survey} has not looked there, says SkyView"
    if getattr(error, "status", None) == _NOT_FOUND and not _is_everywhere(survey):
        return f"{survey} has not looked there: SkyView has no image of it (HTTP 404)"
    return ""


def photometry(sampler: str = "") -> str:
    """Whether fluxes can be measured in an image, and why not."""
    return _PHOTOMETRY.format(sampler or _SAMPLER)


def _piece(stamp: Stamp, door: Door) -> tuple[Survey, Grid]:
    """What makes no sense is refused here, before anything is asked."""
    survey = named(stamp.survey, door.memory)
    if survey is None:
        raise BadInput(f"SkyView has no survey {stamp.survey!r}; `skyatlas surveys` lists them")
    if stamp.band not in survey.bands:
        raise BadInput(f"{survey.name} is a survey in one band; leave out the band {stamp.band!r}")
    if stamp.whole or stamp.picture:
        what = "whole images" if stamp.whole else "colour pictures"
        raise BadInput(f"SkyView makes images on request: it has no {what} of {survey.name}")
    if not _SAMPLERS.fullmatch(stamp.sampler or _SAMPLER):
        raise BadInput(f"SkyView has no sampler {stamp.sampler!r}; NN, LI, Lanczos3, Spline3, Clip")
    if _projection(stamp.projection) == "Tan" and max(stamp.width, stamp.height) > _WIDEST:
        raise BadInput(f"{max(stamp.width, stamp.height):g} deg is too wide for the projection TAN")
    if stamp.pixels is None:
        return survey, grid(stamp.width, stamp.height, survey.scale)
    if not all(0 < side <= MOST for side in stamp.pixels):
        columns, rows = stamp.pixels
        raise BadInput(f"{columns} x {rows} pixels of SkyView make no sense; give 1 to {MOST}")
    return survey, Grid(*stamp.pixels, stamp.width, stamp.height)


def _product(stamp: Stamp, survey: Survey, pixels: Grid) -> Product:
    sampler = stamp.sampler or _SAMPLER
    low, high = survey.bands[""]
    said = {} if (low, high) == UNSAID else {"em_min": low, "em_max": high}
    return Product(
        url=address(survey.name, stamp.place, pixels, stamp.projection, stamp.sampler),
        archive="skyview",
        product_id=stamp.key,
        obs_id=survey.name,
        target=stamp.target.asked,
        name=f"{stamp.stem}.fits",
        folder=stamp.folder,
        size=4 * pixels.columns * pixels.rows,
        content_type="image/fits",
        semantics="#cutout",
        provenance=stamp.facts(
            route=ROUTE,
            pixels="resampled",
            photometry=photometry(sampler),
            sampler=sampler,
            projection=_projection(stamp.projection).upper(),
            obs_collection=survey.name,
            s_xel1=pixels.columns,
            s_xel2=pixels.rows,
            s_pixel_scale=pixels.scale,
            **({} if survey.scale is None else {"survey_pixel_scale": survey.scale}),
            **said,
        ),
    )


def _coarser(stamp: Stamp, pixels: Grid, scale: float) -> Note:
    return Note(
        Why.ASSUMED,
        f"{stamp.words} has pixels of {pixels.scale:.3g} arcsec, not the survey's {scale:.3g}: "
        f"SkyView is asked for {MOST} a side at most; ask for smaller pieces to have them all",
    )


def _is_coarser(pixels: Grid, scale: float) -> bool:
    return pixels.scale > scale * (1.0 + 1e-9)


def _is_everywhere(survey: str) -> bool:
    from skyatlas.archives.skyview.surveys import known

    return any(one.name == survey and one.coverage == "all sky" for one in known())


def _projection(word: str) -> str:
    """SkyView's spelling of FITS's word. Raises BadInput for one that it has not."""
    for known in _PROJECTIONS:
        if known.casefold() == (word or "Tan").casefold():
            return known
    listed = ", ".join(one.upper() for one in _PROJECTIONS)
    raise BadInput(f"SkyView has no projection {word!r}; there are: {listed}")


def _steps(pixels: float) -> int:
    """Whole pixels that cover so many, without one more for the last digit of a division."""
    return max(1, math.ceil(pixels - 1e-6))
