"""DataLink, CalSelector, SSAP and Sesame in the box, asked by hand, by pyvo and by astropy."""

from __future__ import annotations

import email
import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.coordinates.name_resolve import NameResolveError, sesame_database, sesame_url
from astropy.io.votable import parse
from pyvo.dal import DALQueryError, SSAService
from pyvo.dal.adhoc import DatalinkResults

from skyatlas.sandbox import ACCOUNTS, Sandbox, make_world

pytestmark = pytest.mark.usefixtures("closed_sessions")

PI = ACCOUNTS[0]
WORLD = make_world()
ITEMS = WORLD.items.values()
PRODUCT = next(
    item
    for item in ITEMS
    if {link.semantics for link in item.links} >= {"#progenitor", "#preview", "#auxiliary"}
    and not item.proprietary
)
FRAME = next(iter(WORLD.raw2master))
HIDDEN = next(item for item in ITEMS if item.hidden and item.table)
EXTRA = ["eso_category", "eso_datalink", "eso_origfile"]


def rows(answer: requests.Response) -> list[dict[str, object]]:
    document = parse(io.BytesIO(answer.content), verify="exception")
    table = document.get_first_table().to_table(use_names_over_ids=True)
    return [dict(zip(table.colnames, row, strict=True)) for row in table]


def links(box: Sandbox, *dp_ids: str, **headers: str) -> list[dict[str, object]]:
    url = f"{box.url}/archive.eso.org/datalink/links"
    ids = [f"ivo://eso.org/ID?{dp_id}" for dp_id in dp_ids]
    answer = requests.get(url, params={"ID": ids}, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-votable+xml;content=datalink"
    return rows(answer)


def test_a_product_links_to_itself_and_to_all_that_belongs_to_it(box: Sandbox) -> None:
    found = links(box, PRODUCT.dp_id)
    assert list(found[0])[-3:] == EXTRA
    this = found[0]
    assert this["semantics"] == "#this"
    assert this["access_url"] == f"{box.url}/dataportal.eso.org/dataPortal/file/{PRODUCT.dp_id}"
    assert this["content_length"] == len(PRODUCT.make())
    assert this["eso_category"] == PRODUCT.category
    wanted = [link.semantics for link in PRODUCT.links]
    assert [row["semantics"] for row in found[1 : 1 + len(wanted)]] == wanted
    progenitor = next(row for row in found if row["semantics"] == "#progenitor")
    raw = rows(requests.get(str(progenitor["access_url"]), timeout=60))
    words = [str(row["semantics"]).rpartition("#")[2] for row in raw]
    assert words == ["this", "calSelector_raw2raw", "calSelector_raw2master"]
    tree = rows(requests.get(str(raw[1]["access_url"]), timeout=60))
    assert {row["semantics"] for row in tree} >= {"#this", "#calibration"}


def test_pyvo_reads_links_and_the_cutout_service(box: Sandbox) -> None:
    cube = next(item for item in ITEMS if item.row.get("dataproduct_type") == "cube")
    url = f"{box.url}/archive.eso.org/datalink/links?ID=ivo://eso.org/ID?{cube.dp_id}"
    with requests.Session() as session:
        found = DatalinkResults.from_result_url(url, session=session)
        assert found[0].semantics == "#this"
        assert found[0].content_length == len(cube.make())
        (service,) = found.iter_adhocservices()
        assert service.ID == "soda"
        (row,) = [row for row in found if row.semantics == "#cutout"]
        assert row["service_def"] == "soda"
        parameters = {param.name for param in service.groups[0].entries}
        assert parameters == {"ID", "PREFIX", "CIRCLE", "BAND"}


@pytest.mark.parametrize("mark", ["?", "%3F", "%3f"])
def test_the_question_mark_of_an_id_may_be_written_either_way(box: Sandbox, mark: str) -> None:
    url = f"{box.url}/archive.eso.org/datalink/links?ID=ivo://eso.org/ID{mark}{PRODUCT.dp_id}"
    assert rows(requests.get(url, timeout=60))[0]["semantics"] == "#this"


def test_many_ids_are_answered_at_once_also_by_post(box: Sandbox) -> None:
    ids = [PRODUCT.dp_id, "ADP.1999-01-01T00:00:00.000", FRAME]
    data = {"ID": [f"ivo://eso.org/ID?{dp_id}" for dp_id in ids]}
    url = f"{box.url}/archive.eso.org/datalink/links"
    found = rows(requests.post(url, data=data, timeout=60))
    assert {str(row["ID"]).rpartition("?")[2] for row in found} == set(ids)
    (wrong,) = [row for row in found if row["error_message"]]
    assert wrong["error_message"] == "NotFoundFault: no access permission or does not exist"
    assert found == links(box, *ids)


def test_a_protected_file_looks_like_one_that_does_not_exist(box: Sandbox) -> None:
    (row,) = links(box, HIDDEN.dp_id)
    assert row["error_message"]
    form = {"grant_type": "password", "username": PI.username, "password": PI.password}
    answer = requests.get(f"{box.url}/www.eso.org/sso/oidc/token", params=form, timeout=30)
    token = f"Bearer {answer.json()['id_token']}"
    assert not links(box, HIDDEN.dp_id, Authorization=token)[0]["error_message"]


def calibrations(box: Sandbox, *dp_ids: str, **params: str) -> requests.Response:
    url = f"{box.url}/archive.eso.org/calselector/v1/associations"
    return requests.post(url, data={"dp_id": dp_ids, **params}, timeout=60)


def test_one_frame_gives_one_tree(box: Sandbox) -> None:
    answer = calibrations(box, FRAME, mode="raw2raw")
    assert answer.headers["content-type"] == "application/xml;content=calselector"
    name = f'attachment; filename="{FRAME}_raw2raw.xml"'
    assert answer.headers["Content-Disposition"] == name
    root = ET.fromstring(answer.content)
    assert root.attrib["mode"] == "Raw2Raw"
    assert [child.tag for child in root] == ["mainFiles", "messages", "associatedFiles"]
    assert root.find("mainFiles/file").attrib["name"] == FRAME
    by_get = requests.get(f"{answer.url}?dp_id={FRAME}&mode=Raw2Raw", timeout=60)
    assert by_get.content == answer.content


def test_a_tree_has_the_shape_of_the_recorded_one(box: Sandbox, shared_data: Path) -> None:
    folder = shared_data / "responses" / "astroquery_eso"
    recorded = ET.parse(folder / "FORS2.2021-01-02T00_59_12.533_raw2raw.xml").getroot()

    def shape(node: ET.Element) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        return node.tag, tuple(sorted(node.attrib)), tuple(dict.fromkeys(kid.tag for kid in node))

    ours = ET.fromstring(calibrations(box, FRAME).content)
    assert shape(ours) == shape(recorded)
    assert {shape(node) for node in ours.iter()} <= {shape(node) for node in recorded.iter()}


def test_several_frames_give_one_part_each(box: Sandbox) -> None:
    frames = list(WORLD.raw2raw)[:2]
    answer = calibrations(box, *frames, "XSHOO.1999-01-01T00:00:00.000")
    kind = answer.headers["content-type"]
    assert kind.startswith("multipart/form-data")
    message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + answer.content)
    parts = message.get_payload()
    assert [part.get_filename() for part in parts[:2]] == [f"{one}_raw2raw.xml" for one in frames]
    for part in parts:
        assert part.get_content_type() == "application/xml"
        assert int(part["Content-Length"]) == len(part.get_payload(decode=True))
    unknown = ET.fromstring(parts[2].get_payload(decode=True))
    assert "not supported" in unknown.find("messages/message").text
    assert unknown.attrib["complete"] == "false"


