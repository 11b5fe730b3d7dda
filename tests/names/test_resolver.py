"""Names become positions, and the three ways of failing stay three."""

from __future__ import annotations

import json

import pytest
from sesame_says import (
    ARP2,
    M87,
    MAST,
    MIRROR,
    NED,
    NOW,
    SESAME,
    SIMBAD,
    VIZIER,
    known,
    now,
    silent,
)

from skyatlas.errors import (
    AmbiguousTarget,
    BadInput,
    Broken,
    UnknownTarget,
    Unreadable,
)
from skyatlas.model import Target
from skyatlas.names.resolver import resolve, resolve_one


def test_every_input_has_its_outcome_in_its_place(door, sesame):
    sesame["M 87"] = M87
    outcomes = resolve(
        ["M 87", "187.7 95", "no such thing", (1.0, 2.0), "Mars", "M 87"], door, now=now
    )
    assert [type(one) for one in outcomes] == [
        Target, BadInput, UnknownTarget, Target, BadInput, Target,
    ]  # fmt: skip
    first = outcomes[0]
    assert first == Target("M 87", 187.70593077, 12.39112325, "M 87", "SIMBAD", "", NOW.isoformat())
    assert outcomes[5] == first


def test_many_names_are_asked_in_few_questions_and_each_once(street, door):
    names = [f"star {number}" for number in range(45)]
    resolve(names + names, door)
    asked = street.names(SESAME)
    assert [len(one) for one in asked] == [20, 20, 5]
    assert [name for one in asked for name in one] == names


def test_in_bulk_the_first_database_that_knows_a_name_is_enough(street, door):
    resolve([f"star {number}" for number in range(200)], door)
    assert {path for host, path, _ in street.asked if host == SESAME} == {
        "cgi-bin/nph-sesame/-oxI/SNVA"
    }
    street.asked.clear()
    resolve([f"star {number}" for number in range(201)], door)
    assert {path for host, path, _ in street.asked if host == SESAME} == {
        "cgi-bin/nph-sesame/-oxI/SNV"
    }


def test_odd_characters_in_a_name_stay_in_that_name(street, door, sesame):
    name = "2MASS J12+45 & #1?=%~[x]"
    sesame[name] = M87
    assert isinstance(resolve([name], door)[0], Target)
    assert street.names(SESAME) == [[name]]


def test_positions_need_no_door():
    assert resolve_one("12:30:49.4 +12:23:28", None).resolver == "as given"


def test_the_mirror_answers_when_the_first_does_not(street, door):
    street.houses[MIRROR].knows["M 87"] = M87
    street.houses[SESAME] = lambda path, query: (503, "closed")
    assert resolve_one("M 87", door).resolver == "SIMBAD"


def test_a_failed_mirror_is_not_asked_again_for_the_rest(street, door):
    street.houses[SESAME] = lambda path, query: (503, "closed")
    resolve([f"star {number}" for number in range(50)], door)
    assert [host for host, _, _ in street.asked] == [SESAME, MIRROR, MIRROR, MIRROR]


def test_a_resolver_that_fails_is_not_an_unknown_name(street, door):
    for host in (SESAME, MIRROR):
        street.houses[host] = lambda path, query: (503, "closed")
    (outcome,) = resolve(["SomeStar 12"], door)
    assert isinstance(outcome, Broken)
    assert not isinstance(outcome, UnknownTarget)


def test_a_database_that_sesame_could_not_reach_is_not_an_unknown_name(street, door):
    target = silent(SIMBAD, "Connection timed out") + silent(NED) + silent(VIZIER)
    for host in (SESAME, MIRROR):
        street.houses[host].knows["SomeStar 12"] = target
    with pytest.raises(Broken, match="SIMBAD failed: Connection timed out"):
        resolve_one("SomeStar 12", door)


def test_the_mirror_is_asked_for_what_the_first_left_open(street, door, sesame):
    sesame["M 87"] = M87
    sesame["SomeStar 12"] = silent(SIMBAD, "Connection timed out")
    street.houses[MIRROR].knows["SomeStar 12"] = known("Sca=Simbad (CfA)", 10.0, 20.0, "* 12 Som")
    outcomes = resolve(["M 87", "SomeStar 12"], door)
    assert all(isinstance(one, Target) for one in outcomes)
    assert street.names(MIRROR) == [["SomeStar 12"]]


