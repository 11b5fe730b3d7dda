"""This file reads light curves: one table with times and fluxes, one cadence a row.

Values are the file's: fluxes become float64 (which holds each float32), times days, and no cadence
is left out; the mask says which are not to be used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import FluxColumn, LightCurve
from skyatlas.errors import FormatError
from skyatlas.formats import series
from skyatlas.formats.cards import Cards
from skyatlas.formats.clocks import cadence_of, clock_of
from skyatlas.formats.samples import as_floats
from skyatlas.formats.units import parse_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astropy.io.fits import BinTableHDU, HDUList
    from numpy.typing import NDArray

    from skyatlas.formats.authors import Author

NO_FLUX = re.compile(r"ERR|BKG|BACKGROUND|SIGMA|VAR$|MASK|FLAG|FRAC", re.IGNORECASE)
"""Columns with FLUX in their name that are something about a flux."""


def light_curve(hdus: HDUList) -> LightCurve | None:
    """Return the first table that has times and fluxes as a light curve; None where none has.

    Of K2SFF's twenty apertures that is the best one, of KBONUS's quarters all of them stitched.
    """
    for hdu in series.tables(hdus):
        columns = series.names_in(hdu)
        cards = Cards(hdus[0].header, hdu.header)
        author = series.author_of(cards, columns)
        time = next((name for name in author.times if _is_number(columns, name)), None)
        fluxes = _fluxes(author, columns)
        if time is not None and fluxes:
            return _curve(hdu, cards, author, time, fluxes)
    return None


def _is_number(columns: Mapping[str, Any], name: str) -> bool:
    return name in columns and series.is_number(columns[name])


def _fluxes(author: Author, columns: Mapping[str, Any]) -> dict[str, FluxColumn]:
    """The columns of flux by their names in capitals, the author's choice first."""
    others = [name for name in columns if "FLUX" in name and not NO_FLUX.search(name)]
    names = [name for name in (*author.fluxes, *others) if _is_number(columns, name)]
    return {name: _described(author, columns, name) for name in dict.fromkeys(names)}


def _described(author: Author, columns: Mapping[str, Any], name: str) -> FluxColumn:
    text = str(columns[name].unit or "").strip()
    errors = (*author.errors.get(name, ()), f"{name}_ERR", name.replace("FLUX", "FLUX_ERR"))
    sigma = next((e for e in errors if e != name and _is_number(columns, e)), None)
    return FluxColumn(
        unit=parse_unit(text or author.units.get(name, "")),
        unit_text=text,
        sigma="" if sigma is None else columns[sigma].name,
    )


def _curve(
    hdu: BinTableHDU, cards: Cards, author: Author, time: str, fluxes: Mapping[str, FluxColumn]
) -> LightCurve:
    import numpy as np

    if not len(hdu.data):
        raise FormatError("a light curve without a single cadence: its table has no rows.")
    arrays = series.arrays_of(hdu)
    upper = {name.upper(): values for name, values in reversed(arrays.items())}
    own_names = {name.upper(): name for name in reversed(arrays)}
    clock = clock_of(cards, str(series.names_in(hdu)[time].unit or ""), author)
    days = clock.days(upper[time])
    chosen = next((name for name in fluxes if np.isfinite(upper[name]).any()), next(iter(fluxes)))
    flagged = series.flagged_by(author, upper)
    quality = series.quality_name(author, upper)
    flux, meant = as_floats(upper[chosen]), fluxes[chosen]
    return LightCurve(
        time=days,
        time_scale=clock.scale,
        time_offset=clock.offset,
        flux=flux,
        sigma=as_floats(arrays[meant.sigma]) if meant.sigma else None,
        quality=None if quality is None else upper[quality],
        mask=_mask(days, flux, flagged),
        flux_unit=meant.unit,
        flux_unit_text=meant.unit_text,
        meta=cards,
        flux_name=own_names[chosen],
        columns=arrays,
        fluxes={
            own_names[name]: fluxes[name]
            for name in sorted(fluxes, key=lambda name: name != chosen)
        },
        flagged=flagged,
        **series.identity(cards, author, cadence_of(cards, days)),
    )


def _mask(days: NDArray[Any], flux: NDArray[Any], flagged: NDArray[Any] | None) -> NDArray[Any]:
    import numpy as np

    mask = ~(np.isfinite(days) & np.isfinite(flux))
    return np.asarray(mask if flagged is None else mask | flagged)
