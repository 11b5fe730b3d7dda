"""This file draws pictures, cubes and source lists: stars and galaxies stand at their true places.

Arrays are FITS's: shape (ny, nx) and (nz, ny, nx). What is drawn comes from `light`, so pictures of
one field by different instruments show the same stars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.sandbox import headers
from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import grey, png, sealed, write_cards
from skyatlas.sandbox.light import Star, continuum, lines, neighbours, shines, stars_near
from skyatlas.sandbox.plan import Shot
from skyatlas.sandbox.sky import chance
from skyatlas.sandbox.spectra import level, waves

if TYPE_CHECKING:
    import numpy as np
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SKY = 1000.0  # counts per pixel
_ZERO_POINT = 25.0  # magnitude of one count
_DISC = 12.0  # arcsec: scale length of every galaxy's disc


def wcs_of(shot: Shot) -> WCS:
    """The celestial coordinates of the picture, as its header says them."""
    from astropy.io import fits
    from astropy.wcs import WCS

    header = fits.Header()
    write_cards(header, headers.place(shot))
    return WCS(header)


def picture(shot: Shot) -> Floats:
    """Counts above zero, shape (n, n), without noise: sky, stars, the target and its neighbours."""
    import numpy as np

    wcs, size = wcs_of(shot), shot.recipe.pixels
    canvas = np.full((size, size), _SKY)
    sources = [*stars_near(shot.target, shot.seed)]
    sources += [Star(other.ra, other.dec, 13.0) for other in neighbours(shot.target)]
    sources.append(Star(shot.target.ra, shot.target.dec, 11.5))
    x, y = wcs.all_world2pix([s.ra for s in sources], [s.dec for s in sources], 0)
    sigma = max(shot.recipe.seeing / 2.355 / shot.recipe.scale, 1.1)
    for column, row, star in zip(x, y, sources, strict=True):
        counts = 10.0 ** (-0.4 * (star.magnitude - _ZERO_POINT))
        _add_star(canvas, float(column), float(row), counts, sigma)
    if shines(shot.target):
        canvas += 300.0 * _disc(shot, float(x[-1]), float(y[-1]))
    return canvas


def _add_star(canvas: Floats, x: float, y: float, counts: float, sigma: float) -> None:
    import numpy as np

    reach = int(6 * sigma) + 1
    rows, columns = canvas.shape
    left, right = max(int(x) - reach, 0), min(int(x) + reach + 1, columns)
    low, high = max(int(y) - reach, 0), min(int(y) + reach + 1, rows)
    if left >= right or low >= high:
        return
    across = np.exp(-0.5 * ((np.arange(left, right) - x) / sigma) ** 2)
    along = np.exp(-0.5 * ((np.arange(low, high) - y) / sigma) ** 2)
    canvas[low:high, left:right] += counts / (2 * np.pi * sigma**2) * along[:, None] * across


def _disc(shot: Shot, x: float, y: float) -> Floats:
    """An inclined exponential disc of central height 1 around pixel (x, y), shape (n, n)."""
    import numpy as np

    rows, columns = np.mgrid[: shot.recipe.pixels, : shot.recipe.pixels]
    length = max(_DISC / shot.recipe.scale, 1.0)
    radius = np.hypot(columns - x, (rows - y) / 0.7) / length
    light: Floats = np.exp(-radius)
    return light


def counts(shot: Shot) -> Floats:
    """The picture with its photon noise, shape (n, n)."""
    import numpy as np

    clean = picture(shot)
    noise = chance(shot.seed, "noise", shot.dp_id).standard_normal(clean.shape)
    return clean + np.sqrt(clean) * noise


def image_file(shot: Shot) -> bytes:
    """The product: an image in the primary HDU, or tile-compressed (.fits.fz) in an extension."""
    import numpy as np
    from astropy.io import fits

    header = headers.primary(shot)
    sky = [
        ("BUNIT", shot.recipe.flux_unit, "Unit of the pixels"),
        ("IMATYPE", shot.recipe.subtype.upper() or "IMAGE", "Kind of image"),
        ("ABMAGLIM", 19.8, "5-sigma limiting AB magnitude of point sources"),
        ("PSF_FWHM", shot.recipe.seeing, "[arcsec] Seeing"),
        *headers.place(shot),
    ]
    pixels = counts(shot)
    if shot.recipe.packing == ".fz":
        image = fits.CompImageHDU(
            np.round(pixels).astype(np.int32), compression_type="RICE_1", name="SCI"
        )
        write_cards(image.header, sky)
        return sealed([fits.PrimaryHDU(header=header), image], iso(shot.created))
    write_cards(header, sky)
    hdu = fits.PrimaryHDU(pixels.astype(np.float32), header=header)
    return sealed([hdu], iso(shot.created))


def image_preview(shot: Shot) -> bytes:
    """A small PNG of the picture."""
    step = max(shot.recipe.pixels // 128, 1)
    return png(grey(counts(shot)[::step, ::step]))


def cube(shot: Shot) -> tuple[Floats, Floats]:
    """Flux and variance, shape (nz, n, n): a nucleus and a disc with the target's lines."""
    import numpy as np

    samples = waves(shot)
    smooth = continuum(samples, shot.target)
    spectrum = smooth * (1.0 + lines(samples, shot.target, shot.recipe.resolution, shot.recipe.air))
    x, y = wcs_of(shot).all_world2pix(shot.target.ra, shot.target.dec, 0)
    light = _disc(shot, float(x), float(y)) if shines(shot.target) else np.zeros((1, 1))
    nucleus = np.zeros((shot.recipe.pixels, shot.recipe.pixels))
    sigma = max(shot.recipe.seeing / 2.355 / shot.recipe.scale, 1.1)
    _add_star(nucleus, float(x), float(y), 2 * np.pi * sigma**2, sigma)
    height = level(shot.recipe.flux_unit)
    clean = height * spectrum[:, None, None] * (0.5 * light + nucleus)[None]
    error = height / shot.snr
    noise = chance(shot.seed, "noise", shot.dp_id).standard_normal(clean.shape, dtype=np.float32)
    return clean + error * noise, np.full(clean.shape, error**2)


