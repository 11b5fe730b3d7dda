"""This file reads light curves in the layouts of authors of whom no real file is at hand.

The layouts are those of the authors' own descriptions and of lightkurve's readers, which
`formats/authors.py` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import LightCurve
from skyatlas.formats import read
from skyatlas.formats.authors import AUTHORS, BKJD, BTJD, KEPLER_ADVICE, TESS_ADVICE

N = 50
DAYS = np.arange(N) / 48
ONES = np.ones(N)

Writer = Callable[..., Path]


def column(name: str, values: Any, unit: str = "") -> fits.Column:
    values = np.asarray(values)
    form = {"f": "D", "i": "J", "U": f"{values.dtype.itemsize // 4 or 1}A"}[values.dtype.kind]
    return fits.Column(name, form, unit=unit or None, array=values)


def curve_of(
    write: Writer,
    columns: Mapping[str, Any],
    *,
    primary: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
    units: Mapping[str, str] | None = None,
) -> LightCurve:
    first = fits.PrimaryHDU()
    first.header.update(primary or {})
    table = fits.BinTableHDU.from_columns(
        [column(name, values, (units or {}).get(name, "")) for name, values in columns.items()],
        name="LIGHTCURVE",
    )
    table.header.update(header or {})
    found = read(write(first, table))
    assert isinstance(found, LightCurve)
    return found


TESS_CLOCK = {"BJDREFI": 2457000, "BJDREFF": 0.0, "TIMESYS": "TDB", "TIMEUNIT": "d"}
FLAGS = np.zeros(N, dtype=np.int32)
FLAGS[3], FLAGS[4], FLAGS[5] = 1 << 5, 1 << 6, 1 << 12  # momentum dump, cosmic ray, stray light


@pytest.mark.parametrize(("flux", "sector"), [("KSPSAP_FLUX", 1), ("DET_FLUX", 60)])
def test_qlp_gives_raw_flux_first_and_the_detrended_ones_on_request(
    write: Writer, flux: str, sector: int
) -> None:
    curve = curve_of(
        write,
        {
            "TIME": 1325 + DAYS, "CADENCENO": np.arange(N), "SAP_FLUX": ONES, flux: ONES * 1.01,
            "QUALITY": FLAGS, f"{flux}_ERR": ONES * 0.001, "SAP_BKG": ONES,
        },
        primary={
            "ORIGIN": "MIT/QLP", "OBJECT": "TIC 100", "TICID": 100, "TELESCOP": "TESS",
            "SECTOR": sector,
        },
        header=TESS_CLOCK,
    )  # fmt: skip
    assert (curve.author, curve.name, curve.part) == ("QLP", "TIC 100", f"sector {sector}")
    assert list(curve.fluxes) == ["SAP_FLUX", flux]
    assert curve.flux_name == "SAP_FLUX"
    assert curve.sigma is not None
    assert curve.flux_unit == ""
    assert curve.mask.nonzero()[0].tolist() == [3]
    assert curve.of(flux).flux[0] == 1.01


def test_tasoc_is_read_with_its_own_flags_and_in_ppm(write: Writer) -> None:
    flags = np.zeros(N, dtype=np.int32)
    flags[[1, 2, 3]] = 1, 2, 8  # bad data, manual exclude, jump corrected
    curve = curve_of(
        write,
        {
            "TIME": 1325 + DAYS, "FLUX_RAW": ONES * 900, "FLUX_RAW_ERR": ONES, "FLUX_BKG": ONES,
            "FLUX_CORR": ONES * 30, "FLUX_CORR_ERR": ONES * 5, "QUALITY": flags,
            "PIXEL_QUALITY": FLAGS,
        },
        primary={"ORIGIN": "TASOC/Aarhus", "OBJECT": "TIC 7", "TELESCOP": "TESS", "SECTOR": 1},
        header=TESS_CLOCK,
        units={"FLUX_CORR": "ppm", "FLUX_CORR_ERR": "ppm", "FLUX_RAW": "e-/s"},
    )  # fmt: skip
    assert (curve.author, curve.flux_name, curve.flux_unit_text) == ("TASOC", "FLUX_CORR", "ppm")
    assert curve.mask.nonzero()[0].tolist() == [1, 2]
    assert curve.normalised().flux[0] == pytest.approx(1 + 30e-6)
    assert curve.normalised().sigma == pytest.approx(5e-6)
    assert curve.of("flux_raw").flux_unit == "electron / s"


def test_everest_is_recognised_by_its_remark_and_keeps_keplers_flags(write: Writer) -> None:
    flags = np.zeros(N, dtype=np.int32)
    flags[[1, 2]] = 1 << 20, 1 << 24  # thruster firing; EVEREST's own: outlier
    curve = curve_of(
        write,
        {
            "CADN": np.arange(N), "FLUX": ONES * 5, "FRAW": ONES * 6, "FRAW_ERR": ONES,
            "QUALITY": flags, "TIME": 2000 + DAYS, "BKG": ONES,
        },
        primary={
            "TELESCOP": "Kepler", "MISSION": "K2", "KEPLERID": 201367065, "CAMPAIGN": 1,
            "COMMENT": "*     EVEREST INFO     *",
        },
        header={"TIMESYS": "TDB"},
        units={"TIME": "BJD - 2454833", "FLUX": "e-/s"},
    )  # fmt: skip
    assert (curve.author, curve.mission, curve.part) == ("EVEREST", "K2", "campaign 1")
    assert curve.name == "EPIC 201367065"
    assert curve.time_offset == BKJD  # from the unit of TIME
    assert curve.flux_name == "FLUX"
    assert curve.sigma is not None
    assert curve.mask.nonzero()[0].tolist() == [1]
    assert curve.cadence == pytest.approx(1800)


def test_k2sc_is_read_from_its_first_extension(write: Writer) -> None:
    curve = curve_of(
        write,
        {
            "quality": FLAGS * 0, "cadence": np.arange(N), "time": 2000 + DAYS, "flux": ONES * 9,
            "trend_p": ONES, "trend_t": ONES, "mflags": np.full(N, 16),
        },
        primary={
            "CREATOR": "K2SC v1.0", "TELESCOP": "Kepler", "MISSION": "K2", "OBJECT": "EPIC 5",
            "CAMPAIGN": 4,
        },
    )  # fmt: skip
    assert (curve.author, curve.time_scale, curve.time_offset) == ("K2SC", "tdb", BKJD)
    assert curve.flux_unit == "electron / s"
    assert curve.flux_unit_text == ""  # the file itself does not tell
    assert not curve.mask.any()  # an outlier may be an eclipse


def test_cdips_gives_magnitudes_on_whole_julian_dates(write: Writer) -> None:
    words = np.array(["G"] * N)
    words[2] = "X"
    curve = curve_of(
        write,
        {
            "TMID_UTC": 2458325 + DAYS, "TMID_BJD": 2458325 + DAYS, "IRM1": ONES * 10.5,
            "IRE1": ONES * 0.01, "IRQ1": words, "IFL1": ONES * 800, "IFE1": ONES, "TFA1": ONES * 11,
        },
        primary={"ORIGIN": "CDIPS", "OBJECT": "Gaia DR2 1", "TELESCOP": "TESS", "SECTOR": 6},
    )  # fmt: skip
    assert (curve.author, curve.time_scale, curve.time_offset) == ("CDIPS", "tdb", 0.0)
    assert (curve.flux_name, curve.flux_unit) == ("IRM1", "mag")
    assert curve.mask.nonzero()[0].tolist() == [2]
    assert curve.normalised().flux == pytest.approx(1.0)
    assert curve.normalised().sigma == pytest.approx(0.01 * 0.4 * np.log(10))
    assert curve.of("IFL1").sigma == pytest.approx(1.0)


def test_pathos_is_recognised_by_its_columns(write: Writer) -> None:
    columns = {"TIME": 1325 + DAYS, "PSF_FLUX_RAW": ONES, "PSF_FLUX_COR": ONES * 2}
    for size in range(1, 5):
        columns |= {f"AP{size}_FLUX_RAW": ONES, f"AP{size}_FLUX_COR": ONES}
    curve = curve_of(
        write,
        {**columns, "SKY_LOCAL": ONES, "DQUALITY": FLAGS},
        primary={"TELESCOP": "TESS", "OBJECT": "TIC 93270923", "SECTOR": 8},
    )
    assert (curve.author, curve.flux_name) == ("PATHOS", "PSF_FLUX_COR")
    assert (curve.time_scale, curve.time_offset) == ("tdb", BTJD)
    assert curve.mask.nonzero()[0].tolist() == [3]
    assert curve.sigma is None


def test_kbonus_gives_all_quarters_stitched(write: Writer) -> None:
    curve = curve_of(
        write,
        {
            "TIME": 500 + DAYS, "QUARTER": np.arange(N) // 20, "FLUX": ONES, "FLUX_ERR": ONES,
            "SAP_FLUX": ONES, "SAP_FLUX_ERR": ONES, "PSF_FLAT_FLUX": ONES,
            "PSF_FLAT_FLUX_ERR": ONES, "SAP_QUALITY": FLAGS, "FLATTEN_MASK": FLAGS,
        },
        primary={"TELESCOP": "Kepler", "MISSION": "Kepler", "OBJECT": "KIC 1"},
        units={"TIME": "jd", "FLUX": "e-/s"},
    )  # fmt: skip
    assert (curve.author, curve.time_offset, curve.time_scale) == ("KBONUS-BKG", BKJD, "tdb")
    assert list(curve.fluxes) == ["FLUX", "PSF_FLAT_FLUX", "SAP_FLUX"]
    assert curve.mask.nonzero()[0].tolist() == [3]


@pytest.mark.parametrize(
    ("frames", "author"), [(10, "SPOC"), (60, "SPOC"), (100, "TESS-SPOC"), (900, "TESS-SPOC")]
)
def test_full_frame_cadences_tell_tess_spoc_from_spoc(
    write: Writer, frames: int, author: str
) -> None:
    curve = curve_of(
        write,
        {"TIME": 1325 + np.arange(N) * frames * 2 / 86400, "PDCSAP_FLUX": ONES, "QUALITY": FLAGS},
        primary={"TELESCOP": "TESS", "ORIGIN": "NASA/Ames", "OBJECT": "TIC 1", "SECTOR": 30},
        header={**TESS_CLOCK, "FRAMETIM": 2.0, "NUM_FRM": frames},
    )
    assert (curve.author, curve.cadence) == (author, frames * 2.0)


def test_gsfc_eleanor_lite_is_told_from_eleanor(write: Writer) -> None:
    curve = curve_of(
        write,
        {"TIME": 1325 + DAYS, "RAW_FLUX": ONES, "CORR_FLUX": ONES, "FLUX_ERR": ONES},
        primary={
            "LITE": True, "PCORIGIN": "MAST", "TVERSION": "2.0", "TIC_ID": 12, "TELESCOP": "TESS",
            "GITHUB": "https://github.com/afeinstein20/eleanor", "OBJECT": "",
        },
        header=TESS_CLOCK,
    )  # fmt: skip
    assert (curve.author, curve.name) == ("GSFC-ELEANOR-LITE", "TIC 12")


def test_anybodys_table_with_time_and_flux_is_a_light_curve(write: Writer) -> None:
    flags = np.zeros(N, dtype=np.int32)
    flags[7] = 4
    curve = curve_of(
        write,
        {"Time": 60000 + DAYS, "my_flux": ONES * 3, "my_flux_err": ONES * 0.1, "quality": flags},
        primary={"TELESCOP": "CHEOPS", "OBJECT": "HD 1"},
        header={"MJDREFI": 0, "MJDREFF": 0.0, "TIMESYS": "UTC"},
        units={"my_flux": "electron"},
    )
    assert (curve.author, curve.mission, curve.part) == ("", "CHEOPS", "")
    assert (curve.time_scale, curve.time_offset) == ("utc", 2400000.5)
    assert (curve.flux_name, curve.flux_unit) == ("my_flux", "electron")
    assert curve.sigma == pytest.approx(0.1)
    assert curve.mask.nonzero()[0].tolist() == [7]


def test_seconds_become_days_and_a_silent_scale_stays_unknown(write: Writer) -> None:
    curve = curve_of(
        write,
        {"TIME": 86400.0 * 10 + np.arange(N) * 60.0, "FLUX": ONES},
        header={"MJDREF": 58000.0, "TIMEUNIT": "s"},
    )
    assert curve.time[0] == 10.0
    assert curve.cadence == pytest.approx(60)
    assert curve.time_scale is None
    assert curve.time_offset == 2458000.5


def test_a_column_without_any_number_is_passed_over(write: Writer) -> None:
    curve = curve_of(
        write,
        {"TIME": 1325 + DAYS, "SAP_FLUX": ONES, "PDCSAP_FLUX": ONES * np.nan},
        primary={"TELESCOP": "TESS", "ORIGIN": "NASA/Ames"},
        header=TESS_CLOCK,
    )
    assert curve.flux_name == "SAP_FLUX"
    assert not curve.mask.any()


def test_every_author_names_a_source() -> None:
    assert all(author.source for author in AUTHORS)


def test_the_advice_is_lightkurves_default() -> None:
    # lightkurve.utils 2.6: TessQualityFlags and KeplerQualityFlags, DEFAULT_BITMASK.
    assert TESS_ADVICE == 17087
    assert KEPLER_ADVICE == 1130799
