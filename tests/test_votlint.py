"""What we write, and what the sandbox answers, is valid VOTable to `stilts votlint`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import pytest
from astropy import units as u

from skyatlas.dataset import Spectrum
from skyatlas.samp import files
from skyatlas.written import votable

if TYPE_CHECKING:
    from skyatlas.observations import Observations
    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.skipif(
    not (shutil.which("stilts") and shutil.which("java")),
    reason="stilts is not installed (Debian: apt-get install stilts), so votlint was not run",
)


def complaints(body: bytes, folder: Path) -> list[str]:
    """The errors that votlint finds, and its warnings; what is good style it keeps to itself."""
    path = folder / "lint.vot"
    path.write_bytes(body)
    command = ["stilts", "votlint", f"votable={path}", "validate=true", "ucd=true", "unit=true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return [line for line in said if not line.startswith("INFO")]


@pytest.fixture
def found(atlas: Session) -> Observations:
    return atlas.search("NGC 1068", radius="30arcmin", archives="eso")


def test_what_search_writes_as_votable_is_valid(found: Observations, tmp_path: Path) -> None:
    assert len(found.table) > 0
    assert complaints(votable(found.table), tmp_path) == []


@pytest.mark.parametrize(
    "place",
    [
        "vo.boreal.example/cgi-bin/siap.pl",
        "archive.meridian.example/sia2/query",
        "spectra.levante.example/ssap",
        "dc.austral.example/sources/q/scs.xml",
        "tap.zephyr.example/tap",
    ],
)
def test_what_services_of_all_kinds_gave_is_valid_when_we_write_it(
    atlas: Session, place: str, tmp_path: Path
) -> None:
    found = atlas.search("NGC 1068", radius="3 arcmin", archives=f"vo:https://{place}")
    assert len(found.table) > 0
    assert complaints(votable(found.table), tmp_path) == []


def test_what_is_sent_to_desktop_tools_is_valid(found: Observations, tmp_path: Path) -> None:
    table = files.of_table(found.table, "a table", tmp_path)
    assert complaints(table.read_bytes(), tmp_path) == []
    axis = np.linspace(4e-7, 5e-7, 50)
    spectrum = Spectrum(
        axis, np.where(axis > 4.5e-7, np.nan, axis), axis, axis > 4.9e-7, u.m,
        u.Unit("erg / (s cm2 Angstrom)"), "m", "erg/s/cm2/A", "vacuum", None,
    )  # fmt: skip
    sent = files.of_spectrum(spectrum, "a spectrum", tmp_path)
    assert complaints(sent.read_bytes(), tmp_path) == []


def test_an_answer_without_rows_is_valid_too(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search("200.0 +80.0", radius="1arcsec", archives="eso")
    assert len(found.table) == 0
    assert complaints(votable(found.table), tmp_path) == []


@pytest.mark.parametrize("form", ["votable", "votable/b2"])
@pytest.mark.parametrize("query", ["SELECT TOP 50 * FROM ivoa.ObsCore", "SELECT nothing FROM x"])
def test_the_sandboxs_answers_are_valid(
    box: Sandbox, form: str, query: str, tmp_path: Path
) -> None:
    from urllib.error import HTTPError

    form_data = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "FORMAT": form}
    url = f"{box.url}/archive.eso.org/tap_obs/sync"
    try:
        with urlopen(url, urlencode(form_data).encode()) as answer:
            body = answer.read()
    except HTTPError as error:
        with error:
            body = error.read()
    assert complaints(body, tmp_path) == []
