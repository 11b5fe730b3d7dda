"""This file sends to SAMP clients at a real hub, and looks at what they got."""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table
from astropy.wcs import WCS

from skyatlas import samp
from skyatlas.dataset import Cube, Image, Spectrum
from skyatlas.errors import BadInput, Broken, Unreachable, Unwritable
from skyatlas.observations import Observations
from skyatlas.samp import files
from skyatlas.samp.hub import Hub

if TYPE_CHECKING:
    from skyatlas.session import Session

    from .conftest import Tool


def table_in(body: bytes) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)  # VOUnits deprecates erg and Angstrom
        return parse_single_table(BytesIO(body)).to_table()


def image_in(body: bytes) -> tuple[Any, fits.Header]:
    with fits.open(BytesIO(body)) as hdus:
        return hdus[0].data, hdus[0].header


@pytest.fixture
def found(atlas: Session) -> Observations:
    return atlas.search("NGC 1068", radius="30 arcsec", kind="spectrum")


def spectrum() -> Spectrum:
    axis = np.linspace(500.0, 600.0, 11)
    return Spectrum(
        axis=axis,
        flux=np.where(axis == 550.0, np.nan, axis / 100),
        sigma=np.full(11, 0.5),
        mask=axis == 600.0,
        axis_unit=u.nm,
        flux_unit=u.Unit("erg / (s cm2 Angstrom)"),
        axis_unit_text="nm",
        flux_unit_text="erg/s/cm2/A",
        medium="air",
        frame=None,
        meta={"OBJECT": "NGC 1068"},
    )


def image() -> Image:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [40.67, -0.013], [3.0, 2.0], [-1e-4, 1e-4]
    pixels = np.arange(20, dtype=np.int16).reshape(4, 5)
    mask = pixels == 7
    return Image(pixels, wcs, u.adu, "adu", None, mask, {"OBJECT": "NGC 1068"}, "SCI")


def test_a_table_arrives_with_all_its_rows(
    tool: Callable[..., Tool], found: Observations, tmp_path: Path
) -> None:
    topcat = tool("TOPCAT", "table.load.votable")
    sent = found.broadcast("topcat", cache=tmp_path)
    ((message, facts, body),) = topcat.got
    table = table_in(body)
    assert (message, facts["name"]) == ("table.load.votable", "NGC 1068")
    assert str(sent) == "NGC 1068 was sent to TOPCAT"
    assert len(table) == len(found) > 4
    for name in ("obs_id", "s_ra", "em_min", "calib_level", "access_url"):
        assert table[name].tolist() == found[name].tolist()
    assert table["em_min"].unit == u.m


def test_an_image_arrives_with_pixels_unit_and_position(
    tool: Callable[..., Tool], tmp_path: Path
) -> None:
    ds9 = tool("SAOImage DS9", "image.load.fits")
    assert image().broadcast("ds9", cache=tmp_path).taken == ("SAOImage DS9",)
    ((_, facts, body),) = ds9.got
    pixels, header = image_in(body)
    assert facts["name"] == header["OBJECT"] == "NGC 1068"
    np.testing.assert_array_equal(pixels.ravel()[:7], np.arange(7))
    assert np.flatnonzero(np.isnan(pixels)).tolist() == [7]
    assert header["BUNIT"] == "adu"
    assert WCS(header).wcs.crval.tolist() == [40.67, -0.013]


def test_a_cube_without_masked_pixels_arrives_as_it_is(
    tool: Callable[..., Tool], tmp_path: Path
) -> None:
    aladin = tool("Aladin", "image.load.fits", "table.load.votable")
    pixels = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    cube = Cube(pixels, None, None, "", None, np.zeros(pixels.shape, bool), {}, "DATA")
    cube.broadcast(cache=tmp_path)
    ((_, facts, body),) = aladin.got
    got, _ = image_in(body)
    assert facts["name"] == "DATA"
    np.testing.assert_array_equal(got, pixels)
    assert got.dtype.kind == "i"


