"""This file turns small answers of every habit into ObsCore: names, units, gaps, guesses, links."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
from astropy.table import Table

from skyatlas.obscore import plain_values
from skyatlas.protocols.mapping import obscore_of
from skyatlas.protocols.service import Answer, Protocol, Service
from skyatlas.protocols.votable import results_of

Cells = list[str]
TEXT = 'datatype="char" arraysize="*"'
LINKS = "ivo://ivoa.net/std/DataLink#links-1.1"


@dataclass(frozen=True)
class Given:
    """A document, as the door would give it."""

    content: bytes
    url: str = "https://archive.example/s?POS=1,2"
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def json(self) -> Any:
        raise ValueError


def answer_of(columns: Mapping[str, Cells], params: str = "", after: str = "") -> Answer:
    """A results table; a key is the attributes of a FIELD, with name and datatype left out."""
    fields = ""
    for number, key in enumerate(columns):
        name = "" if "name=" in key else f'name="c{number}"'
        fields += f"<FIELD {name} {key} {'' if 'datatype' in key else TEXT}/>"
    rows = "".join(
        f"<TR>{''.join(f'<TD>{cell}</TD>' for cell in row)}</TR>"
        for row in zip(*columns.values(), strict=True)
    )
    document = (
        f'<VOTABLE version="1.4"><RESOURCE type="results"><TABLE>{params}{fields}'
        f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE>{after}</VOTABLE>"
    )
    results = results_of(Given(document.encode()), archive="here", wanted="rows")
    return Answer(results, asked=("https://archive.example/s?POS=1,2",))


def mapped(
    columns: Mapping[str, Cells],
    protocol: Protocol = "ssa",
    *,
    params: str = "",
    after: str = "",
) -> Table:
    service = Service("https://archive.example/s", protocol, "vo:ivo://here")
    return obscore_of(answer_of(columns, params, after), service)


def first(table: Table, name: str) -> Any:
    return plain_values(table[name][:1])[0]


def ucd(text: str, more: str = "") -> str:
    return f"ucd={quoteattr(text)} {more}"


def utype(text: str, more: str = "") -> str:
    return f"utype={quoteattr(text)} {more}"


@pytest.mark.parametrize(
    "prefix", ["ssa:", "SSA:", "spec:", "", "Spectrum.", "spec:Spectrum.", "sed:SED.", "obscore:"]
)
def test_utypes_count_without_their_model_and_in_any_case(prefix: str) -> None:
    table = mapped(
        {
            utype(f"{prefix}Access.Reference"): ["http://a/1"],
            utype(f"{prefix}TARGET.name"): ["M 77"],
            utype(f"{prefix}Char.SpatialAxis.Coverage.Location.Value"): ["10.5 -3.25"],
        }
    )
    assert first(table, "access_url") == "http://a/1"
    assert first(table, "target_name") == "M 77"
    assert (first(table, "s_ra"), first(table, "s_dec")) == (10.5, -3.25)
    assert table.meta["mapping"]["access_url"] == "given: c0"


@pytest.mark.parametrize(
    ("unit", "low", "high"),
    [
        ("m", "4e-7", "7e-7"),
        ("", "4e-7", "7e-7"),
        ("nm", "400", "700"),
        ("Angstrom", "4000", "7000"),
        ("A", "4000", "7000"),
        ("angstroms", "4000", "7000"),
        ("0.1 nm", "4000", "7000"),
        ("microns", "0.4", "0.7"),
        ("GHz", "749481.145", "428274.940"),
        ("ghz", "749481.145", "428274.940"),
        ("eV", "3.09960496", "1.77120283"),
        ("KEV", "0.00309960496", "0.00177120283"),
    ],
)
def test_wavelengths_of_any_unit_become_metres(unit: str, low: str, high: str) -> None:
    table = mapped(
        {
            utype("ssa:Char.SpectralAxis.Coverage.Bounds.Start", f'unit="{unit}"'): [low],
            utype("ssa:Char.SpectralAxis.Coverage.Bounds.Stop", f'unit="{unit}"'): [high],
        }
    )
    assert first(table, "em_min") == pytest.approx(4e-7, rel=1e-6)
    assert first(table, "em_max") == pytest.approx(7e-7, rel=1e-6)


def test_rising_frequencies_are_falling_wavelengths() -> None:
    table = mapped(
        {
            utype("Char.SpectralAxis.Coverage.Bounds.Start", 'unit="GHz"'): ["100"],
            utype("Char.SpectralAxis.Coverage.Bounds.Stop", 'unit="GHz"'): ["200"],
        }
    )
    assert first(table, "em_min") == pytest.approx(0.299792458 / 200)
    assert first(table, "em_max") == pytest.approx(0.299792458 / 100)


@pytest.mark.parametrize("unit", ["furlong", "kg", "deg"])
def test_a_unit_that_is_none_of_wavelength_gives_nothing(unit: str) -> None:
    table = mapped({utype("Char.SpectralAxis.Coverage.Bounds.Start", f'unit="{unit}"'): ["4e-7"]})
    assert first(table, "em_min") is None
    assert table.meta["mapping"]["em_min"] == "missing"


def test_sia_1_may_name_the_unit_in_every_row() -> None:
    number = 'datatype="double"'
    table = mapped(
        {
            ucd("VOX:BandPass_LoLimit", number): ["4000", "100", "1", "4000"],
            ucd("VOX:BandPass_HiLimit", number): ["7000", "200", "10", "7000"],
            ucd("VOX:BandPass_Unit"): ["angstroms", "gigahertz", "keV", "furlongs"],
        },
        "sia",
    )
    *known, unknown = plain_values(table["em_min"])
    assert known == pytest.approx([4e-7, 0.299792458 / 200, 1.2398419843e-10])
    assert unknown is None


def test_the_middle_of_the_band_stands_in_and_then_its_name() -> None:
    middle = utype("ssa:Char.SpectralAxis.Coverage.Location.Value", 'unit="nm"')
    extent = utype("ssa:Char.SpectralAxis.Coverage.Bounds.Extent", 'unit="nm"')
    name = utype("ssa:DataID.Bandpass")
    table = mapped({middle: ["500", ""], extent: ["100", ""], name: ["K", "Ks"]})
    assert plain_values(table["em_min"]) == pytest.approx([4.5e-7, 2.028e-6])
    assert plain_values(table["em_max"]) == pytest.approx([5.5e-7, 2.29e-6])
    assert table.meta["mapping"]["em_min"] == (
        "guessed: c0 ± half of c1; guessed where it says nothing: the band's name in c2"
    )


def test_the_middle_and_the_width_of_a_band_may_be_frequencies() -> None:
    middle = utype("ssa:Char.SpectralAxis.Coverage.Location.Value", 'unit="GHz"')
    extent = utype("ssa:Char.SpectralAxis.Coverage.Bounds.Extent", 'unit="GHz"')
    table = mapped({middle: ["150"], extent: ["100"]})
    assert first(table, "em_min") == pytest.approx(0.299792458 / 200)
    assert first(table, "em_max") == pytest.approx(0.299792458 / 100)


def test_the_reference_value_of_sia_1_has_the_unit_of_its_row() -> None:
    reference, unit = ucd("VOX:BandPass_RefValue"), ucd("VOX:BandPass_Unit")
    table = mapped({reference: ["5500", "2"], unit: ["angstrom", "keV"]}, "sia")
    assert plain_values(table["em_min"]) == pytest.approx([5.5e-7, 6.199209921660013e-10])


def test_a_guess_beyond_what_is_given_is_none() -> None:
    low = utype("ssa:Char.SpectralAxis.Coverage.Bounds.Start", 'unit="nm"')
    table = mapped({low: ["900"], utype("ssa:DataID.Bandpass"): ["V"]})  # 507 to 595 nm
    assert (first(table, "em_min"), first(table, "em_max")) == (pytest.approx(9e-7), None)


def test_what_is_given_is_not_overwritten_by_a_guess() -> None:
    low = utype("ssa:Char.SpectralAxis.Coverage.Bounds.Start", 'unit="nm"')
    table = mapped({low: ["450", ""], utype("ssa:DataID.Bandpass"): ["V", "V"]})
    assert plain_values(table["em_min"]) == pytest.approx([4.5e-7, 5.07e-7])
    assert table.meta["mapping"]["em_min"].startswith("given: c0 (nm) → m; guessed where")


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ('unit="d" xtype="mjd" datatype="double"', "57023.25"),
        ('unit="d" datatype="double"', "2457023.75"),
        ('xtype="timestamp"', "2015-01-01T06:00:00Z"),
        ("", "2015-01-01 06:00:00.000"),
        ("", "57023.25"),
        ('unit="s"', f"{57023.25 * 86400}"),
    ],
)
def test_dates_of_any_form_become_mjd(attributes: str, text: str) -> None:
    table = mapped({utype("ssa:Char.TimeAxis.Coverage.Bounds.Start", attributes): [text]})
    assert first(table, "t_min") == pytest.approx(57023.25, abs=1e-6)


def test_the_middle_of_an_exposure_gives_its_ends() -> None:
    table = mapped(
        {
            utype("ssa:Char.TimeAxis.Coverage.Location.Value", 'unit="d"'): ["57023.5"],
            utype("ssa:Char.TimeAxis.Coverage.Bounds.Extent", 'unit="h"'): ["2"],
        }
    )
    assert first(table, "t_exptime") == pytest.approx(7200.0)
    assert first(table, "t_min") == pytest.approx(57023.5 - 1 / 24)
    assert first(table, "t_max") == pytest.approx(57023.5 + 1 / 24)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2015-01-01T06:00:00.000", "2015-01-01T06:00:00.000"),
        ("2015-01-01", "2015-01-01"),
        ("57023.25", "2015-01-01T06:00:00"),
        ("2457023.75", "2015-01-01T06:00:00"),
        ("soon", "soon"),
        ("", None),
    ],
)
def test_release_dates_are_calendar_dates(text: str, date: str | None) -> None:
    assert first(mapped({'name="obs_release_date"': [text]}, "tap"), "obs_release_date") == date


def test_an_empty_field_is_no_clue() -> None:
    table = mapped({utype("ssa:DataID.Bandpass"): [""], 'name="filter"': ["V"]})
    assert first(table, "em_min") == pytest.approx(5.07e-7)


@pytest.mark.parametrize(
    ("sign", "unit", "text", "kbytes"),
    [
        (ucd("VOX:Image_FileSize"), "", "14400", 15),
        (ucd("VOX:Image_FileSize"), "bytes", "14000", 14),
        (utype("Access.Size"), "kbyte", "12.5", 13),
        (utype("Access.Size"), "MB", "2", 2000),
        (utype("Access.Size"), "furlong", "2", None),
        ('name="access_estsize"', "", "70", 70),
        (ucd("VOX:Image_FileSize"), "", "-1", None),
    ],
)
def test_sizes_become_kilobytes(sign: str, unit: str, text: str, kbytes: int | None) -> None:
    table = mapped({f'{sign} unit="{unit}"': [text]}, "sia")
    assert first(table, "access_estsize") == kbytes


def test_angles_have_the_units_that_the_column_says() -> None:
    table = mapped(
        {
            utype("ssa:Char.SpatialAxis.Coverage.Bounds.Extent", 'unit="arcsec"'): ["3.6"],
            utype("ssa:Char.SpatialAxis.Resolution"): ["0.001"],  # degrees, says SSA
            ucd("pos.eq.ra;meta.main", 'unit="degrees"'): ["-10"],
            ucd("pos.eq.dec;meta.main", 'unit="arcmin"'): ["60"],
        }
    )
    assert first(table, "s_fov") == pytest.approx(0.001)
    assert first(table, "s_resolution") == pytest.approx(3.6)
    assert (first(table, "s_ra"), first(table, "s_dec")) == pytest.approx((350.0, 1.0))


def test_what_is_no_place_on_the_sky_is_no_place() -> None:
    table = mapped(
        {ucd("POS_EQ_RA_MAIN"): ["-596.5", "1"], ucd("POS_EQ_DEC_MAIN"): ["-596.5", "2"]}
    )
    assert plain_values(table["s_ra"]) == [None, 1.0]
    assert plain_values(table["s_dec"]) == [None, 2.0]


def test_a_place_in_another_frame_is_not_taken_for_icrs() -> None:
    place = utype("ssa:Char.SpatialAxis.Coverage.Location.Value")
    frame = f'<PARAM name="f" {TEXT} utype="ssa:CoordSys.SpaceFrame.Name" value="%s"/>'
    galactic = mapped({place: ["10 20"]}, params=frame % "GALACTIC")
    assert first(galactic, "s_ra") is None
    assert galactic.meta["mapping"]["s_ra"] == "missing: the service gives it in GALACTIC"
    assert first(mapped({place: ["10 20"]}, params=frame % "FK5"), "s_ra") == 10.0


def test_services_with_the_oldest_ucds_only_are_understood() -> None:
    columns = {
        ucd("ID_MAIN"): ["star 1"],
        ucd("POS_EQ_RA_MAIN", 'datatype="double"'): ["10.123456789012"],
        ucd("POS_EQ_DEC_MAIN", 'datatype="double"'): ["-1.5"],
        ucd("PHOT_MAG_V", 'datatype="float"'): ["12.34"],
    }
    table = mapped(columns, "scs")
    assert first(table, "obs_id") == "star 1"
    assert first(table, "s_ra") == 10.123456789012
    assert first(table, "dataproduct_type") == "measurements"
    assert json.loads(table["native"][0]) == {"c3": 12.34}


def test_the_native_record_is_json_whatever_the_arrays_hold() -> None:
    table = mapped(
        {
            'name="whole" datatype="int" arraysize="*"': ["1 2", ""],
            'name="gaps" datatype="double" arraysize="*"': ["1.5 NaN 3", "NaN"],
            'name="fixed" datatype="float" arraysize="2"': ["0.1 +Inf", ""],
            'name="flag" datatype="boolean"': ["T", "?"],
            'name="quoted"': ["a &quot;b&quot; \\ c", ""],
        },
        "tap",
    )
    full, empty = map(json.loads, table["native"])
    assert full["whole"] == [1, 2]
    assert full["gaps"] == [1.5, None, 3.0]
    assert full["fixed"] == [pytest.approx(0.1), None]
    assert (full["flag"], full["quoted"]) == (True, 'a "b" \\ c')
    assert {name for name, value in empty.items() if value} == set()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Spectrum", "spectrum"),
        ("SPECTRUM", "spectrum"),
        ("TimeSeries", "timeseries"),
        ("SED", "sed"),
        ("http://www.ivoa.net/rdf/product-type#timeseries", "timeseries"),
        ("", "spectrum"),
    ],
)
def test_kinds_of_spectra_are_obscores(said: str, kind: str) -> None:
    assert first(mapped({utype("ssa:Dataset.Type"): [said]}), "dataproduct_type") == kind


def test_an_image_with_a_third_axis_is_a_cube() -> None:
    table = mapped(
        {
            ucd("VOX:Image_Naxes", 'datatype="int"'): ["2", "3", "3"],
            ucd("VOX:Image_Naxis", 'datatype="int" arraysize="*"'): ["9 9", "9 9 50", "9 9 1"],
        },
        "sia",
    )
    assert plain_values(table["dataproduct_type"]) == ["image", "cube", "image"]
    assert plain_values(table["s_xel1"]) == [9, 9, 9]


@pytest.mark.parametrize(
    ("attributes", "text", "region"),
    [
        ('datatype="double" arraysize="*" xtype="polygon"', "1 2 3 4 5 6",
         "POLYGON ICRS 1.0 2.0 3.0 4.0 5.0 6.0"),
        ('datatype="double" arraysize="3" xtype="circle"', "1 2 0.5", "CIRCLE ICRS 1.0 2.0 0.5"),
        ('datatype="double" arraysize="3"', "1 2 0.5", "CIRCLE ICRS 1.0 2.0 0.5"),
        ("", "Polygon J2000 1 2 3 4 5 6", "Polygon J2000 1 2 3 4 5 6"),
        ("", "somewhere", None),
    ],
)  # fmt: skip
def test_shapes_in_columns_become_outlines(attributes: str, text: str, region: str | None) -> None:
    table = mapped({f'name="s_region" {attributes}': [text]}, "sia2")
    assert first(table, "s_region") == region


def test_a_name_counts_only_where_nothing_better_is_said() -> None:
    trusted = mapped({'name="telescope"': ["VLT"]})
    assert first(trusted, "facility_name") == "VLT"
    other = mapped({'name="telescope" ucd="VOX:Image_Title"': ["VLT"]})
    assert first(other, "facility_name") is None


def test_the_place_that_was_asked_for_is_not_the_place_of_the_rows() -> None:
    echo = '<PARAM name="RA" ucd="pos.eq.ra;meta.main" datatype="double" value="10"/>'
    assert first(mapped({utype("Target.Name"): ["M 77"]}, params=echo), "s_ra") is None


def descriptor(inputs: str, standard: str = LINKS, url: str = "http://a/links?x=1") -> str:
    return (
        '<RESOURCE type="meta" utype="adhoc:service">'
        f'<PARAM name="standardID" {TEXT} value="{standard}"/>'
        f'<PARAM name="accessURL" {TEXT} value="{url}"/>'
        f'<GROUP name="inputParams">{inputs}</GROUP></RESOURCE>'
    )


ID = f'<PARAM name="ID" {TEXT} ref="did" value=""/>'


def test_a_datalink_descriptor_gives_every_row_its_links() -> None:
    fixed = f'<PARAM name="RESPONSEFORMAT" {TEXT} value="votable"/>'
    table = mapped(
        {'name="did" ID="did"': ["ivo://a?b c", ""]}, "sia2", after=descriptor(ID + fixed)
    )
    link = "http://a/links?x=1&ID=ivo%3A%2F%2Fa%3Fb%20c&RESPONSEFORMAT=votable"
    assert plain_values(table["datalink"]) == [link, None]


def test_another_service_is_no_datalink() -> None:
    soda = descriptor(ID, "ivo://ivoa.net/std/SODA#sync-1.0")
    table = mapped({'name="did" ID="did"': ["ivo://a?b"]}, "sia2", after=soda)
    assert first(table, "datalink") is None
    nowhere = descriptor(ID.replace('"did"', '"other"'))
    assert first(mapped({'name="did" ID="did"': ["a"]}, after=nowhere), "datalink") is None


@pytest.mark.parametrize(
    ("media", "linked"),
    [
        ("application/x-votable+xml;content=datalink", True),
        ("application/x-votable+xml; Content=DataLink", True),
        ("application/fits", False),
    ],
)
def test_a_row_may_lead_to_its_links_itself(media: str, linked: bool) -> None:
    table = mapped({'name="access_url"': ["http://a/1"], 'name="access_format"': [media]}, "sia2")
    assert (first(table, "datalink") == "http://a/1") is linked


def test_an_answer_without_rows_is_a_table_without_rows() -> None:
    table = mapped({ucd("POS_EQ_RA_MAIN"): [], 'name="access_url"': []}, "sia")
    assert len(table) == 0
    assert {"native", "datalink", "query", "s_ra"} <= set(table.colnames)
    assert set(table.meta["mapping"].values()) == {"missing"}


def test_rows_say_which_question_they_answer() -> None:
    answer = answer_of({'name="access_url"': ["http://a/1", "http://a/2"]})
    service = Service("http://a", "sia2", "vo:ivo://here", title="A survey")
    assert list(obscore_of(answer, service, 3)["query"]) == [3, 3]
    table = obscore_of(answer, service, np.array([4, 5]))
    assert list(table["query"]) == [4, 5]
    assert set(table["archive"]) == {"vo:ivo://here"}
    assert first(table, "obs_collection") == "A survey"
    assert first(table, "obs_publisher_did") == "http://a/1"
    assert table.meta["asked"] == ["https://archive.example/s?POS=1,2"]