def cube_file(shot: Shot) -> bytes:
    """The product: primary header, DATA and STAT extensions as MUSE's pipeline writes them."""
    import numpy as np
    from astropy.io import fits

    values, variance = cube(shot)
    hdus: list[fits.PrimaryHDU | fits.ImageHDU] = [fits.PrimaryHDU(header=headers.primary(shot))]
    unit = shot.recipe.flux_unit
    for name, pixels, said, kind in (
        ("DATA", values, unit, "DATA"),
        ("STAT", variance, f"({unit})**2", "ERROR"),
    ):
        hdu = fits.ImageHDU(pixels.astype(np.float32), name=name)
        write_cards(hdu.header, [
            ("HDUCLASS", "ESO", "Class name (ESO format)"),
            ("HDUDOC", "DICD", "Document with class description"),
            ("HDUCLAS1", "IMAGE", "Image data format"),
            ("HDUCLAS2", kind, "What the pixels are"),
            ("SCIDATA" if kind == "ERROR" else "ERRDATA", "DATA" if kind == "ERROR" else "STAT",
             "The extension that belongs to this one"),
            ("BUNIT", said, "Unit of the pixels"),
            ("OBJECT", shot.name, "Target designation"),
            *headers.place(shot),
            *headers.spectral_axis(shot),
        ])  # fmt: skip
        if kind == "ERROR":
            hdu.header["HDUCLAS3"] = ("MSE", "Mean squared error")
        hdus.append(hdu)
    return sealed(hdus, iso(shot.created))


def cube_preview(shot: Shot) -> bytes:
    """A small PNG of the cube's mean over wavelength."""
    return png(grey(cube(shot)[0].mean(axis=0).repeat(4, axis=0).repeat(4, axis=1)))


def sources_file(shot: Shot) -> bytes:
    """The source list of a tile: the stars that the picture shows, with their true positions."""
    import numpy as np
    from astropy.io import fits

    stars = stars_near(shot.target, shot.seed)
    columns = [
        fits.Column("SOURCEID", "J", array=np.arange(1, len(stars) + 1)),
        fits.Column("RA2000", "D", unit="deg", array=np.array([s.ra for s in stars])),
        fits.Column("DEC2000", "D", unit="deg", array=np.array([s.dec for s in stars])),
        fits.Column("MAG", "E", unit="mag", array=np.array([s.magnitude for s in stars])),
        fits.Column("MAG_ERR", "E", unit="mag", array=np.full(len(stars), 0.02)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="SOURCES")
    ucds = ("meta.id;meta.main", "pos.eq.ra;meta.main", "pos.eq.dec;meta.main", "phot.mag;em.IR.J",
            "stat.error;phot.mag;em.IR.J")  # fmt: skip
    write_cards(
        table.header,
        [(f"TUCD{number}", ucd, "UCD of the field") for number, ucd in enumerate(ucds, start=1)],
    )
    return sealed([fits.PrimaryHDU(header=headers.primary(shot)), table], iso(shot.created))