def test_raw_calibrations_come_silently_where_processed_ones_are_missing(box: Sandbox) -> None:
    only_raw = next(dp_id for dp_id in WORLD.raw2raw if dp_id not in WORLD.raw2master)

    def mode(dp_id: str) -> str:
        return ET.fromstring(calibrations(box, dp_id, mode="RAW2MASTER").content).attrib["mode"]

    assert mode(FRAME) == "Raw2Master"
    assert mode(only_raw) == "Raw2Raw"
    box.fault("mode-fallback", "calselector")
    assert mode(FRAME) == "Raw2Raw"


def test_the_votable_of_calibrations_says_which_mode_was_carried_out(box: Sandbox) -> None:
    found = rows(calibrations(box, FRAME, mode="Raw2Master", responseformat="votable"))
    assert 'mode="Raw2Master"' in str(found[0]["description"])
    last = found[-1]
    assert last["eso_category"] == "ASSOCIATION_TREE"
    assert requests.get(str(last["access_url"]), timeout=60).content == (
        calibrations(box, FRAME, mode="Raw2Master").content
    )
    names = [row["access_url"] for row in found]
    assert len(names) == len(set(names))
    one = next(row for row in found if row["semantics"] == "#calibration")
    assert requests.get(str(one["access_url"]), timeout=60).status_code == 200


def test_calselector_refuses_what_it_does_not_understand(box: Sandbox) -> None:
    assert calibrations(box).status_code == 400
    assert calibrations(box, FRAME, mode="Raw2Nothing").status_code == 400


@pytest.fixture
def ssa(box: Sandbox) -> Iterator[SSAService]:
    with requests.Session() as session:
        yield SSAService(f"{box.url}/archive.eso.org/ssap", session=session)


SPECTRUM = next(i for i in ITEMS if i.row.get("dataproduct_type") == "spectrum" and not i.hidden)


def test_pyvo_finds_spectra_and_their_files(ssa: SSAService, box: Sandbox) -> None:
    row = SPECTRUM.row
    found = ssa.search(pos=(row["s_ra"], row["s_dec"]), diameter=0.01)
    record = next(one for one in found if one["dp_id"] == SPECTRUM.dp_id)
    assert record.getdataurl().startswith(f"{box.url}/dataportal.eso.org/dataPortal/file/")
    assert record.format == SPECTRUM.content_type
    assert record["em_min"] == row["em_min"]
    table = found.to_table()
    assert str(table["em_max"].unit) == "m"
    assert "COLLECTION" in table.colnames


