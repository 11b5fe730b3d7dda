"""This file has unmodified lightkurve find and fetch a light curve at the sandbox's MAST."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.mast_holdings import observations

# A process of its own: what lightkurve does while it is imported is not ours to judge.
_SCRIPT = """
import json, re, sys, warnings

warnings.simplefilter("ignore")
address, folder = sys.argv[1:]
from astroquery.mast import conf

conf.server, conf.enable_cloud_dataset = f"{address}/mast.stsci.edu", False
from astroquery.mast import utils
from astroquery.mast.discovery_portal import PortalAPI

for name, value in list(vars(PortalAPI).items()):
    if name.endswith("_URL"):
        setattr(PortalAPI, name, value.replace("https:/", address))
get = utils._simple_request
utils._simple_request = lambda url, params=None: get(
    re.sub("^https?://", f"{address}/", url), params
)
import lightkurve

found = lightkurve.search_lightcurve("TIC 261136679", author="SPOC", exptime=120)
curve = found[0].download(download_dir=folder)
print(json.dumps({
    "files": [str(name) for name in found.table["productFilename"]],
    "sector": curve.sector,
    "target": curve.targetid,
    "rows": len(curve),
}))
"""


@pytest.mark.skipif(
    importlib.util.find_spec("lightkurve") is None, reason="lightkurve is not installed"
)
def test_lightkurve_finds_and_fetches_a_curve(box: Sandbox, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SCRIPT, box.url, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    curves = {
        file.filename: one
        for one in observations(1).values()
        for file in one.files
        if one.row["target_name"] == "261136679"
        and one.row.get("provenance_name") == "SPOC"
        and one.row["t_exptime"] == 120
        and file.subgroup == "LC"
    }
    assert sorted(said["files"]) == sorted(curves)
    assert said["sector"] == curves[said["files"][0]].row["sequence_number"]
    assert said["target"] == 261136679
    assert said["rows"] > 10_000
    (place,) = tmp_path.rglob("*_lc.fits")
    file = next(one for one in curves[place.name].files if one.filename == place.name)
    assert place.read_bytes() == file.make()
