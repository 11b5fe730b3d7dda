"""Names are answered without a network: from the offline catalogue, and from memory."""

from __future__ import annotations

import pytest
from sesame_says import (
    ARP2,
    M87,
    MIRROR,
    NED,
    SESAME,
    SIMBAD,
    known,
    later,
    now,
    silent,
)

from skyatlas.errors import (
    AmbiguousTarget,
    ArchiveError,
    AtlasError,
    Broken,
    UnknownTarget,
    Unreachable,
)
from skyatlas.model import Target
from skyatlas.names.resolver import resolve, resolve_one


@pytest.mark.parametrize(
    ("name", "ra", "dec"),
    [("NGC 1068", 40.6696, -0.0133), ("NGC1068", 40.6696, -0.0133), ("m87", 187.7059, 12.3911),
     ("M 87", 187.7059, 12.3911), ("Betelgeuse", 88.7929, 7.4071), ("betelgeuse", 88.7929, 7.4071),
     ("Caldwell 14", 35.175, 57.1375), ("C 14", 35.175, 57.1375), ("IC 1613", 16.1991, 2.1178),
     ("Sgr A*", 266.4168, -29.0078), ("The Crab Nebula", 83.633, 22.014), ("LMC", 80.894, -69.756),
     ("Messier 8", 270.922, -24.380), ("47 Tuc", 6.022, -72.081)],
)  # fmt: skip
def test_the_offline_catalogue_knows_what_everybody_knows(name, ra, dec):
    target = resolve_one(name, None)
    assert (target.ra, target.dec) == pytest.approx((ra, dec), abs=2e-3)
    assert "offline catalogue" in target.said
    assert target.asked == name


def test_offline_asks_nobody_even_with_a_door(street, door):
    assert resolve_one("M 87", door, offline=True).resolver == "OpenNGC"
    assert not street.asked


def test_offline_a_name_that_is_not_in_the_catalogue_is_not_called_unknown():
    (outcome,) = resolve(["Betelgeuze"], None)
    assert isinstance(outcome, Unreachable)
    assert "did you mean Betelgeuse?" in str(outcome)


def test_the_offline_catalogue_can_be_chosen(street, door):
    assert resolve_one("offline:M 87", door).resolver == "OpenNGC"
    assert isinstance(resolve(["offline:HD 4711"], door)[0], UnknownTarget)
    assert not street.asked


def test_the_offline_catalogue_steps_in_when_nobody_answers_and_says_so(street, door):
    for host in (SESAME, MIRROR):
        street.houses[host] = lambda path, query: (503, "closed")
    target = resolve_one("M 87", door)
    assert target.resolver == "OpenNGC"
    assert target.said == "offline catalogue, because: cds.unistra.fr failed"


def test_the_offline_catalogue_does_not_step_in_for_a_chosen_resolver(street, door):
    for host in (SESAME, MIRROR):
        street.houses[host] = lambda path, query: (503, "closed")
    assert isinstance(resolve(["ned:M 87"], door)[0], ArchiveError)


# --- memory


def test_a_name_is_asked_once_in_half_a_year(street, door, sesame, tmp_path):
    cache = tmp_path / "deep" / "names.sqlite"
    sesame["M 87"] = M87
    first = resolve_one("M 87", door, cache=cache, now=now)
    again = resolve_one("M  87", door, cache=cache, now=later(days=179))
    assert len(street.asked) == 1
    assert (again.ra, again.dec, again.name) == (first.ra, first.dec, first.name)
    assert again.date == first.date
    assert again.said == "remembered from 2026-11-21"
    resolve_one("M 87", door, cache=cache, now=later(days=181))
    assert len(street.asked) == 2


def test_identifiers_are_remembered(door, sesame, tmp_path):
    sesame["pi Men"] = known(SIMBAD, 84.2912, -80.46912, "* pi. Men", "TIC 261136679")
    for _ in range(2):
        target = resolve_one("pi Men", door, cache=tmp_path / "names.sqlite")
        assert dict(target.ids) == {"TIC": "261136679"}


def test_an_unknown_name_is_remembered_for_an_hour_only(street, door, tmp_path):
    cache = tmp_path / "names.sqlite"
    for when in (now, later(minutes=59)):
        assert isinstance(resolve(["nonesuch"], door, cache=cache, now=when)[0], UnknownTarget)
    assert len(street.asked) == 1
    resolve(["nonesuch"], door, cache=cache, now=later(minutes=61))
    assert len(street.asked) == 2