def test_ssap_chooses_by_band_time_and_collection(ssa: SSAService) -> None:
    place = (SPECTRUM.row["s_ra"], SPECTRUM.row["s_dec"])
    every = ssa.search(pos=place, diameter=0.1)
    collection = SPECTRUM.row["obs_collection"]
    assert set(ssa.search(pos=place, diameter=0.1, COLLECTION=collection)["COLLECTION"]) == {
        collection
    }
    assert len(ssa.search(pos=place, diameter=0.1, band=(1.0, 2.0))) == 0
    assert len(ssa.search(pos=place, diameter=0.1, band=(1e-7, 1e-4))) == len(every)
    assert len(ssa.search(pos=place, diameter=0.1, time=("1990-01-01", "1991-01-01"))) == 0
    assert len(ssa.search(pos=place, diameter=0.1, time=("1990-01-01", "2025-01-01"))) == len(every)
    assert len(ssa.search(pos=(place[0], place[1] + 0.06), diameter=0.1)) == 0


def test_ssap_says_what_is_missing_what_is_wrong_and_what_its_columns_are(
    ssa: SSAService, box: Sandbox
) -> None:
    url = f"{box.url}/archive.eso.org/ssap"
    cut = requests.get(url, params={"REQUEST": "queryData", "MAXREC": "2"}, timeout=30).text
    assert cut.count("<TR>") == 2
    assert "OVERFLOW" in cut
    with pytest.raises(DALQueryError, match="POS=1 is no position"):
        ssa.search(POS="1")
    columns = requests.get(url, params={"FORMAT": "METADATA"}, timeout=30).text
    parse(io.BytesIO(columns.encode()), verify="exception")
    assert "ssa:Access.Reference" in columns
    assert "<TR>" not in columns
    assert "OVERFLOW" not in columns


CDS = "cds.unistra.fr/cgi-bin/nph-sesame"
MIRROR = "vizier.cfa.harvard.edu/viz-bin/nph-sesame"


def sesame(box: Sandbox, rest: str, host: str = CDS) -> str:
    return requests.get(f"{box.url}/{host}/{rest}", timeout=30).text


@pytest.mark.parametrize("host", [CDS, MIRROR])
def test_astropy_finds_a_name(box: Sandbox, host: str) -> None:
    with sesame_url.set([f"{box.url}/{host}/"]), sesame_database.set("simbad"):
        place = SkyCoord.from_name("M 77", cache=False)
        assert abs(place.ra.deg - 40.669629) < 1e-6
        assert abs(place.dec.deg + 0.013281) < 1e-6
        with pytest.raises(NameResolveError):
            SkyCoord.from_name("xyzzy 99", cache=False)


def test_several_names_are_answered_in_their_order(box: Sandbox) -> None:
    text = sesame(box, "-oI/SNV?m77&NGC%20253&xyzzy&ngc0253")
    blocks = text.split("\n# ")
    assert [block.removeprefix("# ").split("\t")[0] for block in blocks] == [
        "m77",
        "NGC 253",
        "xyzzy",
        "ngc0253",
    ]
    assert "%I NGC 1068" in blocks[0]
    assert "#! *** Nothing found ***" in blocks[2]
    assert "%J 11.88800200 -25.28822000" in blocks[3]
    assert "#====Done (" in text


def test_all_resolvers_answer_and_may_mean_different_objects(box: Sandbox) -> None:
    text = sesame(box, "-oI/A?Arp%202")
    simbad, ned = text.index("=Sc=Simbad"), text.index("=N=NED")
    places = [line.split()[1:3] for line in text.splitlines() if line.startswith("%J")]
    assert simbad < ned
    assert abs(float(places[0][1]) - float(places[1][1])) > 10
    first = sesame(box, "-oI/~NS?Arp%202")
    assert first.count("#=") == 1 + 1  # one resolver and the end
    assert "N=NED" in first


def test_xml_holds_targets_and_resolvers(box: Sandbox) -> None:
    root = ET.fromstring(sesame(box, "-oxI/SNV?M%2077&no%20such%20thing"))
    first, second = root.findall("Target")
    assert first.findtext("name") == "M 77"
    resolver = first.find("Resolver")
    assert "Simbad" in resolver.attrib["name"]
    assert float(resolver.findtext("jradeg")) == 40.669629
    assert resolver.findtext("oname") == "M  77"
    assert "NGC 1068" in [alias.text for alias in resolver.findall("alias")]
    assert second.find("Resolver") is None
    assert "Nothing found" in second.findtext("INFO")
    assert not ET.fromstring(sesame(box, "-ox/S?M77")).findall(".//alias")


def test_a_resolver_that_is_down_is_not_a_name_that_is_unknown(box: Sandbox) -> None:
    box.fault("resolver-down", "cds.unistra.fr")
    text = sesame(box, "-oI/SN?M77")
    assert "#!Sc=Simbad" in text
    assert "Nothing found" not in text
    root = ET.fromstring(sesame(box, "-ox/SN?M77"))
    assert len(root.findall("Target/Resolver/ERROR")) == 2
    assert "%J" in sesame(box, "-oI/SN?M77", MIRROR)
