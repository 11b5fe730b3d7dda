"""This file sends from the command line: what was found, and files as they are."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table

from skyatlas.cli import main

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

    from .conftest import Tool

ASKED = ("search", "NGC 1068", "--radius", "30arcsec", "--kind", "spectrum", "--public")


@pytest.fixture
def typing(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Exit code and talk of a command at the sandbox."""
    monkeypatch.setenv("SKYATLAS_SANDBOX", box.url)

    def run(*words: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        return int(ended.value.code or 0), capfd.readouterr().err

    return run


def test_what_was_found_goes_to_the_tool(
    typing: Callable[..., tuple[int, str]], tool: Callable[..., Tool], tmp_path: Path
) -> None:
    topcat = tool("TOPCAT", "table.load.votable")
    code, talk = typing(*ASKED, "-o", tmp_path / "found.json", "--to", "topcat")
    assert code == 0, talk
    assert "NGC 1068 was sent to TOPCAT" in talk
    ((_, _, body),) = topcat.got
    assert len(parse_single_table(BytesIO(body)).to_table()) > 4
    assert (tmp_path / "found.json").exists()


def test_nobody_is_asked_where_nobody_would_take_it(
    typing: Callable[..., tuple[int, str]], box: Sandbox
) -> None:
    code, talk = typing(*ASKED, "--to", "topcat")
    assert code == 2
    assert talk.startswith("skyatlas: no tool with a SAMP hub is running; start TOPCAT or Aladin")
    assert box.requests == []


def test_no_rows_are_not_sent(
    typing: Callable[..., tuple[int, str]], tool: Callable[..., Tool]
) -> None:
    topcat = tool("TOPCAT", "table.load.votable")
    code, talk = typing("search", "201.5 77.7", "-a", "eso,mast", "--public", "--to", "all")
    assert code == 0
    assert "there are no rows; nothing was sent" in talk
    assert topcat.got == []


def test_files_are_sent_as_they_are(
    typing: Callable[..., tuple[int, str]], tool: Callable[..., Tool], tmp_path: Path
) -> None:
    ds9 = tool("DS9", "image.load.fits")
    topcat = tool("TOPCAT", "table.load.votable")
    image, table, page = (tmp_path / name for name in ("i.fits", "t.vot", "page.html"))
    fits.PrimaryHDU(np.ones((5, 6), np.float32)).writeto(image)
    Table({"a": [1, 2]}).write(table, format="votable")
    page.write_text("<!DOCTYPE html><html><body>no</body></html>")
    code, talk = typing("show", image, table, page, "--to", "all")
    assert code == 5
    assert "i.fits was sent to DS9" in talk
    assert "t.vot was sent to TOPCAT" in talk
    assert f"skyatlas: {page} is nothing that tools take: HTML" in talk
    assert ds9.got[0][2] == image.read_bytes()
    assert topcat.got[0][2] == table.read_bytes()
    code, talk = typing("show", image, "--to", "topcat")
    assert code == 1
    assert "TOPCAT does not take images; send it to DS9" in talk
