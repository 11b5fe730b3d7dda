"""This file writes small files of own services, right and wrong, and reads them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from skyatlas.archive import Pace
from skyatlas.archives.vo.own import OwnColumn, OwnService, own_services
from skyatlas.errors import AtlasError, BadInput, Unreadable
from skyatlas.obscore import conform
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "own-services.md"
URL = 'url = "https://a.example/tap"\n'


def blocks() -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def read(folder: Path, text: str, name: str = "a.toml") -> OwnService:
    (folder / name).write_text(text, "utf-8")
    (service,) = own_services(folder).values()
    if isinstance(service, AtlasError):
        raise service
    return service


def test_the_page_s_example_is_read(tmp_path: Path) -> None:
    text = blocks()[0]
    assert len([line for line in text.splitlines() if line.strip()]) <= 20
    service = read(tmp_path, text)
    assert service == OwnService(
        name="heidelberg",
        url="https://dc.example.org/plates/q/siap2.xml",
        file=tmp_path / "a.toml",
        title="Plates of Heidelberg",
        protocol="sia2",
        kinds=frozenset({"image"}),
        hosts=("dc.example.org", "files.example.org"),
        pace=Pace(at_once=1, per_second=2.0, files_at_once=4),
        columns={
            "obs_id": OwnColumn("plate"),
            "em_min": OwnColumn("low_edge", "Angstrom"),
            "t_min": OwnColumn("jd_start", "jd"),
            "facility_name": OwnColumn(value="Königstuhl"),
        },
        acknowledgement="This work made use of the plates of Heidelberg.",
    )
    assert hash(service) == hash(read(tmp_path, text))


def test_the_page_s_entry_point_is_nine_lines() -> None:
    entry = blocks()[1]
    assert len(entry.splitlines()) == 9
    assert "skyatlas.archives" in tomllib.loads(entry)["project"]["entry-points"]


def test_only_the_address_must_be_there(tmp_path: Path) -> None:
    service = read(tmp_path, URL, "small.toml")
    assert (service.name, service.title, service.protocol) == ("small", "small", None)
    assert (service.hosts, service.pace, service.kinds) == (("a.example",), Pace(), frozenset())
    assert service.fields() == {}


def test_a_folder_that_is_not_there_holds_no_services(tmp_path: Path) -> None:
    assert own_services(tmp_path / "none") == {}


WRONG = {
    "toml": (URL + "name = x", r"a.toml is no TOML: .*line 2.*; write"),
    "no url": ("protocol = 'tap'", r"a.toml: the address .* write url = "),
    "odd url": ("\nurl = 'ftp://x'", r"line 2: the address"),
    "broken url": ("url = 'http://['", r"line 1: the address"),
    "password": ("url = 'https://me:secret@x.example'", r"line 1: a password .* skyatlas login"),
    "key": (URL + "protocoll = 'tap'", r"line 2: 'protocoll' .* did you mean protocol\?"),
    "protocol": (URL + "protocol = 'siap'", r"line 2: 'siap' means nothing; did you mean sia"),
    "kind": (URL + "\nkinds = ['images']", r"line 3: 'images' .* did you mean image\?"),
    "kinds": (URL + "kinds = 'image'", r'line 2: .* write kinds = \["'),
    "text": (URL + "title = 3", r'line 2: title is a text; write title = "'),
    "name": (URL + "name = 'My Plates'", r"line 2: the name 'My Plates' cannot be typed; write"),
    "pace": (URL + "pace = 3", r"line 2: pace is a table; write \[pace\]"),
    "pace key": (URL + "[pace]\nat_one = 3", r"line 3: 'at_one' .* in \[pace\].* at_once"),
    "at_once": (URL + "[pace]\n\nat_once = 0", r"line 4: at_once is a whole number from 1 to 256"),
    "half": (URL + "[pace]\nat_once = 1.5", r"line 3: at_once is a whole number .* at_once = 2"),
    "per_second": (URL + "[pace]\nper_second = -1", r"line 3: per_second is a number up to 256"),
    "nan": (URL + "[pace]\nper_second = nan", r"line 3: per_second is"),
    "true": (URL + "[pace]\nper_second = true", r"line 3: per_second is"),
    "column": (
        URL + "[columns]\nemin = 'x'",
        r"line 3: 'emin' .*in \[columns\].*did you mean em_min",
    ),
    "ours": (URL + "[columns]\narchive = 'x'", r"line 3: 'archive' means nothing"),
    "misplaced": (URL + "[columns]\nlogin_hint = 'x'", r"line 3: login_hint belongs above"),
    "empty": (URL + "[columns]\nobs_id = ''", r"line 3: obs_id cannot be understood; write"),
    "number": (URL + "[columns]\nobs_id = 3", r"line 3: .* write obs_id = "),
    "both": (URL + "[columns]\nobs_id = {column='x', value='y'}", r"line 3: obs_id cannot be"),
    "colum": (URL + "[columns]\nobs_id = {colum='x'}", r"line 3: 'colum' .* did you mean column"),
    "far": (URL + "[columns.em_min]\ncolumn='x'\nunits='m'", r"line 4: 'units' .*mean unit\?"),
    "value": (URL + "[columns]\nem_min = {value='red'}", r"line 3: .* must be a number, in m$"),
    "whole": (URL + "[columns]\ncalib_level = {value=1.5}", r"line 3: .* a whole number$"),
    "unit": (URL + "[columns]\ns_fov = {column='x', unit='nm'}", r"line 3: 'nm' cannot become deg"),
    "no unit": (URL + "[columns]\nobs_id = {column='x', unit='nm'}", r"'nm' cannot become a text"),
    "odd unit": (URL + "[columns]\nem_max = {column='x', unit='Å ngs'}", r"cannot become m, the"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_sentence_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        read(tmp_path, text)
    assert str(tmp_path / "a.toml") in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_wrong_file_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(URL)
    (tmp_path / "bad.toml").write_text("url =")
    (tmp_path / "named.toml").write_text("name = 'lost'")
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "notes.txt").write_text("no service")
    found = own_services(tmp_path)
    assert set(found) == {"good", "bad", "lost", "latin", "folder"}
    assert isinstance(found.pop("good"), OwnService)
    assert {type(error) for error in found.values()} == {BadInput}


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ((name, error),) = own_services(tmp_path / "file").items()
    assert name == str(tmp_path / "file")
    assert isinstance(error, BadInput)
    assert "SKYATLAS_ARCHIVES" in str(error)


def test_two_files_of_one_name_are_both_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(URL + "name = 'x'")
    (tmp_path / "b.toml").write_text(URL + "name = 'x'")
    ((name, error),) = own_services(tmp_path).items()
    assert name == "x"
    assert "b.toml: a.toml has the name 'x'" in str(error)


def test_nobody_takes_the_name_of_another_archive(tmp_path: Path) -> None:
    (tmp_path / "eso.toml").write_text(URL)
    ((name, error),) = own_services(tmp_path, taken=("eso",)).items()
    assert name == str(tmp_path / "eso.toml")
    assert "another archive has the name 'eso'; write another name" in str(error)


COLUMNS = """
[columns]
obs_id = "plate"
em_min = {column = "nu", unit = "THz"}
em_max = "edge"
t_min = {column = "start", unit = "jd"}
t_max = {column = "end", unit = "iso"}
access_estsize = {column = "bytes", unit = "byte"}
calib_level = {value = 2}
"""


def native() -> Table:
    return Table(
        {
            "PLATE": ["p1", "p2"],
            "nu": MaskedColumn([600.0, 0.0]),
            "edge": MaskedColumn([5000.0, 1.0], mask=[False, True], unit="Angstrom"),
            "start": [2_451_545.0, 2_451_546.25],
            "end": MaskedColumn(["2000-01-01T18:00:00", ""], mask=[False, True]),
            "bytes": [2_000_000, 1_000],
        }
    )


def test_columns_come_in_obscore_s_units(tmp_path: Path) -> None:
    table = conform(native(), read(tmp_path, URL + COLUMNS).fields())
    assert list(table["obs_id"]) == ["p1", "p2"]
    assert table["em_min"][0] == pytest.approx(299_792_458.0 / 600e12, rel=1e-14)
    assert table["em_min"].mask.tolist() == [False, True]  # a frequency of zero
    assert table["em_max"][0] == pytest.approx(5e-7, rel=1e-14)
    assert table["em_max"].mask.tolist() == [False, True]
    np.testing.assert_array_equal(table["t_min"], [51_544.5, 51_545.75])
    assert table["t_max"][0] == 51_544.75
    assert table["t_max"].mask.tolist() == [False, True]
    assert table["access_estsize"].tolist() == [2_000, 1]
    assert table["calib_level"].tolist() == [2, 2]


def test_a_column_that_the_service_does_not_have_is_no_silence(tmp_path: Path) -> None:
    table = native()
    table.remove_column("PLATE")
    with pytest.raises(Unreadable, match=r"without the column 'plate' .*a\.toml.* there are: nu, "):
        conform(table, read(tmp_path, URL + COLUMNS).fields())


@pytest.mark.parametrize(
    ("column", "values", "unit"),
    [("edge", [1.0, 2.0], "s"), ("end", ["yesterday", "today"], None), ("nu", ["a", "b"], "THz")],
)
def test_values_that_cannot_be_converted_are_unreadable(
    tmp_path: Path, column: str, values: list[object], unit: str | None
) -> None:
    table = native()
    table[column] = MaskedColumn(values, unit=unit)
    with pytest.raises(Unreadable, match=rf"a gives .*{column}.*; write .* true unit"):
        conform(table, read(tmp_path, URL + COLUMNS).fields())


def test_an_answer_of_a_server_takes_its_columns_from_the_file(
    tmp_path: Path, box: Sandbox
) -> None:
    from skyatlas.protocols.votable import results_of

    service = read(
        tmp_path,
        """
