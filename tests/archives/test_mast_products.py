"""This file reads MAST's lists of files: which are chosen, each once, and what is told of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from astropy.table import Table
from astroquery.mast import Observations as Peer

from skyatlas.archive import Ask, Pace
from skyatlas.archives.mast import Mast, choice, copies, thanks
from skyatlas.archives.mast.rows import caom
from skyatlas.model import Association, Note, Product, Why
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.sandbox import MAST_TOKENS
from skyatlas.testing import Answer, Request, Server

Row = dict[str, Any]
RECORDED = {
    "obsid": 2003738726,
    "obs_id": "U9O40504M",
    "obs_collection": "HST",
    "instrument_name": "WFPC2/PC",
    "proposal_id": "11312",
    "proposal_pi": "Smith, G. P.",
    "target_name": "R1508-32",
    "dataURL": "mast:HST/product/u9o40504m_drz.fits",
    "dataRights": "PUBLIC",
}
"""The observation that the recorded list of files is of."""


def row(name: str, kind: str = "SCIENCE", *, of: int = 1, **more: Any) -> Row:
    """A row of MAST's list: a file of the observation with the number `of`."""
    return {
        "obsID": of,
        "obs_id": f"o{of}",
        "obs_collection": "JWST",
        "dataURI": f"mast:JWST/product/{name}",
        "productType": kind,
        "productFilename": name,
        "parent_obsid": of,
        **more,
    }


def observation(number: int = 1, **more: Any) -> Row:
    return {"obsid": number, "obs_id": f"o{number}", "obs_collection": "JWST", **more}


def table_of(*observations: Row) -> Table:
    table = caom(list(observations))
    table["target"] = ["my star"] * len(table)
    return table


def json_of(document: object) -> Answer:
    return Answer(json.dumps(document).encode(), "application/json")


def nowhere(uris: Sequence[str]) -> Answer:
    return json_of({uri: {"status_code": 404, "path": None} for uri in uris})


def in_the_bucket(uris: Sequence[str]) -> Answer:
    return json_of({uri: {"status_code": 200, "path": f"/jwst/{uri[18:]}"} for uri in uris})


@contextmanager
def mast(
    list_of: Callable[[list[str]], list[Row] | str] = lambda _: [],
    paths: Callable[[list[str]], Answer] = nowhere,
) -> Iterator[tuple[Server, StreetDoor]]:
    """A MAST on this machine: `list_of` gives the rows for some obsids, or an error's words."""

    def answer(request: Request) -> Answer:
        address = urlsplit(request.path)
        if address.path == "/api/v0.1/path_lookup/":
            return paths(parse_qs(address.query)["uri"])
        asked = json.loads(parse_qs(request.body.decode())["request"][0])
        assert asked["service"] == "Mast.Caom.Products"
        rows = list_of(asked["params"]["obsid"].split(","))
        if isinstance(rows, str):
            return json_of({"status": "ERROR", "msg": rows})
        fields = [{"name": name, "type": "string"} for name in (rows[0] if rows else {})]
        paging = {"pagesFiltered": 1, "rowsFiltered": len(rows)}
        return json_of({"status": "COMPLETE", "data": rows, "fields": fields, "paging": paging})

    hosts = {"mast.stsci.edu": Host("mast", Pace(per_second=0.0), login=True)}
    patience = Patience(tries=1)
    with Server(answer) as server, StreetDoor(hosts, sandbox=server.url, patience=patience) as door:
        yield server, door


Found = tuple[list[Product], list[Note], list[Association]]


def found(table: Table, door: StreetDoor, ask: Ask = Ask(cloud=False)) -> Found:  # noqa: B008
    parts = list(Mast().products(table, door, ask))
    return (
        [part for part in parts if isinstance(part, Product)],
        [part for part in parts if isinstance(part, Note)],
        [part for part in parts if isinstance(part, Association)],
    )


