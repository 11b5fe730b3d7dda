"""This file reads the DataLink documents that archives really gave."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from recorded import Recorded

from skyatlas.archive import Ask
from skyatlas.errors import Unreadable
from skyatlas.model import Note, Product, Why
from skyatlas.protocols.datalink import Links, document_of, products_of


@pytest.fixture
def read(shared_data: Path):
    def of(name: str) -> Links:
        return document_of(Recorded((shared_data / "responses" / name).read_bytes()), archive="x")

    return of


ALMA, PYVO, CASDA = "astroquery_alma/alma-", "pyvo/dal__datalink__", "astroquery_casda/"
THIS, AUXILIARY, PROGENITOR, CUTOUT = "#this", "#auxiliary", "#progenitor", "#cutout"
DOCUMENTS = {
    f"{PYVO}datalink.xml": {PROGENITOR: 1, "#proc": 1, THIS: 1, "#preview": 1},
    f"{PYVO}proc.xml": {
        "#proc": 1, THIS: 1, "#preview-image": 1, "#preview": 1, "urn:example:rdf/dlext#oracle": 1,
    },
    f"{PYVO}proc_inf.xml": {"#proc": 1, THIS: 1, "#preview": 1},
    f"{PYVO}proc_units.xml": {"#proc": 1, THIS: 1, "#preview": 1},
    f"{PYVO}cutout1.xml": {THIS: 2, CUTOUT: 4},
    f"{PYVO}cutout2.xml": {THIS: 1, CUTOUT: 2},
    "astroquery_cadc/datalink_result.xml": {
        THIS: 1, CUTOUT: 2, "#preview": 2, "http://www.openadc.org/caom2#thumbnail": 1,
    },
    f"{CASDA}datalink.xml": {THIS: 4, CUTOUT: 1, "#proc": 1},
    f"{CASDA}datalink_noaccess.xml": {"#error": 1},
    f"{ALMA}datalink.xml": {"#documentation": 1, THIS: 2, AUXILIARY: 2, PROGENITOR: 4},
    f"{ALMA}datalink-recurse-this.xml": {THIS: 6, CUTOUT: 2},
    f"{ALMA}datalink-recurse-aux.xml": {AUXILIARY: 42, "#documentation": 6},
    "aladin/datalink.xml": {THIS: 1, "#derived": 3, CUTOUT: 3},
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_row_of_a_recorded_document_is_a_link(read, name: str) -> None:
    links = read(name)
    assert Counter(link.semantics for link in links.rows) == DOCUMENTS[name]
    assert all(link.id for link in links.rows)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_row_without_an_address_never_becomes_a_file(read, name: str) -> None:
    links = read(name)
    everything = Ask(calibrations="raw", ancillary=True, previews=True, progenitors=True)
    offered = {link.access_url for link in links.rows} - {None}
    found = list(products_of(links, everything, Product(url="", obs_id="one")))
    assert {part.url for part in found if isinstance(part, Product)} <= offered
    assert all(part.size is None or part.size > 0 for part in found if isinstance(part, Product))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_service_row_has_the_service_that_it_names(read, name: str) -> None:
    links = read(name)
    meant = [link for link in links.rows if link.service_def and not link.access_url]
    if links.descriptors:
        assert all(link.service is not None for link in meant)
        assert all(link.service.id == link.service_def for link in meant)


def test_services_of_one_name_are_taken_in_the_order_of_their_rows(read) -> None:
    rows = read(f"{ALMA}datalink-recurse-this.xml").of("#cutout")
    assert ["mfs.I" in link.service.access_url for link in rows] == [True, False]
    assert ["cube.I" in link.service.access_url for link in rows] == [False, True]


def test_a_parameter_that_refers_to_a_column_has_the_row_s_value(read) -> None:
    (link,) = read(f"{CASDA}datalink.xml").of("#cutout")
    (identifier,) = [one.value for one in link.service.inputs if one.name == "ID"]
    assert identifier == link.more["authenticated_id_token"] != ""


def test_a_refusal_is_a_gap_in_the_answer(read) -> None:
    links = read(f"{CASDA}datalink_noaccess.xml")
    (note,) = products_of(links, Ask(), Product(url="", obs_id="3242"))
    assert isinstance(note, Note)
    assert note.why is Why.UNANSWERED
    assert "3242" in note.text
    assert "do not have permission" in note.text


def test_what_does_not_apply_but_is_filled_in_does_not_spoil_an_address(read) -> None:
    """The document of the SKA's prototype has the letter a in every unused column."""
    links = read("aladin/datalink.xml")
    assert [link.is_error for link in links.rows] == [False] * 4 + [True] * 3
    assert [link.content_qualifier for link in links.rows][:2] == ["cube", "image"]


def test_only_the_kinds_of_links_that_are_asked_for_become_files(read) -> None:
    links, row = read(f"{PYVO}proc.xml"), Product(url="", obs_id="one")
    assert [part.semantics for part in products_of(links, Ask(), row)] == [THIS]
    found = [part.semantics for part in products_of(links, Ask(previews=True), row)]
    assert found == [THIS, "#preview-image", "#preview"]


def test_an_address_that_is_a_file_is_taken_instead_of_the_whole_dataset(read) -> None:
    links = read(f"{PYVO}proc.xml")
    piece = Product(url="http://example.org/cut?POS=1,2", content_type="image/fits", obs_id="one")
    found = list(products_of(links, Ask(previews=True), piece))
    assert [part.semantics for part in found] == [THIS, "#preview-image", "#preview"]
    assert found[0] == piece
    (behind,) = links.of(THIS)
    assert behind.access_url not in {part.url for part in found}


@pytest.mark.parametrize("name", ["datalink-obscore.xml", "datalink-ssa.xml"])
def test_a_table_of_observations_is_no_document_of_links(read, name: str) -> None:
    with pytest.raises(Unreadable, match="not of links"):
        read(f"{PYVO}{name}")
