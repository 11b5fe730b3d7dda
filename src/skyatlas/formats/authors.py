"""This file holds what is known of the makers of light curves: columns, flags, units, sources.

Everything is data: a file is its author's where all the author's signs are there, first come first
served, and nothing about an author is known anywhere else.

The flags that are left out are those that lightkurve 2.6 leaves out by default, which are the
missions' own advice; where an author advises otherwise, we follow the author, and say so here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TESS_ADVICE = sum(
    1 << (bit - 1)
    for bit in (
        1,  # attitude tweak
        2,  # safe mode
        3,  # coarse point
        4,  # Earth point
        5,  # argabrightening
        6,  # momentum dump
        8,  # manual exclude
        10,  # impulsive outlier
        15,  # bad calibration
    )
)
"""TESS Science Data Products Description Document (EXP-TESS-ARC-ICD-0014), table 28; TESS Archive
Manual, "Data Product Overview". Cosmic rays (7, 11) are mended, stray light (12, 13) is often
harmless: lightkurve keeps both, and so do we."""
KEPLER_ADVICE = sum(
    1 << (bit - 1)
    for bit in (
        1,  # attitude tweak
        2,  # safe mode
        3,  # coarse point
        4,  # Earth point
        6,  # desaturation of a reaction wheel
        9,  # manual exclude
        15,  # detector anomaly
        17,  # no data
        21,  # thruster firing (K2)
    )
)
"""Kepler Archive Manual (KDMC-10008-006), table 2-3; K2 Data Release Notes for bit 21."""
ANY = -1
"""Every bit: zero is the only good value."""

BTJD = 2457000.0
"""Julian date of BTJD 0, TESS's count of days."""
BKJD = 2454833.0
"""Julian date of BKJD 0, Kepler's count of days."""


@dataclass(frozen=True, slots=True)
class Author:
    """One maker of light curves. Column names are compared without case."""

    name: str
    """As MAST calls it (provenance_name)."""
    fluxes: tuple[str, ...]
    """Columns of flux; the first that is there and holds a number is the one that is meant."""
    cards: tuple[tuple[str, str], ...] = ()
    """Signs: a keyword of the primary header and a regular expression that its value holds."""
    columns: tuple[str, ...] = ()
    """Signs: columns that the table has."""
    times: tuple[str, ...] = ("TIME",)
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The columns that may be a flux's error, where it is not the flux's name with _ERR."""
    quality: tuple[str, ...] = ("QUALITY", "SAP_QUALITY")
    advice: int = 0
    """Bits of the quality column that are advised against."""
    good: tuple[str, ...] = ()
    """Where the quality is words: the good ones."""
    beside: tuple[str, ...] = ()
    """More columns of flags, of which anything but zero is advised against."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Units of columns that the files do not tell ("1": relative to the median)."""
    offset: float | None = None
    """Days to add for a Julian date, where the file does not tell."""
    scale: str | None = None
    """The time scale, where the file does not tell."""
    mission: str = ""
    """Where the file does not tell."""
    source: str = ""


TESS_MISSION = ("TELESCOP", "TESS")
_QLP_FLUXES = (
    "SAP_FLUX", "KSPSAP_FLUX", "DET_FLUX", "SYS_RM_FLUX", "KSPSAP_FLUX_SML", "KSPSAP_FLUX_LAG",
    "DET_FLUX_SML", "DET_FLUX_LAG",
)  # fmt: skip
_ELEANOR_FLUXES = ("CORR_FLUX", "RAW_FLUX", "PCA_FLUX", "PSF_FLUX")
_CDIPS_MAGNITUDES = tuple(f"{kind}{size}" for kind in ("IRM", "PCA", "TFA") for size in (1, 2, 3))
_MISSION_FLUXES = ("PDCSAP_FLUX", "SAP_FLUX")

