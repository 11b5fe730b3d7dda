"""Every sort of document of the invented publishers, before STILTS' votlint."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from skyatlas.sandbox import Sandbox

PLACE = "POS=40.669629,-0.013281&SIZE=0.1"
CONE = "RA=40&DEC=0&SR=2&VERB=3"
ONE, CUBE = (f"ivo://meridian.example/~%3Fmeridian-{n}.fits" for n in ("deep-0025", "radio-0001"))
DOCUMENTS = {
    "old SIA": f"vo.boreal.example/cgi-bin/siap.pl?{PLACE}",
    "old SIA, cut": f"vo.boreal.example/cgi-bin/siap.pl?{PLACE}&MAXREC=1",
    "old SIA's inputs": "vo.boreal.example/cgi-bin/siap.pl?FORMAT=METADATA",
    "SIA": f"dc.austral.example/wide/q/siap.xml?{PLACE}",
    "SIA's inputs": "dc.austral.example/wide/q/siap.xml?FORMAT=METADATA",
    "SIA's error": "dc.austral.example/wide/q/siap.xml",
    "SIA 2": "archive.meridian.example/sia2/query?POS=CIRCLE 40.67 -0.013 0.1",
    "SIA 2, cut": "data.tramontane.example/siap2",
    "SIA 2's error": "archive.meridian.example/sia2/query?POS=X",
    "SSA": "spectra.levante.example/ssap?REQUEST=queryData",
    "SSA's inputs": "spectra.levante.example/ssap?REQUEST=queryData&FORMAT=METADATA",
    "old SSA": "vo.ostro.example/echelle/ssa.php?REQUEST=queryData",
    "cone": f"dc.austral.example/sources/q/scs.xml?{CONE}",
    "cone's error": "dc.austral.example/sources/q/scs.xml",
    "old cone": f"vo.ostro.example/stars/cone.php?{CONE}",
    "old cone's error": "vo.ostro.example/stars/cone.php",
    "links": f"archive.meridian.example/links?ID={ONE}&ID=nothing&ID={CUBE}",
}


@pytest.mark.skipif(not shutil.which("stilts"), reason="stilts is not installed")
@pytest.mark.parametrize("path", DOCUMENTS.values(), ids=DOCUMENTS)
def test_votlint_finds_no_error(box: Sandbox, tmp_path: Path, path: str) -> None:
    document = tmp_path / "document.xml"
    document.write_bytes(requests.get(f"{box.url}/{path}", timeout=30).content)
    lint = subprocess.run(
        ["stilts", "votlint", str(document)], capture_output=True, text=True, timeout=120
    )
    assert "ERROR" not in lint.stdout + lint.stderr
    assert lint.returncode == 0