def test_a_failure_is_never_remembered(street, door, sesame, tmp_path):
    cache = tmp_path / "names.sqlite"
    good = dict(street.houses)
    for host in (SESAME, MIRROR):
        street.houses[host] = lambda path, query: (503, "closed")
    assert isinstance(resolve(["SomeStar 12"], door, cache=cache)[0], Broken)
    assert resolve_one("M 87", door, cache=cache).resolver == "OpenNGC"
    street.houses.update(good)
    sesame |= {"SomeStar 12": M87, "M 87": M87}
    assert resolve_one("SomeStar 12", door, cache=cache).resolver == "SIMBAD"
    assert resolve_one("M 87", door, cache=cache).resolver == "SIMBAD"


def test_an_answer_with_a_failed_database_is_given_but_not_remembered(
    street, door, sesame, tmp_path
):
    cache = tmp_path / "names.sqlite"
    sesame["M 87"] = silent(SIMBAD, "Connection timed out") + known(NED, 187.7059304, 12.39, "M 87")
    target = resolve_one("M 87", door, cache=cache)
    assert target.resolver == "NED"
    assert "SIMBAD failed: Connection timed out" in target.said
    sesame["M 87"] = M87
    assert resolve_one("M 87", door, cache=cache).resolver == "SIMBAD"


def test_offline_what_was_remembered_comes_first_at_any_age_with_its_date(door, sesame, tmp_path):
    cache = tmp_path / "names.sqlite"
    sesame["M 87"] = M87
    resolve_one("M 87", door, cache=cache, now=now)
    target = resolve_one("M 87", None, cache=cache, now=later(days=4000))
    assert target.resolver == "SIMBAD"
    assert "remembered from 2026-11-21" in target.said


def test_what_was_remembered_long_ago_steps_in_when_nobody_answers(street, door, sesame, tmp_path):
    cache = tmp_path / "names.sqlite"
    sesame["SomeStar 12"] = M87
    resolve_one("SomeStar 12", door, cache=cache, now=now)
    for host in (SESAME, MIRROR):
        street.houses[host] = lambda path, query: (503, "closed")
    target = resolve_one("SomeStar 12", door, cache=cache, now=later(days=4000))
    assert target.said == "remembered from 2026-11-21"


def test_case_tells_remembered_stars_apart(door, sesame, tmp_path):
    cache = tmp_path / "names.sqlite"
    sesame |= {
        "b Per": known(SIMBAD, 64.56, 50.29, "* b Per"),
        "B Per": known(SIMBAD, 64.5, 40.0, "* B"),
    }
    for _ in range(2):
        assert resolve_one("b Per", door, cache=cache).dec == 50.29
        assert resolve_one("B Per", door, cache=cache).dec == 40.0


def test_the_answers_of_chosen_resolvers_are_remembered_apart(door, sesame, tmp_path):
    cache = tmp_path / "names.sqlite"
    sesame["Arp 2"] = known(NED, 245.0, 48.0, "ARP 002")
    resolve_one("ned:Arp 2", door, cache=cache)
    sesame["Arp 2"] = known(SIMBAD, 292.183, -30.355, "Arp   2")
    assert resolve_one("simbad:Arp 2", door, cache=cache).ra == 292.183


def test_an_ambiguous_name_is_asked_again(street, door, sesame, tmp_path):
    sesame["Arp 2"] = ARP2
    for _ in range(2):
        assert isinstance(
            resolve(["Arp 2"], door, cache=tmp_path / "names.sqlite")[0], AmbiguousTarget
        )
    assert len(street.asked) == 2


def test_a_memory_that_is_no_database_costs_a_question_not_the_answer(
    door, sesame, tmp_path, caplog
):
    cache = tmp_path / "names.sqlite"
    cache.write_text("this is no database, and long enough to be looked at " * 20)
    sesame["M 87"] = M87
    assert resolve_one("M 87", door, cache=cache).resolver == "SIMBAD"
    assert "cannot remember names" in caplog.text


def test_every_outcome_is_a_target_or_one_of_our_errors(door):
    for outcome in resolve(["x", "1 2", "1 95", "", 5, None, "Mars", object()], door):
        assert isinstance(outcome, Target | AtlasError)
