"""This file makes SkyView's images: any grid of pixels, resampled, with SkyView's own header.

Invariant: the same request has the same bytes; SkyView itself dates its files. Layout: what
SkyView-in-a-Jar writes, and the file m13.fits of 2006.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.sandbox.deliver import grey, plain
from skyatlas.sandbox.mast_pictures_jpeg import jpeg
from skyatlas.sandbox.sky import chance
from skyatlas.sandbox.skyview_wanted import Wanted, scale_of
from skyatlas.sandbox.survey_sky import paint, places

if TYPE_CHECKING:
    import numpy as np
    from astropy.io import fits
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_ZERO_POINT = 25.0  # magnitude of one count
_BACKGROUND = 100.0  # counts
_NOISE = 0.5  # counts
_FIXED = {"Car", "Ait", "Csc"}
"""Projections of the whole sky: their reference point is on the equator. SkyView's is at longitude
0; here it is at the picture's, or the end of the sky would cross a picture over longitude 180."""
_AXES = {"Galactic": ("GLON", "GLAT"), "E2000": ("ELON", "ELAT")}
_FRAMES = {"J2000": ("FK5", 2000.0), "B1950": ("FK4", 1950.0), "ICRS": ("ICRS", 2000.0)}
_PATCHES = 200  # of a side: as finely as the edge of a survey is drawn
_SAMPLERS = {"default": "NNSampler", "nn": "NNSampler", "li": "LISampler", "clip": "ClipSampler"}


def wcs_of(want: Wanted) -> WCS:
    """The coordinates of the pixels: north (or the other system's pole) up, east to the left."""
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    longitude, latitude = _AXES.get(want.coordinates, ("RA--", "DEC-"))
    projection = want.projection.upper()
    wcs.wcs.ctype = f"{longitude}-{projection}", f"{latitude}-{projection}"
    (width, height), (columns, rows) = want.size, want.pixels
    wcs.wcs.cdelt = -width / columns, height / rows
    wcs.wcs.crval = (want.centre[0], 0.0) if want.projection in _FIXED else want.centre
    if want.coordinates in _FRAMES:
        wcs.wcs.radesys, wcs.wcs.equinox = _FRAMES[want.coordinates]
    elif want.coordinates == "E2000":
        wcs.wcs.equinox = 2000.0
    wcs.wcs.crpix = (columns + 1) / 2, (rows + 1) / 2
    if want.projection in _FIXED:
        x, y = wcs.wcs_world2pix([want.centre], 1)[0]
        wcs.wcs.crpix = columns + 1 - float(x), rows + 1 - float(y)
    wcs.wcs.set()
    return wcs


def seen(want: Wanted) -> Flags:
    """Which pixels the survey has looked at, shape (rows, columns)."""
    import numpy as np

    columns, rows = want.pixels
    steps = max(1, -(-columns // _PATCHES)), max(1, -(-rows // _PATCHES))
    axes = (np.arange((step - 1) / 2, count, step) for step, count in zip(steps, want.pixels))  # noqa: B905
    grid = np.meshgrid(*axes)
    sky = places(wcs_of(want), np.stack([one.ravel() for one in grid], axis=-1))
    flags = want.survey.covers(sky[:, 0], sky[:, 1]).reshape(grid[0].shape)
    whole: Flags = np.repeat(np.repeat(flags, steps[1], axis=0), steps[0], axis=1)
    return whole[:rows, :columns]


def image(want: Wanted, flags: Flags, seed: int) -> Floats:
    """The pixels, shape (rows, columns): zero where the survey has not looked."""
    import numpy as np

    columns, rows = want.pixels
    if not flags.any():
        return np.zeros((rows, columns))
    pixels = paint(
        wcs_of(want),
        (rows, columns),
        seed=seed,
        seeing=want.survey.resolution,
        scale=scale_of(want),
        zero_point=_ZERO_POINT,
        background=_BACKGROUND,
    )
    random = chance(seed, "skyview", want.survey.name, want.centre, want.pixels, want.size)
    pixels += _NOISE * random.standard_normal(pixels.shape, dtype=np.float32)
    return np.where(flags, pixels, 0.0)


def fits_file(want: Wanted, pixels: Floats) -> bytes:
    """The image as FITS: four bytes for a pixel, or eight where nobody asked for four."""
    import numpy as np
    from astropy.io import fits

    kind = np.float32 if want.floats else np.float64
    hdu = fits.PrimaryHDU(pixels.astype(kind), header=_header(want))
    return plain([hdu])


def jpeg_file(pixels: Floats) -> bytes:
    """A quick look."""
    return jpeg(grey(pixels[::8, ::8]))


def _header(want: Wanted) -> fits.Header:
    header = wcs_of(want).to_header()
    for word in ("WCSAXES", "LATPOLE", "LONPOLE", "MJDREF", "CUNIT1", "CUNIT2"):
        header.remove(word, ignore_missing=True)
    # wcslib leaves out what is standard and rounds the rest; SkyView does neither.
    wcs = wcs_of(want).wcs
    for axis in (1, 2):
        for word in ("CRVAL", "CRPIX", "CDELT"):
            header[f"{word}{axis}"] = float(getattr(wcs, word.lower())[axis - 1])
    if want.coordinates in _FRAMES:
        header["EQUINOX"] = _FRAMES[want.coordinates][1]
    header["SURVEY"] = want.survey.card
    header["BUNIT"] = want.survey.unit
    header.add_comment(" SkyView Survey metadata ")
    header.add_comment(f"PixelScale:  {want.survey.scale} degrees/pixel")
    header.add_comment(f"Resolution:  {want.survey.resolution} arcsec")
    header.add_comment(f"PixelUnits:  {want.survey.unit}")
    header.add_history(" Settings used in processing:")
    for line in _settings(want):
        header.add_history(line)
    sampler = _SAMPLERS.get(want.sampler.lower(), f"{want.sampler} Sampler")
    header.add_history(f" Resampler used: {sampler}")
    return header


def _settings(want: Wanted) -> list[str]:
    (width, height), (columns, rows) = want.size, want.pixels
    return [
        f"coordinates = {want.coordinates}",
        *(["float"] if want.floats else []),
        f"pixels = {columns},{rows}",
        f"position = {want.position}",
        f"projection = {want.projection}",
        f"sampler = {want.sampler}",
        f"scale = {want.survey.scale}",
        f"size = {width!r},{height!r}",
        f"survey = {want.survey.name}",
    ]
