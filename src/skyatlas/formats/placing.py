"""This file finds which pixels of an image a rectangle of the sky covers.

Invariant: a position is given out only where the WCS, asked the other way round, leads back to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput, FormatError
from skyatlas.formats.opening import quiet

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import HDUList, Header
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_TOLERANCE = 0.02
"""Pixels by which a position may miss after going to the sky and back."""
_STEP = 0.5
"""Pixels; for the derivative of the WCS."""
_SMALL = 1e-3
"""Degrees; for the directions of east and north."""
_STRETCH = 3.0
"""How many times larger than its scale in the middle says, a rectangle may be on an image."""
_ABSURD = 300.0
"""The same against the scale of the whole image: beyond it a position is a pole of the projection,
such as the far side of the sky in ARC, and no place on this image."""
_RIM = ((-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0))
"""Places on the edge of a rectangle, in halves of its sides."""


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle of the sky, north up."""

    ra: float
    """Of its middle, degrees ICRS."""
    dec: float
    width: float
    """Degrees along right ascension, as seen on the sky."""
    height: float
    """Degrees along declination."""

    def __post_init__(self) -> None:
        if not -90.0 <= self.dec <= 90.0 or not -360.0 <= self.ra <= 360.0:
            raise BadInput(f"{self.ra} {self.dec} is no position on the sky")
        if not (0.0 < self.width <= 180.0 and 0.0 < self.height <= 180.0):
            raise BadInput(f"{self.width} x {self.height} degrees is no size of a piece of the sky")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels, each end counted in; the first pixel of an image is 1 (FITS)."""

    x1: int
    x2: int
    y1: int
    y2: int

    def __str__(self) -> str:
        return f"[{self.x1}:{self.x2},{self.y1}:{self.y2}]"

    @property
    def pixels(self) -> int:
        """How many."""
        return max(0, self.x2 - self.x1 + 1) * max(0, self.y2 - self.y1 + 1)

    def inside(self, shape: tuple[int, ...]) -> Box:
        """The part of it that an image of this shape (numpy's order) has."""
        rows, columns = shape[-2:]
        return Box(max(self.x1, 1), min(self.x2, columns), max(self.y1, 1), min(self.y2, rows))


def sky_wcs(header: Header, tables: HDUList) -> WCS | None:
    """The WCS of the first two axes; None where they are not on the sky, or it cannot be used.

    `tables` are the HDUs that hold distortions. Raises FormatError for a WCS that is kept in
    a way of which a piece cannot be cut.
    """
    from astropy.wcs import WCS

    if any(str(header.get(f"CTYPE{n}", "")).endswith("-TAB") for n in range(1, 10)):
        raise FormatError("its coordinates stand in a table (-TAB), which a piece would not have.")
    if "AXISCORR" in header or any("AXISCORR" in table.header for table in tables):
        raise FormatError("its detector distortion is in an old form (AXISCORR); fetch it whole.")
    try:
        with quiet():
            wcs = WCS(header, tables)
            wcs = wcs.sub([1, 2]) if wcs.naxis > 2 else wcs
            return wcs if wcs.has_celestial and wcs.naxis == 2 else None
    except (ValueError, KeyError, TypeError, IndexError, AssertionError, MemoryError):
        return None  # as in images.wcs_of


def box_of(wcs: WCS, place: Place) -> Box | None:
    """The pixels of a rectangle of the sky, also those beyond the edges; None far outside.

    As many as its sides are long, rounded, on an image that is turned as many as enclose it.
    """
    import numpy as np

    halves = [(x * place.width / 2, y * place.height / 2) for x, y in _RIM]
    with quiet(), np.errstate(all="ignore"):
        world = _native(wcs, *_offset(place, [(0.0, 0.0), (_SMALL, 0.0), (0.0, _SMALL), *halves]))
        pixels = _pixels_at(wcs, world)
        middle, rim = pixels[0], pixels[3:]
        if not np.isfinite(middle).all():
            return None
        near = middle + _linear(wcs, middle, _vectors(world[:3], wcs), halves)
        # Not finite: no projection has all the sky. Much too large: it goes on at the other edge.
        if not (np.ptp(rim, axis=0) < _STRETCH * np.ptp(near, axis=0) + _STRETCH).all():
            rim = near
        scale = np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix)))
        most = _ABSURD * (1 + np.hypot(place.width, place.height) / scale)
        if not (np.ptp(rim, axis=0) < most).all():
            return None
    low, high = rim.min(axis=0), rim.max(axis=0)
    count = np.maximum(1, np.rint(high - low)).astype(int)
    # Pixel n (from 0) reaches from n - 0.5 to n + 0.5.
    first = np.floor((low + high) / 2 - count / 2 + 1.0).astype(int)
    (x, y), (columns, rows) = first.tolist(), count.tolist()
    return Box(x + 1, x + columns, y + 1, y + rows)


