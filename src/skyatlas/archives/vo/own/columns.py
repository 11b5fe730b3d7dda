"""This file makes ObsCore columns of a service's own, as its file says.

Invariant: what comes out is in ObsCore's unit, or it is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from skyatlas.archives.vo.own.words import Words
from skyatlas.errors import Unreadable
from skyatlas.obscore import COLUMNS, Column, Field, Fixed

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["OwnColumn", "columns_of", "field_of"]

_SCHEMA: Mapping[str, Column] = {
    column.name: column
    for column in COLUMNS
    if column.name not in ("archive", "target", "distance")  # the house fills these in
}
_DATES = ("mjd", "jd", "iso")
"""What `unit` may say of t_min and t_max besides units of time since MJD 0."""
_JD_OF_MJD_0 = 2_400_000.5
"""Days."""


@dataclass(frozen=True, slots=True)
class OwnColumn:
    """Where the values of one ObsCore column come from: a column of the service, or one value."""

    column: str = ""
    """Name in the service's answer; "" where `value` is given."""
    unit: str = ""
    """Its unit, or "jd", "mjd", "iso" for dates; "" for the unit that the answer declares.

    Wavelengths may be given as frequencies or energies (em_min is then the highest one)."""
    value: str | int | float | None = None
    """The same for all rows."""


def columns_of(words: Words) -> Mapping[str, OwnColumn]:
    """What `[columns]` says, by the names of ObsCore. Raises BadInput."""
    words.only(_SCHEMA, above=("acknowledgement", "login_hint", "kinds", "hosts"))
    return MappingProxyType({name: _column(words, _SCHEMA[name]) for name in words.values})


def field_of(name: str, own: OwnColumn, archive: str, file: Path) -> Field:
    """The ObsCore column `name`, as `obscore.conform` takes it.

    It raises Unreadable for an answer without that column, or with values that cannot be converted.
    """
    if own.value is not None:
        return Fixed(own.value)
    schema = _SCHEMA[name]

    def values(native: Table) -> Any:
        found = _found(native, own.column)
        if found is None:
            raise Unreadable(
                f"{archive} answered without the column {own.column!r} that {file} names for "
                f"{name}; there are: {', '.join(native.colnames)}",
                archive=archive,
            )
        unit = own.unit or str(found.unit or "")
        if not unit or not schema.unit or unit == schema.unit:
            return found
        if not _converts(unit, schema):
            raise Unreadable(
                f"{archive} gives {own.column} in {unit!r}, which cannot become {schema.unit}; "
                f"write its true unit into {file}",
                archive=archive,
            )
        try:
            return _converted(found, unit, schema)
        except (TypeError, ValueError) as error:
            raise Unreadable(
                f"{archive} gives values of {own.column} that are not in {unit!r} (the first is "
                f"{str(found[0])!r}); write their true unit into {file}",
                archive=archive,
            ) from error

    return values


def _column(words: Words, schema: Column) -> OwnColumn:
    said = words.values[schema.name]
    how = '"its column", {column = "its column", unit = "nm"} or {value = …}'
    unclear = words.wrong(
        schema.name, f"{schema.name} cannot be understood; write {schema.name} = {how}"
    )
    if isinstance(said, dict):
        inside = words.inside(schema.name)
        inside.only(OwnColumn.__slots__)
        own = OwnColumn(inside.text("column"), inside.text("unit"), inside.values.get("value"))
    elif isinstance(said, str):
        own = OwnColumn(said)
    else:
        raise unclear
    if bool(own.column) == (own.value is not None) or (own.unit and not own.column):
        raise unclear
    if own.value is not None and not _fits(own.value, schema):
        kind = {"str": "a text in quotes", "int": "a whole number", "float": "a number"}
        unit = f", in {schema.unit}" if schema.unit else ""
        raise words.wrong(
            schema.name, f"the value of {schema.name} must be {kind[schema.dtype]}{unit}"
        )
    if own.unit and not _converts(own.unit, schema):
        theirs = f"{schema.unit}, the unit of {schema.name}" if schema.unit else "a text"
        raise words.wrong(schema.name, f"{own.unit!r} cannot become {theirs}; write the true unit")
    return own


def _found(native: Table, wanted: str) -> Any:
    """The column of that name; case does not count where only case is different (TAP)."""
    names = {name.casefold(): name for name in native.colnames}
    name = wanted if wanted in native.colnames else names.get(wanted.casefold())
    return None if name is None else native[name]


def _fits(value: object, schema: Column) -> bool:
    if isinstance(value, bool):
        return False
    kinds: dict[str, Any] = {"str": str, "int": int, "float": int | float}
    return isinstance(value, kinds[schema.dtype])


def _converts(unit: str, schema: Column) -> bool:
    if schema.name in ("t_min", "t_max") and unit in _DATES:
        return True
    from astropy import units as u

    if not schema.unit:
        return False
    try:
        return bool(u.Unit(unit).is_equivalent(u.Unit(schema.unit), equivalencies=u.spectral()))
    except ValueError:
        return False


def _converted(column: Any, unit: str, schema: Column) -> Any:
    """The values in the schema's unit; what is no number is masked."""
    import numpy as np
    from astropy import units as u
    from astropy.time import Time

    mask = np.ma.getmaskarray(np.ma.asarray(column)).copy()
    if unit == "iso":
        texts = [
            "2000-01-01" if hidden else str(one) for one, hidden in zip(column, mask, strict=True)
        ]
        return np.ma.array(Time(texts, scale="utc").mjd, mask=mask)
    numbers = np.ma.getdata(column).astype(np.float64)
    if unit in _DATES:
        return np.ma.array(numbers - (_JD_OF_MJD_0 if unit == "jd" else 0.0), mask=mask)
    with np.errstate(divide="ignore", invalid="ignore"):  # a frequency of 0 is no wavelength
        made = u.Unit(unit).to(u.Unit(schema.unit), numbers, equivalencies=u.spectral())
    return np.ma.array(made, mask=mask | ~np.isfinite(made))
