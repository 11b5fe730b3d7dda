"""This file draws PS1's images: pieces in linear counts, and whole skycells as they are stored.

Invariant: a pixel of a skycell has the same counts in whatever piece it is. Sources: PS1 Image
Cutout Service at outerspace.stsci.edu (stacks are stored as asinh with BSOFTEN and BOFFSET, warps
are not, and pieces of both are linear), read on 2026-11-21; and the header of a real piece.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from skyatlas.sandbox.deliver import plain
from skyatlas.sandbox.ps1_grid import Skycell, middle, named
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from astropy.io import fits
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BANDS = "grizy"
_SEEING = {"g": 1.31, "r": 1.19, "i": 1.11, "z": 1.07, "y": 1.02}
"""FWHM, arcsec: medians of the survey (Chambers et al. 2016, arXiv:1612.05560)."""
_STACKED, _SINGLE = 720.0, 40.0  # seconds
_NOISE = 8.0  # counts
_TILE = 512  # pixels after which the noise comes again
_BINNED = 4
"""A stored skycell of the sandbox has pixels of 1 arcsec; the real ones have 6000 x 6000 of 0.25,
which nobody would wait for."""
_SOFTEN, _OFFSET = 60.0, 12.0  # counts: BSOFTEN and BOFFSET
_MAGNITUDES = 2.5 / math.log(10.0)
_BLANK = 32767


@dataclass(frozen=True, slots=True)
class Image:
    """A stack or a warp of a skycell in one band."""

    cell: Skycell
    band: str
    mjd: float = 0.0
    """When a warp was taken; 0 for a stack."""

    @property
    def kind(self) -> str:
        """ "stack" or "warp"."""
        return "warp" if self.mjd else "stack"

    @property
    def name(self) -> str:
        """ "rings.v3.skycell.1329.005.stk.r.unconv.fits"."""
        days = f"{self.mjd:.5f}".replace(".", "_")
        what = f"wrp.{self.band}.{days}" if self.mjd else f"stk.{self.band}.unconv"
        return f"rings.v3.skycell.{self.cell.name}.{what}.fits"

    @property
    def path(self) -> str:
        """ "/rings.v3.skycell/1329/005/rings.v3.…fits"."""
        return f"/rings.v3.skycell/{self.cell.name.replace('.', '/')}/{self.name}"

    @property
    def exposure(self) -> float:
        """Seconds."""
        return _SINGLE if self.mjd else _STACKED

    @property
    def zero_point(self) -> float:
        """The magnitude of one count; the real one is 25 too, for a count a second (FPA.ZP)."""
        return 25.0 + 2.5 * math.log10(self.exposure)


def warps(cell: Skycell, band: str, seed: int) -> tuple[Image, ...]:
    """The single exposures of a skycell, by time."""
    random = chance(seed, "ps1 warps", cell.name, band)
    days = sorted(random.uniform(55000.0, 57000.0, size=3))
    return tuple(Image(cell, band, round(float(day), 5)) for day in days)


def image_at(path: str, seed: int) -> Image | None:
    """The image that has a path; None where there is none."""
    words = path.rpartition("/")[2].split(".")
    if len(words) < 8 or words[6] not in BANDS:
        return None
    cell = named(f"{words[3]}.{words[4]}")
    if cell is None or middle(cell)[1] < -30.3:  # a skycell around the southern end still counts
        return None
    images = (Image(cell, words[6]), *warps(cell, words[6], seed))
    return next((image for image in images if image.path == path), None)


def piece(image: Image, left: int, low: int, shape: tuple[int, int], seed: int) -> Floats:
    """Counts of the pixels that begin at (left, low), shape (ny, nx); NaN where there are none."""
    import numpy as np

    from skyatlas.sandbox.survey_sky import paint

    counts = paint(
        image.cell.wcs(left, low, radesys="FK5"),  # as the file will say
        shape,
        seed=seed,
        seeing=_SEEING[image.band],
        scale=0.25,
        zero_point=image.zero_point,
        background=0.0,
    )
    rows, columns = np.arange(low, low + shape[0]), np.arange(left, left + shape[1])
    noise = _noise(image.name, seed)
    counts += noise[np.ix_(rows % _TILE, columns % _TILE)]
    height, width = image.cell.shape
    counts[(rows < 0) | (rows >= height)] = np.nan
    counts[:, (columns < 0) | (columns >= width)] = np.nan
    for first, last, bottom, top in masked(image, seed):
        _blank(counts, (first - left, last - left), (bottom - low, top - low))
    return counts


def _blank(counts: Floats, columns: tuple[int, int], rows: tuple[int, int]) -> None:
    """No numbers in these columns and rows, as far as they are there."""
    (first, last), (bottom, top) = ([max(end, 0) for end in ends] for ends in (columns, rows))
    counts[bottom:top, first:last] = math.nan


@lru_cache(maxsize=64)
def masked(image: Image, seed: int) -> tuple[tuple[int, int, int, int], ...]:
    """Spots without a number, (first column, the one after the last, and so for rows).

    None lies on a bright star: whoever measures where stars are finds them.
    """
    import numpy as np

    from skyatlas.sandbox.starfield import stars_in

    height, width = image.cell.shape
    random = chance(seed, "ps1 masks", image.name)
    stars = stars_in(*middle(image.cell), 0.35, seed)
    bright = [(star.ra, star.dec) for star in stars if star.magnitude < 17.5]
    places = np.array(bright, dtype=float).reshape(-1, 2)
    x, y = image.cell.wcs().wcs_world2pix(places, 0).T
    spots = []
    for _ in range(24):
        first, bottom = int(random.integers(0, width - 60)), int(random.integers(0, height - 60))
        across, up = (int(size) for size in random.integers(8, 60, size=2))
        near = (abs(x - first - across / 2) < 80) & (abs(y - bottom - up / 2) < 80)
        if not near.any():
            spots.append((first, first + across, bottom, bottom + up))
    return tuple(spots)


@lru_cache(maxsize=8)
def _noise(name: str, seed: int) -> Floats:
    return chance(seed, "ps1 noise", name).normal(0.0, _NOISE, size=(_TILE, _TILE))


def pseudo_magnitudes(counts: Floats) -> Floats:
    """Counts as stacks store them: v where counts = BOFFSET + BSOFTEN (10^0.4v - 10^-0.4v)."""
    import numpy as np

    stored: Floats = _MAGNITUDES * np.arcsinh((counts - _OFFSET) / (2.0 * _SOFTEN))
    return stored


def cut_file(image: Image, left: int, low: int, shape: tuple[int, int], seed: int) -> bytes:
    """A piece as fitscut.cgi gives it: linear, float32, the skycell's WCS with CRPIX shifted."""
    import numpy as np
    from astropy.io import fits

    hdu = fits.PrimaryHDU(piece(image, left, low, shape, seed).astype(np.float32))
    _describe(hdu.header, image, image.cell.wcs(left, low).to_header())
    hdu.header["RADESYS"] = ("FK5", "added by fitscut")
    hdu.header["HISTORY"] = "Cut out by the sandbox, as fitscut does"
    return plain([hdu])


