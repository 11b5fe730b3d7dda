"""This file installs the adapter of docs/adapter.md as another package would, and uses it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from skyatlas import archives
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "adapter.md"
LONGEST = 50
"""Lines: an adapter is short, or the seam is wrong."""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    page = PAGE.read_text(encoding="utf-8")
    (module,) = re.findall(r'^```python\n(""".*?)^```', page, re.MULTILINE | re.DOTALL)
    (entry,) = re.findall(r'^(\w+) = "(ssap_archive:\w+)"$', page, re.MULTILINE)
    site = tmp_path / "site"
    about = site / "ssap_archive-1.dist-info"
    about.mkdir(parents=True)
    (site / "ssap_archive.py").write_text(module, "utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ssap-archive\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[skyatlas.archives]\n{entry[0]} = {entry[1]}\n")
    monkeypatch.syspath_prepend(site)
    yield module
    archives.archive.cache_clear()


def test_the_page_s_adapter_searches_and_fetches(
    installed: str, box: Sandbox, tmp_path: Path
) -> None:
    assert "spectra" in archives.names()
    assert len(installed.splitlines()) <= LONGEST
    with Session(Settings(sandbox=box.url)) as atlas:
        found = atlas.search("NGC 1068", archives="spectra", radius="30 arcsec")
        fetched = atlas.fetch(found[:1], tmp_path / "data")
    assert len(found) > 4
    assert found.complete is True
    assert [receipt.status for receipt in fetched.receipts] == ["fetched"]


def test_the_page_s_adapter_says_what_it_cannot_select(installed: str, box: Sandbox) -> None:
    with Session(Settings(sandbox=box.url)) as atlas:
        found = atlas.search("NGC 1068", archives="spectra", instrument="HARPS")
        limited = atlas.search("NGC 1068", archives="spectra", limit=1)
    assert found.complete is False
    assert not found.answered
    assert len(limited) == 1
    assert limited.complete is False
    assert limited.answered


def test_all_archives_answer_one_question(installed: str, box: Sandbox) -> None:
    with Session(Settings(sandbox=box.url)) as atlas:
        found = atlas.search("NGC 1068", kind="spectrum", calib_level="2..", public=True)
    assert set(found.by_archive()) == {"eso", "mast", "sdss", "spectra"}
    assert len(found.reports) == 6


def test_the_page_s_adapter_keeps_the_rules(tmp_path: Path) -> None:
    """The page's own test, run as its reader would."""
    page = PAGE.read_text(encoding="utf-8")
    (module,) = re.findall(r'^```python\n(""".*?)^```', page, re.MULTILINE | re.DOTALL)
    (rules,) = re.findall(r"^```python\n(import pytest.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "test_spectra.py").write_text(f"{module}\n\n{rules}", "utf-8")
    words = ["-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_spectra.py"]
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "22 passed" in done.stdout