def names(rows: Sequence[Row], ask: Ask, **about: Any) -> list[str | None]:
    """The names of the files that come of such a list for one observation."""
    with mast(lambda _: list(rows)) as (_, door):
        return [one.name for one in found(table_of(observation(**about)), door, ask)[0]]


@pytest.fixture
def recorded(shared_data: Path) -> list[Row]:
    path = shared_data / "responses" / "astroquery_mast" / "products.json"
    return list(json.loads(path.read_text())["data"])


# What is chosen.


def test_without_a_wish_the_recommended_science_files_come(recorded: list[Row]) -> None:
    with mast(lambda _: recorded) as (_, door):
        products, notes, trees = found(table_of(RECORDED), door)
    peer = Peer.filter_products(Table(recorded), mrp_only=True, productType="SCIENCE")
    assert [one.product_id for one in products] == list(peer["dataURI"])
    assert len(products) == 3
    assert (notes, trees) == ([], [])


@pytest.mark.parametrize(
    "wish",
    [
        {"productType": ["SCIENCE"]},
        {"productType": ["science", "!auxiliary"]},
        {"productType": ["!SCIENCE"]},
        {"productSubGroupDescription": ["C0M", "DRZ"]},
        {"productSubGroupDescription": ["!C0M"]},
        {"extension": ["fits"]},
        {"extension": ["drz.FITS", "jpg"]},
        {"size": [">=200000"]},
        {"size": ["<207360", "!31680"]},
        {"size": ["100000..300000"]},
        {"size": ["31680"]},
        {"type": ["S"], "productType": ["SCIENCE"]},
        {"description": ["nothing is described so"]},
    ],
    ids=str,
)
def test_a_choice_gives_what_astroquery_gives(recorded: list[Row], wish: dict[str, Any]) -> None:
    theirs = dict(wish)
    peer = Peer.filter_products(Table(recorded), extension=theirs.pop("extension", None), **theirs)
    ask = Ask(only=tuple((name, tuple(values)) for name, values in wish.items()), cloud=False)
    with mast(lambda _: recorded) as (_, door):
        products, _, _ = found(table_of(RECORDED), door, ask)
    assert [one.product_id for one in products] == list(dict.fromkeys(peer["dataURI"]))


def test_everything_is_every_file_of_the_list_once(recorded: list[Row]) -> None:
    with mast(lambda _: recorded) as (_, door):
        products, _, _ = found(table_of(RECORDED), door, Ask(everything=True, cloud=False))
    assert [p.product_id for p in products] == list(
        dict.fromkeys(one["dataURI"] for one in recorded)
    )


@pytest.mark.parametrize(
    ("pattern", "levels"),
    [
        ("2", [2]),
        ("2..", [2, 3, 4]),
        ("..2", [-1, 1, 2]),
        ("1..3", [1, 2, 3]),
        (">2", [3, 4]),
        ("<=1", [-1, 1]),
        ("!3", [-1, 1, 2, 4, None]),
        ("*", [-1, 1, 2, 3, 4]),
        ("..", []),
    ],
)
def test_numbers_are_chosen_by_value_and_by_range(pattern: str, levels: list[int]) -> None:
    rows = [row(f"{n}", calib_level=n) for n in (-1, 1, 2, 3, 4, None)]
    chosen = names(rows, Ask(only=(("calib_level", (pattern,)),), cloud=False))
    assert chosen == [f"{n}" for n in levels]


def test_a_star_stands_for_anything_and_nothing_else_is_special() -> None:
    rows = [row(name) for name in ("a_i2d.fits", "a_x1d.fits", "a.i2d[1].fits", "b_I2D.fits")]

    def chosen(*values: str) -> list[str | None]:
        return names(rows, Ask(only=(("productFilename", values),), cloud=False))

    assert chosen("a*") == ["a_i2d.fits", "a_x1d.fits", "a.i2d[1].fits"]
    assert chosen("*_i2d*") == ["a_i2d.fits", "b_I2D.fits"]
    assert chosen("a*", "!*x1d*") == ["a_i2d.fits", "a.i2d[1].fits"]
    assert chosen("*[1]*") == ["a.i2d[1].fits"]
    assert chosen("a.i2d") == []


