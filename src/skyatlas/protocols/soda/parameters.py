"""This file finds the parameters in which a service takes a region, a band, a time.

Invariant: numbers go out with all their digits. Sources: IVOA SODA 1.0, section 3; DataLink 1.1,
section 4.1; DALI 1.1, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import cos, isfinite, radians
from typing import TYPE_CHECKING

from skyatlas.protocols.votable import Field

if TYPE_CHECKING:
    from skyatlas.model import Interval
    from skyatlas.protocols.soda.cut import Cut

Values = tuple[tuple[str, str], ...]

_STANDARD = (
    Field("CIRCLE", xtype="circle"),
    Field("POLYGON", xtype="polygon"),
    Field("POS"),
    Field("BAND", xtype="interval", unit="m"),
    Field("TIME", xtype="interval", unit="d"),
    Field("POL"),
)
"""What a SODA service takes that does not say what it takes (CADC's for some files, ALMA's)."""
_CUTTING = frozenset({"CIRCLE", "POLYGON", "POS", "BAND", "TIME", "POL", "RA", "DEC"})
_KINDS = frozenset({"circle", "polygon", "range", "interval"})
"""xtypes of regions and ranges (DALI 1.1, section 3.3)."""
_PER_METRE = {"": 1.0, "m": 1.0, "um": 1e6, "nm": 1e9, "Angstrom": 1e10}
"""Units of wavelength (VOUnits) in a metre."""


class Inputs:
    """A service's parameters, found by name, by UCD or by kind of value."""

    def __init__(self, inputs: Sequence[Field], *, standard: bool) -> None:
        bare = not any(one.name.upper() in _CUTTING or one.xtype in _KINDS for one in inputs)
        self._all = (*inputs, *_STANDARD) if standard and bare else tuple(inputs)

    def named(self, name: str) -> Field | None:
        """The parameter of this name, whatever its case."""
        return next((one for one in self._all if one.name.upper() == name), None)

    def shaped(self, shape: str) -> Field | None:
        """The one that takes the numbers of a circle or a polygon."""
        named = self.named(shape.upper())
        alike = (one for one in self._all if one.xtype == shape and one.name.upper() != "POS")
        return named or next(alike, None)

    def position(self, shape: str) -> Field | None:
        """The POS that takes this shape: one that says so (CASDA's three), or that says nothing."""
        every = (one for one in self._all if one.name.upper() == "POS")
        return next((one for one in every if one.xtype in ("", shape)), None)

    def interval(self, name: str, *ucds: str) -> Field | None:
        """The one of this name, or a range of values of one of these kinds (UCD)."""
        alike = (one for one in self._all if one.xtype == "interval" and _is_ucd(one.ucd, ucds))
        return self.named(name) or next(alike, None)

    @property
    def ra(self) -> Field | None:
        """The one for a range of right ascensions, as DaCHS has it."""
        return self.interval("RA", "pos.eq.ra")

    @property
    def dec(self) -> Field | None:
        """The one for a range of declinations."""
        return self.interval("DEC", "pos.eq.dec")

    @property
    def band(self) -> Field | None:
        """The one for a range of wavelengths."""
        found = self.interval("BAND", "em.wl")
        return found if found is not None and found.unit in _PER_METRE else None

    @property
    def time(self) -> Field | None:
        """The one for a range of dates."""
        return self.interval("TIME", "time")

    def fixed(self) -> Values:
        """Texts that the description has already filled in: they are part of the question."""
        return tuple(
            (one.name, one.value)
            for one in self._all
            if one.value
            and one.datatype in ("char", "unicodeChar")
            and one.name.upper() not in {*_CUTTING, "ID", "FORMAT"}
        )

    def fits_format(self) -> Values:
        """FITS, where the service can be told what to make."""
        form = self.named("FORMAT")
        options = form.options if form is not None else ()
        fits = [one for one in options if one.split(";")[0] in ("application/fits", "image/fits")]
        return ((form.name, fits[0]),) if form is not None and fits else ()


