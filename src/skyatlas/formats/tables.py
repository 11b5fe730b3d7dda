"""This file reads spectra out of tables: one sample per row, or one spectrum per row.

The second is the layout of ESO Phase 3 (one row), of HST x1d (a row per order or segment) and of
the IVOA Spectrum model in FITS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.dataset import SpectrumList
from skyatlas.formats.cards import Cards
from skyatlas.formats.columns import Roles, columns_of, roles_of
from skyatlas.formats.medium import medium_of_cards
from skyatlas.formats.samples import Samples, as_floats, spectrum_from
from skyatlas.formats.wat import unit_in_wat

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from astropy.io.fits import BinTableHDU, HDUList
    from numpy.typing import NDArray

    from skyatlas.dataset import Spectrum

LABELS = ("SEGMENT", "SPORDER", "ORDER")
"""Columns that say which part of the spectrum a row is (HST x1d)."""


def spectra_in_tables(hdus: HDUList) -> Spectrum | SpectrumList | None:
    """Return the spectra of all tables that have an axis and a flux column; None where none has.

    Where a file names some of its tables COADD (SDSS, LAMOST), those are the spectra, and the
    single exposures behind them stay in the file.
    """
    tables = [(hdu, roles) for hdu in hdus if (roles := _roles(hdu)) is not None]
    coadded = [(hdu, roles) for hdu, roles in tables if hdu.name.upper().startswith("COADD")]
    spectra = [
        spectrum
        for hdu, roles in coadded or tables
        for spectrum in _spectra(hdu, roles, Cards(hdus[0].header, hdu.header))
    ]
    if not spectra:
        return None
    return spectra[0] if len(spectra) == 1 else SpectrumList(spectra)


def _roles(hdu: Any) -> Roles | None:
    from astropy.io.fits import BinTableHDU, GroupsHDU, TableHDU

    if not isinstance(hdu, BinTableHDU | TableHDU) or isinstance(hdu, GroupsHDU):
        return None
    roles = roles_of(columns_of(hdu))
    samples = 0 if roles is None else roles.axis.repeat
    return roles if max(samples, hdu.header["NAXIS2"] if samples == 1 else 0) > 1 else None


def _spectra(hdu: BinTableHDU, roles: Roles, cards: Cards) -> Iterator[Spectrum]:
    table = hdu.data
    if roles.axis.repeat == 1:
        yield spectrum_from(_samples(table, roles, cards, hdu.name))
        return
    label = next((name for name in LABELS if name in table.names), None)
    for number in range(len(table)):
        part = "" if label is None else f"{label.lower()} {str(table[label][number]).strip()}"
        name = " ".join(filter(None, (hdu.name, part)))
        yield spectrum_from(_samples(table[number], roles, cards, name))


def _samples(record: Any, roles: Roles, cards: Cards, name: str) -> Samples:
    """The samples of one spectrum; `record` is a whole table of scalars or one row of vectors."""
    import numpy as np

    axis = as_floats(record[roles.axis.name]).reshape(-1)
    flux = as_floats(record[roles.flux.name]).reshape(-1)
    sigma, flagged = _sigma(record, roles), _flagged(record, roles, cards)
    if roles.axis.repeat > 1:
        flagged = _beyond(record, len(axis), flagged)
    return Samples(
        axis=np.power(10.0, axis) if roles.logarithmic else axis,
        flux=flux,
        axis_unit_text=roles.axis.unit or unit_in_wat(cards),
        flux_unit_text=roles.flux.unit or cards.text("BUNIT"),
        medium=roles.medium or medium_of_cards(cards),
        cards=cards,
        name=name,
        sigma=sigma,
        flagged=flagged,
    )


def _sigma(record: Any, roles: Roles) -> NDArray[np.float64] | None:
    if roles.sigma is not None:
        return as_floats(record[roles.sigma.name]).reshape(-1)
    if roles.variance is not None:
        return sigma_of_variance(record[roles.variance.name]).reshape(-1)
    if roles.weight is not None:
        return sigma_of_weight(record[roles.weight.name]).reshape(-1)
    return None


def sigma_of_variance(variance: Any) -> NDArray[np.float64]:
    """Return sqrt(variance), NaN where it is negative."""
    import numpy as np

    values = as_floats(variance)
    return np.sqrt(np.where(values >= 0, values, np.nan))


def sigma_of_weight(weight: Any) -> NDArray[np.float64]:
    """Return 1/sqrt(inverse variance), NaN where it is zero (no information) or negative."""
    import numpy as np

    values = as_floats(weight)
    return np.asarray(1 / np.sqrt(np.where(values > 0, values, np.nan)))


def _flagged(record: Any, roles: Roles, cards: Cards) -> NDArray[np.bool_] | None:
    """True where the quality says bad, the inverse variance is zero, or nothing was measured."""
    import numpy as np

    verdicts = []
    if roles.quality is not None:
        verdicts.append(bad_quality(record[roles.quality.name], cards))
    if roles.weight is not None:
        verdicts.append(~(as_floats(record[roles.weight.name]) > 0))
    counts = [column for column in (roles.good_is_one, roles.measurements) if column is not None]
    verdicts += [np.asarray(record[column.name]) == 0 for column in counts]
    return np.logical_or.reduce([v.reshape(-1) for v in verdicts]) if verdicts else None


def bad_quality(flags: Any, cards: Cards) -> NDArray[np.bool_]:
    """True where the flags say that a sample must not be used.

    Any flag does, but where the file says which bits are serious: SDQFLAGS (HST STIS, COS), and
    JWST, where only bit 0 is DO_NOT_USE (jwst-pipeline.readthedocs.io, "Data Quality Flags").
    """
    import numpy as np

    values = np.asarray(flags)
    values = values.astype(np.int64) if values.dtype.kind != "b" else values
    serious = 1 if cards.get("TELESCOP") == "JWST" else cards.get("SDQFLAGS")
    if isinstance(serious, int) and not isinstance(serious, bool) and serious > 0:
        return np.asarray(values & serious != 0)
    return np.asarray(values != 0)


def _beyond(record: Any, length: int, flagged: Any) -> Any:
    """Flag the samples after NELEM, which some rows leave unfilled (HST x1d)."""
    import numpy as np

    names = record.array.names
    filled = int(record["NELEM"]) if "NELEM" in names else length
    beyond = np.arange(length) >= filled
    return beyond if flagged is None else flagged | beyond
