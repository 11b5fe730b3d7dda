"""This file knows where TESS looked: its sectors, and the chip and pixel that saw a position.

The cameras' fields are four squares in a row, 24° apart along the circle of ecliptic longitude
through the boresight; distortion and the cameras' small misalignments are left out. That is good to
some 40 pixels, and it gives real stars their real sectors, cameras and chips (tests say so).
Boresights and file prefixes: TESS's pages of observations (tess.mit.edu/observations).
Angles are degrees, ICRS; times BTJD (BJD − 2457000, TDB); pixels are FITS's, the first is 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from skyatlas.sandbox.sky import Position, ecliptic

BTJD = 2457000.0
"""JD of BTJD 0."""
PIXEL = 21.1 / 3600.0
"""Degrees on the sky per pixel, in the middle of a field."""
_FOCAL = 146.0  # mm, focal length (TESS Instrument Handbook, table 3.1)
_PIXEL = 0.015  # mm
_GAP = 0.87  # mm from the field's middle to a chip's edge
_SIDE = 2048  # lit pixels of a chip
_EDGE = _GAP + _SIDE * _PIXEL
_COLUMNS = 44  # dark columns in front of the lit ones

# prefix of the files, spacecraft configuration, boresight; sector 42 says when 41 ended.
_TABLE = """
2018206045859 120 352.6844 -64.8531   2018234235059 121  16.5571 -54.0160
2018263035959 123  36.3138 -44.2590   2018292075959 124  55.0070 -36.6420
2018319095959 125  73.5382 -31.9349   2018349182500 126  92.0096 -30.5839
2019006130736 131 110.2559 -32.6344   2019032160000 136 128.1156 -37.7370
2019058134432 139 145.9071 -45.3044   2019085135100 140 165.0475 -54.8165
2019112060037 143 189.1247 -65.5369   2019140104343 144 229.5885 -75.1256
2019169103026 146 298.6671 -76.3281   2019198215352 150 276.7169  62.4756
2019226182529 151 280.3985  64.0671   2019253231442 152 282.4427  66.1422
2019279210107 161 351.2381  57.8456   2019306063752 162  16.1103  67.9575
2019331140908 164  60.2026  76.2343   2019357164649 165 129.3867  75.2520
2020020091053 167 171.7951  65.1924   2020049080258 174 197.1008  53.7434
2020078014623 177 217.2879  43.8074   2020106103520 180 261.4516  63.1181
2020133194932 182 265.6098  61.9383   2020160202036 188 270.1381  61.5637
2020186164531 189 326.8525 -72.4265   2020212050318 190 357.2944 -63.0056
2020238165205 193  18.9190 -52.8296   2020266004630 195  38.3564 -43.3178
2020294194027 198  57.6357 -35.7835   2020324010417 200  77.1891 -31.3957
2020351194500 203  96.5996 -30.7848   2021014023720 204 115.2951 -33.7790
2021039152502 205 133.2035 -39.6871   2021065132309 207 150.9497 -47.7512
2021091135823 208 170.2540 -57.3725   2021118034608 209 195.7176 -67.8307
2021146024351 210 242.1981 -76.3969   2021175071901 211 273.0766  61.7450
2021204101404 212 277.6209  62.7640   2021232031932 213  13.0140   6.3337
"""


@dataclass(frozen=True, slots=True)
class Sector:
    """Some 27 days that TESS looked at one strip of the sky."""

    number: int
    prefix: str
    """"2018206045859": year, day of the year and time in front of the names of its files."""
    configuration: int
    """The number behind the target in the names of its files."""
    boresight: Position
    start: float
    """BTJD of the first exposure's beginning, to half a day."""
    stop: float


@dataclass(frozen=True, slots=True)
class Spot:
    """Where on which chip a position fell."""

    sector: int
    camera: int
    ccd: int
    column: float
    """FITS pixels of the full frame; 45 … 2092 see light."""
    row: float


def _moment(prefix: str) -> float:
    """BTJD of a file's prefix."""
    begin = datetime.strptime(prefix, "%Y%j%H%M%S")  # noqa: DTZ007  UTC without saying so
    return (begin - datetime(2000, 1, 1, 12)).total_seconds() / 86400.0 + 2451545.0 - BTJD  # noqa: DTZ001


@cache
def sectors() -> tuple[Sector, ...]:
    """The 41 sectors of TESS's first three years."""
    words = _TABLE.split()
    rows = [words[i : i + 4] for i in range(0, len(words), 4)]
    begins = [_moment(row[0]) for row in rows]
    return tuple(
        Sector(
            number,
            prefix,
            int(configuration),
            (float(ra), float(dec)),
            # Science begins half a day after the prefix says and ends before the next one's.
            round(begins[number - 1] + 0.586, 6),
            round(begins[number] - 0.316, 6),
        )
        for number, (prefix, configuration, ra, dec) in enumerate(rows[:-1], start=1)
    )


