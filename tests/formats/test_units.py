"""This file tests that unit text of every spelling is read right, or not at all."""

from __future__ import annotations

import astropy.units as u
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.formats.units import parse_unit

PER_ANGSTROM = u.erg / u.s / u.cm**2 / u.AA


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("erg s**(-1) cm**(-2) nm**(-1)", u.erg / u.s / u.cm**2 / u.nm),
        ("erg/cm2/s/A", PER_ANGSTROM),
        ("ERG/CM2/S/A", PER_ANGSTROM),
        ("erg/(cm2 s A)", PER_ANGSTROM),
        ("erg s-1 cm-2 A-1", PER_ANGSTROM),
        ("FLAM", PER_ANGSTROM),
        ("erg /s /cm**2 /angstrom", PER_ANGSTROM),
        ("10**(-20)*erg/s/cm**2/Angstrom", 1e-20 * PER_ANGSTROM),
        ("10**-20 Angstrom-1 cm-2 erg s-1", 1e-20 * PER_ANGSTROM),
        ("1E-17 erg/cm^2/s/Ang", 1e-17 * PER_ANGSTROM),
        ("10**-17 erg/(s cm2 Angstrom)", 1e-17 * PER_ANGSTROM),
        ("A", u.AA),
        ("Angstroms", u.AA),
        ("MICRON", u.um),
        ("[nm]", u.nm),
        ("JY/BEAM", u.Jy / u.beam),
        ("MJY/SR", u.MJy / u.sr),
        ("mJy", u.mJy),
        ("KJy/SR", u.kJy / u.sr),
        ("COUNTS/S", u.ct / u.s),
        ("counts/S", u.ct / u.s),
        ("ELECTRONS/S", u.electron / u.s),
        ("e-/s", u.electron / u.s),
        ("e- s^-1", u.electron / u.s),
        ("1e-3 e-", 1e-3 * u.electron),
        ("ppm", 1e-6 * u.dimensionless_unscaled),
        ("ADU", u.adu),
        ("nanomaggy", u.Unit("nmgy")),
    ],
)
def test_the_spellings_of_the_archives_are_understood(text: str, unit: u.UnitBase) -> None:
    parsed = parse_unit(text)
    assert parsed is not None
    assert parsed.is_equivalent(unit)
    assert parsed.to(unit) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "text", ["", "none", "DU/PIXEL", "Relative Flux", "MYJY/BEA", "(((", "1e999 m"]
)
def test_what_does_not_parse_is_none_and_never_an_error(text: str) -> None:
    assert parse_unit(text) is None


def test_amperes_above_the_line_stay_amperes() -> None:
    assert parse_unit("A/m") == u.A / u.m


@given(st.text(max_size=40))
def test_no_text_at_all_makes_it_fail(text: str) -> None:
    unit = parse_unit(text)
    assert unit is None or isinstance(unit, u.UnitBase)


FORMS = ["{}-{}", "{}**-{}", "{}**(-{})", "{}^-{}", "{}^(-{})"]
WORDS = {"s": u.s, "cm": u.cm, "Angstrom": u.AA, "A": u.AA, "Ang": u.AA, "nm": u.nm, "um": u.um}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(WORDS)), st.integers(1, 4)), min_size=1, max_size=4,
             unique_by=lambda factor: str(WORDS[factor[0]])),
    st.sampled_from(FORMS),
    st.sampled_from([" ", "*", "."]),
    st.integers(-30, 0),
)  # fmt: skip
def test_factors_in_the_denominator_are_read_in_every_form(
    factors: list[tuple[str, int]], form: str, joint: str, power: int
) -> None:
    text = joint.join(["erg", *(form.format(word, exponent) for word, exponent in factors)])
    expected = u.erg
    for word, exponent in factors:
        expected = expected / WORDS[word] ** exponent
    parsed = parse_unit(f"10**({power}) {text}" if power else text)
    assert parsed is not None
    assert parsed.to(expected) == pytest.approx(10.0**power)


@given(
    st.lists(st.sampled_from(["s", "cm2", "A", "Angstrom"]), min_size=1, max_size=4, unique=True)
)
def test_many_slashes_are_a_product_in_the_denominator(words: list[str]) -> None:
    expected = u.erg
    for word in words:
        expected = expected / {"s": u.s, "cm2": u.cm**2, "A": u.AA, "Angstrom": u.AA}[word]
    parsed = parse_unit("/".join(["erg", *words]))
    assert parsed is not None
    assert parsed.to(expected) == pytest.approx(1.0)
