"""This file draws a cube: its mean over wavelength, and the spectrum of its brightest place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Cube, Spectrum
from skyatlas.plots.images import plot_image
from skyatlas.plots.sheets import WIDTH
from skyatlas.plots.spectra import plot_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AIR_OR_VACUUM = {"AWAV": "air", "WAVE": "vacuum"}
"""First four letters of a spectral CTYPE (Greisen et al. 2006)."""
COLOUR = "#D55E00"
"""Vermilion (Okabe & Ito 2008) of the mark on the brightest pixel."""


def plot_cube(cube: Cube, ax: Axes | None = None) -> Axes:
    """Draw the white-light image of a cube; in a figure of its own also a spectrum below it.

    The image is the mean over the spectral axis; the spectrum is that of the brightest pixel of the
    image, which is marked. Returns the axes of the image; the spectrum's are `figure.axes[-1]`.
    """
    white = cube.white()
    if ax is not None:
        return plot_image(white, ax)
    from matplotlib.figure import Figure

    spectrum, place = brightest(cube)
    figure = Figure(figsize=(WIDTH, 1.75 * WIDTH))
    grid = figure.add_gridspec(2, 1, height_ratios=(1.6, 1), hspace=0.4)
    axes = plot_image(white, figure.add_subplot(grid[0]))
    image: Any = axes.images[0]
    axes.plot(
        [place[1]],
        [place[0]],
        "s",
        ms=9,
        mfc="none",
        mec=COLOUR,
        mew=1.4,
        gid="brightest",
        transform=image.get_transform(),
    )
    below = plot_spectrum(spectrum, figure.add_subplot(grid[1]))
    below.set_title(f"brightest pixel (x {place[1]}, y {place[0]})")
    return axes


def brightest(cube: Cube) -> tuple[Spectrum, tuple[int, int]]:
    """Return the spectrum of the pixel with the largest mean, and its (y, x), counted from 0."""
    import numpy as np

    white = cube.white().pixels
    flat = int(np.nanargmax(white)) if np.isfinite(white).any() else 0
    y, x = divmod(flat, white.shape[1])
    axis, unit, text, ctype = _axis(cube)
    spectrum = Spectrum(
        axis=axis,
        flux=cube.pixels[:, y, x].astype(np.float64),
        sigma=None if cube.sigma is None else cube.sigma[:, y, x].astype(np.float64),
        mask=cube.mask[:, y, x],
        axis_unit=unit,
        flux_unit=cube.unit,
        axis_unit_text=text,
        flux_unit_text=cube.unit_text,
        medium=AIR_OR_VACUUM.get(ctype[:4]),  # type: ignore[arg-type]
        frame=cube.meta.get("SPECSYS"),
        meta=cube.meta,
        name=f"x {x}, y {y}",
    )
    return spectrum, (y, x)


def _axis(cube: Cube) -> tuple[Any, Any, str, str]:
    """Values, unit, its text and CTYPE of the spectral axis, in the unit of the file."""
    import astropy.units as u
    import numpy as np

    count = cube.pixels.shape[0]
    if cube.wcs is None or not cube.wcs.has_spectral:
        return np.arange(count, dtype=np.float64), None, "channel", ""
    spectral = cube.wcs.spectral
    ctype = str(spectral.wcs.ctype[0])
    values = np.asarray(spectral.pixel_to_world_values(np.arange(count)), dtype=np.float64)
    unit = u.Unit(spectral.world_axis_units[0])
    text = _file_unit(cube, ctype)
    try:
        wanted = u.Unit(text)
        return (values * unit).to_value(wanted), wanted, text, ctype
    except (ValueError, TypeError):
        return values, unit, str(unit), ctype


def _file_unit(cube: Cube, ctype: str) -> str:
    """WCSLIB works in SI; the file's own CUNIT is what its astronomer thinks in."""
    for number in range(1, 6):
        if str(cube.meta.get(f"CTYPE{number}", "")).strip() == ctype:
            return str(cube.meta.get(f"CUNIT{number}") or "").strip()
    return ""