def test_where_none_is_recommended_the_file_that_stands_for_the_observation_comes() -> None:
    rows = [row("a.fits"), row("b.fits"), row("b.jpg", "PREVIEW")]
    ask = Ask(cloud=False)
    assert names(rows, ask, dataURL="mast:JWST/product/b.fits") == ["b.fits"]
    assert names(rows, ask, dataURL="mast:JWST/product/gone.fits") == ["a.fits", "b.fits"]
    assert names(rows, ask) == ["a.fits", "b.fits"]


def test_an_observation_of_which_nothing_is_listed_gives_the_file_that_it_names() -> None:
    with mast() as (_, door):
        products, notes, _ = found(
            table_of(observation(1, dataURL="mast:TESS/product/a_lc.fits"), observation(2)), door
        )
    (product,) = products
    assert product.url.endswith("?uri=mast:TESS/product/a_lc.fits")
    assert (product.product_id, product.name) == ("mast:TESS/product/a_lc.fits", "a_lc.fits")
    assert [(note.why, note.count) for note in notes] == [(Why.ASSUMED, 1)]


LIST = [
    row("a_i2d.fits", productGroupDescription="Minimum Recommended Products"),
    row("a_c3.fits", "CALIBRATION"),
    row("a_i2d.jpg", "PREVIEW"),
    row("a_thumb.jpg", "THUMBNAIL"),
    row("a_trl.txt", "AUXILIARY"),
    row("a_asn.json", "INFO", productSubGroupDescription="ASN"),
    row("m_cal.fits", obsID=2, obs_id="m", productSubGroupDescription="CAL"),
    row("m_cal.jpg", "PREVIEW", obsID=2, obs_id="m"),
    row("m_gs-acq1.fits", "AUXILIARY", obsID=3, obs_id="gs"),
]
"""What MAST lists of an association with one member, and of its guide star."""


@pytest.mark.parametrize(
    ("wish", "more"),
    [
        ({}, []),
        ({"previews": True}, ["a_i2d.jpg", "a_thumb.jpg"]),
        ({"ancillary": True}, ["a_trl.txt", "a_asn.json"]),
        ({"calibrations": "raw"}, ["a_c3.fits"]),
        ({"calibrations": "processed"}, ["a_c3.fits"]),
        ({"progenitors": True}, ["a_asn.json", "m_cal.fits"]),
        ({"everything": True}, [one["productFilename"] for one in LIST[1:]]),
    ],
    ids=str,
)
def test_each_wish_adds_its_files(wish: dict[str, Any], more: list[str]) -> None:
    assert names(LIST, Ask(cloud=False, **wish)) == ["a_i2d.fits", *more]


def test_the_files_say_what_they_are() -> None:
    with mast(lambda _: LIST) as (_, door):
        products, _, _ = found(table_of(observation()), door, Ask(everything=True, cloud=False))
    assert {one.name: one.semantics for one in products} == {
        "a_i2d.fits": "#this",
        "a_c3.fits": "#calibration",
        "a_i2d.jpg": "#preview",
        "a_thumb.jpg": "#thumbnail",
        "a_trl.txt": "#auxiliary",
        "a_asn.json": "#auxiliary",
        "m_cal.fits": "#progenitor",
        "m_cal.jpg": "#preview",
        "m_gs-acq1.fits": "#auxiliary",
    }


def test_an_association_says_which_observation_it_was_made_of() -> None:
    with mast(lambda _: LIST) as (_, door):
        _, _, trees = found(table_of(observation()), door, Ask(progenitors=True, cloud=False))
    (tree,) = trees
    assert tree.category == "o1"
    assert [uri.rpartition("/")[2] for uri, _ in tree.files] == ["a_i2d.fits", "a_asn.json"]
    (member,) = tree.needs
    assert (member.category, member.files) == ("m", (("mast:JWST/product/m_cal.fits", "CAL"),))


