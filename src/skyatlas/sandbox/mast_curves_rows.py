"""This file writes rows of light curves in CAOM's words, and their files' places.

Units are CAOM's: degrees, nanometres, MJD (UTC), seconds. Values as MAST gives them: outerspace
page "Tips and Tricks to Getting TESS Data at MAST", and the rows that astroquery's and lightkurve's
manuals print.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from skyatlas.sandbox.mast_cadences import mjd_utc
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_sectors import sector
from skyatlas.sandbox.mast_starlight import Star

BLOCK = 2880
_RADIUS = 0.00138889  # degrees: the five arcseconds that MAST writes for a light curve


@dataclass(frozen=True, slots=True)
class Draft:
    """An observation that has no number yet."""

    row: dict[str, Any]
    files: tuple[MastFile, ...]

    def numbered(self, obsid: int) -> MastObservation:
        """The observation under that number."""
        row = {**self.row, "objID": obsid + 100_000_000}
        return MastObservation(obsid, MappingProxyType(row), self.files)


def tess_row(star: Star, number: int, seconds: int, obs_id: str, url: str) -> dict[str, Any]:
    """The columns that every light curve of TESS has, as those of SPOC."""
    one = sector(number)
    return {
        "intentType": "science",
        "obs_collection": "TESS",
        "provenance_name": "SPOC",
        "instrument_name": "Photometer",
        "project": "TESS",
        "filters": "TESS",
        "wavelength_region": "Optical",
        "target_name": str(star.tic),
        "obs_id": obs_id,
        "s_ra": star.place[0],
        "s_dec": star.place[1],
        "dataproduct_type": "timeseries",
        "proposal_pi": "Ricker, George",
        "calib_level": 3,
        "t_min": round(mjd_utc(one.start), 8),
        "t_max": round(mjd_utc(one.stop), 8),
        "t_exptime": float(seconds),
        "em_min": 600.0,
        "em_max": 1000.0,
        "t_obs_release": round(mjd_utc(one.stop) + 36.0, 4),
        "proposal_id": "N/A",
        "sequence_number": number,
        "s_region": circle(star),
        "dataURL": url,
        "dataRights": "PUBLIC",
        "mtFlag": False,
    }


def hlsp(row: dict[str, Any], author: str, obs_id: str, url: str, pi: str) -> dict[str, Any]:
    """The same of somebody else's light curve of the same star."""
    changed = {"obs_collection": "HLSP", "provenance_name": author, "obs_id": obs_id}
    return {**row, **changed, "calib_level": 4, "dataURL": url, "proposal_pi": pi}


def circle(star: Star) -> str:
    """The s_region of a star."""
    return f"CIRCLE {star.place[0]:.8f} {star.place[1]:.8f} {_RADIUS}"


def size(blocks: int, *tables: tuple[int, int]) -> int:
    """Bytes of a FITS file: its blocks of headers and small images, and tables of (rows, width)."""
    return BLOCK * (blocks + sum(math.ceil(rows * width / BLOCK) for rows, width in tables))


def quartered(tic: int) -> str:
    """ "0000/0002/6113/6679": the folders of a target's sixteen digits."""
    digits = f"{tic:016d}"
    return "/".join(digits[i : i + 4] for i in range(0, 16, 4))
