"""This file searches SkyView: which surveys are asked for, and what their rows say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from skyatlas.archive import Ask
from skyatlas.archives.skyview import SkyView, asking
from skyatlas.errors import Unreadable
from skyatlas.journeys.search import search
from skyatlas.memory import Memory
from skyatlas.model import Interval, Query, Target, Why
from skyatlas.obscore import said
from skyatlas.testing import Answer, ArchiveRules, Request, Server, relay
from skyatlas.words import band

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

M51 = (202.469575, 47.195258)


class TestSkyView(ArchiveRules):
    archive = SkyView()
    target = M51
    nowhere = (80.89, -69.75)
    filters: ClassVar = {
        "collections": ("FIRST", "NVSS")
    }  # of a part of the sky: others are everywhere
    radius = 0.05

    @pytest.fixture
    def answering(self, box: Sandbox) -> Callable[[Request], Answer]:
        return relay(box.url)


def query(**filters: Any) -> Query:
    return Query(Target("M 51", *M51), 0.05, **filters)


def names(**filters: Any) -> list[str]:
    return [one.name for one in asking.wanted(query(**filters), Memory())[0]]


def test_a_survey_is_meant_by_its_name_its_family_or_its_beginning() -> None:
    assert names(collections=("dss2-red",)) == ["DSS2 Red"]
    assert names(collections=("DSS",)) == ["DSS"]
    assert names(collections=("DSS2",)) == ["DSS2 Red", "DSS2 Blue", "DSS2 IR"]
    assert names(instruments=("2MASS",)) == ["2MASS-J", "2MASS-H", "2MASS-K"]
    assert names(collections=("Planck 545",)) == ["Planck 545 I"]
    assert names(collections=("VVV",)) == []
    assert names(collections=("2MASS",), instruments=("NVSS",)) == []


def test_a_band_chooses_all_surveys_that_have_it() -> None:
    assert {"2MASS-K", "UKIDSS-K", "GOODS: VLT ISAAC Ks"} <= set(names(band=band("K")))
    assert "SFD Dust Map" not in names(band=band("K"))
    assert names(collections=("2MASS",), band=band("K")) == ["2MASS-K"]
    wide = names(band=Interval(1e-9, 1.0))
    assert len(wide) <= asking.MOST_ASKED
    assert "WISE 12" in wide


@pytest.mark.parametrize(
    "filters",
    [
        {"kinds": frozenset({"spectrum"})},
        {"calib_level": Interval(None, 2)},
        {"programs": ("091.B-0088",)},
        {"pi": "Smith"},
        {"target_name": "M51"},
        {"table": "ist.xshooter"},
    ],
    ids=str,
)
def test_images_made_on_request_answer_no_question_about_observations(
    filters: dict[str, Any],
) -> None:
    assert names(**filters) == []
    assert len(names(kinds=frozenset({"image"}), calib_level=Interval(3, None))) > 10


def test_however_many_surveys_are_meant_a_place_is_one_question(
    atlas: Session, box: Sandbox
) -> None:
    found = search([query()], [SkyView()], atlas.door)
    (question,) = [one for one in box.requests if one.path.endswith("/vo/sia.pl")]
    assert question.one("POS") == "202.469575,47.195258"
    assert len(question.one("survey").split(",")) > 10
    assert {"DSS2 Red", "2MASS-K", "NVSS"} <= set(found.table["obs_collection"])
    (note,) = found.reports[0].notes
    assert note.why is Why.ASSUMED
    assert found.complete is True


def test_a_survey_without_an_image_there_has_no_row(atlas: Session) -> None:
    south = Query(Target("LMC", 80.89, -69.75), 0.05, collections=("NVSS", "SUMSS", "DSS2 Red"))
    found = search([south], [SkyView()], atlas.door)
    assert set(found.table["obs_collection"]) == {"SUMSS 843 MHz", "DSS2 Red"}
    assert found.reports[0].notes == ()


def test_a_place_beside_0h_is_asked_for_without_an_exponent(atlas: Session) -> None:
    found = atlas.search((1e-05, -2.5e-07), archives="skyview", collection="NVSS")
    assert [report.error for report in found.reports] == [None]
    assert list(found["obs_id"]) == ["NVSS"]


def test_a_row_is_an_image_of_the_circle_that_is_made_when_it_is_fetched(
    atlas: Session, tmp_path: Path
) -> None:
    found = search([query(collections=("WISE 12",))], [SkyView()], atlas.door)
    (row,) = found.table
    assert (said(row, "calib_level"), said(row, "dataproduct_type")) == (3, "image")
    assert said(row, "s_pixel_scale") == pytest.approx(1.37484)
    assert said(row, "em_min") == pytest.approx(8.81e-6)
    assert 0.1 <= said(row, "s_fov") < 0.101
    (product,) = SkyView().products(found.table, atlas.door, Ask())
    assert product.name == "M_51_wise_12.fits"
    assert product.provenance["pixels"] == "resampled"
    (receipt,) = atlas.fetch(found, tmp_path).receipts
    assert "Position=202.469575,47.195258" in receipt.url
    assert receipt.size > 4 * said(row, "s_xel1") ** 2


def test_a_map_without_a_band_has_no_wavelengths(atlas: Session) -> None:
    wide = Query(Target("M 51", *M51), 1.0, collections=("SFD Dust Map",))
    (row,) = search([wide], [SkyView()], atlas.door).table
    assert (said(row, "em_min"), said(row, "em_max")) == (None, None)


def test_identifiers_differ_by_survey_place_and_size(atlas: Session) -> None:
    places = [query(), Query(Target("other", 10.0, 40.0), 0.05), Query(Target("x", *M51), 0.1)]
    found = search(places, [SkyView()], atlas.door)
    identifiers = list(found.table["obs_publisher_did"])
    assert len(set(identifiers)) == len(identifiers) > 30


def test_a_question_without_a_place_is_not_put_and_that_is_said(atlas: Session) -> None:
    found = search([Query(collections=("NVSS",))], [SkyView()], atlas.door)
    assert [note.why for note in found.reports[0].notes] == [Why.UNANSWERED]


def _sia(fields: str, row: str) -> Answer:
    return Answer(
        f"""<VOTABLE version="1.1" xmlns="http://www.ivoa.net/xml/VOTable/v1.1">
        <RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE>{fields}
        <DATA><TABLEDATA>{row}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>""".encode(),
        "text/xml",
    )


def _asked(answer: Answer) -> list[str]:
    from skyatlas.archive import Pace
    from skyatlas.net.door import Host, Patience, StreetDoor

    hosts = {"skyview.gsfc.nasa.gov": Host("skyview", Pace(at_once=2, per_second=0))}
    patience = Patience(connect=10, silence=30, total=60, tries=1)
    meant = query(collections=("DSS2 Red", "neat"))
    with (
        Server(lambda request: answer) as server,
        StreetDoor(hosts, sandbox=server.url, patience=patience) as door,
    ):
        tables = list(SkyView().search([meant], door))
    return list(tables[0]["obs_collection"])  # type: ignore[index]


FIELD = '<FIELD name="Survey" ucd="VOX:Image_Title" datatype="char" arraysize="*"/>'


def test_a_name_that_only_skyview_knows_is_taken_as_it_is() -> None:
    rows = "".join(f"<TR><TD>{name}</TD></TR>" for name in ("dss2r", "dss2red", "DSS2 Red", "NVSS"))
    assert _asked(_sia(FIELD, rows)) == ["dss2r", "DSS2 Red"]


def test_an_answer_without_surveys_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="no column with the survey"):
        _asked(_sia('<FIELD name="x" datatype="int"/>', "<TR><TD>1</TD></TR>"))


def test_the_recorded_answer_is_read(shared_data: Path) -> None:
    recorded = (shared_data / "responses/pyvo/dal__neat-sia.xml").read_bytes()
    assert _asked(Answer(recorded, "text/xml")) == ["neat"]