def test_a_spectrum_arrives_with_units_and_utypes(
    tool: Callable[..., Tool], tmp_path: Path
) -> None:
    splat = tool("SPLAT-VO", "spectrum.load.ssa-generic", "table.load.votable")
    spectrum().broadcast("splat", cache=tmp_path)
    ((message, facts, body),) = splat.got
    table = table_in(body)
    assert message == "spectrum.load.ssa-generic"
    assert facts["meta"]["Access.Format"] == "application/x-votable+xml"
    assert facts["meta"]["Access.Reference"] == facts["url"]
    np.testing.assert_array_equal(table["spectral"], spectrum().axis)
    assert table["spectral"].unit == u.nm
    assert table["spectral"].meta["ucd"] == "em.wl"
    assert table["flux"].unit == spectrum().flux_unit
    assert table["flux"].meta["utype"] == "spec:Spectrum.Data.FluxAxis.Value"
    assert np.flatnonzero(np.ma.getmaskarray(table["flux"])).tolist() == [5, 10]
    np.testing.assert_array_equal(table["sigma"].data[:5], np.full(5, 0.5))


def test_topcat_gets_a_spectrum_as_the_table_that_it_takes(
    tool: Callable[..., Tool], tmp_path: Path
) -> None:
    topcat = tool("TOPCAT", "table.load.votable", "table.load.fits")
    spectrum().broadcast(cache=tmp_path)
    assert [message for message, *_ in topcat.got] == ["table.load.votable"]


def test_a_position_is_sent_with_all_its_digits(tool: Callable[..., Tool]) -> None:
    aladin = tool("Aladin", "coord.pointAt.sky")
    samp.point(40.66962912345678, -0.01328112345678)
    ((_, facts, _),) = aladin.got
    assert facts == {"ra": "40.66962912345678", "dec": "-0.01328112345678"}


def test_all_means_every_tool_that_takes_it(tool: Callable[..., Tool], tmp_path: Path) -> None:
    tools = [tool("TOPCAT", "table.load.votable"), tool("Aladin", "table.load.votable")]
    ds9 = tool("DS9", "image.load.fits")
    path = files.of_table(Table({"a": [1, 2]}), "two rows", tmp_path)
    assert samp.listeners("table") == ["TOPCAT", "Aladin"]
    sent = samp.send("table", path, "two rows", to="all")
    assert sent.taken == ("TOPCAT", "Aladin")
    assert [len(table_in(one.got[0][2])) for one in tools] == [2, 2]
    assert ds9.got == []


def test_two_of_a_name_are_told_apart(tool: Callable[..., Tool]) -> None:
    tool("DS9", "image.load.fits")
    tool("DS9", "image.load.fits")
    first, second = samp.listeners("image", "ds9")
    assert first == "DS9"
    assert second.startswith("DS9 (")


def test_a_url_is_sent_as_it_is(tool: Callable[..., Tool], tmp_path: Path) -> None:
    ds9 = tool("DS9", "image.load.fits")
    path = files.of_pixels(image(), "x", tmp_path)
    samp.send("image", path.as_uri(), "x")
    assert ds9.got[0][1]["url"] == path.as_uri()


def test_without_a_hub_one_sentence_says_what_to_start() -> None:
    with pytest.raises(
        BadInput, match=r"no tool with a SAMP hub is running; start TOPCAT or Aladin"
    ):
        samp.listeners("table")


def test_a_hub_that_died_is_told_from_one_that_never_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        lock = tmp_path / "lock"
        lock.write_text(f"# a comment\nsamp.secret=abc\nsamp.hub.xmlrpc.url={url}\n")
        monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{lock.as_uri()}")
        with pytest.raises(BadInput, match=rf"no SAMP hub answers at {url}, which {lock}"):
            samp.listeners("table")


@pytest.mark.parametrize(
    ("said", "text"),
    [("std-lockurl:http://elsewhere.example/lock", "x"), ("web-profile:", "x"), ("", "no = lock")],
)
def test_a_lock_file_that_makes_no_sense_is_said(
    said: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path.home() / ".samp").write_text(text)
    monkeypatch.setenv("SAMP_HUB", said)
    with pytest.raises(BadInput, match=r"SAMP_HUB is|is no lock file of a SAMP hub"):
        samp.listeners("table")


