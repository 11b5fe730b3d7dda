"""This file asks DataLink services of every temper for the links of many datasets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from datalink_server import LINKS, Asked, Row, serving, votable

from skyatlas.archive import Ask
from skyatlas.errors import Broken, Refused, Unreachable
from skyatlas.model import Product
from skyatlas.net.door import StreetDoor
from skyatlas.protocols.datalink import ask, is_a, links_at, opened, products_of

IDS = [f"ivo://publisher.example/~?survey/data/image {n:03}+{n:03}" for n in range(40)]


@pytest.fixture
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as street:
        yield street


def file_of(one: str) -> Row:
    return (one, f"http://example.org/{one[-1]}.fits", "", "", "#this", "application/fits")


def patient(asked: Asked) -> bytes:
    return votable([file_of(one) for one in asked.ids])


def test_many_datasets_are_asked_for_together_in_urls_that_servers_take(door: StreetDoor) -> None:
    with serving(patient) as service:
        found = ask(door, service.url, IDS, archive="x")
    assert list(found) == IDS
    assert all([link.id for link in links.rows] == [one] for one, links in found.items())
    assert 1 < len(service.asked) < 5
    assert {asked.method for asked in service.asked} == {"GET"}


def test_a_batch_is_never_larger_than_wanted(door: StreetDoor) -> None:
    with serving(patient) as service:
        ask(door, service.url, IDS, archive="x", batch=7)
    assert max(len(asked.ids) for asked in service.asked) == 7


def test_an_identifier_too_long_for_a_url_is_posted(door: StreetDoor) -> None:
    long = "ivo://example/" + "x" * 3000
    with serving(patient) as service:
        found = ask(door, service.url, [long, *IDS[:2]], archive="x")
    assert [asked.method for asked in service.asked] == ["POST", "GET"]
    assert found[long].rows[0].id == long


def test_a_dataset_that_comes_back_in_no_row_is_an_error_row(door: StreetDoor) -> None:
    def forgetful(asked: Asked) -> bytes:
        return votable([file_of(one) for one in asked.ids if one != IDS[3]])

    with serving(forgetful) as service:
        found = ask(door, service.url, IDS[:6], archive="x")
    assert [links.rows[0].is_error for links in found.values()] == [False] * 3 + [True] + [
        False
    ] * 2
    assert "nothing" in (found[IDS[3]].rows[0].error_message or "")
    assert len(service.asked) == 2


def test_one_dataset_that_breaks_the_whole_answer_takes_no_other_with_it(door: StreetDoor) -> None:
    def touchy(asked: Asked) -> bytes | int:
        return 404 if IDS[5] in asked.ids else patient(asked)

    with serving(touchy) as service:
        found = ask(door, service.url, IDS[:16], archive="x")
    failed = {one: links.failure for one, links in found.items() if links.failure is not None}
    assert list(failed) == [IDS[5]]
    assert isinstance(failed[IDS[5]], Refused)
    assert len(service.asked) <= 9


def test_some_unknown_datasets_in_front_do_not_hide_the_others(door: StreetDoor) -> None:
    def touchy(asked: Asked) -> bytes | int:
        return 404 if set(IDS[:4]) & set(asked.ids) else patient(asked)

    with serving(touchy) as service:
        found = ask(door, service.url, IDS[:8], archive="x")
    assert [links.failure is None for links in found.values()] == [False] * 4 + [True] * 4


def test_an_error_row_of_the_service_stays_a_row(door: StreetDoor) -> None:
    def polite(asked: Asked) -> bytes:
        rows = [file_of(one) for one in asked.ids]
        rows[1] = (asked.ids[1], "", "", "NotFoundFault: no such file", "#this", "")
        return votable(rows)

    with serving(polite) as service:
        found = ask(door, service.url, IDS[:3], archive="x")
    assert [links.rows[0].is_error for links in found.values()] == [False, True, False]
    assert all(links.failure is None for links in found.values())
    assert len(service.asked) == 1


@pytest.mark.parametrize("refusal", ["refuses", "looks at the first"])
def test_a_service_that_takes_one_identifier_is_asked_one_by_one(
    door: StreetDoor, refusal: str
) -> None:
    def single(asked: Asked) -> bytes | int:
        if refusal == "refuses" and len(asked.ids) > 1:
            return 400
        return patient(Asked(asked.method, asked.path, asked.ids[:1], {}))

    with serving(single) as service:
        found = ask(door, service.url, IDS[:24], archive="x", batch=8)
    assert all(links.rows[0].id == one for one, links in found.items())
    assert max(len(asked.ids) for asked in service.asked[12:]) == 1
    assert len(service.asked) <= 24 + 5


def test_identifiers_that_come_back_in_another_spelling_are_still_told_apart(
    door: StreetDoor,
) -> None:
    def own_spelling(asked: Asked) -> bytes:
        return votable([(f"x:{one}", *file_of(one)[1:]) for one in asked.ids])

    with serving(own_spelling) as service:
        found = ask(door, service.url, IDS[:5], archive="x")
    assert [links.rows[0].id for links in found.values()] == [f"x:{one}" for one in IDS[:5]]


def test_an_error_document_is_the_failure_of_its_dataset(door: StreetDoor) -> None:
    document = (
        b'<VOTABLE version="1.3"><RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">'
        b"UsageFault: strange ID</INFO></RESOURCE></VOTABLE>"
    )
    with serving(lambda asked: (400, {"Content-Type": LINKS}, document)) as service:
        found = ask(door, service.url, IDS[:1], archive="x")
    assert isinstance(found[IDS[0]].failure, Broken)
    assert "strange ID" in (found[IDS[0]].rows[0].error_message or "")


def test_a_service_that_is_gone_is_not_asked_for_each_dataset(door: StreetDoor) -> None:
    with serving(lambda asked: 404) as service:
        found = ask(door, service.url, IDS, archive="x", batch=20)
    assert all(isinstance(links.failure, Refused) for links in found.values())
    assert len(service.asked) <= 20


def test_a_service_that_cannot_be_reached_fails_every_dataset_and_raises_nothing(
    door: StreetDoor,
) -> None:
    with serving(patient) as service:
        pass
    found = ask(door.within(0.5), service.url, IDS, archive="x", batch=5)
    assert len(found) == len(IDS)
    assert all(isinstance(links.failure, Unreachable) for links in found.values())
    first = found[IDS[0]].failure
    assert all(links.failure is first for links in found.values())  # nobody asked again


def test_whole_addresses_of_one_service_are_asked_together(door: StreetDoor) -> None:
    def either(asked: Asked) -> bytes:
        return patient(asked) if asked.ids else votable([file_of("9")])

    with serving(either) as service:
        urls = [f"{service.url}/links?ID=ivo://eso.org/ID?ADP.{n}" for n in range(3)]
        urls.append(f"{service.url}/of/nine")
        found = links_at(door, urls, archive="x")
    assert list(found) == urls
    assert found[urls[1]].rows[0].id == "ivo://eso.org/ID?ADP.1"
    assert found[urls[3]].rows[0].id == "9"
    assert len(service.asked) == 2


def nested(asked: Asked) -> bytes:
    """Documents within documents: /outer leads to /0 … /9, /circle to itself."""
    here = BASE[0]
    progenitor = ("p", "http://example.org/raw.fits", "", "", "#this", "application/fits")
    preview = ("p", "http://example.org/raw.png", "", "", "#preview", "image/png")
    answers = {
        "/outer": [
            ("a", "http://example.org/a.fits", "", "", "#this", "application/fits"),
            ("a", f"{here}/raw", "", "", "#progenitor", LINKS),
            ("a", f"{here}/circle", "", "", "#progenitor", LINKS),
            ("a", f"{here}/gone", "", "", "#progenitor", LINKS),
            ("a", f"{here}/0", "", "", "#calibration", LINKS),
        ],
        "/raw": [progenitor, preview],
        "/circle": [("c", f"{here}/circle", "", "", "#this", LINKS)],
    }
    for depth in range(9):
        answers[f"/{depth}"] = [("d", f"{here}/{depth + 1}", "", "", "#this", LINKS)]
    return votable(answers[asked.path]) if asked.path in answers else 404


BASE = [""]
"""Where the service is, which is known when it runs."""


def test_documents_within_documents_are_opened_but_never_in_a_circle(door: StreetDoor) -> None:
    with serving(nested) as service:
        BASE[0] = service.url
        outer = links_at(door, [f"{service.url}/outer"], archive="x")[f"{service.url}/outer"]
        everything = opened(door, outer, archive="x", wanted=lambda word: True)
        asked = [one.path for one in service.asked]
        least = opened(door, outer, archive="x", wanted=lambda word: word == "#this")
    rows = [(row.semantics, row.access_url, row.is_error) for row in everything.rows]
    assert rows == [
        ("#this", "http://example.org/a.fits", False),
        ("#progenitor", "http://example.org/raw.fits", False),
        ("#progenitor", None, True),
        ("#progenitor", None, True),
        ("#calibration", None, True),
    ]
    assert asked == ["/outer", "/raw", "/circle", "/gone", "/0", "/1", "/2"]
    assert least == outer
    found = products_of(everything, Ask(progenitors=True), Product(url="", obs_id="a"))
    assert [part.url for part in found if isinstance(part, Product)] == [
        "http://example.org/a.fits",
        "http://example.org/raw.fits",
    ]


def test_the_parts_of_a_file_that_comes_whole_are_opened_only_where_parts_are_wanted(
    door: StreetDoor, shared_data: Path
) -> None:
    """ALMA's tar files have documents of their own, in which the images can be cut (2022)."""
    folder = shared_data / "responses" / "astroquery_alma"

    def alma(asked: Asked) -> bytes:
        (one,) = asked.ids
        name = "alma-datalink.xml"
        if one.endswith(".tar"):
            name = f"alma-datalink-recurse-{'aux' if 'auxiliary' in one else 'this'}.xml"
        return (folder / name).read_bytes().replace(b"https://almascience.org", BASE[0].encode())

    def science(word: str) -> bool:
        return word == "#this"

    with serving(alma) as service:
        BASE[0] = service.url
        url = f"{service.url}/datalink/sync?ID=uid://A001/X12a3/Xe9"
        links = links_at(door, [url], archive="alma")[url]
        whole = opened(door, links, archive="alma", wanted=science)
        asked = len(service.asked)
        parts = opened(door, links, archive="alma", wanted=science, parts=True)
    assert asked == 1
    files = [p for p in products_of(whole, Ask(), Product(url="")) if isinstance(p, Product)]
    assert [file.content_type for file in files] == ["application/x-tar"]
    assert len(parts.of("#cutout")) == 2
    assert len(parts.of("#this")) == 7
    assert len(service.asked) == 2


