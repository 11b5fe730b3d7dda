"""This file tests what registries are asked: what is wanted, quoted, and what makes no sense."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.errors import BadInput
from skyatlas.model import Interval, Target
from skyatlas.protocols.regtap import Grade, facts, quote, services
from skyatlas.protocols.standards import TYPES, protocol_of
from skyatlas.protocols.wanted import Wanted, from_words

LITERAL = re.compile(r"'((?:[^']|'')*)'")
"""An ADQL string (ADQL 2.1, section 2.1.4): only a doubled quote does not end it."""
PLAIN = Wanted(keywords=("word",))


def outside_of_strings(adql: str) -> str:
    return LITERAL.sub("''", adql)


@given(st.text(min_size=1))
def test_no_word_can_break_out_of_its_quotes(text: str) -> None:
    asked = Wanted(
        keywords=(text,), ucds=(text,), publisher=text, author=text, ivoid=f"ivo://{text}"
    )
    safe = Wanted(keywords=("a",), ucds=("a",), publisher="a", author="a", ivoid="ivo://a")
    for grade in Grade:
        assert outside_of_strings(services(asked, grade)) == outside_of_strings(
            services(safe, grade)
        )
        for adql, other in zip(
            facts(asked, grade).values(), facts(safe, grade).values(), strict=True
        ):
            assert outside_of_strings(adql) == outside_of_strings(other)


@given(st.text())
def test_a_quoted_text_is_read_back_as_it_was(text: str) -> None:
    found = LITERAL.fullmatch(quote(text))
    assert found is not None
    assert found[1].replace("''", "'") == text


def test_positions_keep_all_their_digits() -> None:
    asked = services(replace(PLAIN, position=(187.70593076725, 12.391123246083, 1 / 60)), Grade(2))
    assert "CIRCLE(187.70593076725, 12.391123246083, 0.016666666666666666)" in asked


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    np = pytest.importorskip("numpy")
    asked = services(
        replace(PLAIN, position=(np.float64(1.5), np.float32(2.5), 1), time=Interval(np.int64(5))),
        Grade.COVERAGE,
    )
    assert "CIRCLE(1.5, 2.5, 1.0)" in asked
    assert "time_end >= 5.0" in asked


def test_a_band_is_asked_in_joules_with_its_ends_exchanged() -> None:
    asked = services(replace(PLAIN, band=Interval(5e-7, 6e-7)), Grade.COVERAGE)
    high = float(re.findall(r"spectral_start <= (\S+)", asked)[0])
    low = float(re.findall(r"spectral_end >= ([^\s)]+)", asked)[0])
    assert math.isclose(low, 3.310743e-19, rel_tol=1e-6)  # 600 nm: 2.0664 eV
    assert math.isclose(high, 3.972892e-19, rel_tol=1e-6)  # 500 nm: 2.4797 eV


def test_an_open_band_asks_for_one_end_only() -> None:
    asked = services(replace(PLAIN, band=Interval(None, 6e-7)), Grade.COVERAGE)
    assert "spectral_end >=" in asked
    assert "spectral_start <=" not in asked


def test_who_does_not_say_where_it_has_data_is_kept() -> None:
    asked = services(replace(PLAIN, position=(1.0, 2.0, 0.1)), Grade.COVERAGE)
    assert "NOT IN (SELECT ivoid FROM rr.stc_spatial WHERE coverage IS NOT NULL)" in asked


def test_older_registries_are_not_asked_for_what_they_do_not_have() -> None:
    wanted = replace(PLAIN, position=(1.0, 2.0, 0.1), time=Interval(1.0, 2.0))
    assert "stc_" in services(wanted, Grade.COVERAGE)
    assert "stc_" not in services(wanted, Grade.MIRRORS)
    assert "mirror_url" in services(wanted, Grade.MIRRORS)
    assert "(intf.authenticated_only = 0 OR" in services(wanted, Grade.MIRRORS)
    plain = services(wanted, Grade.PLAIN)
    assert "mirror_url" not in plain
    assert "authenticated_only" not in plain


STANDARDS = {
    "ivo://ivoa.net/std/SIA": ("sia", False),
    "ivo://ivoa.net/std/sia#query-2.0": ("sia2", False),
    "ivo://ivoa.net/std/SIA#query-aux-2.0": ("sia2", True),
    "ivo://ivoa.net/std/sia#aux": ("sia", True),
    "ivo://ivoa.net/std/SSA": ("ssa", False),
    "ivo://ivoa.net/std/ConeSearch": ("scs", False),
    "ivo://ivoa.net/std/conesearch#aux": ("scs", True),
    "ivo://ivoa.net/std/conesearch#query-1.1": ("scs", False),
    "ivo://ivoa.net/std/TAP": ("tap", False),
    "ivo://ivoa.net/std/tap#aux": ("tap", True),
    "ivo://ivoa.net/std/TAP#aux-1.1": ("tap", True),
    "ivo://ivoa.net/std/datalink#links-1.0": ("datalink", False),
    "ivo://ivoa.net/std/soda#sync-1.0": ("soda", False),
}


@pytest.mark.parametrize(("standard", "protocol"), STANDARDS.items())
def test_identifiers_of_standards_are_told_apart(standard: str, protocol: tuple[str, bool]) -> None:
    assert protocol_of(standard) == protocol


@pytest.mark.parametrize(
    "standard",
    ["", "ivo://ivoa.net/std/tap#sync-1.1", "ivo://ivoa.net/std/vosi#tables", "sia", "ivo://x/sia"],
)
def test_other_standards_are_no_protocol_of_ours(standard: str) -> None:
    assert protocol_of(standard) is None


def test_sia_2_under_the_name_of_sia_1_is_known_by_its_version() -> None:
    assert protocol_of("ivo://ivoa.net/std/sia", "2.0") == ("sia2", False)
    assert protocol_of("ivo://ivoa.net/std/sia", "1.0") == ("sia", False)


def test_services_of_a_type_are_not_those_that_only_lead_to_one() -> None:
    for name in TYPES:
        condition = services(Wanted(types=(name,)), Grade.MIRRORS).partition("rr.capability WHERE")
        assert "aux" not in condition[2]


WRONG = {
    "a waveband": ({"wavebands": ("visible",)}, "did you mean optical"),
    "a near waveband": ({"wavebands": ("infra-red",)}, "did you mean infrared"),
    "a type": ({"types": ("spectra",)}, "did you mean ssa"),
    "a near type": ({"types": ("siaa",)}, "did you mean sia"),
    "a model": ({"datamodels": ("obscor",)}, "did you mean obscore"),
    "a limit": ({"keywords": ("a",), "limit": 0}, "at least 1"),
    "an identifier": ({"ivoid": "org.gavo.dc/tap"}, "starts with ivo://"),
    "nothing": ({"limit": 5}, "nothing was asked"),
}


@pytest.mark.parametrize(("given_", "said"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_refused(given_: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Wanted(**given_)  # type: ignore[arg-type]


def test_words_become_what_is_wanted() -> None:
    filters = {
        "type": "SIA2, sia",
        "waveband": ["Optical"],
        "ucd": "phot.mag;em.ir.%,pos.eq.ra",
        "radius": "6arcmin",
        "band": "500nm..600nm",
        "time": None,
        "limit": "3",
    }
    place = Target("here", 10.0, 20.0)
    wanted = from_words("two words", place, filters)
    assert wanted.keywords == ("two", "words")
    assert wanted.types == ("sia2", "sia")
    assert wanted.wavebands == ("optical",)
    assert wanted.ucds == ("phot.mag;em.ir.%", "pos.eq.ra")
    assert wanted.position == (10.0, 20.0, 0.1)
    assert wanted.band is not None
    assert wanted.time is None
    assert wanted.limit == 3


def test_a_phrase_in_a_list_stays_together() -> None:
    assert from_words(["gamma ray", " "], None, {}).keywords == ("gamma ray",)


def test_a_radius_without_a_target_is_refused() -> None:
    with pytest.raises(BadInput, match="target"):
        from_words("a", None, {"radius": "1deg"})


def test_an_unknown_filter_is_refused() -> None:
    with pytest.raises(BadInput, match="there are: author, band"):
        from_words("a", None, {"instrument": "MUSE"})


def test_the_same_question_has_the_same_key_and_another_another() -> None:
    assert Wanted(keywords=("a",)).key == Wanted(keywords=("a",)).key
    assert Wanted(keywords=("a", "b")).key != Wanted(keywords=("a b",)).key
    assert Wanted(publisher="a").key != Wanted(author="a").key