def test_a_tool_that_is_not_there_is_said_with_those_that_are(
    hub: Any, tool: Callable[..., Tool]
) -> None:
    with pytest.raises(
        BadInput, match=r"topcat is not connected to SAMP \(no tool is\); start topcat"
    ):
        samp.listeners("table", "topcat")
    tool("Aladin", "image.load.fits")
    tool("DS9", "image.load.fits")
    with pytest.raises(BadInput, match=r"topcat is not connected to SAMP \(Aladin, DS9 are\)"):
        samp.listeners("image", "topcat")


def test_a_tool_that_does_not_take_it_is_said_with_those_that_do(tool: Callable[..., Tool]) -> None:
    tool("TOPCAT", "table.load.votable")
    with pytest.raises(BadInput, match="TOPCAT does not take images; start a tool that does"):
        samp.listeners("image", "topcat")
    tool("DS9", "image.load.fits")
    with pytest.raises(BadInput, match="TOPCAT does not take images; send it to DS9"):
        samp.listeners("image", "topcat")


def test_a_file_that_is_not_there_is_said_before_anybody_is_told(
    tool: Callable[..., Tool], tmp_path: Path
) -> None:
    ds9 = tool("DS9", "image.load.fits")
    with pytest.raises(BadInput, match=r"none\.fits cannot be sent: No such file"):
        samp.send("image", tmp_path / "none.fits", "none")
    assert ds9.got == []


def test_a_tool_that_cannot_load_it_says_why(tool: Callable[..., Tool], tmp_path: Path) -> None:
    tool("TOPCAT", "table.load.votable", answer="samp.error")
    path = files.of_table(Table({"a": [1]}), "x", tmp_path)
    with pytest.raises(Broken, match=r"^TOPCAT could not load it \(Too many columns\)$"):
        samp.send("table", path, "x")
    tool("Aladin", "table.load.votable")
    sent = samp.send("table", path, "x")
    assert sent.taken == ("Aladin",)
    assert str(sent) == "x was sent to Aladin; TOPCAT could not load it (Too many columns)"


def test_a_tool_that_says_nothing_is_waited_for_no_longer_than_told(
    tool: Callable[..., Tool], tmp_path: Path
) -> None:
    silent = tool("TOPCAT", "table.load.votable", answer="silence")
    path = files.of_table(Table({"a": [1]}), "x", tmp_path)
    with pytest.raises(Unreachable, match="TOPCAT did not answer within 1 s"):
        samp.send("table", path, "x", patience=1.0)
    assert len(silent.got) == 1


def test_a_hub_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skyatlas.samp.hub._QUICK", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
        (tmp_path / "lock").write_text(f"samp.secret=abc\nsamp.hub.xmlrpc.url={url}\n")
        monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'lock').as_uri()}")
        with pytest.raises(BadInput, match="no SAMP hub answers"):
            samp.listeners("table")


def test_files_stay_a_day_and_are_for_this_user_only(tmp_path: Path) -> None:
    old = files.of_table(Table({"a": [1]}), "../NGC 1068/…", tmp_path)
    folder = tmp_path / "sent"
    assert old.parent == folder
    young = files.of_table(Table({"a": [1]}), "", tmp_path)
    mine = folder / "mine.vot"
    mine.write_text("")
    yesterday = time.time() - 90_000
    for path in (old, mine):
        os.utime(path, (yesterday, yesterday))
    newest = files.of_table(Table({"a": [1]}), "x", tmp_path)
    assert set(folder.iterdir()) == {young, newest, mine}
    if os.name != "nt":
        assert [path.stat().st_mode & 0o077 for path in (folder, newest)] == [0, 0]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("a file")
    with pytest.raises(Unwritable, match="nothing can be written into"):
        files.of_table(Table({"a": [1]}), "x", tmp_path)


def test_nobody_stays_registered(hub: Any, tool: Callable[..., Tool], tmp_path: Path) -> None:
    tool("TOPCAT", "table.load.votable")
    threads = set(threading.enumerate())
    samp.send("table", files.of_table(Table({"a": [1]}), "x", tmp_path), "x")
    with Hub() as one:
        assert list(one.clients().values()) == ["TOPCAT"]
    assert not {
        thread.name for thread in set(threading.enumerate()) - threads if "samp" in thread.name
    }