def whole_file(image: Image, seed: int) -> bytes:
    """A stored skycell: compressed 16-bit numbers, asinh of the counts where it is a stack."""
    import numpy as np
    from astropy.io import fits

    from skyatlas.sandbox.survey_sky import paint

    rows, columns = (size // _BINNED for size in image.cell.shape)
    wcs = image.cell.wcs(binned=_BINNED)
    counts = paint(
        wcs,
        (rows, columns),
        seed=seed,
        seeing=_SEEING[image.band],
        scale=0.25 * _BINNED,
        zero_point=image.zero_point,
        background=0.0,
    )
    noise = _noise(image.name, seed)
    counts += noise[np.ix_(np.arange(rows) % _TILE, np.arange(columns) % _TILE)]
    for first, last, bottom, top in masked(image, seed):
        _blank(counts, (first // _BINNED, last // _BINNED), (bottom // _BINNED, top // _BINNED))
    stored = counts if image.mjd else pseudo_magnitudes(counts)
    low, high = float(np.nanmin(stored)), float(np.nanmax(stored))
    step, zero = (high - low) / 65000.0, (high + low) / 2.0
    whole = np.where(np.isnan(stored), _BLANK, np.round((stored - zero) / step)).astype(np.int16)
    hdu = fits.CompImageHDU(whole, compression_type="RICE_1")
    _describe(hdu.header, image, wcs.to_header())
    hdu.header["BSCALE"], hdu.header["BZERO"], hdu.header["BLANK"] = step, zero, _BLANK
    if not image.mjd:
        hdu.header["BSOFTEN"], hdu.header["BOFFSET"] = _SOFTEN, _OFFSET
    hdu.header["COMMENT"] = "Pixels of 1 arcsec for the sandbox's sake: PS1's are of 0.25 arcsec."
    return plain([fits.PrimaryHDU(), hdu])


def _describe(header: fits.Header, image: Image, wcs: fits.Header) -> None:
    """WCS in the words of PS1 (CDELT and PC00i00j), and who took it."""
    for word in ("CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CDELT1", "CDELT2"):
        header[word] = wcs[word]
    header["PC001001"], header["PC001002"] = -1.0, 0.0
    header["PC002001"], header["PC002002"] = 0.0, 1.0
    header["LONPOLE"] = 180.0
    header["SKYCELL"] = f"skycell.{image.cell.name}"
    header["TESS_ID"] = "RINGS.V3"
    header["PSCAMERA"] = "GPC1"
    header["HIERARCH FPA.TELESCOPE"] = "PS1"
    header["HIERARCH FPA.INSTRUMENT"] = "GPC1"
    header["HIERARCH FPA.FILTERID"] = f"{image.band}.00000"
    header["HIERARCH FPA.ZP"] = (25.0, "Magnitude zero point")
    header["EXPTIME"] = (image.exposure, "Exposure time (sec)")
    header["MJD-OBS"] = image.mjd or 56028.9480366837
