"""This file lists what Kepler and K2 saw of the sandbox's stars, and what others made of it.

At MAST a star of Kepler is one observation for each rhythm, whatever the number of quarters: which
quarter a file is of stands in its description only. Names and folders: Kepler Archive Manual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from skyatlas.sandbox import mast_k2_files, mast_kepler_files
from skyatlas.sandbox.deliver import curve, pdf, png
from skyatlas.sandbox.mast_cadences import mjd_utc
from skyatlas.sandbox.mast_curves_rows import Draft, circle, hlsp, size
from skyatlas.sandbox.mast_item import MastFile
from skyatlas.sandbox.mast_kepler_sky import look
from skyatlas.sandbox.mast_quarters import BKJD, CAMPAIGN, MONTH, Span, count, quarters
from skyatlas.sandbox.mast_starlight import Star, star

_LC_BLOCKS, _K2SFF_BLOCKS, _EVEREST_BLOCKS = 10, 157, 3
_KINDS = {
    # rhythm and mission: subgroups and descriptions of light curve and pixels
    ("Kepler", False): ("LLC", "Lightcurve Long Cadence (CLC)", "LPD-TARG",
                        "Target Pixel Long Cadence (TPL)"),
    ("Kepler", True): ("SLC", "Lightcurve Short Cadence (CSC)", "SPD-TARG",
                       "Target Pixel Short Cadence (TPS)"),
    ("K2", False): ("LLC", "Lightcurve Long Cadence (KLC)", "LPD-TARG",
                    "Target Pixel Long Cadence (KTL)"),
}  # fmt: skip


def kepler(seed: int) -> Iterator[Draft]:
    """Kepler-10 in all quarters and in one month by the minute; K2-18 in campaign 1."""
    one = star("Kepler-10")
    yield _draft(one, quarters(), "kplr011904151_lc_Q111111111111111111", seed, short=False)
    yield _draft(one, (MONTH,), "kplr011904151_sc_Q001000000000000000", seed, short=True)
    other = star("K2-18")
    mission = _draft(other, (CAMPAIGN,), "ktwo201912552-c01_lc", seed, short=False)
    yield mission
    yield _k2sff(other, mission.row, seed)
    yield _everest(other, mission.row, seed)


def _draft(one: Star, spans: Sequence[Span], obs_id: str, seed: int, *, short: bool) -> Draft:
    files = [file for span in spans for file in _files(one, span, seed, short=short)]
    if not spans[0].k2 and not short:
        files += _extras(one, obs_id, seed)
    return Draft(_row(one, spans, obs_id, short=short), tuple(files))


def _extras(one: Star, obs_id: str, seed: int) -> Iterator[MastFile]:
    """The page of the search for transits, and a picture of one quarter."""
    digits = f"{one.kic:09d}"
    folder = f"mast:KEPLER/url/missions/kepler/dv_files/{digits[:4]}/{digits}"
    report = partial(pdf, f"Data validation report: KIC {one.kic} (simulated)")
    yield MastFile(
        f"{folder}/kplr{digits}-20160209194854_dvr.pdf", report, "timeseries", "INFO", "DVR",
        "Data Validation report", 3, size=len(report()),
    )  # fmt: skip
    folder = f"mast:KEPLER/url/missions/kepler/previews/{digits[:4]}/{digits}"
    picture = partial(_preview, one, seed)
    yield MastFile(
        f"{folder}/{obs_id}.png", picture, "image", "PREVIEW", "PREVIEW", "Preview-Full", 2
    )


def _preview(one: Star, seed: int) -> bytes:
    seen = look(one, quarters()[1], short=False, seed=seed)
    return png(curve(seen.sap[~seen.dark]))


def _row(one: Star, spans: Sequence[Span], obs_id: str, *, short: bool) -> dict[str, Any]:
    mission = "K2" if spans[0].k2 else "Kepler"
    return {
        "intentType": "science",
        "obs_collection": mission,
        "provenance_name": mission,
        "instrument_name": "Kepler",
        "project": mission,
        "filters": "KEPLER",
        "wavelength_region": "OPTICAL",
        "target_name": f"ktwo{one.epic}" if spans[0].k2 else f"kplr{one.kic:09d}",
        "obs_id": obs_id,
        "s_ra": one.place[0],
        "s_dec": one.place[1],
        "dataproduct_type": "timeseries",
        "calib_level": 2,
        "t_min": round(mjd_utc(spans[0].start, BKJD), 8),
        "t_max": round(mjd_utc(spans[-1].stop, BKJD), 8),
        "t_exptime": 60.0 if short else 1800.0,
        "em_min": 418.0,
        "em_max": 905.0,
        "t_obs_release": round(mjd_utc(spans[-1].stop, BKJD) + 120.0, 4),
        "proposal_id": "GO1053_LC" if spans[0].k2 else "EX",
        # MAST numbers K2's campaigns here, but not Kepler's quarters.
        "sequence_number": spans[0].number if spans[0].k2 else None,
        "s_region": circle(one),
        "dataRights": "PUBLIC",
        "mtFlag": False,
    }


def _files(one: Star, span: Span, seed: int, *, short: bool) -> Iterator[MastFile]:
    mission = "K2" if span.k2 else "Kepler"
    flux, about_flux, pixels, about_pixels = _KINDS[mission, short]
    stem = f"ktwo{one.epic}-{span.stamp}" if span.k2 else f"kplr{one.kic:09d}-{span.stamp}"
    make = mast_kepler_files
    length = size(_LC_BLOCKS, (count(span, short=short), 100))
    asked = (one, span, short, seed)
    yield _file(
        one, span, f"{stem}_{flux.lower()}.fits", flux, f"{about_flux} - {span.name}",
        partial(make.light_curve, *asked), length,
    )  # fmt: skip
    yield _file(
        one, span, f"{stem}_{pixels.lower()}.fits.gz", pixels, f"{about_pixels} - {span.name}",
        partial(make.target_pixels, *asked), None,
    )  # fmt: skip


def _file(
    one: Star,
    span: Span,
    filename: str,
    subgroup: str,
    description: str,
    make: Callable[[], bytes],
    length: int | None,
) -> MastFile:
    kind = "target_pixel_files" if filename.endswith("gz") else "lightcurves"
    if span.k2:
        digits = f"{one.epic:09d}"
        path = f"c{span.number}/{digits[:4]}00000/{digits[4:6]}000/{filename}"
        uri, cloud = f"mast:K2/url/missions/k2/{kind}/{path}", f"/k2/public/{kind}/{path}"
    else:
        digits = f"{one.kic:09d}"
        path = f"{kind}/{digits[:4]}/{digits}/{filename}"
        uri, cloud = f"mast:KEPLER/url/missions/kepler/{path}", f"/kepler/public/{path}"
    return MastFile(
        uri, make, "timeseries", "SCIENCE", subgroup, description, 2,
        recommended=True, size=length, cloud=cloud, derived=False,
        row={"project": "K2" if span.k2 else "Kepler"},
    )  # fmt: skip


def _team_file(uri: str, make: Callable[[], bytes], length: int | None) -> MastFile:
    return MastFile(
        uri, make, "timeseries", "SCIENCE", "", "FITS", 4, recommended=True, size=length
    )


def _k2sff(one: Star, row: dict[str, Any], seed: int) -> Draft:
    obs_id = f"hlsp_k2sff_k2_lightcurve_{one.epic}-c01_kepler_v1_llc"
    digits = f"{one.epic:09d}"
    uri = f"mast:HLSP/k2sff/c01/{digits[:4]}00000/{digits[4:]}/{obs_id}.fits"
    make = partial(mast_k2_files.k2sff, one, CAMPAIGN, seed)
    kept = int(mast_k2_files.used(look(one, CAMPAIGN, short=False, seed=seed)).sum())
    file = _team_file(uri, make, size(_K2SFF_BLOCKS, *[(kept, 38)] * 21))
    return Draft(hlsp(row, "K2SFF", obs_id, uri, "Vanderburg, Andrew"), (file,))


def _everest(one: Star, row: dict[str, Any], seed: int) -> Draft:
    obs_id = f"hlsp_everest_k2_llc_{one.epic}-c01_kepler_v2.0_lc"
    digits = f"{one.epic:09d}"
    uri = f"mast:HLSP/everest/v2/c01/{digits[:4]}00000/{digits[4:]}/{obs_id}.fits"
    make = partial(mast_k2_files.everest, one, CAMPAIGN, seed)
    file = _team_file(uri, make, size(_EVEREST_BLOCKS, (count(CAMPAIGN), 68)))
    return Draft(hlsp(row, "EVEREST", obs_id, uri, "Luger, Rodrigo"), (file,))
