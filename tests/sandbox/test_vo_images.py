"""SIA and SIA 2 at the invented publishers, asked by hand: each parameter, each habit of error."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
from astropy.io.votable import parse
from astropy.time import Time

from skyatlas.sandbox import Sandbox

BOREAL = "vo.boreal.example/cgi-bin/siap.pl"
AUSTRAL = "dc.austral.example/wide/q/siap.xml"
MERIDIAN = "archive.meridian.example/sia2/query"
TRAMONTANE = "data.tramontane.example/siap2"
HERE = {"POS": "40.669629,-0.013281", "SIZE": "0.1"}
CIRCLE = "CIRCLE 40.669629 -0.013281 0.01"


def ask(box: Sandbox, path: str, **parameters: Any) -> requests.Response:
    return requests.get(f"{box.url}/{path}", params=parameters, timeout=30)


def rows(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    # SIA's own words (VOX:Image_Title) are no UCDs of any list: nothing to be strict about.
    document = parse(io.BytesIO(answer.content), verify="ignore")
    return document.get_first_table().to_table(use_names_over_ids=True)


def count(box: Sandbox, path: str, **parameters: Any) -> int:
    return len(rows(ask(box, path, **parameters)))


def ids(box: Sandbox, **parameters: Any) -> set[str]:
    return set(rows(ask(box, MERIDIAN, **parameters))["obs_id"])


def test_the_old_service_marks_its_columns_by_old_words_and_the_new_one_says_more(
    box: Sandbox,
) -> None:
    old, new = ask(box, BOREAL, **HERE), ask(box, AUSTRAL, **HERE)
    assert 'version="1.1"' in old.text
    assert "utype=" not in old.text
    assert old.headers["content-type"].startswith("text/xml")
    assert rows(old)["band_hi"][0] == 4900.0
    assert set(rows(old)["band_unit"]) == {"angstrom"}
    assert 'ucd="VOX:WCS_CDMatrix"' in new.text
    assert 'utype="obscore:Curation.PublisherDID"' in new.text
    table = rows(new)
    assert table["band_hi"][0] == pytest.approx(5.5e-7)
    assert len(table["cd"][0]) == 4
    assert table["t_exptime"][0] == 300.0
    middle = Time(table["date_obs"][0]).mjd + 330.0 / 2 / 86400.0  # a tenth is overheads
    assert table["mjd"][0] == pytest.approx(middle, abs=1e-6)
    length = requests.head(table["url"][0], timeout=30).headers["content-length"]
    assert int(length) == table["size"][0]


def test_the_ways_to_intersect_are_four(box: Sandbox) -> None:
    # The images are 0.028 degrees wide, their centres within 0.0015 of the galaxy's.
    edge = {"POS": "40.690,-0.013281", "SIZE": "0.02"}
    centre = {"POS": "40.669629,-0.013281", "SIZE": "0.2"}
    inner = {"POS": "40.669629,-0.013281", "SIZE": "0.005"}
    expected = {
        "OVERLAPS": (3, 3, 3),
        "CENTER": (0, 3, 3),
        "ENCLOSED": (0, 3, 0),
        "COVERS": (0, 0, 3),
    }
    for way, counts in expected.items():
        found = tuple(count(box, AUSTRAL, **one, INTERSECT=way) for one in (edge, centre, inner))
        assert found == counts, way


def test_a_size_of_zero_is_a_point_and_a_huge_one_is_the_sky(box: Sandbox) -> None:
    assert count(box, AUSTRAL, POS=HERE["POS"], SIZE="0") == 3
    assert count(box, AUSTRAL, POS="220,10", SIZE="0") == 0
    assert count(box, AUSTRAL, POS="220,10", SIZE="360") == 21
    assert count(box, AUSTRAL, POS=HERE["POS"] + ";ICRS", SIZE="0.1,0.2") == 3


def test_a_service_that_does_not_know_intersect_says_so(box: Sandbox) -> None:
    answer = ask(box, BOREAL, **HERE, INTERSECT="OVERLAPS")
    assert answer.status_code == 200
    assert '<INFO name="QUERY_STATUS" value="ERROR">' in answer.text
    assert "INTERSECT is not supported" in answer.text


def test_formats_choose_and_metadata_has_parameters_and_no_rows(box: Sandbox) -> None:
    assert count(box, AUSTRAL, **HERE, FORMAT="image/fits") == 3
    assert count(box, AUSTRAL, **HERE, FORMAT="image/jpeg,image/fits") == 3
    assert count(box, AUSTRAL, **HERE, FORMAT="GRAPHIC") == 0
    for path, naxis in ((AUSTRAL, True), (BOREAL, False)):
        answer = ask(box, path, FORMAT="METADATA")
        assert len(rows(answer)) == 0
        assert 'name="INPUT:POS"' in answer.text
        assert ('name="INPUT:NAXIS"' in answer.text) == naxis
        assert ('name="INPUT:INTERSECT"' in answer.text) == naxis
        assert "OVERFLOW" not in answer.text


def test_an_overflow_is_said_where_each_version_lets_it_be_said(box: Sandbox) -> None:
    old, new = (ask(box, path, **HERE, MAXREC="1") for path in (BOREAL, AUSTRAL))
    assert old.text.count("<TR>") == new.text.count("<TR>") == 1
    assert old.text.index("OVERFLOW") < old.text.index("<TABLE>")
    assert new.text.index("OVERFLOW") > new.text.index("</TABLE>")


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"POS": ""}, "POS is missing"),
        ({"POS": "1"}, "POS=1 is no position"),
        ({"POS": "a,b"}, "POS=a,b has something that is no number"),
        ({"POS": "1,91"}, "declination 91.0 is outside"),
        ({"POS": "1,2;GALACTIC"}, "frame GALACTIC is not supported"),
        ({"SIZE": ""}, "SIZE is missing"),
        ({"SIZE": "-1"}, "SIZE=-1 is no width"),
        ({"INTERSECT": "NEAR"}, "INTERSECT=NEAR is unknown"),
        ({"VERB": "7"}, "VERB=7"),
        ({"MAXREC": "many"}, "MAXREC=many"),
        ({"NAXIS": "1.5"}, "NAXIS=1.5"),
        ({"CFRAME": "SGAL"}, "CFRAME=SGAL"),
        ({"RESPONSEFORMAT": "csv"}, "RESPONSEFORMAT=csv"),
        ({"UPLOAD": "a,param:b"}, "UPLOAD is not supported"),
    ],
)
def test_what_makes_no_sense_to_sia_is_an_error_with_status_200(
    box: Sandbox, parameters: dict[str, str], sentence: str
) -> None:
    answer = ask(box, AUSTRAL, **HERE | parameters)
    assert answer.status_code == 200
    assert 'value="ERROR"' in answer.text
    assert sentence in answer.text


def test_sia2_takes_several_places_at_once(box: Sandbox) -> None:
    one, other = ids(box, POS=CIRCLE), ids(box, POS="CIRCLE 10.684708 41.26875 0.01")
    assert (len(one), len(other)) == (4, 3)
    assert ids(box, POS=[CIRCLE, "CIRCLE 10.684708 41.26875 0.01"]) == one | other
    assert ids(box, POS="RANGE 40.6 40.7 -0.1 0.1") == one
    assert ids(box, POS="RANGE 40.6 40.7 -Inf +Inf") == one
    assert ids(box, POS="POLYGON 40.6 -0.1 40.7 -0.1 40.7 0.1 40.6 0.1") == one
    assert not ids(box, POS="CIRCLE 220 10 0.1")


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"BAND": "4.5e-7"}, 1),
        ({"BAND": "4.5e-7 5e-7"}, 2),
        ({"BAND": "-Inf 1e-6"}, 3),
        ({"BAND": ["0.21", "7.5e-7"]}, 2),
        ({"TIME": "57000 57010"}, 2),
        ({"TIME": "57999 +Inf"}, 1),
        ({"POL": "Q"}, 1),
        ({"POL": ["Q", "XX"]}, 1),
        ({"POL": "XX"}, 0),
        ({"FOV": "0.017 0.02"}, 2),
        ({"SPATRES": "0 1.5"}, 2),
        ({"SPECRP": "1 +Inf"}, 2),
        ({"EXPTIME": "300"}, 4),
        ({"TIMERES": "0 1"}, 0),
        ({"ID": "IVO://Meridian.example/~?meridian-ifu-0007.fits"}, 1),
        ({"COLLECTION": "MERIDIAN-IFU"}, 1),
        ({"COLLECTION": ["MERIDIAN-IFU", "MERIDIAN-RADIO"]}, 2),
        ({"FACILITY": "Meridian Array"}, 1),
        ({"INSTRUMENT": "DEEPCAM"}, 2),
        ({"DPTYPE": "cube"}, 2),
        ({"CALIB": ["1", "2"]}, 4),
        ({"CALIB": "3"}, 0),
        ({"TARGET": "M 77"}, 4),
        ({"FORMAT": "application/fits"}, 0),
        ({"FORMAT": "application/x-votable+xml;content=datalink"}, 4),
    ],
)
def test_every_parameter_of_sia2_chooses(
    box: Sandbox, parameters: dict[str, Any], found: int
) -> None:
    assert len(ids(box, POS=CIRCLE, **parameters)) == found


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"POS": "BLOB 1 2"}, "BLOB is not supported"),
        ({"POS": "CIRCLE 1 2"}, "a CIRCLE needs 3 numbers"),
        ({"POS": "CIRCLE 1 95 1"}, "declination 95.0"),
        ({"POS": "CIRCLE 1 NaN 1"}, "not finite"),
        ({"POS": "RANGE 5 4 0 1"}, "reversed"),
        ({"POS": "RANGE 5 4 0"}, "needs 4 numbers"),
        ({"POS": "POLYGON 1 2 3 4"}, "three or more pairs"),
        ({"BAND": "a"}, "BAND=a"),
        ({"BAND": "2 1"}, "reversed"),
        ({"BAND": "1 2 3"}, "no interval"),
        ({"POL": "Z"}, "POL=Z is no polarisation"),
        ({"CALIB": "9"}, "CALIB=9"),
        ({"DPTYPE": "song"}, "DPTYPE=song"),
        ({"MAXREC": "-1"}, "MAXREC=-1"),
        ({"REQUEST": "dance"}, "REQUEST=dance"),
    ],
)
def test_an_error_of_sia2_has_status_400_or_200_by_habit(
    box: Sandbox, parameters: dict[str, str], sentence: str
) -> None:
    for path, status in ((MERIDIAN, 400), (TRAMONTANE, 200)):
        answer = ask(box, path, **parameters)
        assert answer.status_code == status
        assert '<INFO name="QUERY_STATUS" value="ERROR">UsageFault: ' in answer.text
        assert sentence in answer.text


def test_sia2_stops_at_its_limit_and_at_maxrec(box: Sandbox) -> None:
    answer = ask(box, TRAMONTANE, MAXREC="1000")
    assert answer.text.count("<TR>") == 50
    assert answer.text.index("OVERFLOW") > answer.text.index("</TABLE>")
    assert "OVERFLOW" not in ask(box, TRAMONTANE, POS=CIRCLE).text
    none = ask(box, MERIDIAN, POS=CIRCLE, MAXREC="0")
    assert len(rows(none)) == 0
    assert "OVERFLOW" in none.text
    assert 'utype="obscore:Access.Reference"' in none.text
    box.fault("overflow=2")
    assert "OVERFLOW" in ask(box, MERIDIAN, POS=CIRCLE).text


def test_sia_may_lead_to_datalink_too(box: Sandbox) -> None:
    table = rows(ask(box, "archive.meridian.example/sia/query", **HERE))
    assert set(table["format"]) == {"application/x-votable+xml;content=datalink"}
    assert all("/links?ID=" in url for url in table["url"])
