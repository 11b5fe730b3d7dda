"""This file tests that damaged, empty and foreign time series are a sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyatlas.dataset import Image, LightCurve, TargetPixels
from skyatlas.errors import FormatError
from skyatlas.formats import describe, read

Writer = Callable[..., Path]

DAYS = 1325 + np.arange(20) / 48
CLOCK = {"BJDREFI": 2457000, "BJDREFF": 0.0, "TIMESYS": "TDB", "TIMEUNIT": "d", "TELESCOP": "TESS"}


def table_of(name: str = "LIGHTCURVE", **columns: Any) -> fits.BinTableHDU:
    hdu = fits.BinTableHDU.from_columns(
        [fits.Column(key, "D", array=values) for key, values in columns.items()], name=name
    )
    hdu.header.update(CLOCK)
    return hdu


def light_curve() -> fits.BinTableHDU:
    return table_of(TIME=DAYS, FLUX=np.ones(20), QUALITY=np.zeros(20))


def target_pixels() -> list[Any]:
    columns = [
        fits.Column("TIME", "D", array=DAYS),
        fits.Column("FLUX", "6E", dim="(3,2)", unit="e-/s", array=np.ones((20, 2, 3))),
        fits.Column("QUALITY", "J", array=np.zeros(20)),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="PIXELS")
    hdu.header.update(CLOCK)
    return [hdu, fits.ImageHDU(np.full((2, 3), 3), name="APERTURE")]


def test_a_table_without_rows_is_said(write: Writer) -> None:
    hdu = light_curve()
    hdu.data = hdu.data[:0]
    with pytest.raises(FormatError, match="without a single cadence"):
        read(write(hdu))


def test_times_without_a_zero_are_refused_with_the_cards_that_are_missing(write: Writer) -> None:
    hdu = light_curve()
    del hdu.header["BJDREFI"]
    with pytest.raises(FormatError, match="none of BJDREFI, MJDREFI, MJDREF, JDREFI and"):
        read(write(hdu))


def test_a_zero_that_cannot_be_is_refused(write: Writer) -> None:
    hdu = light_curve()
    hdu.data["TIME"] += 2457000  # Julian dates under a header that says BTJD
    with pytest.raises(FormatError, match="that is no date of an observation"):
        read(write(hdu))


def test_a_light_curve_without_times_is_said(write: Writer) -> None:
    hdu = light_curve()
    hdu.data["TIME"] = np.nan
    with pytest.raises(FormatError, match="has no time"):
        read(write(hdu))


def test_the_series_of_a_transit_search_is_named(write: Writer) -> None:
    with pytest.raises(FormatError, match="data validation"):
        read(write(table_of("TCE_1", TIME=DAYS, LC_INIT=np.ones(20), MODEL_INIT=np.ones(20))))


def test_flags_that_are_no_numbers_per_cadence_are_refused(write: Writer) -> None:
    columns = [
        fits.Column("TIME", "D", array=DAYS),
        fits.Column("FLUX", "D", array=np.ones(20)),
        fits.Column("QUALITY", "2J", array=np.zeros((20, 2))),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header.update(CLOCK)
    with pytest.raises(FormatError, match="flags"):
        read(write(hdu))


def test_pixels_of_no_known_form_are_refused(write: Writer) -> None:
    path = write(*target_pixels())
    body = path.read_bytes()
    assert body.count(b"'6E      '") == 1
    path.write_bytes(body.replace(b"'6E      '", b"'6\x00      '"))
    with pytest.raises(FormatError, match="damaged FITS"):
        read(path)


def test_columns_of_any_kind_come_along(write: Writer) -> None:
    columns = [
        fits.Column("TIME", "D", array=DAYS),
        fits.Column("FLUX", "D", array=np.ones(20)),
        fits.Column("FFI_FILE", "9A", array=np.array(["frame"] * 20)),
        fits.Column("GOOD", "L", array=np.ones(20, dtype=bool)),
        fits.Column("LENGTHS", "PD()", array=np.array([np.ones(k % 3) for k in range(20)], "O")),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header.update(CLOCK)
    found = read(write(hdu))
    assert isinstance(found, LightCurve)
    assert found.columns["FFI_FILE"][0] == "frame"
    assert found.columns["GOOD"].dtype == bool
    assert [len(row) for row in found.columns["LENGTHS"][:4]] == [0, 1, 2, 0]
    assert len(found.good.columns["LENGTHS"]) == 20


def test_every_real_file_that_is_cut_is_refused(shared_data: Path, tmp_path: Path) -> None:
    for path in sorted((shared_data / "lightcurves").iterdir()):
        body = path.read_bytes()
        for share in (0.1, 0.5, 0.9):
            cut = tmp_path / path.name
            cut.write_bytes(body[: int(len(body) * share)])
            with pytest.raises(FormatError):
                read(cut)
            assert describe(cut).lines


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=12), pixels=st.booleans())
def test_bytes_that_are_overwritten_never_make_a_traceback(
    tmp_path: Path, place: float, junk: bytes, pixels: bool
) -> None:
    source = tmp_path / f"{pixels}.fits"
    if not source.exists():
        hdus = target_pixels() if pixels else [light_curve()]
        fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(source)
    body = bytearray(source.read_bytes())
    # The headers of the primary and the table, and the table itself.
    start = int(place * (3 * 2880 - len(junk)))
    body[start : start + len(junk)] = junk
    path = tmp_path / "damaged.fits"
    path.write_bytes(bytes(body))
    try:
        found = read(path)
    except FormatError:
        found = None
    assert found is None or isinstance(found, LightCurve | TargetPixels | Image)
    describe(path)
