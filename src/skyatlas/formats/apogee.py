"""This file reads APOGEE's spectra: of stars (apStar, aspcapStar) and of single visits (apVisit).

Nothing in these files has a name: what an HDU is follows from its number, and the file says which
layout it is of. Wavelengths are in vacuum; those of apStar and aspcapStar are at rest.
Source: SDSS data models "apStar", "aspcapStar" and "apVisit" (data.sdss.org/datamodel), whose
words about the HDUs stand in HISTORY of every such file.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import SpectrumList
from skyatlas.errors import FormatError
from skyatlas.formats.axes import spectral_axis
from skyatlas.formats.cards import Cards
from skyatlas.formats.samples import Samples, as_floats, spectrum_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from astropy.io.fits import HDUList
    from numpy.typing import NDArray

    from skyatlas.dataset import Spectrum

COMBINED = ("combined, each pixel weighted", "combined, each visit weighted")
"""The first two rows of an apStar of several visits; its visits follow."""
CHIPS = ("red", "green", "blue")
"""The rows of an apVisit."""
REST = "SOURCE"
"""SPECSYS of what is shifted to rest (FITS standard 4.0, table 28); the files say it in HISTORY."""


def apogee_spectra(hdus: HDUList) -> Spectrum | SpectrumList | None:
    """Return the spectra of a file of APOGEE; None where it is none.

    Of an apStar, those that visits were combined to come first, then the visits; of an aspcapStar,
    the spectrum divided by its continuum, then the fit; of an apVisit the three detectors.
    The mask holds the pixels with a flag that APOGEE itself counts as bad (`apogee.toml`): for the
    first row of an apStar that is any visit's, for the second that is every visit's.
    """
    cards = Cards(hdus[0].header)
    history = cards.text("HISTORY").upper()
    # The header of a fit may have all that the star's has.
    if _is_fit(hdus):
        spectra = _fit(hdus)
    elif _same_shape(hdus, 3) and ("APSTAR" in history or _is_of_visits(cards)):
        spectra = _star(hdus)
    elif _same_shape(hdus, 4) and "AP1DVISIT" in history:
        spectra = _visit(hdus)
    else:
        return None
    return spectra[0] if len(spectra) == 1 else SpectrumList(spectra)


def _same_shape(hdus: HDUList, count: int) -> bool:
    """Whether HDU 1 to `count` are arrays of one shape: rows of samples, or one row alone."""
    if len(hdus) <= count:
        return False
    shapes = {tuple(hdu.shape) if hdu.is_image else () for hdu in hdus[1 : count + 1]}
    return len(shapes) == 1 and len(next(iter(shapes))) in (1, 2)


def _is_of_visits(cards: Cards) -> bool:
    """Whether a header names files of visits, as that of an apStar does."""
    return cards.text("SFILE1").startswith(("apVisit", "asVisit"))


def _is_fit(hdus: HDUList) -> bool:
    """Whether the last table of the file is ASPCAP's, and three rows are in front of it."""
    last = hdus[-1]
    names = [] if last.is_image else [str(name).upper() for name in last.columns.names]
    return "ASPCAPFLAG" in names and _same_shape(hdus, 3) and len(hdus[1].shape) == 1


def _star(hdus: HDUList) -> list[Spectrum]:
    import numpy as np

    flux, sigma, flags = (np.atleast_2d(hdu.data) for hdu in hdus[1:4])
    cards = Cards(hdus[0].header, hdus[1].header)
    names = _names(cards, len(flux))
    axis = _axis(cards, flux.shape[1])
    parts = zip(flux, sigma, flags, names, strict=True)
    return [replace(_spectrum(axis, *part, cards), frame=REST) for part in parts]


def _names(cards: Cards, rows: int) -> Sequence[str]:
    """What the rows are; a star that was visited once has but that visit's."""
    visits = [cards.text(f"SFILE{number}") for number in range(1, max(rows - 1, 2))]
    visits = [word.removesuffix(".fits") or f"visit {n}" for n, word in enumerate(visits, 1)]
    names = visits if rows == 1 else [*COMBINED, *visits]
    if len(names) != rows:
        raise FormatError(f"{rows} rows are not what an apStar has: 1, or 2 more than visits.")
    return names


def _fit(hdus: HDUList) -> list[Spectrum]:
    cards = Cards(hdus[0].header, hdus[1].header)
    flux, sigma, fit = (as_floats(hdu.data) for hdu in hdus[1:4])
    axis = _axis(cards, len(flux))
    found = (
        _spectrum(axis, flux, sigma, None, "divided by the continuum", cards, unit=""),
        _spectrum(axis, fit, None, None, "best fit", cards, unit=""),
    )
    return [replace(one, frame=REST) for one in found]


def _visit(hdus: HDUList) -> list[Spectrum]:
    cards = Cards(hdus[0].header, hdus[1].header)
    flux, sigma, flags, waves = (hdu.data for hdu in hdus[1:5])
    rows = zip(waves, flux, sigma, flags, CHIPS, strict=True)
    return [_spectrum(*row, cards) for row in rows]


def _axis(cards: Cards, length: int) -> NDArray[np.float64]:
    found = spectral_axis(cards, length, 1)
    if found is None or cards.text("CTYPE1").upper() != "LOG-LINEAR":
        raise FormatError("This file of APOGEE has no axis: CTYPE1 is not LOG-LINEAR.")
    return found.values


def _spectrum(
    axis: Any,
    flux: Any,
    sigma: Any,
    flags: Any,
    name: str,
    cards: Cards,
    *,
    unit: str | None = None,
) -> Spectrum:
    return spectrum_from(
        Samples(
            axis=axis,
            flux=flux,
            axis_unit_text="Angstrom",
            flux_unit_text=_unit(cards) if unit is None else unit,
            medium="vacuum",
            cards=cards,
            name=name,
            sigma=sigma,
            flagged=None if flags is None else _bad(flags),
        )
    )


def _unit(cards: Cards) -> str:
    """The unit within the words of BUNIT: "Flux (10^-17 erg/s/cm^2/Ang)"."""
    said = cards.text("BUNIT")
    bracket = re.search(r"\(([^()]+)\)\s*$", said)
    return bracket[1] if bracket else said


def _bad(flags: Any) -> NDArray[np.bool_]:
    import numpy as np

    return np.asarray(np.asarray(flags).astype(np.int64) & _bits() != 0)


@cache
def _bits() -> int:
    known = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return sum(1 << bit for bit in known["bad"].values())
