"""This file asks a server on this machine by SIA 1, SIA 2, SSA and cone search, and reads what
arrived there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from fault_server import FaultServer, body, reset

from skyatlas.errors import BadInput, Broken, Refused, Unreachable, Unreadable
from skyatlas.model import Interval, Query, Target
from skyatlas.net.door import StreetDoor
from skyatlas.protocols import scs, sia, sia2, ssa
from skyatlas.protocols.service import Answer, Protocol, Service, asked_url, unsaid

PLACE = Target("M 77", 40.66962987654321, -0.01328123456789)
QUERY = Query(PLACE, 0.1)
NOWHERE = Query(parameters=(("TARGETNAME", "M 77"),))


def votable(rows: int = 1, status: str = "OK", text: str = "", inputs: str = "") -> bytes:
    data = "".join(f"<TR><TD>{row}</TD></TR>" for row in range(rows))
    table = (
        f'<TABLE><FIELD name="n" datatype="int"/><DATA><TABLEDATA>{data}</TABLEDATA></DATA></TABLE>'
    )
    if status == "ERROR":
        table = ""
    return (
        '<VOTABLE version="1.4"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="{status}">{text}</INFO>{inputs}{table}'
        "</RESOURCE></VOTABLE>"
    ).encode()


PAGE = b"<!DOCTYPE html><html><body>Down for maintenance</body></html>"
REFUSAL = votable(status="ERROR", text="UsageFault: unknown parameter INTERSECT")


def service(url: str, protocol: Protocol = "sia", *mirrors: str) -> Service:
    return Service(url, protocol, "vo:ivo://here", mirrors=mirrors)


def arrived(server: FaultServer, number: int = -1) -> list[tuple[str, str]]:
    """The parameters of a request, of its URL and its form."""
    seen = server.seen[number]
    text = "&".join((urlsplit(seen.path).query, seen.body.decode()))
    return parse_qsl(text.strip("&"), keep_blank_values=True)


Ask = Callable[[StreetDoor, Service, Query], Answer]
ASKS: list[tuple[Protocol, Ask]] = [
    ("sia", sia.ask),
    ("sia2", lambda door, service, query: sia2.ask(door, service, [query])),
    ("ssa", ssa.ask),
    ("scs", scs.ask),
]


def test_sia_1_is_asked_as_the_standard_says(server: FaultServer, door: StreetDoor) -> None:
    url = server.on("/sia", body(votable(2)))
    answer = sia.ask(door, service(url), QUERY, verbosity=3)
    sent = dict(arrived(server))
    assert sent["POS"] == "40.66962987654321,-0.01328123456789"
    assert (sent["FORMAT"], sent["INTERSECT"], sent["VERB"]) == ("ALL", "OVERLAPS", "3")
    assert float(sent["SIZE"]) == pytest.approx(0.2)
    assert len(answer.table) == 2
    assert answer.asked == (url + server.seen[0].path.removeprefix("/sia"),)


def test_a_cone_search_is_asked_as_the_standard_says(server: FaultServer, door: StreetDoor) -> None:
    scs.ask(door, service(server.on("/scs", body(votable())), "scs"), QUERY)
    assert dict(arrived(server)) == {
        "RA": "40.66962987654321",
        "DEC": "-0.01328123456789",
        "SR": "0.1",
        "VERB": "2",
    }


def test_ssa_is_asked_as_the_standard_says(server: FaultServer, door: StreetDoor) -> None:
    query = Query(PLACE, 0.1, band=Interval(4e-7, 7.1e-7), time=Interval(57023.0, 57023.5), limit=9)
    ssa.ask(door, service(server.on("/ssa", body(votable())), "ssa"), query)
    assert dict(arrived(server)) == {
        "REQUEST": "queryData",
        "POS": "40.66962987654321,-0.01328123456789",
        "SIZE": "0.2",
        "FORMAT": "all",
        "BAND": "4e-07/7.1e-07",
        "TIME": "2015-01-01T00:00:00/2015-01-01T12:00:00",
        "MAXREC": "10",
    }


def test_ssa_needs_no_place_where_something_else_is_asked(
    server: FaultServer, door: StreetDoor
) -> None:
    ssa.ask(door, service(server.on("/ssa", body(votable())), "ssa"), NOWHERE)
    assert dict(arrived(server)) == {
        "REQUEST": "queryData",
        "FORMAT": "all",
        "TARGETNAME": "M 77",
    }


def test_bands_and_times_of_ssa_take_all_forms() -> None:
    assert ssa.bands([Interval(None, 7e-7)]) == "/7e-07"
    assert ssa.bands([Interval(7e-7, None)]) == "7e-07/"
    assert ssa.bands([Interval(5e-7, 5e-7)]) == "5e-07"
    assert ssa.bands([Interval(1e-7, 2e-7), "K", "OPTICAL"]) == "1e-07/2e-07,K,OPTICAL"
    assert ssa.times(Interval(57023.0, None)) == "2015-01-01T00:00:00/"
    assert ssa.times(Interval(None, 57023.25)) == "/2015-01-01T06:00:00"
    assert ssa.times(Interval(57023.000001, 57023.000001)) == (
        "2015-01-01T00:00:00/2015-01-01T00:00:01"  # outward
    )
    with pytest.raises(BadInput, match="is no date"):
        ssa.times(Interval(-1e9, None))


def test_sia_2_takes_the_filters_of_a_query_and_further_parameters(
    server: FaultServer, door: StreetDoor
) -> None:
    query = Query(
        PLACE,
        0.1,
        kinds=frozenset({"image", "cube"}),
        instruments=("MUSE", "HAWK-I"),
        collections=("A",),
        target_name="M 77",
        band=Interval(None, 7e-7),
        time=Interval(57023.0, None),
        calib_level=Interval(2, None),
        limit=4,
        parameters=(("EXPTIME", "100 +Inf"), ("FOV", "-Inf 2.0"), ("POL", "I"), ("POL", "Q")),
    )
    sia2.ask(door, service(server.on("/sia2", body(votable())), "sia2"), [query])
    assert arrived(server) == [
        ("POS", "CIRCLE 40.66962987654321 -0.01328123456789 0.1"),
        ("BAND", "-Inf 7e-07"),
        ("TIME", "57023.0 +Inf"),
        ("INSTRUMENT", "MUSE"),
        ("INSTRUMENT", "HAWK-I"),
        ("COLLECTION", "A"),
        ("TARGET", "M 77"),
        ("DPTYPE", "cube"),
        ("DPTYPE", "image"),
        ("CALIB", "2"),
        ("CALIB", "3"),
        ("CALIB", "4"),
        ("MAXREC", "5"),
        ("EXPTIME", "100 +Inf"),
        ("FOV", "-Inf 2.0"),
        ("POL", "I"),
        ("POL", "Q"),
    ]


def test_sia_2_asks_several_places_in_one_request(server: FaultServer, door: StreetDoor) -> None:
    places = [Query(Target(str(n), n + 1 / 3, -n / 7), 0.01) for n in range(3)]
    sia2.ask(door, service(server.on("/sia2", body(votable())), "sia2"), places)
    assert arrived(server) == [("POS", f"CIRCLE {n + 1 / 3!r} {-n / 7!r} 0.01") for n in range(3)]
    assert server.seen[0].method == "GET"
    assert len(server.seen) == 1


def test_sia_2_posts_what_is_too_long_for_a_url(server: FaultServer, door: StreetDoor) -> None:
    places = [Query(Target(str(n), n + 1 / 3, -n / 7), 0.01) for n in range(200)]
    url = server.on("/sia2", body(votable())) + "?collection=A&"
    answer = sia2.ask(door, service(url, "sia2"), places)
    assert server.seen[0].method == "POST"
    assert urlsplit(server.seen[0].path).query == "collection=A"
    assert [name for name, _ in arrived(server)] == ["collection"] + ["POS"] * 200
    assert answer.asked[0].count("POS=") == 200


def test_shapes_of_sia_2_are_written_at_full_precision() -> None:
    third = 1 / 3
    assert sia2.circle(third, -third, 1) == f"CIRCLE {third!r} {-third!r} 1.0"
    assert sia2.coordinates(Interval(third, None), Interval(None, -third)) == (
        f"RANGE {third!r} +Inf -Inf {-third!r}"
    )
    assert sia2.polygon([(1, 2), (third, 4), (5, 6)]) == f"POLYGON 1.0 2.0 {third!r} 4.0 5.0 6.0"
    with pytest.raises(BadInput, match="at least 3"):
        sia2.polygon([(1, 2), (3, 4)])


def test_a_place_and_no_place_do_not_go_together(door: StreetDoor) -> None:
    with pytest.raises(BadInput, match="cannot go in one request"):
        sia2.ask(door, service("http://127.0.0.1:9", "sia2"), [QUERY, Query(limit=1)])


@pytest.mark.parametrize(("protocol", "ask"), ASKS)
def test_a_question_about_everything_is_not_sent(
    protocol: Protocol, ask: Ask, door: StreetDoor
) -> None:
    with pytest.raises(BadInput, match="without a place"):
        ask(door, service("http://127.0.0.1:9", protocol), Query())


@pytest.mark.parametrize(("protocol", "ask"), ASKS)
def test_the_querys_own_parameters_replace_ours(
    protocol: Protocol, ask: Ask, server: FaultServer, door: StreetDoor
) -> None:
    name = "SR" if protocol == "scs" else "POS"
    query = replace(QUERY, parameters=((name.lower(), "mine"), ("X", "a&b")))
    ask(door, service(server.on("/s", body(votable())), protocol), query)
    sent = arrived(server)
    assert [value for key, value in sent if key.upper() == name] == ["mine"]
    assert ("X", "a&b") in sent


@pytest.mark.parametrize(
    ("registered", "wanted"),
    [
        ("http://a/s", "http://a/s?POS=1,2"),
        ("http://a/s?", "http://a/s?POS=1,2"),
        ("http://a/s?c=1", "http://a/s?c=1&POS=1,2"),
        ("http://a/s?c=1&", "http://a/s?c=1&POS=1,2"),
        (" http://a/s?c=1&amp;d=2&amp; ", "http://a/s?c=1&d=2&POS=1,2"),
        ("http://a/s?pos=fixed&", "http://a/s?pos=fixed"),
        ("http://a/s?x=%2B1#top", "http://a/s?x=%2B1&POS=1,2"),
    ],
)
def test_parameters_are_added_to_registered_addresses_of_any_form(
    registered: str, wanted: str
) -> None:
    assert asked_url(registered, [("POS", "1,2")]) == wanted


def test_plus_and_blank_survive_the_way() -> None:
    url = asked_url("http://a", [("BAND", "1.0 +Inf"), ("N", "é&=")])
    assert parse_qsl(urlsplit(url).query) == [("BAND", "1.0 +Inf"), ("N", "é&=")]


@pytest.mark.parametrize(("protocol", "ask"), ASKS)
def test_a_mirror_is_asked_where_the_first_address_does_not_answer(
    protocol: Protocol, ask: Ask, server: FaultServer, door: StreetDoor
) -> None:
    gone, failing = server.on("/gone", reset), server.on("/failing", body(PAGE, 500))
    well = server.on("/well", body(votable(3)))
    answer = ask(door, service(gone, protocol, failing, well), QUERY)
    assert len(answer.table) == 3
    assert answer.asked[0].startswith(well)


@pytest.mark.parametrize(("protocol", "ask"), ASKS)
def test_the_first_addresss_failure_is_told_where_all_fail(
    protocol: Protocol, ask: Ask, server: FaultServer, door: StreetDoor
) -> None:
    gone, failing = server.on("/gone", reset), server.on("/failing", body(PAGE, 500))
    with pytest.raises(Unreachable):
        ask(door, service(gone, protocol, failing), QUERY)
    with pytest.raises(Broken):
        ask(door, service(failing, protocol, gone), QUERY)


@pytest.mark.parametrize(("protocol", "ask"), ASKS)
def test_an_answer_that_is_an_error_is_not_taken_to_a_mirror(
    protocol: Protocol, ask: Ask, server: FaultServer, door: StreetDoor
) -> None:
    wrong = server.on("/wrong", body(votable(status="ERROR", text="no such thing"), 400))
    hidden, mirror = server.on("/hidden", body(b"no", 403)), server.on("/m", body(votable()))
    with pytest.raises(Broken, match="no such thing"):
        ask(door, service(wrong, protocol, mirror), QUERY)
    with pytest.raises(Refused):
        ask(door, service(hidden, protocol, mirror), QUERY)
    assert not server.asked("/m")


@pytest.mark.parametrize(("protocol", "ask"), ASKS)
def test_a_web_page_is_no_empty_answer(
    protocol: Protocol, ask: Ask, server: FaultServer, door: StreetDoor
) -> None:
    with pytest.raises(Unreadable, match="web page"):
        ask(door, service(server.on("/s", body(PAGE)), protocol), QUERY)


@pytest.mark.parametrize(("protocol", "ask"), ASKS)
def test_a_cut_answer_says_so(
    protocol: Protocol, ask: Ask, server: FaultServer, door: StreetDoor
) -> None:
    url = server.on("/s", body(votable(2, "OVERFLOW")), body(votable(2)))
    assert ask(door, service(url, protocol), QUERY).truncated
    assert not ask(door, service(url, protocol), QUERY).truncated


@pytest.mark.parametrize(("protocol", "ask"), [ASKS[1], ASKS[2]])
def test_a_limit_is_seen_to_cut_and_only_where_the_service_can_select(
    protocol: Protocol, ask: Ask, server: FaultServer, door: StreetDoor
) -> None:
    there = service(server.on("/s", body(votable(5))), protocol)
    answer = ask(door, there, replace(QUERY, limit=4))
    assert (len(answer.table), answer.truncated) == (4, True)
    # The house will drop rows of other programmes: a limit here would fall on those.
    answer = ask(door, there, replace(QUERY, limit=4, programs=("094.D-0114",)))
    assert (len(answer.table), answer.truncated) == (5, False)
    assert "MAXREC" not in dict(arrived(server))


def test_filters_that_a_protocol_cannot_express_are_known() -> None:
    query = replace(QUERY, band=Interval(1, 2), kinds=frozenset({"spectrum"}), target_name="M*")
    assert unsaid(query, sia.SAYS) == ("kinds", "target_name", "band")
    assert unsaid(query, ssa.SAYS) == ("kinds", "target_name")
    assert unsaid(query, sia2.says(query)) == ("kinds", "target_name")
    plainer = replace(query, kinds=frozenset({"image"}), target_name="M 77")
    assert unsaid(plainer, sia2.says(plainer)) == ()


def test_a_service_that_does_not_know_intersect_is_asked_without(
    server: FaultServer, door: StreetDoor
) -> None:
    there = service(server.on("/sia", body(REFUSAL), body(votable())))
    assert len(sia.ask(door, there, QUERY).table) == 1
    assert [dict(arrived(server, n)).get("INTERSECT") for n in (0, 1)] == ["OVERLAPS", None]
    sia.ask(door, there, QUERY)  # remembered: not asked with it again
    assert len(server.seen) == 3
    assert "INTERSECT" not in dict(arrived(server))


def test_another_error_is_not_blamed_on_intersect(server: FaultServer, door: StreetDoor) -> None:
    url = server.on("/sia", body(votable(status="ERROR", text="POS is no place")))
    with pytest.raises(Broken, match="POS is no place"):
        sia.ask(door, service(url), QUERY)
    assert len(server.seen) == 1


@pytest.mark.parametrize(("module", "protocol"), [(sia, "sia"), (ssa, "ssa")])
def test_the_metadata_question_tells_which_parameters_a_service_takes(
    module: object, protocol: Protocol, server: FaultServer, door: StreetDoor
) -> None:
    inputs = (
        '<PARAM name="INPUT:POS" datatype="char" arraysize="*" value="" unit="deg"/>'
        '<PARAM name="input:bandpassId" datatype="char" arraysize="*" value=""/>'
        '<PARAM name="other" datatype="char" arraysize="*" value="x"/>'
    )
    there = service(server.on("/m", body(votable(0, inputs=inputs))), protocol)
    found = module.metadata(door, there)  # type: ignore[attr-defined]
    assert [(field.name, field.unit) for field in found] == [("POS", "deg"), ("bandpassId", "")]
    assert dict(arrived(server))["FORMAT"] == "METADATA"