def same_sky(one: WCS, other: WCS, box: Box) -> bool:
    """Whether pixel (x, y) of `one` is pixel (x - x1 + 1, y - y1 + 1) of `other`."""
    import numpy as np

    xs, ys = np.linspace(box.x1, box.x2, 4), np.linspace(box.y1, box.y2, 4)
    pixels = np.array([(x, y) for x in xs for y in ys])
    with quiet(), np.errstate(all="ignore"):
        left = _vectors(one.all_pix2world(pixels, 1), one)
        right = _vectors(other.all_pix2world(pixels - (box.x1 - 1, box.y1 - 1), 1), other)
    unknown = np.isnan(left) & np.isnan(right)  # outside the projection in both
    # 1e-10 is 20 microarcseconds: above the rounding of doubles, below any pixel.
    return bool((unknown | (np.abs(left - right) < 1e-10)).all() and not unknown.all())


def _offset(place: Place, offsets: list[tuple[float, float]]) -> tuple[Floats, Floats]:
    """RA and Dec (degrees) so many degrees east and north of a place, along great circles."""
    import numpy as np

    ra, dec = np.radians(place.ra), np.radians(place.dec)
    middle = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.cross(middle, east)
    step = np.radians(np.array(offsets))
    length = np.hypot(*step.T)[:, None]
    ways = step @ np.array([east, north])
    found = np.cos(length) * middle + np.sinc(length / np.pi) * ways
    return np.degrees(np.arctan2(found[:, 1], found[:, 0])) % 360.0, np.degrees(
        np.arctan2(found[:, 2], np.hypot(found[:, 0], found[:, 1]))
    )


def _native(wcs: WCS, ra: Floats, dec: Floats) -> Floats:
    """Positions (ICRS, degrees) in the frame and the order of axes of an image."""
    import numpy as np
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    try:
        frame = wcs_to_celestial_frame(wcs)
        there = SkyCoord(ra, dec, unit="deg", frame="icrs").transform_to(frame).spherical
    except ValueError as problem:
        words = "/".join(str(one) for one in wcs.wcs.ctype)
        raise FormatError(f"its coordinates ({words}) are not those of the sky.") from problem
    world = np.empty((len(ra), 2))
    world[:, wcs.wcs.lng], world[:, wcs.wcs.lat] = there.lon.deg, there.lat.deg
    return world


def _pixels_at(wcs: WCS, world: Floats) -> Floats:
    """Pixels from 0; NaN where the WCS does not lead back."""
    import numpy as np

    try:
        pixels: Floats = wcs.all_world2pix(world, 0, tolerance=1e-4, maxiter=50, quiet=True)
        scale = np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix)))
        back = wcs.all_pix2world(pixels, 0)
    except ValueError:  # wcslib's errors
        return np.full_like(world, np.nan)
    missed = np.linalg.norm(_vectors(back, wcs) - _vectors(world, wcs), axis=1)
    pixels[~(missed <= np.radians(_TOLERANCE * scale))] = np.nan
    return pixels


def _linear(wcs: WCS, middle: Floats, around: Floats, offsets: list[tuple[float, float]]) -> Floats:
    """Pixels from the middle, by the scale and orientation there.

    `around` are vectors of the middle, of a place a little east of it, and of one north.
    """
    import numpy as np

    dx, dy = np.array([_STEP, 0.0]), np.array([0.0, _STEP])
    there = wcs.all_pix2world([middle - dx, middle + dx, middle - dy, middle + dy], 0)
    left, right, low, high = _vectors(there, wcs)
    ways = around[1:] - around[0]
    ways /= np.linalg.norm(ways, axis=1)[:, None]
    turned = np.stack([right - left, high - low]) @ ways.T
    try:
        found: Floats = np.radians(offsets) @ np.linalg.inv(turned) * (2 * _STEP)
    except np.linalg.LinAlgError:
        return np.full((len(offsets), 2), np.nan)
    return found


def _vectors(world: Any, wcs: WCS) -> Floats:
    """Unit vectors of positions (degrees)."""
    import numpy as np

    lon, lat = np.radians(np.asarray(world)[:, [wcs.wcs.lng, wcs.wcs.lat]].T)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
