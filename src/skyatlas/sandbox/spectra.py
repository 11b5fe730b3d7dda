"""This file makes 1-D spectra as ESO's archive delivers them: one row of vectors in a table.

The medium is said as the standard says it: UCD `em.wl;obs.atmos` for air, `em.wl` for vacuum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import headers
from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import Card, curve, png, sealed, tar, write_cards
from skyatlas.sandbox.light import LIGHT_SPEED, continuum, lines
from skyatlas.sandbox.plan import Shot
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Column = tuple[str, str, Any, str, str, str]
"""Name, FITS type, values, unit, utype, UCD."""


def level(flux_unit: str) -> float:
    """A believable continuum in that unit."""
    if flux_unit.startswith("10**(-20)"):
        return 2000.0
    if flux_unit.startswith("10**(-16)"):
        return 20.0
    return 500.0 if flux_unit == "adu" else 2e-15


def waves(shot: Shot) -> Floats:
    """The samples in nm, in the recipe's medium, shape (n,)."""
    import numpy as np

    return shot.recipe.low + shot.recipe.step * np.arange(shot.recipe.samples, dtype=np.float64)


def flux(shot: Shot) -> tuple[Floats, Floats]:
    """Flux and its standard deviation in the recipe's unit, shape (n,), with noise."""
    samples = waves(shot)
    smooth = continuum(samples, shot.target)
    clean = smooth * (1.0 + lines(samples, shot.target, shot.recipe.resolution, shot.recipe.air))
    error = smooth / shot.snr
    noise = chance(shot.seed, "noise", shot.dp_id).standard_normal(len(samples))
    height = level(shot.recipe.flux_unit)
    return height * (clean + error * noise), height * error


def spectrum_file(shot: Shot) -> bytes:
    """The product: primary header and SPECTRUM extension, about 1 MB."""
    from astropy.io import fits

    header = headers.primary(shot)
    write_cards(header, [
        ("DISPELEM", shot.recipe.name.rsplit("_", 1)[-1], "Dispersive element name"),
        ("EXT_OBJ", False, "TRUE if extended"),
        ("CONTNORM", False, "TRUE if normalised to the continuum"),
        ("TOT_FLUX", False, "TRUE if all source flux is captured"),
        ("FLUXERR", -1.0, "Uncertainty in flux scale (%)"),
        ("SNR", shot.snr, "Median signal to noise ratio per sample"),
    ])  # fmt: skip
    columns = _columns(shot)
    made = [
        fits.Column(name, f"{len(values)}{code}", unit=unit or None, array=values[None])
        for name, code, values, unit, _, _ in columns
    ]
    table = fits.BinTableHDU.from_columns(made, name="SPECTRUM")
    write_cards(table.header, _table_cards(shot, columns))
    return sealed([fits.PrimaryHDU(header=header), table], iso(shot.created))


def _columns(shot: Shot) -> list[Column]:
    import numpy as np

    recipe = shot.recipe
    values, errors = flux(shot)
    medium = "em.wl;obs.atmos" if recipe.air else "em.wl"
    uncalibrated = recipe.flux_unit == "adu"
    ucd = f"phot.flux.density;em.wl;{'stat.uncalib' if uncalibrated else 'src.net;meta.main'}"
    if recipe.collection == "HARPS":  # its pipeline gives no errors, the archive fills with NaN
        errors = np.full_like(errors, np.nan)
    wave = waves(shot) * headers.UNITS[recipe.wave_unit]
    axis, data = "Spectrum.Data.SpectralAxis", "Spectrum.Data.FluxAxis"
    columns: list[Column] = [
        ("WAVE", "D", wave, recipe.wave_unit, f"{axis}.Value", medium),
        ("FLUX", "E", values.astype(np.float32), recipe.flux_unit, f"{data}.Value", ucd),
        ("ERR", "E", errors.astype(np.float32), recipe.flux_unit,
         f"{data}.Accuracy.StatError", f"stat.error;{ucd.removesuffix(';meta.main')}"),
    ]  # fmt: skip
    if recipe.instrument.name == "XSHOOTER":
        quality = np.zeros(len(wave), dtype=np.int32)
        quality[:5] = 1  # the first samples are always bad: 1 = do not use
        ratio = (values / errors).astype(np.float32)
        columns += [
            ("QUAL", "J", quality, "", f"{data}.Accuracy.QualityStatus", "meta.code.qual"),
            ("SNR", "E", ratio, "", "", "stat.snr"),
        ]
    return columns


def _table_cards(shot: Shot, columns: list[Column]) -> list[Card]:
    recipe = shot.recipe
    cards: list[Card] = [
        ("VOCLASS", "SPECTRUM v2.0", "VO Data Model"),
        ("VOPUB", "ESO/SAF", "VO Publishing Authority"),
        ("TITLE", f"{shot.name}_{iso(shot.start)[:10]}_{recipe.name}"[:68], "Dataset title"),
        ("OBJECT", shot.name, "Target designation"),
        ("RA", shot.ra, "[deg] Target position (J2000.0)"),
        ("DEC", shot.dec, "[deg] Target position (J2000.0)"),
        ("APERTURE", 0.00027778, "[deg] Aperture diameter"),
        ("TELAPSE", (shot.end - shot.start) * 86400.0, "[s] Total elapsed time"),
        ("TMID", (shot.start + shot.end) / 2.0, "[d] MJD mid exposure"),
        ("SPEC_VAL", (recipe.low + recipe.top) / 2.0, "[nm] Mean wavelength"),
        ("SPEC_BW", recipe.top - recipe.low, "[nm] Bandpass width"),
        ("NELEM", recipe.samples, "Length of the data arrays"),
        ("SPECSYS", recipe.frame, "Reference frame for spectral coordinates"),
    ]
    for number, (_, _, values, _, utype, ucd) in enumerate(columns, start=1):
        cards += [
            (f"TUTYP{number}", utype, "Data model field"),
            (f"TUCD{number}", ucd, "UCD of the field"),
        ]
        if number == 1:
            cards += [("TDMIN1", float(values[0]), ""), ("TDMAX1", float(values[-1]), "")]
    return cards


def spectrum_preview(shot: Shot) -> bytes:
    """A small PNG of the spectrum."""
    return png(curve(flux(shot)[0]))


def harps_tar(shot: Shot) -> bytes:
    """The pipeline's other results, in a tar file: cross-correlation function and bisector."""
    import numpy as np
    from astropy.io import fits

    centre = LIGHT_SPEED * shot.target.redshift
    speeds = np.arange(-20.0, 20.25, 0.25) + centre
    profile = 1.0 - 0.4 * np.exp(-0.5 * ((speeds - centre) / 3.0) ** 2)
    files: dict[str, bytes] = {}
    for name, values in (("ccf_G2_A", profile), ("bis_G2_A", speeds[:100])):
        hdu = fits.PrimaryHDU(values.astype(np.float32))
        write_cards(hdu.header, [
            ("CRVAL1", float(speeds[0]), "[km/s] Velocity of the first sample"),
            ("CRPIX1", 1.0, "Reference pixel"),
            ("CDELT1", 0.25, "[km/s] Step"),
            ("ESO DRS CCF RVC", centre, "[km/s] Barycentric radial velocity"),
        ])  # fmt: skip
        files[f"{shot.raws[0]}_{name}.fits"] = sealed([hdu], iso(shot.created))
    return tar(files)
