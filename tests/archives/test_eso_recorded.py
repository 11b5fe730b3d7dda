"""This file reads ESO's recorded answers: every one parses, every tree gives astroquery's files."""

from __future__ import annotations

import ast
import csv
import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from skyatlas.archives.eso import adopted, adql, calselector, rows
from skyatlas.archives.eso.instruments import instruments
from skyatlas.errors import Unreadable
from skyatlas.model import Association, Query
from skyatlas.net.unpack import unpack
from skyatlas.obscore import COLUMNS, plain_values
from skyatlas.protocols.votable import results_of

RAW = ("query_main_sgra.csv", "query_inst_sinfoni_sgra.csv")
PHASE3 = ("query_coll_vvv_sgra.csv",)
TREES = (
    "FORS2.2021-01-02T00_59_12.533_raw2raw.xml",
    "FORS2.2021-01-02T00_59_12.533_raw2raw_multipart.xml",
)


@dataclass(frozen=True)
class Recorded:
    """A recorded answer, as the door would give it."""

    content: bytes
    url: str = "https://archive.eso.org/recorded"
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        raise ValueError


@pytest.fixture
def recorded(shared_data: Path) -> Path:
    return shared_data / "responses" / "astroquery_eso"


FORMS = {
    "amber_sgra_query.tbl": "AMBER.2006-03-14T07:40:03.741",
    "main_sgra_query.tbl": "AMBER.2006-03-14T07:40:03.741",
    "vvv_sgra_survey_response.tbl": "ADP.2013-05-14T16:05:24.870",
}
"""Answers of the web forms that astroquery drove up to 0.4.11, each with its first dp_id."""
LISTS = ("query_list_instruments.csv", "query_list_surveys.csv")
CATALOGUES = (
    "query_list_catalogs.csv",
    "query_list_catalogs_all_versions.csv",
    "query_list_catalogs_latest_versions.csv",
    "kids_dr4_sample.csv",
)
"""Of ESO's other TAP service (tap_cat), which skyatlas can read but does not ask."""


def test_every_recorded_answer_of_eso_has_a_test(recorded: Path) -> None:
    ours = {*RAW, *PHASE3, *TREES, *FORMS, *LISTS, "query_apex_ql_5.csv", "testfile.fits.Z"}
    pages = {path.name for path in recorded.glob("*.html")}  # the forms themselves
    assert {path.name for path in recorded.iterdir()} == ours | pages | set(CATALOGUES)


@pytest.mark.parametrize("name", [*RAW, *PHASE3, *LISTS, *CATALOGUES[1:], "query_apex_ql_5.csv"])
def test_the_tap_reader_keeps_every_cell_of_a_recorded_answer(recorded: Path, name: str) -> None:
    table = Table.read(recorded / name, format="ascii.csv")
    wire = BytesIO()
    table.write(wire, format="votable")
    read = results_of(Recorded(wire.getvalue()), archive="eso", wanted="rows").table
    assert len(read) == len(table) > 0
    for column in table.colnames:
        assert plain_values(read[column]) == plain_values(table[column]), column


def test_the_recorded_list_of_catalogues_is_one_of_names(recorded: Path) -> None:
    names = ast.literal_eval(f"[{(recorded / CATALOGUES[0]).read_text().strip().strip('[]')}]")
    assert len(names) > 50
    assert all(isinstance(name, str) for name in names)


def test_a_recorded_web_page_is_never_an_empty_table(recorded: Path) -> None:
    pages = sorted(recorded.glob("*.html"))
    assert len(pages) > 3
    for page in pages:
        with pytest.raises(Unreadable, match="web page"):
            results_of(Recorded(page.read_bytes()), archive="eso", wanted="TAP rows")


@pytest.mark.parametrize("name", FORMS)
def test_tables_of_the_old_web_forms_are_adopted(recorded: Path, name: str) -> None:
    text = (recorded / name).read_bytes().decode("utf-8", "replace").split("\n", 1)[1]
    native = Table.read(text, format="ascii.csv", comment="^#")
    table = adopted.adopt(native)
    assert table is not None
    assert len(table) == len(native) > 40
    assert str(table["dp_id"][0]) == FORMS[name]
    assert table["s_ra"][0] == pytest.approx(266.2, abs=0.3)
    assert table["s_dec"][0] == pytest.approx(-29.1, abs=0.3)
    assert "(" in str(table["proposal_id"][0])


def test_recorded_quicklooks_become_obscore(recorded: Path) -> None:
    native = Table.read(recorded / "query_apex_ql_5.csv", format="ascii.csv")
    table = adopted.adopt(native)
    assert table is not None
    assert list(table["obs_id"]) == list(native["quicklook_id"])
    assert list(table["access_url"]) == list(native["access_url"])
    assert list(table["access_estsize"]) == list(native["access_estsize"])
    assert table["s_ra"].mask.all()


def test_every_recorded_instrument_table_is_in_the_map(recorded: Path) -> None:
    listed = Table.read(recorded / "query_list_instruments.csv", format="ascii.csv")["table_name"]
    assert set(listed) <= {one.table for one in instruments()}