def sector(number: int) -> Sector:
    """One of `sectors()`; IndexError where there is none."""
    if number < 1:
        raise IndexError(f"there is no sector {number}")
    return sectors()[number - 1]


@cache
def _axis(number: int) -> tuple[float, float]:
    return ecliptic(sector(number).boresight)


def _focal(place: Position, number: int, camera: int) -> tuple[float, float] | None:
    """(x, y) in mm on the camera's focal plane; None behind the camera."""
    longitude, latitude = _axis(number)
    north = 1.0 if latitude > 0.0 else -1.0
    centre = math.radians(latitude + north * (24.0 * camera - 60.0))
    lon, lat = ecliptic(place)
    turn, lat = math.radians(lon - longitude), math.radians(lat)
    x, y, z = math.cos(lat) * math.cos(turn), math.cos(lat) * math.sin(turn), math.sin(lat)
    depth = math.cos(centre) * x + math.sin(centre) * z
    if depth <= 0.1:
        return None
    across = -north * y / depth
    along = north * (math.cos(centre) * z - math.sin(centre) * x) / depth
    # Cameras 1 and 2 are mounted upside down beside 3 and 4.
    flip = -1.0 if camera <= 2 else 1.0
    return _FOCAL * flip * across, -_FOCAL * flip * along


def _on(chip: int, x: float, y: float) -> tuple[float, float]:
    """(column, row) on this chip of a point of the focal plane, also beyond its edges."""
    left, low = chip in {2, 3}, chip in {3, 4}
    if low:  # chips 3 and 4 stand upright, 1 and 2 on their heads
        column = (x + _EDGE if left else x - _GAP) / _PIXEL
        row = (y + _EDGE) / _PIXEL
    else:
        column = (-_GAP - x if left else _EDGE - x) / _PIXEL
        row = (_EDGE - y) / _PIXEL
    return column + _COLUMNS + 0.5, row + 0.5


def _off(chip: int, column: float, row: float) -> tuple[float, float]:
    """The inverse of `_on`."""
    across, up = (column - _COLUMNS - 0.5) * _PIXEL, (row - 0.5) * _PIXEL
    left = chip in {2, 3}
    if chip in {3, 4}:
        return (across - _EDGE if left else across + _GAP), up - _EDGE
    return (-_GAP - across if left else _EDGE - across), _EDGE - up


def _chip(x: float, y: float) -> int:
    if y >= 0.0:
        return 1 if x >= 0.0 else 2
    return 3 if x < 0.0 else 4


def spot(place: Position, number: int) -> Spot | None:
    """Where this sector saw the position; None where it fell on no lit pixel."""
    for camera in (1, 2, 3, 4):
        point = _focal(place, number, camera)
        if point is None:
            continue
        chip = _chip(*point)
        column, row = _on(chip, *point)
        if 0.5 <= column - _COLUMNS <= _SIDE + 0.5 and 0.5 <= row <= _SIDE + 0.5:
            return Spot(number, camera, chip, column, row)
    return None


def place_of(where: Spot) -> Position:
    """Which position (degrees ICRS) falls there: the inverse of `spot`."""
    longitude, latitude = _axis(where.sector)
    north = 1.0 if latitude > 0.0 else -1.0
    centre = math.radians(latitude + north * (24.0 * where.camera - 60.0))
    flip = -1.0 if where.camera <= 2 else 1.0
    x, y = _off(where.ccd, where.column, where.row)
    across, along = -north * flip * x / _FOCAL, -north * flip * y / _FOCAL
    u = math.cos(centre) - math.sin(centre) * along
    w = math.sin(centre) + math.cos(centre) * along
    lon = math.radians(longitude) + math.atan2(across, u)
    lat = math.atan2(w, math.hypot(u, across))
    a, b = math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon)
    c, tilt = math.sin(lat), math.radians(23.4392911)  # obliquity of the ecliptic, J2000
    b, c = b * math.cos(tilt) - c * math.sin(tilt), b * math.sin(tilt) + c * math.cos(tilt)
    return math.degrees(math.atan2(b, a)) % 360.0, math.degrees(math.asin(c))


def chip_corners(number: int, camera: int, ccd: int) -> tuple[Position, ...]:
    """The corners of a chip on the sky, in their order around it."""
    low, high = 0.5, _SIDE + 0.5
    ends = ((low, low), (high, low), (high, high), (low, high))
    return tuple(place_of(Spot(number, camera, ccd, _COLUMNS + x, y)) for x, y in ends)


def spots(place: Position) -> Iterator[Spot]:
    """Where each sector saw the position, those that did not left out."""
    for one in sectors():
        found = spot(place, one.number)
        if found is not None:
            yield found


def on_chip(place: Position, where: Spot) -> tuple[float, float]:
    """(column, row) of another position on the chip of `where`, also beyond its edges.

    Raises ValueError behind the camera.
    """
    point = _focal(place, where.sector, where.camera)
    if point is None:
        raise ValueError(f"camera {where.camera} never sees {place}")
    return _on(where.ccd, *point)