# Each once.


def test_a_file_that_many_observations_list_comes_once_and_that_is_said() -> None:
    def shared(numbers: list[str]) -> list[Row]:
        own = [row(f"{n}.fits", of=int(n)) for n in numbers]
        guide = [
            row("gs.fits", "AUXILIARY", of=int(n), obsID=99, obs_id="gs")
            for n in numbers
            for _ in range(3)
        ]
        return own + guide

    with mast(shared) as (_, door):
        products, notes, _ = found(
            table_of(*map(observation, range(1, 6))), door, Ask(everything=True, cloud=False)
        )
    assert Counter(one.name for one in products)["gs.fits"] == 1
    assert len(products) == 6
    assert [(note.why, note.count) for note in notes] == [(Why.ASSUMED, 1)]
    assert "several observations" in notes[0].text


def test_a_file_that_is_listed_twice_for_one_observation_is_no_shared_one() -> None:
    with mast(lambda _: [row("a.fits"), row("a.fits")]) as (_, door):
        products, notes, _ = found(table_of(observation()), door)
    assert len(products) == 1
    assert notes == []


def test_an_observation_that_answers_two_targets_is_asked_for_once() -> None:
    table = table_of(observation(), observation())
    table["target"] = ["first", "second"]
    with mast(lambda numbers: [row("a.fits", of=int(n)) for n in numbers]) as (server, door):
        (product,), _, _ = found(table, door)
    assert product.target == "first"
    assert '"obsid": "1"' in server.seen[0].words


def test_27730_rows_are_one_question_and_few_files() -> None:
    """The list of NGC 1365's JWST images that astroquery's issue 2507 is about."""
    rows = [row("a_i2d.fits", productGroupDescription="Minimum Recommended Products")]
    rows += [
        row(f"gs-{number % 700}.fits", "AUXILIARY", obsID=number, obs_id=f"gs{number}")
        for number in range(27_729)
    ]
    with mast(lambda _: rows) as (server, door):
        products, _, _ = found(table_of(observation()), door)
        everything, _, _ = found(table_of(observation()), door, Ask(everything=True, cloud=False))
    assert [one.name for one in products] == ["a_i2d.fits"]
    assert len(everything) == 701
    assert len(server.seen) == 2


# How MAST is asked.


def test_500_observations_are_asked_for_at_once() -> None:
    asked: list[int] = []

    def listed(numbers: list[str]) -> list[Row]:
        asked.append(len(numbers))
        return [row(f"{n}.fits", of=int(n)) for n in numbers]

    with mast(listed) as (_, door):
        products, _, _ = found(table_of(*map(observation, range(1, 1202))), door)
    assert asked == [500, 500, 201]
    assert [one.name for one in products] == [f"{n}.fits" for n in range(1, 1202)]


def test_what_is_too_much_for_mast_is_asked_in_parts() -> None:
    asked: list[int] = []

    def listed(numbers: list[str]) -> list[Row] | str:
        asked.append(len(numbers))
        if len(numbers) > 130:
            return "Timeout expired."
        return [row(f"{n}.fits", of=int(n)) for n in numbers]

    with mast(listed) as (_, door):
        products, notes, _ = found(table_of(*map(observation, range(1, 501))), door)
    assert asked == [500, 250, 125, 125, 250, 125, 125]
    assert [one.name for one in products] == [f"{n}.fits" for n in range(1, 501)]
    assert notes == []


def test_a_list_that_does_not_come_is_said_and_the_main_files_are_taken() -> None:
    one, other = observation(1, dataURL="mast:JWST/product/a.fits"), observation(2)
    with mast(lambda _: "Something went wrong.") as (server, door):
        products, notes, _ = found(table_of(one, other), door)
    assert [product.name for product in products] == ["a.fits"]
    assert [note.why for note in notes] == [Why.UNANSWERED]
    assert "Something went wrong" in notes[0].text
    assert notes[0].count == 2
    assert len(server.seen) == 1


