"""This file writes the headers of reduced products as ESO's Science Data Products standard asks.

Source: ESO Science Data Products Standard (GEN-SPE-ESO-33000-5335), and the headers of HARPS and
X-SHOOTER products as the archive delivers them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import Card, write_cards
from skyatlas.sandbox.plan import Shot

if TYPE_CHECKING:
    from astropy.io import fits

UNITS = {"nm": 1.0, "Angstrom": 10.0, "um": 0.001}
"""How many of each make a nanometre."""


def primary(shot: Shot) -> fits.Header:
    """The primary header of a product: who, when, what from."""
    from astropy.io import fits

    header = fits.PrimaryHDU().header
    write_cards(header, (*_who(shot), *_when(shot), *_what(shot), *_from(shot)))
    return header


def _who(shot: Shot) -> list[Card]:
    recipe, programme = shot.recipe, shot.programme
    return [
        ("ORIGIN", "ESO", "European Southern Observatory"),
        ("DATE", iso(shot.created)[:19], "Date this file was written"),
        ("TELESCOP", recipe.instrument.telescope, "ESO telescope designation"),
        ("INSTRUME", recipe.instrument.name, "Instrument name"),
        ("OBJECT", shot.name, "Target designation"),
        ("RA", shot.ra, "[deg] Target position (J2000.0)"),
        ("DEC", shot.dec, "[deg] Target position (J2000.0)"),
        ("EQUINOX", 2000.0, "Standard FK5"),
        ("RADESYS", "FK5", "Coordinate reference frame"),
        ("PROG_ID", programme.identifier, "ESO programme identification"),
        ("OBID1", shot.block, "Observation block ID"),
        ("PI-COI", programme.creator, "Principal investigator"),
    ]


def _when(shot: Shot) -> list[Card]:
    seconds = shot.recipe.seconds
    return [
        ("EXPTIME", seconds, "[s] Total integration time per pixel"),
        ("TEXPTIME", seconds, "[s] Total integration time of all exposures"),
        ("MJD-OBS", shot.start, "[d] Start of observations"),
        ("MJD-END", shot.end, "[d] End of observations"),
        ("DATE-OBS", iso(shot.start), "Start of observations, UTC"),
        ("TIMESYS", "UTC", "Time system"),
    ]


def _what(shot: Shot) -> list[Card]:
    recipe = shot.recipe
    cards: list[Card] = [
        ("PRODCATG", recipe.category, "Data product category"),
        ("PRODLVL", 2, "Product level: 1-raw 2-science grade 3-advanced"),
        ("OBSTECH", recipe.tech, "Technique of observation"),
        ("PROCSOFT", f"{recipe.instrument.name.lower()}/3.5.2", "Data reduction software"),
        ("REFERENC", shot.programme.reference, "Bibliographic reference"),
        ("M_EPOCH", False, "TRUE if resulting from multiple epochs"),
        ("SINGLEXP", len(shot.raws) == 1, "TRUE if resulting from a single exposure"),
        ("NCOMBINE", max(len(shot.raws), 1), "Number of combined raw science data files"),
        ("FLUXCAL", _flux_calibration(shot), "Type of flux calibration"),
    ]
    if recipe.filter:
        cards.append(("FILTER", recipe.filter, "Filter name"))
    if recipe.step:
        cards += [
            ("WAVELMIN", recipe.low, "[nm] Minimum wavelength"),
            ("WAVELMAX", recipe.top, "[nm] Maximum wavelength"),
            ("SPEC_BIN", recipe.step, "[nm] Wavelength bin size"),
            ("SPEC_RES", recipe.resolution, "Reference spectral resolving power"),
            ("SPECSYS", recipe.frame, "Reference frame for spectral coordinates"),
        ]
    return cards


def _flux_calibration(shot: Shot) -> str:
    return "UNCALIBRATED" if shot.recipe.flux_unit == "adu" else "ABSOLUTE"


def _from(shot: Shot) -> list[Card]:
    cards: list[Card] = [
        (f"PROV{number}", f"{raw}.fits", "Originating science file")
        for number, raw in enumerate(shot.raws, start=1)
    ]
    if shot.sibling:
        kind = (
            "ANCILLARY.HARPSTAR" if shot.sibling.endswith(".tar") else "ANCILLARY.IMAGE.WHITELIGHT"
        )
        cards += [
            ("ASSOC1", kind, "Associated file 1 category"),
            ("ASSON1", shot.sibling, "Associated file 1 name"),
        ]
    return [
        *cards,
        ("ARCFILE", f"{shot.dp_id}.fits", "Archive File Name"),
        ("ORIGFILE", shot.origfile, "Original File Name"),
        ("P3ORIG", "EDP" if shot.recipe.external else "IDP", "ESO data product origin"),
    ]


def place(shot: Shot) -> list[Card]:
    """The celestial axes of a picture around (shot.ra, shot.dec): TAN, CD matrix, ICRS."""
    step = shot.recipe.scale / 3600.0
    turn = math.radians(shot.rotation)
    middle = (shot.recipe.pixels + 1) / 2.0
    return [
        ("CTYPE1", "RA---TAN", "Gnomonic projection"),
        ("CTYPE2", "DEC--TAN", "Gnomonic projection"),
        ("CUNIT1", "deg", "Unit of axis 1"),
        ("CUNIT2", "deg", "Unit of axis 2"),
        ("CRVAL1", shot.ra, "[deg] Right ascension at the reference pixel"),
        ("CRVAL2", shot.dec, "[deg] Declination at the reference pixel"),
        ("CRPIX1", middle, "Reference pixel on axis 1"),
        ("CRPIX2", middle, "Reference pixel on axis 2"),
        ("CD1_1", -step * math.cos(turn), "Transformation matrix"),
        ("CD1_2", step * math.sin(turn), "Transformation matrix"),
        ("CD2_1", step * math.sin(turn), "Transformation matrix"),
        ("CD2_2", step * math.cos(turn), "Transformation matrix"),
        ("RADESYS", "ICRS", "Coordinate reference frame"),
    ]


def spectral_axis(shot: Shot) -> list[Card]:
    """The third axis of a cube, linear in wavelength, in air (AWAV) or vacuum (WAVE)."""
    recipe = shot.recipe
    factor = UNITS[recipe.wave_unit]
    return [
        ("CTYPE3", "AWAV" if recipe.air else "WAVE", "Wavelength in air or vacuum"),
        ("CUNIT3", recipe.wave_unit, "Unit of axis 3"),
        ("CRVAL3", recipe.low * factor, "Wavelength at the reference pixel"),
        ("CRPIX3", 1.0, "Reference pixel on axis 3"),
        ("CD3_3", recipe.step * factor, "Transformation matrix"),
        ("CD1_3", 0.0, "Transformation matrix"),
        ("CD2_3", 0.0, "Transformation matrix"),
        ("CD3_1", 0.0, "Transformation matrix"),
        ("CD3_2", 0.0, "Transformation matrix"),
        ("SPECSYS", recipe.frame, "Reference frame for spectral coordinates"),
    ]
