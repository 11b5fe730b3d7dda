"""This file answers as PS1's image services: lists of files, pieces of skycells, and skycells.

Invariant: pieces under way are never more than ten; the next one gets a page with 503. A place that
PS1 has not looked at has a list that ends after its first line. Sources: PS1 Image Cutout Service
at outerspace.stsci.edu, and fitscut.cgi's own page at hla.stsci.edu; read on 2026-11-21.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from skyatlas.sandbox import portal
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.ps1_grid import Skycell, middle, named, skycell_at
from skyatlas.sandbox.ps1_sky import BANDS, Image, cut_file, image_at, piece, warps, whole_file
from skyatlas.sandbox.sky import Position
from skyatlas.sandbox.state import State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 10
"""Pieces under way together (STScI asks for no more; what happens then is not written down)."""
LARGEST = 10_000
"""Pixels of a side that fitscut cuts; the real bound is not written down."""
_COLUMNS = "projcell subcell ra dec filter mjd type filename shortname badflag"


class _Nonsense(Exception):
    """Words that a service does not understand: it answers with a page, and with 200."""


class Pieces:
    """One sandbox's fitscut.cgi, for as long as it runs. Safe for many threads."""

    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(AT_ONCE)
        """Places at the counter."""

    def fitscut(self, state: State, asked: Asked) -> Response:
        """`/cgi-bin/fitscut.cgi` with red, ra, dec, size, format."""
        if not self.free.acquire(blocking=False):
            return _page("503 Service Unavailable", "Too many requests at a time.", 503)
        try:
            return _cut(asked, state.world.seed)
        except _Nonsense as error:
            return _page("Error", str(error), 200)
        finally:
            self.free.release()


def routes(_state: State) -> dict[str, Callable[..., Response]]:
    """Handlers that take the state and the request, by path: "/HOST/PATH"."""
    host = "/ps1images.stsci.edu"
    return {
        f"{host}/cgi-bin/ps1filenames.py": filenames,
        f"{host}/cgi-bin/fitscut.cgi": Pieces().fitscut,
        f"{host}/rings.v3.skycell/{{rest:path}}": whole,
    }


def filenames(state: State, asked: Asked) -> Response:
    """`/cgi-bin/ps1filenames.py`: the images of a place, of a posted list of places, of a skycell.

    The sandbox has stacks and warps; of masks, weights and the rest it lists none.
    """
    lines = [_COLUMNS]
    try:
        for cell, (ra, dec) in _cells(asked):
            bands = [band for band in asked.one("filters", BANDS) if band in BANDS]
            kinds = asked.one("type", "stack").split(",")
            for image in _images(cell, bands, kinds, state.world.seed):
                place = f"{cell.projcell} {cell.subcell} {ra!r} {dec!r}"
                about = f"{image.band} {image.mjd} {image.kind}"
                lines.append(f"{place} {about} {image.path} {image.name} 0")
    except _Nonsense as error:
        return _page("Error", str(error), 200)
    return PlainTextResponse("\n".join(lines) + "\n")


def _cells(asked: Asked) -> Iterator[tuple[Skycell, Position]]:
    """The skycells that are asked for, each with the place as it was asked."""
    if asked.one("skycell"):
        cell = named(asked.one("skycell").removeprefix("skycell."))
        if cell is not None and middle(cell)[1] > -30.3:
            yield cell, middle(cell)
        return
    if "file" in asked.files:
        texts = asked.files["file"].decode("utf-8", "replace").split("\n")
        places = [text.split()[:2] for text in texts if text.strip()]
    else:
        places = [[asked.one("ra"), asked.one("dec")]]
    for words in places:
        try:
            ra, dec = (float(word) for word in words)
        except ValueError:
            raise _Nonsense(f"Cannot read a position in {' '.join(words)!r}.") from None
        cell = skycell_at(ra, dec)
        if cell is not None:
            yield cell, (ra, dec)