def test_the_columns_of_version_1_1_are_read_and_words_written_in_full_are_the_same() -> None:
    fields = {
        "ID": "one",
        "access_url": "https://example.org/x.fits",
        "semantics": "http://www.ivoa.net/rdf/datalink/core#preview-image",
        "content_qualifier": "#image",
        "local_semantics": "white",
        "link_auth": "optional",
        "link_authorized": "true",
        "local_colour": "red",
    }
    kinds = dict.fromkeys(fields, 'datatype="char" arraysize="*"')
    kinds["link_authorized"] = 'datatype="boolean"'
    document = (
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        + "".join(f'<FIELD name="{name}" {kind}/>' for name, kind in kinds.items())
        + "<DATA><TABLEDATA><TR>"
        + "".join(f"<TD>{text}</TD>" for text in fields.values())
        + "</TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    with serving(lambda asked: document.encode()) as service, StreetDoor() as street:
        (links,) = links_at(street, [service.url], archive="x").values()
    (link,) = links.rows
    assert link.semantics == "#preview-image"
    assert links.of("#preview") == (link,)
    assert (link.content_qualifier, link.local_semantics) == ("#image", "white")
    assert (link.link_auth, link.link_authorized) == ("optional", True)
    assert link.more == {"local_colour": "red"}


@pytest.mark.parametrize(
    ("word", "wider", "so"),
    [
        ("#cutout", "#proc", True),
        ("#thumbnail", "#preview", True),
        ("#bias", "#calibration", True),
        ("#weight", "#auxiliary", True),
        ("#preview", "#thumbnail", False),
        ("#this", "#this", True),
        ("http://www.openadc.org/caom2#thumbnail", "#preview", False),
    ],
)
def test_narrower_words_are_known_without_asking(word: str, wider: str, so: bool) -> None:
    assert is_a(word, wider) is so