def test_a_choice_is_not_answered_with_other_files_when_the_list_does_not_come() -> None:
    ask = Ask(only=(("extension", ("jpg",)),), cloud=False)
    with mast(lambda _: "Something went wrong.") as (_, door):
        products, notes, _ = found(
            table_of(observation(dataURL="mast:JWST/product/a.fits")), door, ask
        )
    assert products == []
    assert "is taken" not in notes[0].text


def test_rows_without_a_number_give_their_file_and_say_so_where_more_was_wanted() -> None:
    table = table_of(observation(dataURL="mast:JWST/product/a.fits"))
    table.remove_columns(["obsid", "dataURL"])
    with mast() as (server, door):
        products, notes, _ = found(table, door)
        _, more, _ = found(table, door, Ask(previews=True, cloud=False))
    assert products[0].product_id == "mast:JWST/product/a.fits"
    assert notes == []
    assert [note.why for note in more] == [Why.UNANSWERED]
    assert server.seen == []


def test_full_frames_of_tess_are_left_out_unless_everything_is_wanted() -> None:
    table = table_of(observation(1, target_name="TESS FFI"), observation(2, target_name="TICA FFI"))
    with mast(lambda numbers: [row(f"{n}.fits", of=int(n)) for n in numbers]) as (server, door):
        products, notes, _ = found(table, door)
        assert products == []
        assert server.seen == []
        assert [(note.why, note.count) for note in notes] == [(Why.ASSUMED, 2)]
        assert len(found(table, door, Ask(everything=True, cloud=False))[0]) == 2


def test_a_row_without_an_address_is_no_file() -> None:
    with mast(lambda _: [row("a.fits"), row("b.fits", dataURI=None)]) as (_, door):
        products, notes, _ = found(table_of(observation()), door)
    assert [one.name for one in products] == ["a.fits"]
    assert [(note.why, note.count) for note in notes] == [(Why.UNANSWERED, 1)]


def test_lists_of_old_name_no_parent_and_yet_each_file_finds_its_observation() -> None:
    def listed(numbers: list[str]) -> list[Row]:
        mine = [row(f"{n}.fits", of=int(n)) for n in numbers]
        return [{k: v for k, v in one.items() if k != "parent_obsid"} for one in mine]

    with mast(listed) as (_, door):
        products, _, _ = found(table_of(observation(1), observation(2)), door)
    assert [(one.name, one.obs_id) for one in products] == [("1.fits", "o1"), ("2.fits", "o2")]
    assert {one.target for one in products} == {"my star"}


# What is told of a file.


def test_a_product_tells_where_it_comes_from(recorded: list[Row]) -> None:
    with mast(lambda _: recorded) as (_, door):
        products, _, _ = found(table_of(RECORDED), door)
    drz = next(one for one in products if one.name == "u9o40504m_drz.fits")
    assert drz.url == (
        "https://mast.stsci.edu/api/v0.1/Download/file?uri=mast:HST/product/u9o40504m_drz.fits"
    )
    assert drz.key == "mast:mast:HST/product/u9o40504m_drz.fits"
    assert (drz.obs_id, drz.target, drz.category) == ("U9O40504M", "my star", "SCIENCE.DRZ")
    assert (drz.content_type, drz.semantics) == ("application/fits", "#this")
    facts = {name: drz.provenance[name] for name in (
        "obs_collection", "obs_id", "obsid", "instrument_name", "proposal_id", "obs_creator_name",
        "target_name", "data_rights",
    )}  # fmt: skip
    assert facts == {
        "obs_collection": "HST",
        "obs_id": "U9O40504M",
        "obsid": "2003738726",
        "instrument_name": "WFPC2/PC",
        "proposal_id": "11312",
        "obs_creator_name": "Smith, G. P.",
        "target_name": "R1508-32",
        "data_rights": "public",
    }


