"""This file is `read`: it tries the known layouts in order, and the first that fits wins.

What fits none is a `FormatError` that says what was found instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.errors import FormatError
from skyatlas.formats.apogee import apogee_spectra
from skyatlas.formats.curves import light_curve
from skyatlas.formats.images import image_or_cube
from skyatlas.formats.lines import spectrum_in_image
from skyatlas.formats.opening import opened
from skyatlas.formats.pixels import target_pixels
from skyatlas.formats.series import refuse_other_series
from skyatlas.formats.tables import spectra_in_tables

if TYPE_CHECKING:
    from astropy.io.fits import HDUList

    from skyatlas.dataset import (
        Cube,
        Image,
        LightCurve,
        Spectrum,
        SpectrumList,
        TargetPixels,
    )

    Data = Image | Cube | Spectrum | SpectrumList | LightCurve | TargetPixels


def read(path: str | Path, *, layer: str | None = None) -> Data:
    """Read a FITS file, plain or in gzip, bzip2, xz, LZW (`.Z`) or tile compression.

    Nothing is converted: values, units and the spectral axis are the file's; only the byte order
    is this machine's, log10 axes are powers of ten, variances are square roots. Where a file holds
    several images, the science layer is read (`SCI`, `DATA` …, else the first with two axes), and
    `.name` says which. Light curves and target pixel files keep every cadence; the mask holds those
    without a number and those whose flags their author advises against (`formats/authors.py`).

    `layer` takes another image or cube of the file: "SCI,2", or the number of its HDU, "3". What
    must be known to use the pixels (no WCS, asinh scaling, more images in the file) is in `.notes`.

    Raises `BadInput` where there is no such file or layer, and `FormatError`, in one sentence, for
    everything that is not a whole FITS file with an image, a cube, spectra, a light curve or target
    pixels.
    """
    with opened(path) as hdus:
        try:
            return read_hdus(hdus, layer)
        except FormatError as problem:
            raise FormatError(f"{Path(path).name}: {problem}") from problem


def read_hdus(hdus: HDUList, layer: str | None = None) -> Data:
    """Read what an open FITS file holds; see `read`."""
    found = _first_that_fits(hdus) if layer is None else image_or_cube(hdus, layer)
    if found is None:
        raise FormatError(
            f"no image, cube, spectrum or light curve in it, but {structure_of(hdus)}."
        )
    return found


def _first_that_fits(hdus: HDUList) -> Data | None:
    if (spectra := apogee_spectra(hdus) or spectra_in_tables(hdus)) is not None:
        return spectra
    if (seen := target_pixels(hdus) or light_curve(hdus)) is not None:
        return seen
    refuse_other_series(hdus)
    return spectrum_in_image(hdus) or image_or_cube(hdus)


def structure_of(hdus: HDUList) -> str:
    """Say in a few words what HDUs a file has: "a table of 5 rows and 3 columns (A, B, C)"."""
    found = [words for hdu in hdus if (words := _in_words(hdu))]
    if known := _known(hdus):
        return known
    more = f" and {len(found) - 3} more HDUs" if len(found) > 3 else ""
    return ("; ".join(found[:3]) + more) if found else "only headers without data"


def _known(hdus: HDUList) -> str:
    """What is known to be no image though it comes with images; "" for all else."""
    if any(hdu.header.get("ORDERING") == "NUNIQ" or "MOCORDER" in hdu.header for hdu in hdus):
        return "a coverage map (MOC)"
    if all(card in hdus[0].header for card in ("MASKROWS", "MASKCOLS", "NPLANE")):
        return (
            "the masks of a frame of SDSS (fpM): for each flag a table of the pixels that have it"
        )
    return ""


def _in_words(hdu: Any) -> str:
    if hasattr(hdu, "columns") and not hdu.is_image:
        names = [str(column.name) for column in hdu.columns]
        shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        return f"a table of {hdu.header['NAXIS2']} rows and {len(names)} columns ({shown})"
    shape = tuple(hdu.shape) if hdu.is_image else ()
    if shape and 0 not in shape:
        return f"an array of {' x '.join(map(str, reversed(shape)))} numbers"
    return f"a header of {hdu.name} without pixels" if hdu.name not in {"", "PRIMARY"} else ""