def _images(cell: Skycell, bands: list[str], kinds: list[str], seed: int) -> Iterator[Image]:
    for band in bands:
        if "stack" in kinds:
            yield Image(cell, band)
        if "warp" in kinds:
            yield from warps(cell, band, seed)


def whole(state: State, asked: Asked, rest: str) -> Response:
    """`/rings.v3.skycell/PROJCELL/SUBCELL/NAME`: an image as it is stored."""
    seed = state.world.seed
    image = image_at(f"/rings.v3.skycell/{rest}", seed)
    if image is None:
        return _page("404 Not Found", f"There is no {rest}.", 404)
    found = Item("ps1", image.path, image.name, "image/fits", lambda: whole_file(image, seed))
    answer = portal.delivered(asked, found, state.body(found), several=True)  # Apache
    del answer.headers["content-disposition"]
    return answer


def _cut(asked: Asked, seed: int) -> Response:
    images = [image_at(asked.one(color), seed) for color in ("red", "green", "blue")]
    found = [image for image in images if image is not None]
    given = sum(bool(asked.one(color)) for color in ("red", "green", "blue"))
    if not found or len(found) < given:
        raise _Nonsense("Image file not found.")
    columns, rows = _size(asked)
    left, low = _corner(asked, found[0].cell, columns, rows)
    height, width = found[0].cell.shape
    if left >= width or low >= height or left + columns <= 0 or low + rows <= 0:
        return Response(b"", media_type="image/fits")  # nothing of it is in the skycell
    if asked.one("format", "jpg") == "fits":
        if given > 1:
            raise _Nonsense("FITS output has one band only.")
        return Response(
            cut_file(found[0], left, low, (rows, columns), seed), media_type="image/fits"
        )
    pieces = [piece(image, left, low, (rows, columns), seed) for image in found]
    return _picture(pieces, asked)


def _size(asked: Asked) -> tuple[int, int]:
    """Columns and rows: one number for both, or "columns,rows"."""
    try:
        sizes = [int(word) for word in asked.one("size", "240").split(",")]
    except ValueError:
        raise _Nonsense("size must be a number of pixels.") from None
    if len(sizes) > 2 or not all(0 < size <= LARGEST for size in sizes):
        raise _Nonsense(f"size must be one or two numbers from 1 to {LARGEST}.")
    return sizes[0], sizes[-1]


def _corner(asked: Asked, cell: Skycell, columns: int, rows: int) -> tuple[int, int]:
    """The first column and row of a piece around a place."""
    try:
        ra, dec = float(asked.one("ra")), float(asked.one("dec"))
    except ValueError:
        raise _Nonsense("ra and dec must be given in degrees.") from None
    ((x, y),) = cell.wcs().wcs_world2pix([[ra, dec]], 0)
    if not math.isfinite(x + y):
        raise _Nonsense("The position is not in the image.")
    return round(float(x)) - columns // 2, round(float(y)) - rows // 2


def _picture(pieces: list[NDArray[np.float64]], asked: Asked) -> Response:
    """A JPEG or PNG, north up: grey of one band, else red, green and blue."""
    import numpy as np
    from matplotlib.image import imsave

    shades = []
    for counts in pieces:
        low, high = np.nanpercentile(counts, [5.0, float(asked.one("autoscale", "99.5"))])
        scaled = np.clip((np.nan_to_num(counts, nan=low) - low) / max(high - low, 1e-9), 0.0, 1.0)
        shades.append(np.arcsinh(10.0 * scaled) / math.asinh(10.0))
    colors = np.stack([shades[0], shades[len(shades) // 2], shades[-1]], axis=-1)[::-1]
    kind = "png" if asked.one("format") == "png" else "jpeg"
    out = BytesIO()
    imsave(out, np.ascontiguousarray(colors), format=kind)
    return Response(out.getvalue(), media_type=f"image/{kind}")


def _page(title: str, sentence: str, status: int) -> Response:
    return HTMLResponse(
        f"<html><head><title>{title}</title></head>"
        f"<body><h2>{title}</h2><p>{escape(sentence)}</p></body></html>\n",
        status,
    )