def test_sizes_are_estimates_and_none_where_mast_does_not_say() -> None:
    rows = [row("a.fits", size=2880), row("b.fits", size=None), row("c.fits", size=0)]
    with mast(lambda _: rows) as (_, door):
        products, _, _ = found(table_of(observation()), door)
    assert [one.size for one in products] == [2880, None, None]
    assert not any(one.size_exact for one in products)


def test_an_address_within_an_address_is_escaped() -> None:
    """Else MAST sends `dataset parameter is required` with status 200 (astroquery #1892)."""
    uri = "mast:HLA/url/cgi-bin/getdata.cgi?config=ops&dataset=hst_a+b.fits"
    with mast(lambda _: [row("hst_a+b.fits", dataURI=uri)]) as (_, door):
        (product,), _, _ = found(table_of(observation()), door)
    assert parse_qs(urlsplit(product.url).query) == {"uri": [uri]}


# Exclusive access.


def test_files_of_the_exclusive_access_period_are_known_before_they_are_asked_for() -> None:
    rows = [row("a.fits", dataRights="EXCLUSIVE_ACCESS"), row("b.fits", dataRights="PUBLIC")]
    rows += [row("c.fits", dataRights="RESTRICTED"), row("d.fits")]
    with mast(lambda _: rows) as (_, door):
        products, notes, _ = found(table_of(observation(dataRights="PUBLIC")), door)
        rights = [one.provenance["data_rights"] for one in products]
        assert rights == ["proprietary", "public", "secure", "public"]
        assert [(note.why, note.count) for note in notes] == [(Why.PROPRIETARY, 2)]
        assert "skyatlas login mast" in notes[0].text


class Known:
    """Somebody whose token is known."""

    def header(self) -> str:
        return f"token {MAST_TOKENS[0].secret}"

    def renew(self) -> None:
        raise AssertionError


def test_who_is_logged_in_is_not_told_to_log_in() -> None:
    with mast(lambda _: [row("a.fits", dataRights="EXCLUSIVE_ACCESS")]) as (_, door):
        door.credentials.add(Mast.hosts, Known())
        _, notes, _ = found(table_of(observation()), door)
    assert notes == []


# Copies in the cloud.


def many(count: int, **more: Any) -> Callable[[list[str]], list[Row]]:
    return lambda _: [row(f"{number}.fits", **more) for number in range(count)]


def test_copies_are_second_addresses() -> None:
    with mast(many(2), in_the_bucket) as (_, door):
        products, notes, _ = found(table_of(observation()), door, Ask())
    assert [one.mirrors for one in products] == [
        ("https://s3.amazonaws.com/stpubdata/jwst/0.fits",),
        ("https://s3.amazonaws.com/stpubdata/jwst/1.fits",),
    ]
    assert all(one.url.startswith("https://mast.stsci.edu/") for one in products)
    assert notes == []


def test_the_recorded_look_up_is_read(shared_data: Path) -> None:
    path = shared_data / "responses" / "astroquery_mast" / "mast_relative_path.json"
    said = path.read_bytes()
    products = [Product(url="", archive="mast", product_id=uri) for uri in json.loads(said)]
    with mast(paths=lambda _: Answer(said, "application/json")) as (_, door):
        with_them = list(copies.with_copies(products, door, True))
    assert [one.mirrors for one in with_them if isinstance(one, Product)] == [
        ("https://s3.amazonaws.com/stpubdata/hst/public/u9o4/u9o40504m/u9o40504m_c3m.fits",),
        (),
    ]


