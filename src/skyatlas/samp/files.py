"""This file writes what is sent to tools as files that they can read: VOTable and FITS.

Invariant: values, units and masks are those of the data. Files lie in the folder `sent` of a cache,
for this user only; a tool may read one again for a day, then the next one removes it.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from skyatlas.errors import Unwritable
from skyatlas.written import votable

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.dataset import Cube, Image, Spectrum

__all__ = ["of_pixels", "of_spectrum", "of_table"]

_KEPT = 86_400.0
"""Seconds."""
_OURS = "skyatlas-"
"""How their names begin."""
_PHYSICS = {
    "length": "em.wl",
    "frequency": "em.freq",
    "energy": "em.energy",
    "speed": "spect.dopplerVeloc",
}
"""UCD of a spectral axis by the kind of its unit, in astropy's words."""
_AXIS = "spec:Spectrum.Data.SpectralAxis.Value"
_FLUX = "spec:Spectrum.Data.FluxAxis.Value"
_SIGMA = "spec:Spectrum.Data.FluxAxis.Accuracy.StatError"
"""Spectrum Data Model 1.1, table 1."""


def of_table(table: Table, name: str, cache: Path | None = None) -> Path:
    """A VOTable of these rows."""
    document = votable(table)
    return _written(cache, name, ".vot", lambda stream: stream.write(document))


def of_spectrum(spectrum: Spectrum, name: str, cache: Path | None = None) -> Path:
    """A VOTable of the samples, with the utypes of the Spectrum Data Model; masked ones stay so."""
    import numpy as np
    from astropy.table import MaskedColumn, Table

    unit = spectrum.axis_unit
    kind = str(unit.physical_type) if unit is not None else ""
    ucd = next((word for part, word in _PHYSICS.items() if part in kind), "em")
    medium = f", in {spectrum.medium}" if spectrum.medium else ""
    table = Table()
    table["spectral"] = MaskedColumn(
        spectrum.axis,
        unit=unit,
        description=f"Spectral axis in {spectrum.axis_unit_text or 'an unknown unit'}{medium}",
        meta={"ucd": ucd, "utype": _AXIS},
    )
    values = [("flux", spectrum.flux, _FLUX, "phot.flux.density")]
    if spectrum.sigma is not None:
        values.append(("sigma", spectrum.sigma, _SIGMA, "stat.error;phot.flux.density"))
    for column, data, utype, word in values:
        table[column] = MaskedColumn(
            data,
            mask=spectrum.mask | ~np.isfinite(data),
            unit=spectrum.flux_unit,
            description=f"In {spectrum.flux_unit_text or 'an unknown unit'}",
            meta={"ucd": word, "utype": utype},
        )
    return of_table(table, name, cache)


def of_pixels(data: Image | Cube, name: str, cache: Path | None = None) -> Path:
    """FITS of the pixels with their WCS and unit; masked ones are NaN."""
    import numpy as np
    from astropy.io import fits

    pixels = data.pixels
    if data.mask.any():
        pixels = np.where(data.mask, np.nan, pixels.astype(np.result_type(pixels, np.float32)))
    header = data.wcs.to_header(relax=True) if data.wcs is not None else fits.Header()
    if data.unit_text:
        header["BUNIT"] = data.unit_text
    for key in ("OBJECT", "TELESCOP", "INSTRUME", "DATE-OBS"):
        if key in data.meta:
            header[key] = data.meta[key]
    return _written(cache, name, ".fits", fits.PrimaryHDU(pixels, header).writeto)


def _written(
    cache: Path | None, name: str, suffix: str, write: Callable[[BinaryIO], object]
) -> Path:
    """A new file of a telling name, which only this user can read; old ones are removed."""
    if cache is None:
        from platformdirs import user_cache_path

        cache = user_cache_path("skyatlas", appauthor=False)
    folder = cache / "sent"
    stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", name).strip("._-")[:60] or "data"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(folder)
        handle, made = tempfile.mkstemp(suffix, f"{_OURS}{stem}-", folder)
        with os.fdopen(handle, "wb") as stream:
            write(stream)
    except OSError as error:
        raise Unwritable(f"nothing can be written into {folder}: {error.strerror}") from error
    return Path(made)


def _clear(folder: Path) -> None:
    """Remove what nobody reads any more."""
    for path in folder.glob(f"{_OURS}*"):
        with suppress(OSError):  # somebody else removes it too
            if path.stat().st_mtime < time.time() - _KEPT:
                path.unlink()
