"""This file holds the sandbox's telescopes: instruments, what they deliver, and who observes.

The numbers are close to the real instruments' (ESO's instrument pages); fields and samplings are
coarser, so that files stay small. The people and most programmes are made up.
"""

from __future__ import annotations

from skyatlas.sandbox.plan import Instrument, Programme, Recipe

_SLIT = "ECHELLE,SLIT,NODDING"
_LINEAR = "erg cm**(-2) s**(-1) angstrom**(-1)"

XSHOOTER = Instrument("XSHOOTER", "XSHOO", "ESO-VLT-U2", _SLIT, "SLITSPEC", ".Z", 298.9, 2480.0)
UVES = Instrument("UVES", "UVES", "ESO-VLT-U2", "ECHELLE", "RED", ".Z", 472.6, 683.5)
MUSE = Instrument("MUSE", "MUSE", "ESO-VLT-U4", "IFU", "WFM-NOAO-N", ".fz", 475.0, 935.1)
SINFONI = Instrument(
    "SINFONI", "SINFO", "ESO-VLT-U4", "IFU,NODDING", "IR_SPECTROSCOPY", ".Z",
    template="SINFONI_ifs_obs_GenericOffset",
)  # fmt: skip
HARPS = Instrument("HARPS", "HARPS", "ESO-3.6", "ECHELLE", "HARPS", ".Z", 378.1, 691.2)
NIRPS = Instrument("NIRPS", "NIRPS", "ESO-3.6", "ECHELLE", "HA", ".Z", 966.0, 1919.0)
SPHERE = Instrument("SPHERE", "SPHER", "ESO-VLT-U3", "IMAGE,DUAL", "IRDIFS", ".Z")
HAWKI = Instrument("HAWKI", "HAWKI", "ESO-VLT-U4", "IMAGE,JITTER", "IMG", ".fz")
VIRCAM = Instrument("VIRCAM", "VCAM", "ESO-VISTA", "IMAGE,JITTER", "IMAGING", ".fz")
FORS2 = Instrument(
    "FORS2", "FORS2", "ESO-VLT-U1", "IMAGE", "IMG", ".Z", 330.0, 1100.0, masters=False
)
NACO = Instrument("NACO", "NACO", "ESO-VLT-U1", "IMAGE,JITTER", "IMAGING", ".Z")
GRAVITY = Instrument("GRAVITY", "GRAVI", "ESO-VLTI-U1234", "INTERFEROMETRY", "DUAL", ".Z")

INSTRUMENTS = (
    XSHOOTER, UVES, MUSE, SINFONI, HARPS, NIRPS, SPHERE, HAWKI, VIRCAM, FORS2, NACO, GRAVITY,
)  # fmt: skip


def _arm(name: str, low: float, high: float, step: float, resolution: float) -> Recipe:
    return Recipe(
        name=f"XS_SFLX_{name}", instrument=XSHOOTER, collection="XSHOOTER", kind="spectrum",
        category="SCIENCE.SPECTRUM", low=low, high=high, step=step, resolution=resolution,
        tech=_SLIT, seconds=2400.0, release=70,
    )  # fmt: skip


XSHOOTER_UVB = _arm("UVB", 298.9, 555.9, 0.02, 5453.0)
XSHOOTER_VIS = _arm("VIS", 533.7, 1019.9, 0.02, 8935.0)
XSHOOTER_NIR = _arm("NIR", 994.0, 2480.0, 0.06, 5573.0)
UVES_RED = Recipe(
    name="UV_SRED_580", instrument=UVES, collection="UVES", kind="spectrum",
    category="SCIENCE.SPECTRUM", low=472.6, high=683.4, step=0.004, resolution=42310.0,
    tech="ECHELLE", seconds=900.0, wave_unit="Angstrom", flux_unit=f"10**(-16){_LINEAR}",
    release=163,
)  # fmt: skip
HARPS_S1D = Recipe(
    name="HARPS_s1d_A", instrument=HARPS, collection="HARPS", kind="spectrum",
    category="SCIENCE.SPECTRUM", low=378.14, high=691.26, step=0.004, resolution=115000.0,
    tech="ECHELLE", seconds=300.0, wave_unit="Angstrom", flux_unit="adu", release=72,
)  # fmt: skip
NIRPS_S1D = Recipe(
    name="NIRPS_s1d_A", instrument=NIRPS, collection="NIRPS", kind="spectrum",
    category="SCIENCE.SPECTRUM", low=966.0, high=1919.0, step=0.03, resolution=80000.0,
    tech="ECHELLE", seconds=600.0, air=False, wave_unit="Angstrom", flux_unit="adu", release=231,
)  # fmt: skip
XQ100 = Recipe(
    name="XQ100_vis", instrument=XSHOOTER, collection="XQ-100", kind="spectrum",
    category="SCIENCE.SPECTRUM", low=533.7, high=1019.7, step=0.03, resolution=8900.0,
    tech=_SLIT, seconds=3600.0, air=False, frame="HELIOCEN",
    flux_unit="erg s**(-1) cm**(-2) nm**(-1)", external=True, release=83,
)  # fmt: skip
MUSE_CUBE = Recipe(
    name="MU_SCBC", instrument=MUSE, collection="MUSE", kind="cube", category="SCIENCE.CUBE.IFS",
    low=480.0, high=680.2, step=1.1, resolution=2989.0, tech="IFU", subtype="", pixels=44,
    scale=1.36, seconds=2400.0, wave_unit="Angstrom",
    flux_unit="10**(-20)*erg/s/cm**2/Angstrom", release=78,
)  # fmt: skip
MUSE_WHITE = Recipe(
    name="MU_SIMW", instrument=MUSE, collection="MUSE", kind="image",
    category="ANCILLARY.IMAGE.WHITELIGHT", low=480.0, high=680.2, tech="IFU", filter="white",
    pixels=220, scale=0.272, seconds=2400.0, flux_unit="10**(-20)*erg/s/cm**2/Angstrom",
    release=78,
)  # fmt: skip
SINFONI_CUBE = Recipe(
    name="SI_SCUB_K", instrument=SINFONI, collection="SINFONI", kind="cube",
    category="SCIENCE.CUBE.IFS", low=1950.0, high=2450.0, step=2.0, resolution=4000.0,
    tech="IFU,NODDING", pixels=32, scale=0.25, seconds=1800.0, air=False, wave_unit="um",
    flux_unit="erg/s/cm**2/um", frame="TOPOCENT", release=190,
)  # fmt: skip
HAWKI_KS = Recipe(
    name="HA_SIMG_Ks", instrument=HAWKI, collection="HAWKI", kind="image",
    category="SCIENCE.IMAGE", low=1984.0, high=2308.0, resolution=6.6, tech="IMAGE,JITTER",
    filter="Ks", pixels=512, scale=0.88, seconds=1200.0, flux_unit="adu", release=88,
)  # fmt: skip