def test_an_error_page_in_a_200_is_a_failure(street, door):
    for host in (SESAME, MIRROR):
        street.houses[host] = lambda path, query: (200, "<!doctype html><html>Over quota</html>")
    with pytest.raises(Broken, match="a page, not with XML"):
        resolve_one("SomeStar 12", door)


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    "<Sesame><Target>&b;</Target></Sesame>"
)


def place(ra, dec):
    return (
        f'<Sesame><Target><Resolver name="S=x"><jradeg>{ra}</jradeg><jdedeg>{dec}</jdedeg>'
        "</Resolver></Target></Sesame>"
    )


@pytest.mark.parametrize(
    "body",
    ["<Sesame></Sesame>", "<Sesame><Target>", "<VOTABLE><Target/></VOTABLE>", "no XML", "", BOMB,
     place("?", 1), place(9, 95)],
    ids=["too few", "cut", "other", "text", "empty", "entities", "no number", "outside"],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_unreadable(street, door, body):
    for host in (SESAME, MIRROR):
        street.houses[host] = lambda path, query: (200, body)
    with pytest.raises(Unreadable, match="Sesame"):
        resolve_one("SomeStar 12", door)


def test_an_unknown_name_comes_with_near_ones(door):
    with pytest.raises(UnknownTarget, match="Betelgeuse"):
        resolve_one("Betelgeuze", door)


def test_two_objects_of_one_name_are_both_listed_with_a_way_to_choose(door, sesame):
    sesame["Arp 2"] = ARP2
    with pytest.raises(AmbiguousTarget) as refusal:
        resolve_one("Arp 2", door)
    text = str(refusal.value)
    assert "292.18300 -30.35500 (SIMBAD)" in text
    assert "245.00000 +48.00000 (NED)" in text
    assert "simbad:Arp 2 or ned:Arp 2" in text


def test_two_objects_within_one_database_are_ambiguous_too(door, sesame):
    sesame["NGC 2451"] = (
        f'<Resolver name="{SIMBAD}"><jradeg>115.8</jradeg><jdedeg>-38.26</jdedeg><oname>A</oname>'
        "<jradeg>118.0</jradeg><jdedeg>-38.3</jdedeg><oname>B</oname></Resolver>"
    )
    with pytest.raises(AmbiguousTarget, match="give the position"):
        resolve_one("NGC 2451", door)


@pytest.mark.parametrize(("prefix", "letter"), [("simbad", "S"), ("NED", "N"), ("vizier", "V")])
def test_a_prefix_chooses_the_database(street, door, sesame, prefix, letter):
    sesame["Arp 2"] = known(f"{letter}=x", 245.0, 48.0, "one")
    target = resolve_one(f"{prefix}: Arp 2", door)
    assert target.ra == 245.0
    assert target.asked == f"{prefix}: Arp 2"
    assert street.asked[0][1].endswith(f"/-oxI/{letter}")


def test_a_small_difference_between_resolvers_is_said_and_no_more(door, sesame):
    # The positions of M 8 that MAST recorded: 64 arcsec apart.
    sesame["M 8"] = known(SIMBAD, 270.904, -24.387, "M   8") + known(
        NED, 270.92194, -24.38017, "M 8"
    )
    target = resolve_one("M 8", door)
    assert target.resolver == "SIMBAD"
    assert target.said == "NED has it 64 arcsec away"


def test_an_old_coarse_position_of_vizier_settles_nothing(door, sesame):
    sesame["z"] = known(SIMBAD, 100.0, 2.0, "y") + known(VIZIER, 100.0, 1.0, "{NGC} 7")
    assert resolve_one("z", door).dec == 2.0


def test_the_identifiers_that_archives_ask_by_are_kept(door, sesame):
    sesame["pi Men"] = known(
        SIMBAD,
        84.2912,
        -80.46912,
        "* pi. Men",
        "TIC 261136679",
        "Gaia DR3 4623036865373793408",
        "HD 1",
    )
    ids = resolve_one("pi Men", door).ids
    assert dict(ids) == {"TIC": "261136679", "Gaia DR3": "4623036865373793408"}


def test_a_number_that_was_asked_for_is_kept_too(door, sesame):
    sesame["Gaia DR3 123"] = known(VIZIER, 1.0, 2.0, "")
    assert dict(resolve_one("Gaia DR3 123", door).ids) == {"Gaia DR3": "123"}


def test_mast_is_asked_for_a_tic_number_that_sesame_has_not(street, door, shared_data):
    recorded = (shared_data / "responses/astroquery_mast/resolver.json").read_text("utf-8")
    street.houses[MAST] = lambda path, query: (200, recorded)
    target = resolve_one("TIC 307210830", door)
    assert (target.ra, target.dec) == (124.531756290083, -68.3129998725044)
    assert target.resolver == "MAST TIC"
    assert dict(target.ids) == {"TIC": "307210830"}
    assert street.asked[-1][1] == "Santa-war/query"
    assert "name=TIC+307210830" in street.asked[-1][2]
    assert "outputFormat=json&resolveAll=true" in street.asked[-1][2]


def test_mast_answers_for_others_by_prefix_only(street, door, shared_data):
    recorded = (shared_data / "responses/astroquery_mast/resolver.json").read_text("utf-8")
    street.houses[MAST] = lambda path, query: (200, recorded)
    assert isinstance(resolve(["Barnard's Star X"], door)[0], UnknownTarget)
    assert MAST not in [host for host, _, _ in street.asked]
    assert resolve_one("mast:Barnard's star", door).ra == 269.4520769586187


def test_an_unknown_tic_number_is_unknown_only_if_mast_was_heard(street, door):
    assert isinstance(resolve(["TIC 1"], door)[0], UnknownTarget)
    street.houses[MAST] = lambda path, query: (503, "closed")
    assert isinstance(resolve(["TIC 1"], door)[0], Broken)
    street.houses[MAST] = lambda path, query: (200, "<html>")
    assert isinstance(resolve(["TIC 1"], door)[0], Unreadable)
    street.houses[MAST] = lambda path, query: (
        200,
        json.dumps({"resolvedCoordinate": [], "status": "ERROR"}),
    )
    assert isinstance(resolve(["TIC 1"], door)[0], Broken)


@pytest.mark.parametrize(
    "name",
    ["Vesta", "4 Vesta", "(4) Vesta", "mars", "The Moon", "Titan", "67P", "1P/Halley",
     "C/2020 F3 (NEOWISE)", "2014 MU69", "1I/'Oumuamua"],
)  # fmt: skip
def test_what_moves_is_no_position_and_is_not_taken_for_a_star(street, door, sesame, name):
    sesame[name] = M87
    with pytest.raises(BadInput, match="moves"):
        resolve_one(name, door)
    assert not street.asked


def test_who_means_the_star_can_say_so(door, sesame):
    sesame["Vesta"] = known(SIMBAD, 1.0, 2.0, "NAME Vesta")
    assert resolve_one("simbad:Vesta", door).name == "Vesta"


@pytest.mark.parametrize(
    "name", ["47 Tuc", "51 Peg", "4 Lac", "2020 Galaxy", "Titania's Bower", "67 Oph"]
)
def test_stars_with_numbers_do_not_move(door, sesame, name):
    sesame[name] = M87
    assert resolve_one(name, door).resolver == "SIMBAD"


def test_an_empty_name_is_refused(street, door):
    assert isinstance(resolve(["  "], door)[0], BadInput)
    assert isinstance(resolve([None], door)[0], BadInput)
    assert not street.asked


def test_a_name_that_only_the_offline_catalogue_has_is_found_there_and_it_is_said(door, sesame):
    (target,) = resolve(["Caldwell 14"], door, now=now)
    assert (target.ra, target.dec) == pytest.approx((35.175, 57.1375))
    assert "no resolver knows this name" in target.said
    (outcome,) = resolve(["simbad:Caldwell 14"], door, now=now)
    assert isinstance(outcome, UnknownTarget)
