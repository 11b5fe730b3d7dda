"""This file compares what we read of every light curve with lightkurve, bit by bit."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skyatlas.dataset import LightCurve, TargetPixels
from skyatlas.formats import read

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lightkurve") is None, reason="lightkurve is not installed"
)

CANNOT = {
    "ktwo201907706-c01-first-cadence.fits.gz",  # an image
    "tess2019085135100-s0010-2-4-0140-s_cbv.fits",  # co-trending basis vectors
}
"""What lightkurve 2.6 cannot read."""
TGLC = (
    "hlsp_tglc_tess_ffi_gaiaid-5707485527450614656-s0007-cam2-ccd3_tess_v2_llc.fits",
    "hlsp_tglc_tess_ffi_gaiaid-6399196263939178880-s0001-cam2-ccd1_tess_v1_llc.fits",
)
OTHER_COLUMN = dict.fromkeys(TGLC, "cal_psf_flux")
"""TGLC: its authors say to begin with the calibrated aperture flux, lightkurve takes the PSF's."""
SCALED_ERRORS = {
    "test-lc-tess-pimen_s1_eleanor_full-100-cadences.fits",
    "test-lc-tess-pimen_s1_eleanor_lite-100-cadences.fits",
}
"""eleanor: lightkurve multiplies the error of the raw flux by corrected over raw flux."""
OTHER_MASK = {
    # lightkurve takes no flags of them, or not all that the author advises against.
    "hlsp_k2sff_k2_lightcurve_221312395-c91_kepler_v1_llc.fits": 104,
    TGLC[0]: 38,
    "test-sparcs-jdref.fits": 1586,
}
"""How many cadences more we leave out."""


@pytest.fixture(scope="module")
def theirs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What lightkurve reads, from a process of its own."""
    path = tmp_path_factory.mktemp("lightkurve") / "read.npz"
    script = Path(__file__).with_name("lightkurve_reads.py")
    subprocess.run(
        [sys.executable, str(script), str(shared_data / "lightcurves"), str(path)],
        check=True,
        capture_output=True,
    )
    return np.load(path)


def names_in(theirs: Any) -> list[str]:
    return sorted({key.partition("|")[0] for key in theirs.files if "|" in key})


def ours(shared_data: Path, name: str) -> LightCurve | TargetPixels:
    found = read(shared_data / "lightcurves" / name)
    assert isinstance(found, LightCurve | TargetPixels)
    if isinstance(found, LightCurve) and name in OTHER_COLUMN:
        return found.of(OTHER_COLUMN[name])
    return found


def test_lightkurve_reads_what_we_read_and_no_more(shared_data: Path, theirs: Any) -> None:
    assert json.loads(str(theirs["refused"])).keys() == CANNOT
    assert len(names_in(theirs)) == 15


def test_times_fluxes_errors_and_flags_are_lightkurves_to_the_last_bit(
    shared_data: Path, theirs: Any
) -> None:
    for name in names_in(theirs):
        found = ours(shared_data, name)
        part = {
            key: theirs[f"{name}|none|{key}"] for key in ("time", "jd1", "jd2", "scale", "flux")
        }
        # Light curves come without the cadences that have no time; in target pixel files those
        # have the time 0 (lightkurve 2.6).
        seen = np.isfinite(found.time)
        rows = seen if len(part["time"]) < len(found) else np.ones(len(found), dtype=bool)
        at = seen[rows]
        days = (part["jd1"] - found.time_offset) + part["jd2"]
        assert np.array_equal(days[at], found.time[seen]), name
        assert str(part["scale"]) == found.time_scale
        assert np.array_equal(part["flux"].astype("f8"), found.flux[rows].astype("f8"), True), name
        if found.sigma is not None and name not in SCALED_ERRORS:
            error = theirs[f"{name}|none|flux_err"].astype("f8")
            assert np.array_equal(error, found.sigma[rows].astype("f8"), True), name
        if f"{name}|none|quality" in theirs.files:
            assert found.quality is not None
            assert np.array_equal(theirs[f"{name}|none|quality"], found.quality[rows]), name


def test_eleanors_errors_differ_from_lightkurves_by_its_factor(
    shared_data: Path, theirs: Any
) -> None:
    for name in SCALED_ERRORS:
        found = ours(shared_data, name)
        assert isinstance(found, LightCurve)
        assert found.sigma is not None
        factor = found.columns["CORR_FLUX"] / found.columns["RAW_FLUX"]
        assert theirs[f"{name}|none|flux_err"] == pytest.approx(found.sigma * factor)


def test_the_flags_that_are_left_out_are_lightkurves_default(
    shared_data: Path, theirs: Any
) -> None:
    for name in names_in(theirs):
        found = ours(shared_data, name)
        kept = np.isfinite(found.time)
        if isinstance(found, TargetPixels):
            kept = ~found.mask
        elif found.flagged is not None:
            kept &= ~found.flagged
        more = len(theirs[f"{name}|default|time"]) - int(kept.sum())
        assert more == OTHER_MASK.get(name, 0), name
