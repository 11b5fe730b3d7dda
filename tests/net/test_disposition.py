"""This file tries names that archives say, good and bad; the file must stay in its folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.net.disposition import LONGEST, file_name, safe_name

URL = "https://archive.org/files/from%20url.fits?x=1"
ESO = "ADP.2014-09-16T11:04:45.123.fits"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (f"attachment; filename={ESO}", ESO),
        (f'attachment; filename="{ESO}"', ESO),
        ('attachment; filename="a \\"b\\".fits"; size=3', 'a "b".fits'),
        (
            "attachment; filename*=UTF-8''na%C3%AFve%20file.fits; filename=old.fits",
            "naïve file.fits",
        ),
        ("attachment; filename=old.fits; filename*=iso-8859-1'en'%A3.fits", "£.fits"),
        ("attachment; filename=old.fits; filename*=klingon''x.fits", "old.fits"),
        ("attachment; filename=na\xc3\xafve.fits", "naïve.fits"),
        ('attachment; filename="../../x"', "x"),
        ("attachment; filename=/etc/passwd", "passwd"),
        (r'attachment; filename="C:\\temp\\evil.exe"', "evil.exe"),
        ("attachment; filename*=UTF-8''..%2F..%2Fx.fits", "x.fits"),
        ("attachment; filename=.bashrc", "bashrc"),
        ('attachment; filename="a\tb\x00c.fits"', "abc.fits"),
        ("attachment; filename=x.fits.part", "x.fits.part_"),
        ("attachment; filename=x.fits.provenance.json", "x.fits.provenance.json_"),
        ('attachment; filename=""', "from url.fits"),
        ('attachment; filename=".."', "from url.fits"),
        ("inline", "from url.fits"),
        ("", "from url.fits"),
    ],
)
def test_a_name_is_read_and_made_safe(said: str, name: str) -> None:
    assert file_name(said, URL, windows=False) == name


def test_without_any_name_the_host_stands_in() -> None:
    assert file_name("", "https://archive.org/", windows=False) == "archive.org"
    assert file_name("", "", windows=False) == "file"


def test_windows_gets_names_that_it_can_hold() -> None:
    assert safe_name(ESO, windows=True) == "ADP.2014-09-16T11_04_45.123.fits"
    assert safe_name("CON.fits", windows=True) == "_CON.fits"
    assert safe_name("con", windows=True) == "_con"
    assert safe_name("x. ", windows=True) == "x"
    assert safe_name("CON.fits", windows=False) == "CON.fits"


def test_a_long_name_keeps_its_endings() -> None:
    name = safe_name("ü" * 300 + ".fits.gz", windows=False)
    assert name.endswith("ü.fits.gz")
    assert len(name.encode()) <= LONGEST


@given(said=st.text(), url=st.text(), windows=st.booleans())
def test_no_words_make_an_unsafe_name(said: str, url: str, windows: bool) -> None:
    try:
        names = {file_name(f'attachment; filename="{said}"', URL, windows=windows)}
        names.add(file_name(f"attachment; filename*=UTF-8''{said}", URL, windows=windows))
        names.add(safe_name(said, windows=windows) or "empty")
        names.add(file_name("", f"https://h/{url}", windows=windows))
    except ValueError:  # urlsplit refuses some of these; such a URL is never asked
        return
    for name in names:
        assert name not in ("", ".", "..")
        assert not set(name) & set("/\\\0\n\r")
        assert len(name.encode()) <= LONGEST + 1
        assert not name.lower().endswith((".part", ".part.json", ".provenance.json"))
        assert not name.startswith(".")
        assert not (windows and set(name) & set('<>:"|?*'))