def _vista(name: str, collection: str, band: str, low: float, high: float) -> Recipe:
    return Recipe(
        name=name, instrument=VIRCAM, collection=collection, kind="image",
        category="SCIENCE.IMAGE", low=low, high=high, resolution=7.0, tech="IMAGE,JITTER",
        subtype="tile", filter=band, pixels=600, scale=6.8, seconds=48.0, packing=".fz",
        flux_unit="adu", external=True, release=54 if collection == "VVV" else 144,
    )  # fmt: skip


VVV_J = _vista("v_st_tl_J", "VVV", "J", 1166.0, 1339.0)
VHS_KS = _vista("v_st_tl_Ks", "VHS", "Ks", 1992.0, 2301.0)
VVV_SOURCES = Recipe(
    name="v_st_tl_cat", instrument=VIRCAM, collection="VVV", kind="measurements",
    category="SCIENCE.SRCTBL", low=1166.0, high=1339.0, resolution=7.0, tech="IMAGE,JITTER",
    subtype="srctbl", filter="J", pixels=600, scale=6.8, seconds=48.0, external=True, release=54,
)  # fmt: skip
SPHERE_H = Recipe(
    name="SPH_IRDIS_H", instrument=SPHERE, collection="SPHERE", kind="image",
    category="SCIENCE.IMAGE", low=1480.0, high=1770.0, resolution=5.6, tech="IMAGE,DUAL",
    filter="H", pixels=256, scale=0.01225, seeing=0.06, seconds=2048.0,
    flux_unit="adu", release=200,
)  # fmt: skip

CALIBRATION_PLAN = Programme("60.A-9022(C)", "ESO", "ESO", "CALIBRATION PLAN")
PROPRIETARY = Programme(
    "112.25R7.001", "HALVORSEN, INGRID", "HALVORSEN/ DIAZ/ OKAFOR",
    "OUTFLOWS OF ACTIVE NUCLEI BEFORE ANYBODY ELSE SEES THEM", proprietary=True,
)  # fmt: skip
GUARANTEED = Programme(
    "0112.C-0999(A)", "LINDQVIST, SVEN", "LINDQVIST/ MOREAU",
    "GUARANTEED TIME: PLANETS AROUND NEARBY STARS", proprietary=True, hidden=True,
)  # fmt: skip
QUOTED = Programme(
    "094.B-0321(A)", "O'BRIEN, FIONA", "O'BRIEN/ D'ANGELO/ MARLOWE",
    "GAS FLOWS IN NEARBY SEYFERT GALAXIES: WHAT'S FEEDING THEM?",
    reference="10.18727/archive/41",
)  # fmt: skip
SURVEY = Programme(
    "179.B-2002(B)", "MINNITI, DANTE", "MINNITI/ LUCAS", "VISTA VARIABLES IN THE VIA LACTEA",
    reference="2012A&A...537A.107S", late=1100.0,
)  # fmt: skip
GALACTIC_CENTRE = Programme(
    "091.B-0088(B)", "GILLESSEN, STEFAN", "GILLESSEN/ GENZEL/ EISENHAUER/ OTT",
    "WATCHING THE GAS CLOUD G2 AT THE GALACTIC CENTRE",
)  # fmt: skip
QUASARS = Programme(
    "189.A-0424(B)", "LOPEZ, SEBASTIAN", "LOPEZ/ ELLISON", "THE XQ-100 LEGACY SURVEY",
    reference="2016A&A...594A..91L",
)  # fmt: skip
STARS = Programme(
    "0101.C-0274(A)", "VAN DER MEER, JAN", "VAN DER MEER/ ROSSI", "RADIAL VELOCITIES OF DWARFS"
)
OPEN = (
    Programme("096.B-0123(A)", "ROSSI, CHIARA", "ROSSI/ SATO", "A CENSUS OF NEARBY NUCLEI"),
    Programme("0103.B-0345(C)", "SATO, YUKI", "SATO/ ROSSI", "IONISED GAS IN DISCS"),
    Programme("108.22LE.002", "NGUYEN, LAN", "NGUYEN/ KOWALSKA", "DUST AND STARS"),
    QUOTED,
)