url = "http://archive.eso.org/ssap"
[columns]
obs_collection = "collection"
s_fov = {column = "APERTURE", unit = "deg"}
dataproduct_type = {value = "spectrum"}
""",
        "spectra.toml",
    )
    asked = {"REQUEST": "queryData", "POS": "40.669629,-0.013281", "SIZE": "0.02"}
    with Session(Settings(sandbox=box.url)) as atlas:
        reply = atlas.door.ask(service.url, params=asked)
        results = results_of(reply, archive=service.name, wanted="spectra")
    table = conform(results.table, service.fields())
    assert len(table) > 4
    assert set(table["dataproduct_type"]) == {"spectrum"}
    assert not table["obs_collection"].mask.any()


def test_a_small_file_is_an_archive_that_is_searched_and_fetched(
    tmp_path: Path, box: Sandbox
) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    (folder / "levante.toml").write_text("""
url = "https://spectra.levante.example/ssap"
protocol = "ssa"
[columns]
facility_name = {value = "Levante"}
s_fov = {column = "APERTURE", unit = "arcmin"}
""")
    (folder / "broken.toml").write_text("url = ")
    with Session(Settings(sandbox=box.url, archives=folder)) as atlas:
        found = atlas.search("NGC 1068", archives="levante", radius="1 arcmin")
        fetched = atlas.fetch(found[:1], tmp_path / "data")
        with pytest.raises(BadInput, match=r"broken\.toml is no TOML"):
            atlas.search("NGC 1068", archives="broken")
    assert found.complete, str(found)
    assert len(found) > 0
    assert set(found["facility_name"]) == {"Levante"}
    assert found["s_fov"][0] > 0
    assert "levante.toml" in found.reports[0].mapping["s_fov"]
    assert fetched.complete, str(fetched)
