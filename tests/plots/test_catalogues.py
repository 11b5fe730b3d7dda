"""This file tests how places are found in the tables of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.table import Column, MaskedColumn, Table

from skyatlas.errors import BadInput
from skyatlas.plots import catalogue_of


def with_ucd(values: Any, ucd: str, **more: Any) -> Column:
    return Column(values, meta={"ucd": ucd}, **more)


@pytest.mark.parametrize(
    "names", [("ra", "dec"), ("RAJ2000", "DEJ2000"), ("s_ra", "s_dec"), ("raMean", "decMean"),
              ("ALPHA_J2000", "DELTA_J2000"), ("_RAJ2000", "_DEJ2000"), ("RA_ICRS", "DE_ICRS")],
)  # fmt: skip
def test_places_are_found_by_the_usual_names(names: tuple[str, str]) -> None:
    table = Table([[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]], names=[*names, "ra_error"])
    found = catalogue_of(table)
    assert found.ra.tolist() == [1.0, 2.0]
    assert found.dec.tolist() == [3.0, 4.0]


def test_a_ucd_counts_more_than_a_name_and_the_main_one_most() -> None:
    table = Table(
        {
            "ra": [0.0],
            "dec": [0.0],
            "e_a": with_ucd([7.0], "stat.error;pos.eq.ra"),
            "a": with_ucd([1.0], "pos.eq.ra"),
            "lon": with_ucd([2.0], "pos.eq.ra;meta.main"),
            "lat": with_ucd([3.0], "POS_EQ_DEC_MAIN"),
        }
    )
    found = catalogue_of(table)
    assert (found.ra[0], found.dec[0]) == (2.0, 3.0)


def test_units_count_and_numbers_without_one_are_degrees() -> None:
    table = Table({"ra": [1.5] * units.hourangle, "dec": [0.1] * units.rad})
    found = catalogue_of(table)
    assert found.ra[0] == pytest.approx(22.5)
    assert found.dec[0] == pytest.approx(np.degrees(0.1))


def test_texts_are_hours_and_degrees_and_nothing_is_no_place() -> None:
    table = Table({"RA": ["02:42:40.7", "40.5", ""], "DEC": ["-00:00:48", "1e1", ""]})
    found = catalogue_of(table)
    assert found.ra[:2] == pytest.approx([40.669583, 40.5], abs=1e-6)
    assert found.dec[:2] == pytest.approx([-0.013333, 10.0], abs=1e-6)
    assert np.isnan([found.ra[2], found.dec[2]]).all()


def test_a_masked_place_is_none() -> None:
    table = Table({"ra": MaskedColumn([1.0, 2.0], mask=[False, True]), "dec": [1.0, 2.0]})
    assert np.isnan(catalogue_of(table).ra).tolist() == [False, True]


def test_a_table_without_places_is_refused_with_its_columns() -> None:
    table = Table({"x": [1.0], "y": [2.0], "ra": [3.0]})
    with pytest.raises(BadInput, match=r"No columns of a\.csv are RA and Dec.*there are x, y, ra"):
        catalogue_of(table, "a.csv")


def test_words_that_are_no_angles_are_refused() -> None:
    with pytest.raises(BadInput, match="The column ra holds no angles, but 'north'"):
        catalogue_of(Table({"ra": ["north"], "dec": ["1.0"]}))


def test_labels_are_words_and_an_unknown_column_is_refused() -> None:
    table = Table({"ra": [1.0, 2.0], "dec": [3.0, 4.0], "id": MaskedColumn([7, 8], mask=[0, 1])})
    assert catalogue_of(table, label="id").labels == ["7", ""]
    with pytest.raises(BadInput, match="no column 'name'; there are ra, dec, id"):
        catalogue_of(table, label="name")