def taken(cut: Cut, inputs: Inputs) -> tuple[Values, tuple[str, ...]]:
    """The parameters of a cut, and the parts of it that the service does not take."""
    parts: dict[str, Values] = {}
    if cut.region is not None:
        parts["region"] = _region(*cut.region, inputs)
    for name, interval, one in (
        ("band", cut.band, inputs.band),
        ("time", cut.time, inputs.time),
    ):
        if interval is not None:
            parts[name] = ((one.name, _ends(interval, one)),) if one is not None else ()
    if cut.pol:
        known = inputs.named("POL")
        parts["pol"] = tuple((known.name, one) for one in cut.pol) if known is not None else ()
    values = tuple(pair for some in parts.values() for pair in some)
    return (*values, *cut.more), tuple(name for name, some in parts.items() if not some)


def _region(shape: str, numbers: tuple[float, ...], inputs: Inputs) -> Values:
    plain = inputs.shaped(shape)
    if plain is not None:
        return ((plain.name, _text(numbers)),)
    position = inputs.position(shape)
    if position is not None:
        return ((position.name, f"{shape.upper()} {_text(numbers)}"),)
    if inputs.ra is None or inputs.dec is None:
        return ()
    low_ra, high_ra, low_dec, high_dec = box_of(shape, numbers)
    turn = _turn((low_ra + high_ra) / 2, inputs.ra)
    return (
        (inputs.ra.name, _text((low_ra + turn, high_ra + turn))),
        (inputs.dec.name, _text((low_dec, high_dec))),
    )


def box_of(shape: str, numbers: tuple[float, ...]) -> tuple[float, float, float, float]:
    """Lowest and highest right ascension (perhaps below 0), and declination, around a region."""
    if shape == "range":
        return (numbers[0], numbers[1], numbers[2], numbers[3])
    if shape == "circle":
        ra, dec, radius = numbers
        low, high = max(-90.0, dec - radius), min(90.0, dec + radius)
        # Right ascension spans asin(sin r / cos dec) to both sides: a little less than this.
        beside_pole = abs(dec) + radius < 90.0
        half = radius / cos(radians(abs(dec) + radius)) if beside_pole else 180.0
        half = min(half, 180.0)
        return ra - half, ra + half, low, high
    first = numbers[0]
    around = [first + (one - first + 180.0) % 360.0 - 180.0 for one in numbers[0::2]]
    return min(around), max(around), min(numbers[1::2]), max(numbers[1::2])


def _turn(middle: float, ra: Field) -> float:
    """360 degrees up or down, so that a right ascension is near the service's own limits."""
    limits = [number_of(ra.low), number_of(ra.high)]
    if not all(isfinite(one) for one in limits):
        return 0.0
    centre = sum(limits) / 2
    return min((0.0, 360.0, -360.0), key=lambda turn: abs(middle + turn - centre))


def _ends(interval: Interval, one: Field) -> str:
    """Both ends in the parameter's unit; an open one is the dataset's own, or infinite."""
    scale = per_metre(one)
    low, high = number_of(one.low), number_of(one.high)
    ends = (
        repr(interval.low * scale) if interval.low is not None else _end(low, "-Inf"),
        repr(interval.high * scale) if interval.high is not None else _end(high, "+Inf"),
    )
    return " ".join(ends)


def _end(limit: float, infinite: str) -> str:
    return repr(limit) if isfinite(limit) else infinite


def per_metre(one: Field) -> float:
    """How many of its unit are a metre, of a range of wavelengths; 1 for other quantities."""
    return _PER_METRE.get(one.unit, 1.0)


def number_of(text: str) -> float:
    """A limit; NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _text(numbers: Iterable[float]) -> str:
    return " ".join(repr(float(number)) for number in numbers)


def _is_ucd(ucd: str, wanted: tuple[str, ...]) -> bool:
    return any(word in wanted for word in ucd.split(";")[:1])
