"""This file answers as TESScut: which sectors saw a position, and pixels cut out of their frames.

Invariant: where there is nothing to cut, a message comes in place of the zip, with status 200.
Sources: mast.stsci.edu/tesscut/docs/getting_started.html, the answers that astroquery recorded
(tess_sector.json, astrocut_107.27_-70.0_5x5.zip), and astroquery's page on its ten at once.
"""

from __future__ import annotations

import math
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple

from starlette.responses import JSONResponse, PlainTextResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.mast_sectors import PIXEL
from skyatlas.sandbox.mast_tesscut_sky import tess_pixels, tess_sectors
from skyatlas.sandbox.sky import Position, shifted
from skyatlas.sandbox.state import State

AT_ONCE = 10
"""Cuts of one user that are under way together; the next one is answered 503."""
MOST = 10_000
"""Pixels of one frame that are cut out: 100 x 100."""
_RADIUS = {"d": 1.0, "m": 1 / 60, "s": 1 / 3600, "px": PIXEL}
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every member: no clock shows in the bytes."""


class _Nonsense(Exception):
    """Words that TESScut does not understand; it answers 400 with them."""


class _Chip(NamedTuple):
    sector: int
    camera: int
    ccd: int

    @property
    def name(self) -> str:
        return f"tess-s{self.sector:04d}-{self.camera}-{self.ccd}"


class Tesscut:
    """One sandbox's TESScut, for as long as it runs. Safe for many threads."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def sector(self, _state: State, asked: Asked) -> Response:
        """`/tesscut/api/v0.1/sector` with ra, dec, radius: the chips that saw the place."""
        try:
            place, radius = _place(asked), _radius(asked.one("radius", "0d"))
        except _Nonsense as error:
            return JSONResponse({"msg": str(error)}, 400)
        found = {chip for spot in _around(place, radius) for chip in _chips(spot)}
        results = [
            {
                "sectorName": chip.name,
                "sector": f"{chip.sector:04d}",
                "camera": str(chip.camera),
                "ccd": str(chip.ccd),
            }
            for chip in sorted(found)
        ]
        return JSONResponse({"results": results})

    def astrocut(self, state: State, asked: Asked) -> Response:
        """`/tesscut/api/v0.1/astrocut` with ra, dec, y, x, units, sector: a zip of pixel files."""
        with self.turn() as free:
            if not free:
                return PlainTextResponse("503 Service Temporarily Unavailable\n", 503)
            try:
                return _cut(asked, state.world.seed)
            except _Nonsense as error:
                return JSONResponse({"msg": str(error)}, 400)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """One cut under way, for the time of a `with` block; False where there are too many."""
        free = self._free.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._free.release()


def _cut(asked: Asked, seed: int) -> Response:
    place, (height, width) = _place(asked), _size(asked)
    wanted = asked.one("sector")
    if wanted and not wanted.isdecimal():
        raise _Nonsense(f"sector must be a number, not {wanted}")
    if asked.one("product", "SPOC").upper() != "SPOC":
        raise _Nonsense("product must be SPOC")
    chips = [chip for chip in _chips(place) if not wanted or chip.sector == int(wanted)]
    if not chips:
        return JSONResponse({"msg": "No TESS data found at this place."})
    ra, dec = place
    body = BytesIO()
    with zipfile.ZipFile(body, "w") as packed:
        for chip in chips:
            name = f"{chip.name}_{ra:.6f}_{dec:.6f}_{width}x{height}_astrocut.fits"
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, tess_pixels(ra, dec, width, height, chip.sector, seed), None, 1)
    units = asked.one("units", "px")
    named = f"astrocut_{ra}_{dec}_{asked.one('x')}x{asked.one('y')}{units}.zip"
    said = {"Content-Disposition": f"attachment; filename={named}"}
    return Response(body.getvalue(), media_type="application/zip", headers=said)


def _chips(place: Position) -> Sequence[_Chip]:
    return [_Chip(*one) for one in tess_sectors(*place)]


def _around(place: Position, radius: float) -> Iterator[Position]:
    """The place, and twelve points of the circle: a chip that it only grazes may be missed."""
    yield place
    for step in range(12 if radius > 0.0 else 0):
        angle = math.radians(30.0 * step)
        yield shifted(place, radius * math.sin(angle), radius * math.cos(angle))


def _place(asked: Asked) -> Position:
    ra, dec = (_number(asked, name) for name in ("ra", "dec"))
    if not (0.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0):
        raise _Nonsense("ra or dec is outside the sky")
    return ra % 360.0, dec


def _size(asked: Asked) -> tuple[int, int]:
    """(rows, columns) in pixels."""
    units = asked.one("units", "px")
    if units not in ("px", "d"):
        raise _Nonsense("units must be px or d")
    step = PIXEL if units == "d" else 1.0
    rows, columns = (round(_number(asked, name) / step) for name in ("y", "x"))
    if rows < 1 or columns < 1 or rows * columns > MOST:
        raise _Nonsense(f"a cut has 1 to {MOST} pixels")
    return rows, columns


def _radius(text: str) -> float:
    """Degrees."""
    number = text.rstrip("dmspx")
    try:
        return float(number) * _RADIUS[text[len(number) :] or "d"]
    except (ValueError, KeyError):
        raise _Nonsense("radius must be a number with d, m, s or px") from None


def _number(asked: Asked, name: str) -> float:
    try:
        value = float(asked.one(name))
    except ValueError:
        raise _Nonsense(f"{name} must be given, as a number") from None
    if not math.isfinite(value):
        raise _Nonsense(f"{name} must be a number")
    return value
