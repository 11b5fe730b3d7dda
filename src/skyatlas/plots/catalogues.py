"""This file finds the places in a table that somebody else made: by UCD, else by usual names.

What a column says of itself counts: its unit, its UCD. Numbers without a unit are degrees, texts
are sexagesimal hours and degrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput
from skyatlas.plots.overlays import Catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from astropy.table import Table
    from numpy.typing import NDArray

UCD = {"ra": "pos.eq.ra", "dec": "pos.eq.dec"}
"""UCD1+ (IVOA, UCD List 1.5); with `meta.main` first."""
OLD_UCD = {"ra": "POS_EQ_RA", "dec": "POS_EQ_DEC"}
"""UCD1, as VizieR and cone searches still say; with `_MAIN` first."""
USUAL = {
    "ra": ("ra", "raj2000", "_raj2000", "ra_icrs", "s_ra", "ramean", "rastack", "alpha_j2000",
           "ra_deg", "radeg", "ra2000", "right_ascension", "raj", "xwin_world", "alpha"),
    "dec": ("dec", "dej2000", "_dej2000", "decj2000", "_decj2000", "de_icrs", "dec_icrs", "s_dec",
            "decmean", "decstack", "delta_j2000", "dec_deg", "decdeg", "dedeg", "dec2000",
            "declination", "decj", "ywin_world", "delta"),
}  # fmt: skip
"""Names in lower case: VizieR, Gaia, ObsCore, Pan-STARRS, SExtractor …"""


def catalogue_of(table: Table, name: str = "", label: str | None = None) -> Catalogue:
    """Return the places in a table; `label` is the column with the words beside them.

    Raises `BadInput`, with the columns that there are, where no two columns are RA and Dec, where
    they hold no angles, and for a label that is no column.
    """
    ra, dec = (_found(table, axis) for axis in ("ra", "dec"))
    if ra is None or dec is None:
        raise BadInput(
            f"No columns of {name or 'the table'} are RA and Dec, by UCD or by name; there are"
            f" {_listed(table.colnames)}."
        )
    labels: Sequence[str] = ()
    if label is not None:
        if label not in table.colnames:
            raise BadInput(
                f"{name or 'The table'} has no column {label!r}; there are"
                f" {_listed(table.colnames)}."
            )
        labels = ["" if value is None else str(value) for value in table[label].tolist()]
    places = (_degrees(table[ra], "hourangle"), _degrees(table[dec], "deg"))
    return Catalogue(*places, labels, name)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _found(table: Table, axis: str) -> str | None:
    """The column of an axis: the main one by UCD, any one by UCD, else by name."""
    ucds = {name: str((table[name].info.meta or {}).get("ucd", "")) for name in table.colnames}
    said = [name for name, ucd in ucds.items() if _is_axis(ucd, axis)]
    main = [name for name in said if "main" in ucds[name].lower()]
    if said:
        return str((main or said)[0])
    names = {name.lower(): name for name in reversed(table.colnames)}
    return next((names[usual] for usual in USUAL[axis] if usual in names), None)


def _is_axis(ucd: str, axis: str) -> bool:
    first = ucd.split(";")[0].strip()
    return first.lower() == UCD[axis] or first.upper().removesuffix("_MAIN") == OLD_UCD[axis]


def _degrees(column: Any, sexagesimal: str) -> NDArray[np.float64]:
    """Shape (n,): degrees; NaN where a row says nothing."""
    import astropy.units as u
    import numpy as np

    if column.dtype.kind in "SUO":
        return np.array([_angle(text, sexagesimal, column.name) for text in column.tolist()])
    values = np.ma.filled(np.ma.asarray(getattr(column, "value", column)).astype(float), np.nan)
    unit = column.unit
    if unit is None or not unit.is_equivalent(u.deg):
        return np.asarray(values)
    return np.asarray(u.Quantity(values, unit).to_value(u.deg))


def _angle(said: object, sexagesimal: str, name: str) -> float:
    from astropy.coordinates import Angle

    text = str(said or "").strip()
    if not text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(Angle(text, sexagesimal).deg)
    except ValueError as error:
        raise BadInput(f"The column {name} holds no angles, but {text!r}.") from error
