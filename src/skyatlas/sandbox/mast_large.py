"""This file lists large mosaics of M 51 in the sandbox's MAST: a plain one, and a packed one.

Invariant: the plain one (209 MB) is drawn as far as it is asked for, and is never held. The team
and the mosaics are made up; field and pixels are those of HST's cameras.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from skyatlas.sandbox.deliver import plain
from skyatlas.sandbox.drawn import Drawn
from skyatlas.sandbox.mast_item import MastFile, MastObservation

if TYPE_CHECKING:
    from astropy.wcs import WCS

_FIRST = 31_500_001
"""obsid of the first."""
M51 = (202.469575, 47.195258)
_SCALE, _SEEING = 0.05, 0.12  # arcsec
_ZERO_POINT, _NOISE = 30.0, 0.6  # magnitude of one count; counts
_FOLDER = "mast:HLSP/whirlpool"
_SIDES = {"f555w": 7230, "f814w": 3000}
"""Pixels of a side: 209 MB of float32, and 36 MB before they are packed."""
_BANDS = {"f555w": (458.0, 620.0), "f814w": (687.0, 966.0)}
"""Half-power ends, nm (ACS Instrument Handbook, WFC)."""


def large(seed: int) -> tuple[MastObservation, ...]:
    """Both mosaics."""
    return tuple(_observation(_FIRST + at, band, seed) for at, band in enumerate(_SIDES))


def name_of(band: str) -> str:
    """The file's name."""
    packed = ".fz" if band == "f814w" else ""
    return f"hlsp_whirlpool_hst_acs-wfc_m51_{band}_v1_drz.fits{packed}"


@cache
def drawn(band: str, seed: int) -> Drawn:
    """The mosaic in one band, of which rows can be had."""
    side = _SIDES[band]
    return Drawn(
        name_of(band),
        wcs_of(band),
        (side, side),
        seed=seed,
        seeing=_SEEING,
        scale=_SCALE,
        zero_point=_ZERO_POINT,
        noise=_NOISE,
        cards=(
            ("TELESCOP", "HST", ""),
            ("INSTRUME", "ACS", ""),
            ("FILTER", band.upper(), ""),
            ("TARGNAME", "M51", ""),
            ("BUNIT", "ELECTRONS/S", ""),
        ),
    )


def wcs_of(band: str) -> WCS:
    """North is up to 10 degrees, as it happens to be; the galaxy is not quite in the middle."""
    import numpy as np
    from astropy.wcs import WCS

    wcs, turned, side = WCS(naxis=2), np.radians(10.0), _SIDES[band]
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = list(M51)
    wcs.wcs.crpix = [0.5 * side + 40.5, 0.5 * side - 24.25]
    wcs.wcs.cdelt = [-_SCALE / 3600.0, _SCALE / 3600.0]
    wcs.wcs.pc = [[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return wcs


def by_uri(uri: str, seed: int) -> Drawn | None:
    """The file of that URI where it is one that is drawn as it is asked for; else None."""
    return drawn("f555w", seed) if uri == f"{_FOLDER}/{name_of('f555w')}" else None


def _whole(seed: int) -> bytes:
    """For whoever packs files together."""
    return drawn("f555w", seed)[:]


def packed(band: str, seed: int) -> bytes:
    """The mosaic as fpack leaves it: an empty primary HDU, and rows compressed with RICE."""
    import numpy as np
    from astropy.io import fits

    one = drawn(band, seed)
    pixels = one.pixels(0, one.shape[0]).astype(np.float32)
    hdu = fits.CompImageHDU(
        pixels,
        fits.Header.fromstring(one[: one.data_start].decode("ascii")),
        compression_type="RICE_1",
        quantize_level=16.0,
        quantize_method=1,  # SUBTRACTIVE_DITHER_1, as fpack does
        dither_seed=1,
    )
    return plain([fits.PrimaryHDU(), hdu])


def _observation(obsid: int, band: str, seed: int) -> MastObservation:
    name, plainly = name_of(band), band == "f555w"
    row = _row(band)
    file = MastFile(
        uri=f"{_FOLDER}/{name}",
        make=partial(_whole, seed) if plainly else cache(partial(packed, band, seed)),
        kind="image",
        product_type="SCIENCE",
        subgroup="",
        description="Drizzled mosaic",
        calib_level=4,
        recommended=True,
        size=len(drawn(band, seed)) if plainly else None,
        cloud=f"/mast/hlsp/whirlpool/{name}",
        row={"filters": row["filters"], "obs_id": row["obs_id"]},
    )
    return MastObservation(obsid, row, (file,))


def _row(band: str) -> dict[str, object]:
    """CAOM's columns."""
    (low, high), name, side = _BANDS[band], name_of(band), _SIDES[band]
    corners = wcs_of(band).calc_footprint(axes=(side, side))
    return {
        "intentType": "science",
        "obs_collection": "HLSP",
        "provenance_name": "WHIRLPOOL",
        "instrument_name": "ACS/WFC",
        "project": "HST",
        "filters": band.upper(),
        "wavelength_region": "OPTICAL",
        "target_name": "M51",
        "target_classification": "GALAXY",
        "obs_id": name.partition("_drz")[0],
        "s_ra": M51[0],
        "s_dec": M51[1],
        "dataproduct_type": "image",
        "proposal_pi": "Whirl, Ada",
        "calib_level": 4,
        "t_min": 53384.0,
        "t_max": 53385.0,
        "t_exptime": 8160.0,
        "em_min": low,
        "em_max": high,
        "obs_title": "A mosaic of M51 that no team made",
        "t_obs_release": 53800.0,
        "proposal_id": "10452",
        "s_region": "POLYGON " + " ".join(f"{ra:.8f} {dec:.8f}" for ra, dec in corners),
        "dataURL": f"{_FOLDER}/{name}",
        "dataRights": "PUBLIC",
        "mtFlag": False,
    }
