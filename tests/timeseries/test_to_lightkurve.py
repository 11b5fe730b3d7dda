"""This file hands our light curves to lightkurve and compares them with its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skyatlas.dataset import LightCurve
from skyatlas.errors import MissingExtra

# A process of its own: what lightkurve does while it is imported is not ours to judge.
SCRIPT = """
import sys, warnings
warnings.simplefilter("error")
import numpy as np
from skyatlas.formats import read
for path in sys.argv[1:]:
    ours = read(path).to_lightkurve()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightkurve
        theirs = lightkurve.read(path).remove_nans()
    assert type(ours) is lightkurve.LightCurve
    assert ours.time.format == theirs.time.format, ours.time.format
    assert np.array_equal(ours.time.jd1 + ours.time.jd2, theirs.time.jd1 + theirs.time.jd2)
    assert np.array_equal(ours.time.value, theirs.time.value)
    assert np.array_equal(ours.flux.value.astype("f4"), np.asarray(theirs.flux.value))
    assert np.array_equal(ours.flux_err.value.astype("f4"), np.asarray(theirs.flux_err.value))
    assert str(ours.flux.unit) == str(theirs.flux.unit)
    assert np.array_equal(ours["quality"], theirs.quality)
    assert ours.meta["LABEL"] == theirs.meta["LABEL"] == ours.meta["OBJECT"]
    assert len(ours.normalize()) == len(ours)
"""


@pytest.mark.skipif(
    importlib.util.find_spec("lightkurve") is None, reason="lightkurve is not installed"
)
def test_lightkurve_gets_what_it_would_have_read_itself(shared_data: Path) -> None:
    names = (
        "tess2018206045859-s0001-0000000025155310-0120-s_lc.fits",
        "kplr011442793-2009350155506_llc.fits",
    )
    paths = [str(shared_data / "lightcurves" / name) for name in names]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_without_lightkurve_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "lightkurve", None)
    values = np.arange(3.0)
    curve = LightCurve(
        time=values, time_scale="tdb", time_offset=2457000.0, flux=values, sigma=None,
        quality=None, mask=np.zeros(3, bool), flux_unit=None, flux_unit_text="",
    )  # fmt: skip
    with pytest.raises(MissingExtra, match=r"pip install 'skyatlas\[lightkurve\]'"):
        curve.to_lightkurve()
