"""This file puts cuts into the parameters of services that archives really describe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from recorded import Recorded

from skyatlas.errors import BadInput
from skyatlas.model import Interval, Note, Why
from skyatlas.protocols.datalink import Link, Links, document_of
from skyatlas.protocols.soda import Cut, Request, facts_of, request_of, services_of
from skyatlas.protocols.votable import Descriptor, Field


@pytest.fixture
def links(shared_data: Path):
    def of(name: str) -> Links:
        return document_of(Recorded((shared_data / "responses" / name).read_bytes()), archive="x")

    return of


SODA = "ivo://ivoa.net/std/SODA#sync-1.0"
CIRCLE = Field("CIRCLE", xtype="circle", high="40.67 -0.013 0.0126")
POLYGON = Field("POLYGON", xtype="polygon")
BAND = Field("BAND", xtype="interval", unit="m", low="4e-07", high="7e-07")
ID = Field("ID", datatype="char", value="ivo://example/~?one.fits.gz")
HERE = (40.67, -0.013, 0.001)


def link_to(*inputs: Field, standard: str = SODA, url: str = "http://example.org/cut") -> Link:
    service = Descriptor("s", url, standard, inputs=inputs)
    kind = "application/fits"
    return Link(
        "ivo://example/one", None, "s", None, "#cutout", "", kind, None, {}, service=service
    )


def sent(link: Link, cut: Cut) -> dict[str, str]:
    request = request_of(link, cut)
    assert isinstance(request, Request), request
    return dict(request.parameters)


def test_numbers_keep_all_their_digits() -> None:
    cut = Cut(circle=(40.66962900000001, -1e-9, 1 / 3), band=Interval(5.000000000000001e-7, 6e-7))
    form = sent(link_to(replace(CIRCLE, high=""), BAND, ID), cut)
    assert form["CIRCLE"] == "40.66962900000001 -1e-09 0.3333333333333333"
    assert form["BAND"] == "5.000000000000001e-07 6e-07"


def test_the_address_gives_back_what_was_put_in() -> None:
    request = request_of(link_to(CIRCLE, ID, url="http://example.org/cut?x=1"), Cut(circle=HERE))
    assert isinstance(request, Request)
    assert dict(parse_qsl(urlsplit(request.address).query)) == {
        "x": "1", "ID": ID.value, "CIRCLE": "40.67 -0.013 0.001",
    }  # fmt: skip
    assert "+" not in request.address
    assert request.name == "one_cutout.fits"


@pytest.mark.parametrize(
    ("inputs", "cut", "form"),
    [
        ((Field("POS"),), Cut(circle=(1.0, 2.0, 3.0)), {"POS": "CIRCLE 1.0 2.0 3.0"}),
        ((Field("POS"),), Cut(range=(1.0, 2.0, 3.0, 4.0)), {"POS": "RANGE 1.0 2.0 3.0 4.0"}),
        (
            (Field("pos", xtype="circle"), Field("pos", xtype="polygon")),
            Cut(polygon=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
            {"pos": "POLYGON 1.0 2.0 3.0 4.0 5.0 6.0"},
        ),
        ((Field("place", xtype="circle"),), Cut(circle=HERE), {"place": "40.67 -0.013 0.001"}),
        (
            (
                Field("RA", ucd="pos.eq.ra", xtype="interval", low="359.5", high="360.5"),
                Field("D", ucd="pos.eq.dec", xtype="interval"),
            ),
            Cut(range=(0.125, 0.25, 3.0, 4.0)),
            {"RA": "360.125 360.25", "D": "3.0 4.0"},
        ),
        (
            (Field("wave", ucd="em.wl;stat.interval", xtype="interval", unit="nm"),),
            Cut(band=Interval(5e-7, None)),
            {"wave": "500.0 +Inf"},
        ),
        ((BAND,), Cut(band=Interval(None, 5e-7)), {"BAND": "4e-07 5e-07"}),
        ((Field("TIME"),), Cut(time=Interval(57000.5, 57001.0)), {"TIME": "57000.5 57001.0"}),
        ((Field("POL"),), Cut(pol=("I",)), {"POL": "I"}),
        ((), Cut(circle=HERE), {"CIRCLE": "40.67 -0.013 0.001"}),
    ],
)
def test_a_cut_goes_into_the_parameters_that_the_service_describes(
    inputs: tuple[Field, ...], cut: Cut, form: dict[str, str]
) -> None:
    assert sent(link_to(ID, *inputs), cut) == {"ID": ID.value, **form}


def test_a_box_around_a_circle_holds_it_also_near_the_pole() -> None:
    ra, dec = Field("RA", xtype="interval"), Field("DEC", xtype="interval")
    form = sent(link_to(ID, ra, dec), Cut(circle=(10.0, 60.0, 1.0)))
    low, high = map(float, form["RA"].split())
    assert high - 10.0 == pytest.approx(10.0 - low)
    assert 2.0002 < high - 10.0 < 2.1  # asin(sin 1° / cos 60°) = 2.0003°
    polar = sent(link_to(ID, ra, dec), Cut(circle=(10.0, 89.5, 1.0)))
    assert polar["RA"] == "-170.0 190.0"
    assert polar["DEC"] == "88.5 90.0"


@pytest.mark.parametrize(
    ("cut", "word"),
    [
        (Cut(circle=(41.0, -0.013, 0.01)), "circle"),
        (Cut(polygon=(10.0, 0.0, 10.1, 0.0, 10.1, 0.1)), "polygon"),
        (Cut(range=(10.0, 11.0, 0.0, 1.0)), "range"),
        (Cut(band=Interval(8e-7, 9e-7)), "band"),
        (Cut(circle=HERE, band=Interval(None, 3e-7)), "band"),
    ],
)
def test_a_cut_outside_of_the_limits_is_a_note_and_no_question(cut: Cut, word: str) -> None:
    note = request_of(link_to(CIRCLE, POLYGON, Field("POS"), BAND), cut)
    assert isinstance(note, Note)
    assert note.why is Why.ASSUMED
    assert f"the {word} lies outside" in note.text


@pytest.mark.parametrize(
    "cut",
    [
        Cut(circle=(40.68, -0.013, 0.003)),
        Cut(circle=(40.67, -0.013, 5.0)),
        Cut(band=Interval(7e-7, 9e-7)),
        Cut(range=(0.0, 359.0, -0.1, 0.1)),
    ],
)
def test_a_cut_that_may_touch_is_asked_for(cut: Cut) -> None:
    assert isinstance(request_of(link_to(CIRCLE, Field("POS"), BAND), cut), Request)


@pytest.mark.parametrize("limit", ["nan nan nan", "", "1 2", "nonsense"])
def test_limits_that_say_nothing_are_no_limits(limit: str) -> None:
    inputs = (replace(CIRCLE, high=limit), replace(BAND, low="-Inf", high="nan"))
    cut = Cut(circle=(1.0, 2.0, 0.1), band=Interval(1.0, 2.0))
    assert isinstance(request_of(link_to(*inputs), cut), Request)


def test_what_a_service_cannot_cut_is_said() -> None:
    cut = Cut(circle=HERE, band=Interval(5e-7, 6e-7))
    request = request_of(link_to(CIRCLE), cut)
    assert isinstance(request, Request)
    assert request.not_cut == ("band",)
    assert facts_of(request, cut) == {"cutout": "CIRCLE 40.67 -0.013 0.001", "pixels": "original"}
    none = request_of(link_to(BAND), Cut(circle=HERE))
    assert isinstance(none, Note)
    assert none.why is Why.UNANSWERED


def test_pixels_are_the_dataset_s_own_only_where_the_standard_says_so() -> None:
    cut = Cut(circle=HERE)
    for standard, extra, pixels in (
        (SODA, (), "original"),
        ("", (), "unknown"),
        (SODA, (("SCALE", "2"),), "unknown"),
    ):
        wanted = replace(cut, more=extra)
        request = request_of(link_to(CIRCLE, standard=standard), wanted)
        assert isinstance(request, Request)
        assert facts_of(request, wanted)["pixels"] == pixels


def test_fits_is_asked_for_where_there_is_a_choice() -> None:
    form = Field("FORMAT", datatype="char", options=("application/x-votable+xml", "image/fits"))
    request = request_of(link_to(CIRCLE, form), Cut(circle=HERE))
    assert isinstance(request, Request)
    assert dict(request.parameters)["FORMAT"] == "image/fits"
    table = replace(form, options=("text/csv",))
    request = request_of(replace(link_to(CIRCLE, table), content_type=""), Cut(circle=HERE))
    assert isinstance(request, Request)
    assert request.name is None


def test_two_cuts_of_one_dataset_are_two_pieces() -> None:
    one, other = (request_of(link_to(CIRCLE, ID), Cut(circle=(*HERE[:2], r))) for r in (0.1, 0.2))
    assert isinstance(one, Request)
    assert isinstance(other, Request)
    assert one.key != other.key
    assert one.key.startswith("one_cutout_")


@pytest.mark.parametrize(
    ("name", "count", "jobs"),
    [
        ("pyvo/dal__datalink__cutout1.xml", 2, False),
        ("pyvo/dal__datalink__proc.xml", 1, False),
        ("pyvo/dal__datalink__datalink.xml", 1, False),
        ("astroquery_cadc/datalink_result.xml", 1, False),
        ("astroquery_alma/alma-datalink-recurse-this.xml", 2, False),
        ("astroquery_alma/alma-datalink.xml", 0, False),
        ("astroquery_casda/datalink.xml", 1, True),
        ("astroquery_casda/datalink_noaccess.xml", 0, False),
        ("aladin/datalink.xml", 0, False),
    ],
)
def test_the_services_that_cut_are_found(links, name: str, count: int, jobs: bool) -> None:
    found = services_of(links(name))
    assert len(found) == count
    for link in found:
        circle = [one.high for one in link.service.inputs if one.name == "CIRCLE" and one.high]
        ra, dec, _ = map(float, circle[0].split()) if circle else (10.0, 20.0, 1.0)
        if any(one.name == "FLUXCALIB" for one in link.service.inputs):
            cut = Cut(band=Interval(5e-7, 6e-7))  # a spectrum
        else:
            cut = Cut(circle=(ra, dec, 0.01))
        request = request_of(link, cut)
        assert isinstance(request, Request)
        assert request.asynchronous is jobs


def test_alma_s_address_already_names_the_dataset(links) -> None:
    link = services_of(links("astroquery_alma/alma-datalink-recurse-this.xml"))[0]
    request = request_of(link, Cut(circle=HERE))
    assert isinstance(request, Request)
    assert [name for name, _ in parse_qsl(urlsplit(request.address).query)] == ["ID", "CIRCLE"]
    assert request.name is not None
    assert request.name.startswith("member.uid___A001_X12a3_Xe9.")


def test_what_a_description_fills_in_is_sent_along(links) -> None:
    link = services_of(links("pyvo/dal__datalink__cutout2.xml"))[0]
    form = sent(link, Cut(circle=(79.97, -70.32, 0.1)))
    assert form["RUNID"] == "of051krube49ud2e"
    assert form["ID"] == "ad:MACHO/cal054151r.fits.fz"


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"circle": HERE, "range": (0.0, 1.0, 0.0, 1.0)},
        {"circle": (1.0, 91.0, 1.0)},
        {"circle": (1.0, 1.0, 0.0)},
        {"circle": (float("nan"), 1.0, 1.0)},
        {"circle": (1.0, 1.0)},
        {"polygon": (0.0, 0.0, 1.0, 1.0)},
        {"polygon": (0.0, 0.0, 1.0, 1.0, 1.0)},
        {"range": (2.0, 1.0, 0.0, 1.0)},
        {"pol": ("Z",)},
    ],
)
def test_a_cut_that_makes_no_sense_is_refused(how: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        Cut(**how)  # type: ignore[arg-type]


def test_a_square_has_its_size_and_runs_as_the_standard_says() -> None:
    corners = Cut.square(0.0, 60.0, 0.2).polygon
    assert corners is not None
    ra, dec = corners[0::2], corners[1::2]
    assert dec == pytest.approx((60.1, 60.1, 59.9, 59.9))
    east = [(one + 180.0) % 360.0 - 180.0 for one in ra]
    assert [one > 0 for one in east] == [False, True, True, False]  # north, east, south, west
    assert east[1] == pytest.approx(0.1 / 0.49848, rel=1e-3)
    with pytest.raises(BadInput, match="pole"):
        Cut.square(0.0, 89.95, 0.2)
