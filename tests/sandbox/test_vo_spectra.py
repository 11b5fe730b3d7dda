"""SSA and cone search at the invented publishers, asked by hand: parameters, units and errors."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
from astropy.io.votable import parse

from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.sky import distance

LEVANTE = "spectra.levante.example/ssap"
OSTRO = "vo.ostro.example/echelle/ssa.php"
CROWD = "crowd-02.example/ssa"
CONES = {
    "PARAM": "dc.austral.example/sources/q/scs.xml",
    "INFO": "vo.ostro.example/stars/cone.php",
}
HERE = {"REQUEST": "queryData", "POS": "40.669629,-0.013281", "SIZE": "0.1"}
CONE = {"RA": "40.669629", "DEC": "-0.013281", "SR": "0.3"}

pytestmark = [
    # Old services write angstrom, whatever VOUnits thinks of it today.
    pytest.mark.filterwarnings("ignore:The unit 'Angstrom' has been deprecated"),
    # The standard's INPUT:POS is no XML identifier.
    pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.W03"),
]


def ask(box: Sandbox, path: str, **parameters: Any) -> requests.Response:
    return requests.get(f"{box.url}/{path}", params=parameters, timeout=30)


def rows(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    document = parse(io.BytesIO(answer.content), verify="exception")
    return document.get_first_table().to_table(use_names_over_ids=True)


def count(box: Sandbox, path: str = LEVANTE, **parameters: Any) -> int:
    return len(rows(ask(box, path, **HERE | parameters)))


def test_two_services_say_the_same_in_different_units(box: Sandbox) -> None:
    table = rows(ask(box, LEVANTE, **HERE))
    assert {str(table[name].unit) for name in ("WaveMin", "WaveMax")} == {"Angstrom"}
    assert (table["WaveMin"][0], table["WaveMax"][0]) == (3600.0, 5600.0)
    assert table["TimeMin"][0].startswith("2006-09-2")
    length = requests.head(table["AcRef"][0], timeout=30).headers["content-length"]
    assert int(length) == table["Size"][0]
    plain = rows(ask(box, OSTRO, **HERE))
    assert plain["WaveMin"].unit == "m"
    assert plain["WaveMin"][0] == pytest.approx(4.2e-7)
    assert plain["TimeMin"][0] > 52000.0
    length = requests.head(plain["AcRef"][0], timeout=30).headers["content-length"]
    assert plain["Size"][0] == -(-int(length) // 1000)


def test_utypes_are_new_or_old_and_constants_may_be_params(box: Sandbox) -> None:
    new, old = ask(box, LEVANTE, **HERE).text, ask(box, OSTRO, **HERE).text
    assert 'utype="ssa:Access.Reference"' in new
    assert 'utype="Access.Reference"' in old
    assert "ssa:" not in old
    assert "<PARAM" not in new
    assert '<PARAM name="Collection"' in old
    assert 'value="OSTRO-ECHELLE"' in old
    assert '<FIELD name="Collection"' not in old


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, 2),
        ({"POS": "40.72,-0.013281"}, 0),
        ({"POS": "40.7,-0.013281"}, 2),
        ({"SIZE": ""}, 2),
        ({"POS": "", "SIZE": ""}, 16),
        ({"BAND": "3e-7/4e-7"}, 1),
        ({"BAND": "5.5e-7"}, 2),
        ({"BAND": "/3e-7,8e-7/"}, 1),
        ({"BAND": "1e-6/2e-6"}, 0),
        ({"TIME": "2006/2007"}, 2),
        ({"TIME": "2006-10/"}, 0),
        ({"TIME": "2006-09-22T05:05:00"}, 1),
        ({"FORMAT": "application/fits"}, 2),
        ({"FORMAT": "all"}, 2),
        ({"FORMAT": "graphic"}, 0),
        ({"TARGETNAME": "m 77"}, 2),
        ({"TARGETNAME": "M 87"}, 0),
        ({"COLLECTION": "LEVANTE-OPT"}, 2),
        ({"PUBDID": "ivo://levante.example/~?levante-opt-0001.fits"}, 1),
        ({"SPECRP": "100"}, 2),
        ({"SPECRP": "1e6"}, 0),
        ({"SNR": "1"}, 2),
        ({"FORMAT": "METADATA"}, 0),
    ],
)
def test_every_parameter_of_ssa_chooses(
    box: Sandbox, parameters: dict[str, str], found: int
) -> None:
    assert count(box, **parameters) == found


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"REQUEST": "dance"}, "REQUEST=dance is not supported"),
        ({"VERSION": "2.0"}, "VERSION=2.0"),
        ({"POS": "1"}, "POS=1 is no position"),
        ({"SIZE": "wide"}, "SIZE=wide is no number"),
        ({"SIZE": "-1"}, "SIZE=-1 is no diameter"),
        ({"SIZE": "inf"}, "SIZE=inf is no finite number"),
        ({"BAND": "red"}, "BAND=red cannot be read"),
        ({"BAND": "2/1"}, "BAND=2/1 is reversed"),
        ({"TIME": "noon"}, "TIME=noon cannot be read"),
        ({"MAXREC": "x"}, "MAXREC=x"),
        ({"SNR": "good"}, "SNR=good"),
    ],
)
def test_what_makes_no_sense_to_ssa_is_an_error_with_status_200(
    box: Sandbox, parameters: dict[str, str], sentence: str
) -> None:
    answer = ask(box, LEVANTE, **HERE | parameters)
    assert answer.status_code == 200
    assert 'value="ERROR">UsageFault: ' in answer.text
    assert sentence in answer.text


def test_a_request_without_a_verb_is_no_request(box: Sandbox) -> None:
    assert "REQUEST is missing" in ask(box, LEVANTE, POS=HERE["POS"]).text


def test_ssa_says_its_inputs_and_what_is_missing(box: Sandbox) -> None:
    about = ask(box, LEVANTE, REQUEST="queryData", FORMAT="METADATA").text
    assert 'name="INPUT:BAND"' in about
    cut = ask(box, LEVANTE, REQUEST="queryData", MAXREC="3").text
    assert cut.count("<TR>") == 3
    assert cut.index("OVERFLOW") > cut.index("</TABLE>")


@pytest.mark.parametrize("path", CONES.values())
def test_a_cone_holds_what_is_near_and_nothing_else(box: Sandbox, path: str) -> None:
    near, wide = (rows(ask(box, path, **CONE | {"SR": radius, "VERB": "3"})) for radius in "12")
    assert 0 < len(near) <= len(wide)
    names = near.colnames
    for row in near:
        far = distance((40.669629, -0.013281), (row[names[1]], row[names[2]]))
        assert far == pytest.approx(row[names[4]], abs=1e-9)
        assert far <= 1.0
    assert list(near[names[4]]) == sorted(near[names[4]])
    assert len(rows(ask(box, path, **CONE | {"SR": "180"}))) > len(wide) - 1


def test_the_two_cones_speak_different_words(box: Sandbox) -> None:
    new, old = (ask(box, path, **CONE).text for path in CONES.values())
    assert 'ucd="pos.eq.ra;meta.main"' in new
    assert 'ucd="POS_EQ_RA_MAIN"' in old
    assert 'version="1.1"' in old


def test_a_mirror_answers_the_same(box: Sandbox) -> None:
    mirror = "mirror.austral.example/sources/q/scs.xml"
    assert ask(box, mirror, **CONE).content == ask(box, CONES["PARAM"], **CONE).content


def test_a_radius_of_zero_asks_for_the_columns_and_verb_for_more_of_them(box: Sandbox) -> None:
    path = CONES["PARAM"]
    assert len(rows(ask(box, path, **CONE | {"SR": "0"}))) == 0
    widths = [len(rows(ask(box, path, **CONE | {"VERB": verb})).colnames) for verb in "123"]
    assert widths == [3, 4, 5]
    assert "OVERFLOW" in ask(box, path, **CONE | {"MAXREC": "1"}).text


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"RA": ""}, "the parameter RA is missing"),
        ({"RA": "as3f"}, "RA=as3f is no number"),
        ({"RA": "400"}, "RA=400.0 is outside"),
        ({"DEC": "-91"}, "declination -91.0"),
        ({"SR": "181"}, "SR=181.0 is outside"),
        ({"VERB": "9"}, "VERB=9"),
    ],
)
@pytest.mark.parametrize("kind", CONES)
def test_an_error_of_a_cone_is_an_info_or_a_param(
    box: Sandbox, kind: str, parameters: dict[str, str], sentence: str
) -> None:
    answer = ask(box, CONES[kind], **CONE | parameters)
    assert answer.status_code == 200
    assert f'<{kind} ID="Error" name="Error"' in answer.text
    assert sentence in answer.text
    assert "QUERY_STATUS" not in answer.text