AUTHORS = (
    Author(
        name="QLP",
        cards=(("ORIGIN", r"MIT/QLP"),),
        # Detrending eats what stars do (lightkurve#1083); for transits: .of("KSPSAP_FLUX").
        fluxes=_QLP_FLUXES,
        # The one error of a file is that of its detrended flux.
        errors=dict.fromkeys(_QLP_FLUXES, ("KSPSAP_FLUX_ERR", "DET_FLUX_ERR")),
        # Bit 13 (sectors to 55) and bit 31 (later) are low precision: not bad, so not left out.
        advice=TESS_ADVICE,
        units=dict.fromkeys(_QLP_FLUXES, "1"),
        offset=BTJD, scale="tdb", mission="TESS",
        source="hlsp_qlp_tess_ffi_all_tess_v1_data-prod-desc.pdf, archive.stsci.edu/hlsp/qlp",
    ),
    Author(
        name="GSFC-ELEANOR-LITE",
        cards=(("GITHUB", r"afeinstein20/eleanor"), ("LITE", ""), ("TVERSION", "")),
        fluxes=_ELEANOR_FLUXES,
        # The one error is RAW_FLUX's. lightkurve multiplies it by CORR/RAW; we give the file's.
        errors=dict.fromkeys(_ELEANOR_FLUXES, ("FLUX_ERR",)),
        advice=TESS_ADVICE,
        units=dict.fromkeys(_ELEANOR_FLUXES, "electron/s"),
        offset=BTJD, scale="tdb", mission="TESS",
        source="archive.stsci.edu/hlsp/gsfc-eleanor-lite; Feinstein et al. 2019, PASP 131, 094502",
    ),
    Author(
        name="ELEANOR",
        cards=(("LITE", ""), ("PCORIGIN", "")),
        fluxes=_ELEANOR_FLUXES,
        errors=dict.fromkeys(_ELEANOR_FLUXES, ("FLUX_ERR",)),
        advice=TESS_ADVICE,
        units=dict.fromkeys(_ELEANOR_FLUXES, "electron/s"),
        offset=BTJD, scale="tdb", mission="TESS",
        source="Feinstein et al. 2019, PASP 131, 094502",
    ),
    Author(
        name="PATHOS",
        columns=("PSF_FLUX_RAW", "PSF_FLUX_COR", "AP4_FLUX_COR", "SKY_LOCAL"),
        fluxes=("PSF_FLUX_COR", "AP1_FLUX_COR", "AP2_FLUX_COR", "AP3_FLUX_COR", "AP4_FLUX_COR"),
        quality=("DQUALITY",), advice=TESS_ADVICE,
        offset=BTJD, scale="tdb", mission="TESS",
        source="archive.stsci.edu/hlsp/pathos; Nardiello et al. 2019, MNRAS 490, 3806",
    ),
    Author(
        name="TASOC",
        cards=(("ORIGIN", r"TASOC"),),
        fluxes=("FLUX_CORR", "FLUX_RAW"),
        # TASOC's own flags, not TESS's (those are in PIXEL_QUALITY); lightkurve leaves nothing out.
        advice=0b11,
        offset=BTJD, scale="tdb", mission="TESS",
        source="tasoc.dk/code/corrections/docs, CorrectorQualityFlags.DEFAULT_BITMASK",
    ),
    Author(
        name="CDIPS",
        cards=(("ORIGIN", r"(?i)cdips"),),
        times=("TMID_BJD",),
        fluxes=(*_CDIPS_MAGNITUDES, "IFL1", "IFL2", "IFL3"),
        errors={
            **{name: (f"IRE{name[-1]}",) for name in _CDIPS_MAGNITUDES},
            **{f"IFL{size}": (f"IFE{size}",) for size in (1, 2, 3)},
        },
        quality=("IRQ1",), good=("G", "0"),
        units=dict.fromkeys(_CDIPS_MAGNITUDES, "mag"),
        # Whole Julian dates (cdips/lcproc: `TMID_BJD - 2457000`); lightkurve 2.6 adds 2457000.
        offset=0.0, scale="tdb", mission="TESS",
        source="hlsp_cdips_tess_ffi_all_tess_v01_readme.md; Bouma et al. 2019, ApJS 245, 13",
    ),
    Author(
        name="K2SC",
        cards=(("CREATOR", r"(?i)k2sc"),),
        fluxes=("FLUX",), errors={"FLUX": ("ERROR",)},
        # MFLAGS tells outliers, which flares and deep eclipses are too: they stay.
        advice=KEPLER_ADVICE,
        units={"FLUX": "electron/s"},
        offset=BKJD, scale="tdb", mission="K2",
        source="archive.stsci.edu/hlsp/k2sc; Aigrain et al. 2016, MNRAS 459, 2408",
    ),
    Author(
        name="K2SFF",
        columns=("T", "FRAW", "FCOR", "ARCLENGTH"),
        times=("T",), fluxes=("FCOR", "FRAW"),
        # The method leaves out what was taken while the thrusters fired (section 3 of the paper).
        quality=("MOVING",), advice=ANY,
        units={"FCOR": "1", "FRAW": "1"},
        offset=BKJD, scale="tdb", mission="K2",
        source="archive.stsci.edu/hlsp/k2sff; Vanderburg & Johnson 2014, PASP 126, 948",
    ),
    Author(
        name="EVEREST",
        cards=(("COMMENT", r"EVEREST"),),
        fluxes=("FLUX", "FCOR", "FRAW"),
        errors=dict.fromkeys(("FLUX", "FCOR", "FRAW"), ("FRAW_ERR",)),
        # EVEREST's own bits (23 and up) tell what its model did not use: outliers among it.
        advice=KEPLER_ADVICE,
        offset=BKJD, scale="tdb", mission="K2",
        source="archive.stsci.edu/hlsp/everest; Luger et al. 2018, AJ 156, 99",
    ),
    Author(
        name="TGLC",
        cards=(("ORIGIN", r"TGLC"),),
        # "If you are uncertain, start with calibrated aperture flux!" (lightkurve: cal_psf_flux.)
        fluxes=("CAL_APER_FLUX", "CAL_PSF_FLUX", "APERTURE_FLUX", "PSF_FLUX"),
        # The author's examples keep only what has no flag, of TESS's or of TGLC's own.
        quality=("TESS_FLAGS",), advice=ANY, beside=("TGLC_FLAGS",),
        units={
            "CAL_APER_FLUX": "1", "CAL_PSF_FLUX": "1",
            "APERTURE_FLUX": "electron/s", "PSF_FLUX": "electron/s", "BACKGROUND": "electron/s",
        },
        offset=BTJD, scale="tdb", mission="TESS",
        source="github.com/TeHanHunter/TESS_Gaia_Light_Curve; Han & Brandt 2023, AJ 165, 71",
    ),
    Author(
        name="KBONUS-BKG",
        columns=("FLUX", "PSF_FLAT_FLUX"),
        fluxes=("FLUX", "PSF_FLAT_FLUX", "SAP_FLUX"),
        quality=("SAP_QUALITY",), advice=KEPLER_ADVICE,
        offset=BKJD, scale="tdb", mission="Kepler",
        source="archive.stsci.edu/hlsp/kbonus-bkg, README; Martinez-Palomera et al. 2023",
    ),
    Author(
        name="KBONUS-BKG",
        columns=("FLUX", "PSF_FLUX_NOVA"),
        fluxes=("FLUX", "SAP_FLUX", "PSF_FLUX_NOVA"),
        errors={"PSF_FLUX_NOVA": ("PSF_FLUX_ERR_NOVA",)},
        quality=("SAP_QUALITY",), advice=KEPLER_ADVICE,
        offset=BKJD, scale="tdb", mission="Kepler",
        source="archive.stsci.edu/hlsp/kbonus-bkg, README; Martinez-Palomera et al. 2023",
    ),
    Author(
        name="KEPSEISMIC",
        cards=(("ORIGIN", r"CEA & SSI"),),
        fluxes=("FLUX",),
        source="archive.stsci.edu/prepds/kepseismic",
    ),
    Author(
        name="SPARCS",
        cards=(("TELESCOP", r"SPARCS"),),
        fluxes=("FLUX", "CTR"), advice=ANY,
        source="doi:10.17909/fwhs-qk10; its flags are not described, so any is taken as bad",
    ),
    Author(
        name="TESScut",
        cards=(TESS_MISSION, ("CREATOR", r"(?i)astrocut")),
        fluxes=("FLUX",), advice=TESS_ADVICE,
        source="mast.stsci.edu/tesscut; Brasseur et al. 2019, ascl:1905.007",
    ),
    Author(
        name="SPOC",
        cards=(TESS_MISSION, ("ORIGIN", r"NASA/Ames")),
        fluxes=_MISSION_FLUXES, advice=TESS_ADVICE,
        source="TESS Archive Manual; Jenkins et al. 2016, Proc. SPIE 9913, 99133E",
    ),
    Author(
        name="K2",
        cards=(("MISSION", r"^K2$"), ("ORIGIN", r"NASA/Ames")),
        fluxes=_MISSION_FLUXES, advice=KEPLER_ADVICE,
        source="K2 Archive Manual and Data Release Notes",
    ),
    Author(
        name="Kepler",
        cards=(("TELESCOP", r"^Kepler$"), ("ORIGIN", r"NASA/Ames")),
        fluxes=_MISSION_FLUXES, advice=KEPLER_ADVICE,
        source="Kepler Archive Manual (KDMC-10008-006)",
    ),
)  # fmt: skip
"""In the order in which they are tried."""

FFI_CADENCE = 180.0
"""Seconds: SPOC's light curves of slower cadence come from full-frame images, which MAST keeps as
TESS-SPOC (Caldwell et al. 2020, RNAAS 4, 201); their headers are the same otherwise. Targets are
taken every 20 or 120 s, full frames every 200, 600 or 1800 s."""

GENERIC = {
    mission: Author(
        name="",
        fluxes=(*_MISSION_FLUXES, "FLUX", "CORR_FLUX", "FLUX_CORR", "DET_FLUX", "FLUX_RAW"),
        advice=advice,
        source="none: any table with TIME and a flux",
    )
    for mission, advice in (("TESS", TESS_ADVICE), ("Kepler", KEPLER_ADVICE), ("", ANY))
}
"""Anybody, by TELESCOP: whose flags nobody described has any of them taken as bad."""