def test_every_recorded_collection_can_be_asked_for(recorded: Path) -> None:
    listed = Table.read(recorded / "query_list_surveys.csv", format="ascii.csv")["obs_collection"]
    question = adql.select(adql.PHASE3, [Query(collections=tuple(str(name) for name in listed))])
    assert all(f"'{name}'" in question for name in listed)


def test_a_recorded_packed_file_is_unpacked(recorded: Path, tmp_path: Path) -> None:
    packed = tmp_path / "testfile.fits.Z"
    packed.write_bytes((recorded / "testfile.fits.Z").read_bytes())
    plain = unpack(packed)
    assert plain.read_bytes().startswith(b"SIMPLE  =")


@pytest.mark.parametrize("name", RAW)
def test_recorded_raw_rows_become_obscore(recorded: Path, name: str) -> None:
    native = Table.read(recorded / name, format="ascii.csv")
    table = rows.raw(native)
    assert [column.name for column in COLUMNS] == table.colnames[: len(COLUMNS)]
    assert len(table) == len(native)
    assert list(table["obs_id"]) == list(native["dp_id"])
    assert set(table["dataproduct_type"]) <= {"cube", "image", "spectrum", "visibility"}
    with (recorded / name).open() as stream:
        first = next(csv.DictReader(stream))
    assert table["s_ra"][0] == float(first["ra"])
    assert table["proposal_id"][0] == first["prog_id"]
    assert table["obs_creator_name"][0] == first["pi_coi"]


def test_a_recorded_raw_frame_has_its_time_to_the_millisecond(recorded: Path) -> None:
    native = Table.read(recorded / "query_main_sgra.csv", format="ascii.csv")
    table = rows.raw(native)
    # exp_start 2013-08-27T01:05:24.327Z; the column mjd_obs (56531.047) is 1.5 minutes coarse.
    assert table["t_min"][0] == pytest.approx(56531.04542045139, abs=1e-8)
    assert table["t_max"][0] - table["t_min"][0] == pytest.approx(300.0 / 86400.0)


@pytest.mark.parametrize("name", PHASE3)
def test_recorded_phase_3_rows_become_obscore(recorded: Path, name: str) -> None:
    native = Table.read(recorded / name, format="ascii.csv")
    table = rows.phase3(native)
    for column in COLUMNS[3:]:
        if column.name not in native.colnames or column.name == "data_rights":
            continue
        theirs, ours = native[column.name], table[column.name]
        blank = np.ma.getmaskarray(theirs)
        assert list(np.ma.getmaskarray(ours)) == list(blank), column.name
        assert [str(a) for a in ours[~blank]] == pytest.approx(
            [str(b) for b in theirs[~blank]]
        ) or np.allclose(ours[~blank].astype(float), theirs[~blank].astype(float), rtol=0, atol=0)


def test_calibration_frames_without_a_real_place_have_none() -> None:
    native = Table({"dp_id": ["X"], "ra": [-596.52323555], "dec": [-596.52323555]})
    table = rows.raw(native)
    assert table["s_ra"].mask[0]
    assert table["s_dec"].mask[0]


@pytest.mark.parametrize("name", TREES)
def test_every_recorded_tree_gives_the_files_that_astroquery_finds(
    recorded: Path, name: str
) -> None:
    from astroquery.eso import Eso

    trees = _trees(recorded / name)
    theirs: set[str] = set()
    for part in _parts(recorded / name):
        theirs |= Eso._get_unique_files_from_association_tree(part.decode())
    assert theirs
    assert frozenset().union(*(tree.product_ids() for tree in trees)) == theirs


def test_a_recorded_tree_keeps_its_shape(recorded: Path) -> None:
    (tree,) = _trees(recorded / TREES[0])
    assert (tree.category, tree.mode) == ("SCI_IMG_2x2_low", "raw")
    assert tree.complete
    assert tree.certified
    assert tree.files == (("FORS2.2021-01-02T00:59:12.533", "SCIENCE_IMG"),)
    flat = tree.needs[0]
    assert (flat.category, len(flat.files)) == ("FLAT_SKY", 5)
    assert flat.needs[0].category == "BIAS"
    assert {node.category for node in tree.walk()} > {"FLAT_SKY", "BIAS"}


def test_a_recorded_multipart_answer_has_a_tree_for_each_frame(recorded: Path) -> None:
    trees = _trees(recorded / TREES[1])
    assert [tree.files[0][0] for tree in trees] == [
        "FORS2.2021-01-02T00:59:12.534",
        "FORS2.2021-01-02T00:59:12.533",
    ]


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"<association", b"plain text"])
def test_what_is_no_tree_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(Unreadable):
        calselector.trees_of(Recorded(body))


def _trees(path: Path) -> list[Association]:
    body = path.read_bytes()
    media = "application/xml;content=calselector"
    if body.startswith(b"--"):
        boundary = body.split(b"\n", 1)[0].strip()[2:].decode()
        media = f'multipart/form-data; boundary="{boundary}"'
    return calselector.trees_of(Recorded(body, headers={"Content-Type": media}))


def _parts(path: Path) -> list[bytes]:
    """The XML documents of a recorded answer, cut out by hand: another way than the parser's."""
    return re.findall(rb"<\?xml.*?\n</association>", path.read_bytes(), re.DOTALL)