@pytest.mark.parametrize(
    ("cloud", "count", "questions"),
    [
        (None, 200, [40] * 5),
        (None, 201, []),
        (True, 201, [40] * 5 + [1]),
        (False, 3, []),
    ],
)
def test_copies_are_asked_for_where_that_takes_few_questions_or_is_wanted(
    cloud: bool | None, count: int, questions: list[int]
) -> None:
    asked: list[int] = []

    def paths(uris: list[str]) -> Answer:
        asked.append(len(uris))
        return in_the_bucket(uris)

    with mast(many(count), paths) as (_, door):
        products, _, _ = found(table_of(observation()), door, Ask(cloud=cloud))
    assert asked == questions
    assert len(products) == count
    assert all(bool(one.mirrors) is bool(questions) for one in products)


def test_the_bucket_is_not_asked_for_files_that_are_not_public() -> None:
    asked: list[str] = []

    def paths(uris: list[str]) -> Answer:
        asked.extend(uris)
        return in_the_bucket(uris)

    rows = [row("a.fits", dataRights="EXCLUSIVE_ACCESS"), row("b.fits")]
    with mast(lambda _: rows, paths) as (_, door):
        found(table_of(observation()), door, Ask(cloud=True))
    assert asked == ["mast:JWST/product/b.fits"]


@pytest.mark.parametrize(("cloud", "why"), [(None, Why.ASSUMED), (True, Why.UNANSWERED)])
@pytest.mark.parametrize(
    "answer",
    [Answer(b"oops", "text/html", 500), Answer(b"<html>"), json_of([1]), json_of({"a": 1})],
)
def test_a_look_up_that_fails_costs_no_file(answer: Answer, cloud: bool | None, why: Why) -> None:
    with mast(many(2), lambda _: answer) as (_, door):
        products, notes, _ = found(table_of(observation()), door, Ask(cloud=cloud))
    assert [one.mirrors for one in products] == [(), ()]
    known = [] if answer.body == b'{"a": 1}' else [why]
    assert [note.why for note in notes] == known


def test_a_token_of_mast_never_goes_to_the_bucket() -> None:
    with mast() as (server, door):
        door.credentials.add(Mast.hosts, Known())
        assert door.logged_in("https://mast.stsci.edu/api/v0.1/Download/file?uri=a")
        for host in ("s3.amazonaws.com", "stpubdata.s3.amazonaws.com", "a.mast.stsci.edu"):
            assert not door.logged_in(f"https://{host}/stpubdata/a.fits")
        assert not door.logged_in("http://mast.stsci.edu/api/v0.1/Download/file?uri=a")
        _, headers = door.prepare(f"{copies.BUCKET}/jwst/a.fits")
        assert "Authorization" not in headers
        assert server.seen == []


# Thanks.


def of(collection: str, **facts: str) -> Product:
    return Product(url="", archive="mast", provenance={"obs_collection": collection, **facts})


def test_thanks_are_given_to_each_mission_in_masts_words() -> None:
    products = [of("HST", proposal_id="11312"), of("HST", proposal_id="9822"), of("TESS")]
    text = Mast().acknowledgement(products)
    assert "NASA/ESA Hubble Space Telescope" in text
    assert "associated with program(s) 11312 and 9822." in text
    assert "collected with the TESS mission" in text
    assert "James Webb" not in text


def test_thanks_for_high_level_products_go_to_the_mission_that_they_were_made_from() -> None:
    assert thanks.acknowledgement([of("HLSP", project="TESS")]) == Mast().acknowledgement(
        [of("TESS")]
    )


def test_missions_of_which_no_sentence_is_known_are_named() -> None:
    assert "made with GALEX and IUE, obtained from the MAST" in Mast().acknowledgement(
        [of("IUE"), of("GALEX")]
    )
    assert Mast().acknowledgement([]) == ""


def test_every_column_that_files_are_chosen_by_is_one_of_masts_list(recorded: list[Row]) -> None:
    later = {"calib_level", "dataRights", "filters", "proposal_id"}  # since the answer was recorded
    assert set(Mast.product_columns) - set(choice.SOURCE) <= set(recorded[0]) | later
