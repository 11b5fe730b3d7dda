"""This file writes extracted spectra as HST's and JWST's pipelines do: one table, vacuum waves.

STIS: one row per order, COS: one row per segment, vectors in the cells; JWST: one row per sample.
Layouts: STIS and COS Data Handbooks, jwst-pipeline.readthedocs.io ("x1d"), and real files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import curve, sealed, write_cards
from skyatlas.sandbox.mast_pictures_hst_files import primary as hst_primary
from skyatlas.sandbox.mast_pictures_jpeg import jpeg
from skyatlas.sandbox.mast_pictures_jwst_files import primary as jwst_primary
from skyatlas.sandbox.mast_pictures_plan import Visit
from skyatlas.sandbox.spectra import flux, waves

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STIS_FLUX = "erg/s/cm**2/Angstrom"
_COS_FLUX = "erg /s /cm**2 /angstrom"
_SENSITIVITY = 2e-16  # flux of one count per second
_JANSKY = 5e12  # Jy of the unit that spectra are drawn in


def _parts(visit: Visit, number: int, pieces: int) -> tuple[Floats, Floats, Floats]:
    """Waves (Angstrom), flux and its error of equal pieces that meet, shape (pieces, n)."""
    import numpy as np

    shot = visit.shot(number)
    width = (visit.high - visit.low) / pieces
    samples = round(width / visit.step)
    found = []
    for piece in range(pieces):
        low = visit.low + piece * width
        recipe = replace(shot.recipe, low=low, high=low + (samples - 1) * visit.step)
        part = replace(shot, recipe=recipe, dp_id=f"{shot.dp_id}.{piece}")
        found.append((10.0 * waves(part), *flux(part)))
    wave, values, errors = (np.array([one[axis] for one in found]) for axis in range(3))
    return wave, values, errors


def stis(visit: Visit, filename: str, number: int) -> bytes:
    """One row per order, the reddest order first, as an echelle counts them."""
    import numpy as np

    orders = 8 if visit.filter.startswith("E") else 1
    wave, values, errors = (part[::-1] for part in _parts(visit, number, orders))
    counted = [*range(80, 80 + orders)] if orders > 1 else [1]
    n = wave.shape[1]
    net = values / _SENSITIVITY
    quality = np.zeros(wave.shape, dtype=np.int16)
    quality[:, :3] = 512  # bad: the first pixels
    columns = [
        ("SPORDER", "I", "", counted),
        ("NELEM", "I", "", [n] * orders),
        ("WAVELENGTH", f"{n}D", "Angstroms", wave),
        ("GROSS", f"{n}E", "Counts/s", net + 0.01),
        ("BACKGROUND", f"{n}E", "Counts/s", np.full(wave.shape, 0.01)),
        ("NET", f"{n}E", "Counts/s", net),
        ("FLUX", f"{n}E", _STIS_FLUX, values),
        ("ERROR", f"{n}E", _STIS_FLUX, errors),
        ("NET_ERROR", f"{n}E", "Counts/s", errors / _SENSITIVITY),
        ("DQ", f"{n}I", "", quality),
        ("A2CENTER", "E", "pixel", [512.0] * orders),
        ("EXTRSIZE", "E", "pixel", [7.0] * orders),
        ("MAXSRCH", "I", "pixel", [10] * orders),
        ("BK1SIZE", "E", "pixel", [5.0] * orders),
        ("BK2SIZE", "E", "pixel", [5.0] * orders),
        ("BK1OFFST", "E", "pixel", [-300.0] * orders),
        ("BK2OFFST", "E", "pixel", [300.0] * orders),
        ("EXTRLOCY", f"{n}E", "pixel", np.full(wave.shape, 512.0)),
        ("OFFSET", "E", "pixel", [0.0] * orders),
    ]
    return _hst(visit, filename, number, columns)


def cos(visit: Visit, filename: str, number: int) -> bytes:
    """One row per segment of the detector: FUVA has the longer waves and comes first."""
    import numpy as np

    wave, values, errors = (part[::-1] for part in _parts(visit, number, 2))
    n = wave.shape[1]
    net = values / _SENSITIVITY
    quality = np.zeros(wave.shape, dtype=np.int16)
    quality[:, :20], quality[:, -20:] = 128, 128  # out of bounds
    columns = [
        ("SEGMENT", "4A", "", ["FUVA", "FUVB"]),
        ("EXPTIME", "D", "s", [visit.seconds] * 2),
        ("NELEM", "J", "", [n] * 2),
        ("WAVELENGTH", f"{n}D", "angstrom", wave),
        ("FLUX", f"{n}E", _COS_FLUX, np.where(quality == 0, values, 0.0)),
        ("ERROR", f"{n}E", _COS_FLUX, np.where(quality == 0, errors, 0.0)),
        ("GROSS", f"{n}E", "count /s", net),
        ("GCOUNTS", f"{n}E", "count", net * visit.seconds),
        ("NET", f"{n}E", "count /s", net),
        ("BACKGROUND", f"{n}E", "count /s", np.zeros(wave.shape)),
        ("DQ", f"{n}I", "", quality),
        ("DQ_WGT", f"{n}E", "", (quality == 0).astype(np.float32)),
        ("DQ_OUTER", f"{n}I", "", quality),
        ("BACKGROUND_PER_PIXEL", f"{n}E", "count /s /pixel", np.zeros(wave.shape)),
        ("NUM_EXTRACT_ROWS", f"{n}I", "", np.full(wave.shape, 35)),
        *((name, f"{n}D", "", np.full(wave.shape, 1.0)) for name in
          ("ACTUAL_EE", "Y_LOWER_OUTER", "Y_UPPER_OUTER", "Y_LOWER_INNER", "Y_UPPER_INNER")),
    ]  # fmt: skip
    return _hst(visit, filename, number, columns)


def _hst(visit: Visit, filename: str, number: int, columns: list[Any]) -> bytes:
    from astropy.io import fits

    table = _table(columns, "SCI")
    write_cards(table.header, [
        ("EXTVER", 1, "extension version number"),
        ("ROOTNAME", filename.partition("_")[0], "rootname of the observation set"),
        ("EXPSTART", visit.begins(number), "exposure start time (Modified Julian Date)"),
        ("EXPTIME", visit.seconds, "exposure duration (seconds)"),
    ])  # fmt: skip
    header = hst_primary(visit, filename, number)
    header["NEXTEND"] = (1, "Number of standard extensions")
    return sealed([fits.PrimaryHDU(header=header), table], iso(visit.end))


def jwst(visit: Visit, filename: str) -> bytes:
    """EXTRACT1D: one row per sample, wavelengths in micrometres, flux in Jy."""
    import numpy as np
    from astropy.io import fits

    shot = visit.shot()
    values, errors = (part * _JANSKY for part in flux(shot))
    n = len(values)
    nothing = np.zeros(n)
    columns: list[Any] = [
        ("WAVELENGTH", "D", "um", waves(shot) / 1000.0),
        ("FLUX", "D", "Jy", values),
        ("FLUX_ERROR", "D", "Jy", errors),
        *((f"FLUX_VAR_{word}", "D", "Jy^2", errors**2 * share) for word, share in
          (("POISSON", 0.9), ("RNOISE", 0.1), ("FLAT", 0.0))),
        ("SURF_BRIGHT", "D", "MJy/sr", nothing),
        ("SB_ERROR", "D", "MJy/sr", nothing),
        *((f"SB_VAR_{word}", "D", "(MJy/sr)^2", nothing) for word in
          ("POISSON", "RNOISE", "FLAT")),
        ("DQ", "J", "", np.zeros(n, dtype=np.int32)),
        ("BACKGROUND", "D", "MJy/sr", nothing),
        ("BKGD_ERROR", "D", "MJy/sr", nothing),
        *((f"BKGD_VAR_{word}", "D", "(MJy/sr)^2", nothing) for word in
          ("POISSON", "RNOISE", "FLAT")),
        ("NPIXELS", "D", "", np.full(n, 5.0)),
    ]  # fmt: skip
    table = _table(columns, "EXTRACT1D")
    write_cards(table.header, [
        ("EXTVER", 1, "extension version number"),
        ("SRCTYPE", "POINT", "Point or extended source"),
    ])  # fmt: skip
    header = jwst_primary(visit, filename, "SpecModel")
    return sealed([fits.PrimaryHDU(header=header), table], iso(visit.end))


def preview(visit: Visit) -> bytes:
    """A JPEG of the spectrum."""
    return jpeg(curve(flux(visit.shot(0))[0], 40, 80))


def _table(columns: list[Any], name: str) -> Any:
    from astropy.io import fits

    made = [
        fits.Column(word, code, unit=unit or None, array=values)
        for word, code, unit, values in columns
    ]
    return fits.BinTableHDU.from_columns(made, name=name)
