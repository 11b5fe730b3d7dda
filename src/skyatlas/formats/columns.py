"""This file finds which column of a table is the axis, the flux, the error, the quality.

Columns are found by UTYPE first, then by UCD, then by the family of their names; a table in which
axis or flux is not found is no spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.formats.medium import Medium, medium_of_column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from astropy.io.fits import BinTableHDU

# Families of names, most telling first; compared without case.
AXIS = (
    "WAVE", "WAVELENGTH", "LAMBDA", "LAM", "WL", "WAVELENGTH_VAC", "WAVE_VAC", "LAMBDA_VAC",
    "LOGLAM", "LOGLAMBDA", "LOG_LAMBDA", "LOGWAVE", "WAVELENGTH_AIR", "WAVE_AIR", "LAMBDA_AIR",
    "FREQ", "FREQUENCY", "ENERGY", "WAVENUMBER", "VELOCITY",
)  # fmt: skip
LOGARITHMIC = frozenset({"LOGLAM", "LOGLAMBDA", "LOG_LAMBDA", "LOGWAVE"})
"""Columns that hold log10 of the wavelength (SDSS, LAMOST)."""
FLUX = ("FLUX", "FLUX_DENSITY", "FLAM", "FNU", "SPEC", "SPECTRUM", "INTENSITY", "COUNTS")
SIGMA = (
    "ERR", "ERROR", "ERRS", "SIGMA", "SIG", "ERR_FLUX", "FLUX_ERR", "FLUX_ERROR", "FLUXERR",
    "FLUX_UNCERTAINTY", "UNCERTAINTY", "STATERROR", "E_FLUX", "STDDEV",
)  # fmt: skip
VARIANCE = ("VAR", "VARIANCE", "FLUX_VAR")
WEIGHT = ("IVAR", "INVVAR", "FLUX_IVAR")
QUALITY = (
    "QUAL", "QUALITY", "DQ", "AND_MASK", "ANDMASK", "PIXMASK", "MASK", "BITMASK", "FLAG", "FLAGS",
)  # fmt: skip
GOOD_IS_ONE = ("DATAQUAL",)
"""CALSPEC: "Data quality: 1=good, 0=bad"."""
MEASUREMENTS = ("NPTS",)
"""How many measurements are in a sample; zero means none (STIS, IUE, SpeX co-additions)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the header describes it."""

    name: str
    unit: str
    utype: str
    ucd: str
    comment: str
    numeric: bool
    repeat: int
    """Numbers per row."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column plays which part."""

    axis: Column
    flux: Column
    sigma: Column | None
    variance: Column | None
    weight: Column | None
    quality: Column | None
    good_is_one: Column | None
    measurements: Column | None
    medium: Medium | None

    @property
    def logarithmic(self) -> bool:
        """Whether the axis column holds log10 of the wavelength."""
        return self.axis.name.upper() in LOGARITHMIC


def columns_of(hdu: BinTableHDU) -> tuple[Column, ...]:
    """Describe the columns of a table from its header, without reading any data."""
    header = hdu.header
    return tuple(
        Column(
            name=column.name or "",
            unit=str(column.unit or "").strip(),
            utype=_utype(str(header.get(f"TUTYP{number}", ""))),
            ucd=str(header.get(f"TUCD{number}", "")).strip().lower(),
            comment=f"{header.comments[f'TTYPE{number}']} {header.get(f'TCOMM{number}', '')}"
            if f"TTYPE{number}" in header
            else "",
            numeric=_is_vector_of_numbers(column),
            repeat=max(_shape(column), default=1),
        )
        for number, column in enumerate(hdu.columns, 1)
    )


def roles_of(columns: Sequence[Column]) -> Roles | None:
    """Return which column is what, or None where there is no axis or no flux beside it."""
    usable = [column for column in columns if column.numeric and column.name]
    axis = _find(usable, "data.spectralaxis.value", _is_axis_ucd, AXIS)
    if axis is None:
        return None
    beside = [column for column in usable if column is not axis and column.repeat == axis.repeat]
    flux = _find(beside, "data.fluxaxis.value", _is_flux_ucd, FLUX)
    if flux is None:
        return None
    rest = [column for column in beside if column is not flux]

    def named(family: Sequence[str]) -> Column | None:
        return _find(rest, "", lambda _: False, family)

    others = frozenset(column.name.upper() for column in usable)
    return Roles(
        axis=axis,
        flux=flux,
        sigma=_find(
            rest,
            "data.fluxaxis.accuracy.staterror",
            lambda ucd: ucd.startswith("stat.error;" + flux.ucd.removesuffix(";meta.main")),
            SIGMA,
        ),
        variance=named(VARIANCE),
        weight=named(WEIGHT),
        quality=_find(rest, "data.fluxaxis.accuracy.qualitystatus", _is_quality_ucd, QUALITY),
        good_is_one=named(GOOD_IS_ONE),
        measurements=named(MEASUREMENTS),
        medium=medium_of_column(axis.name, axis.ucd, axis.comment, others),
    )


def _find(
    columns: Sequence[Column], utype: str, is_ucd: Callable[[str], bool], family: Sequence[str]
) -> Column | None:
    if utype:
        for column in columns:
            if column.utype == utype:
                return column
    # Phase 3 tables may hold several fluxes; `meta.main` marks the one that is meant.
    by_ucd = [column for column in columns if column.ucd and is_ucd(column.ucd)]
    if by_ucd:
        return next((column for column in by_ucd if "meta.main" in column.ucd), by_ucd[0])
    names = {column.name.upper(): column for column in reversed(columns)}
    return next((names[name] for name in family if name in names), None)


def _utype(text: str) -> str:
    """`Spectrum.Data.…`, `spec:Data.…` and `spec:Spectrum.Data.…` all become `data.…`.

    Another prefix is another thing: X-SHOOTER products hold `eso:Data.FluxAxis.Value` and
    `continuum:Data.FluxAxis.Value` beside the flux.
    """
    text = text.strip().lower()
    prefix, colon, rest = text.partition(":")
    if colon and prefix in {"spec", "spectrum", "ssa", "sdm"}:
        text = rest
    return text.removeprefix("spectrum.")


def _is_axis_ucd(ucd: str) -> bool:
    return ucd.split(";")[0] in {"em.wl", "em.freq", "em.energy", "em.wavenumber"}


def _is_flux_ucd(ucd: str) -> bool:
    # `phot.fludens` and `phot.flux.density` are the old and the new word (UCD1+ 1.3).
    return ucd.startswith(("phot.flux", "phot.fludens")) and "stat.error" not in ucd


def _is_quality_ucd(ucd: str) -> bool:
    return ucd.startswith("meta.code.qual")


def _shape(column: Any) -> tuple[int, ...]:
    return tuple(length for length in column.dtype.shape if length != 1)


def _is_vector_of_numbers(column: Any) -> bool:
    # A variable-length column ("1PE") shows the numbers of its descriptors, not its own.
    variable = str(column.format).lstrip("0123456789")[:1] in {"P", "Q"}
    return column.dtype.base.kind in "fiu" and not variable and len(_shape(column)) <= 1
