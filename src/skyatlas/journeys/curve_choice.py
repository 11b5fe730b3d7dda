"""This file chooses among light curves: per mission and sector one, the sensible one, unless told.

Invariant: what was left out is said, with the words that would bring it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput
from skyatlas.model import Interval, Note, Why
from skyatlas.obscore import said

if TYPE_CHECKING:
    from astropy.table import Table

AUTHORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "TESS": ("SPOC", "TESS-SPOC", "QLP", "TASOC", "GSFC-ELEANOR-LITE", "TGLC", "CDIPS",
                 "PATHOS"),
        "Kepler": ("Kepler", "KBONUS-BKG"),
        "K2": ("K2", "EVEREST", "K2SFF", "K2SC"),
    }
)  # fmt: skip
"""Mission → who made light curves of it, the one that is taken first in front: the mission's own
pipeline, then those that treat every star of the full frames, then those for some kinds of stars.
The names are MAST's provenance_name (archive.stsci.edu/hlsp, 2026)."""

CADENCES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"TESS": (120.0, 20.0, 200.0, 600.0, 1800.0), "Kepler": (1800.0, 60.0), "K2": (1800.0, 60.0)}
)
"""Mission → seconds from one cadence to the next, the one that is taken first in front: what most
tools are made for; TESS's 20 s are six times the bytes of the same light."""

PARTS: Mapping[str, str] = MappingProxyType(
    {"TESS": "sector", "Kepler": "quarter", "K2": "campaign"}
)
"""What a mission calls the stretches of its time."""

_VALIDATION = re.compile(r"-s\d{4}-s\d{4}-")
"""In the name of an observation that holds the search for planets over several sectors ("data
validation", TESS Archive Manual 2.6): it stands under its first sector, and has no light curve."""
_ONE_STAR = 0.5
"""Arcsec: what two catalogues may differ by about the place of one star."""
_CADENCE_WORDS: Mapping[str, Interval] = MappingProxyType(
    {"fast": Interval(None, 59.0), "short": Interval(60.0, 199.0), "long": Interval(200.0, None)}
)
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds|min|m|minutes)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which light curves are wanted of each target."""

    missions: tuple[str, ...] = ()
    """"TESS", "Kepler", "K2"; none: of all."""
    authors: tuple[str, ...] = ()
    """All of these; none: the first of `AUTHORS` that there is, sector by sector."""
    cadence: Interval | None = None
    """Seconds; None: the first of `CADENCES` that there is."""
    parts: frozenset[int] = frozenset()
    """Sectors, quarters or campaigns; none: all."""
    every: bool = False
    """Every author and cadence."""
    pixels: bool = False
    """The pixels around the target instead of the light curve."""

    @property
    def files(self) -> tuple[str, ...]:
        """How the wanted files end, at MAST: all authors keep to it."""
        return ("*tp.fits", "*targ.fits", "*targ.fits.gz") if self.pixels else ("*lc.fits",)


def wanted(given: Mapping[str, Any]) -> Wanted:
    """Read people's words: `mission`, `author`, `cadence`, `sector`, `quarter`, `campaign`, `every`
    and `pixels`. Raises BadInput for what makes no sense.
    """
    unknown = sorted(
        set(given)
        - {"mission", "author", "cadence", "sector", "quarter", "campaign", "every", "pixels"}
    )
    if unknown:
        raise BadInput(f"no light curve is chosen by {unknown[0]!r}; see `Session.lightcurve`")
    missions = _missions(_names(given.get("mission")))
    parts: frozenset[int] = frozenset()
    for mission, word in PARTS.items():
        if given.get(word) is None:
            continue
        if missions and missions != (mission,):
            raise BadInput(f"a {word} is one of {mission}; it was asked for {', '.join(missions)}")
        missions, parts = (mission,), _numbers(word, str(given[word]))
    cadence = given.get("cadence")
    return Wanted(
        missions,
        tuple(_author(word) for word in _names(given.get("author"))),
        None if cadence is None else _cadence(str(cadence)),
        parts,
        bool(given.get("every")),
        bool(given.get("pixels")),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says that it is chosen by."""

    index: int
    target: str
    mission: str
    part: int | None
    author: str
    cadence: float
    star: str
    """The number under which the mission knows the star."""
    distance: float
    """Arcsec from the target; 0 where that was asked for by its number."""
    place: tuple[float, float]
    """(ra, dec), degrees; NaN where the row has none."""

    @classmethod
    def of(cls, index: int, row: Any) -> Row:
        """Read it."""
        number = said(row, "sequence_number")
        return cls(
            index=index,
            target=str(said(row, "target") or ""),
            mission=_mission_of(row),
            part=None if number is None else int(number),
            author=str(said(row, "provenance_name") or ""),
            cadence=float(said(row, "t_exptime") or 0.0),
            star=_star(str(said(row, "target_name") or "")),
            distance=float(said(row, "distance") or 0.0),
            place=(_number(row, "s_ra"), _number(row, "s_dec")),
        )

    def same_star(self, other: Row) -> bool:
        """Whether both are of one star: some authors know it by a number of another catalogue."""
        from skyatlas.sky import separation

        return self.star == other.star or bool(
            separation(*self.place, *other.place) < _ONE_STAR / 3600.0
        )

    @property
    def rank(self) -> tuple[int, int, float]:
        """The smallest is the sensible one."""
        authors = [name.casefold() for name in AUTHORS.get(self.mission, ())]
        author = self.author.casefold()
        cadences = CADENCES.get(self.mission, ())
        return (
            authors.index(author) if author in authors else len(authors),
            cadences.index(self.cadence) if self.cadence in cadences else len(cadences),
            self.cadence,
        )

    def fits(self, wish: Wanted) -> bool:
        """Whether it is one of those that were asked for."""
        authors = {name.casefold() for name in wish.authors}
        return (
            (not wish.missions or self.mission in wish.missions)
            and (not authors or self.author.casefold() in authors)
            and (wish.cadence is None or wish.cadence.overlaps(self.cadence, self.cadence))
            # Kepler's rows hold all quarters: its files are chosen by theirs.
            and (not wish.parts or self.part is None or self.part in wish.parts)
        )


def chosen(table: Table, wish: Wanted) -> tuple[Table, list[Note]]:
    """The rows that are taken, and what is said about the others."""
    rows = [
        Row.of(index, row)
        for index, row in enumerate(table)
        if not _VALIDATION.search(str(said(row, "obs_id") or ""))
    ]
    near, notes = _of_the_nearest(rows)
    fitting = [row for row in near if row.fits(wish)]
    taken = fitting if wish.every else list(_sensible(fitting, wish))
    taken.sort(key=lambda row: row.index)
    notes += _left_out(near, taken)
    return table[[row.index for row in taken]], notes


def _sensible(rows: Sequence[Row], wish: Wanted) -> Iterator[Row]:
    """Of each target and stretch of time the best; where authors are named, of each of them."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        author = row.author if wish.authors else ""
        groups.setdefault((row.target, row.mission, row.part, author), []).append(row)
    for group in groups.values():
        yield min(group, key=lambda row: row.rank)


def _of_the_nearest(rows: Sequence[Row]) -> tuple[list[Row], list[Note]]:
    """A cone may hold two stars: only the nearest of each mission is the target."""
    nearest: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row.target, row.mission)
        if key not in nearest or row.distance < nearest[key].distance:
            nearest[key] = row
    kept, notes = [], dict[Note, None]()
    for row in rows:
        star = nearest[row.target, row.mission]
        if row.same_star(star):
            kept.append(row)
            continue
        text = (
            f"{row.target}: {row.mission} has another star, {row.star}, {row.distance:.1f} arcsec "
            f"away; taken is {star.star}, at {star.distance:.1f} arcsec"
        )
        notes[Note(Why.ASSUMED, text)] = None
    return kept, list(notes)


def _left_out(rows: Sequence[Row], taken: Sequence[Row]) -> list[Note]:
    """One sentence per mission on what else there is."""
    notes = []
    indices = {row.index for row in taken}
    for mission in dict.fromkeys(row.mission for row in rows):
        counts: dict[str, int] = {}
        for row in rows:
            if row.mission == mission and row.index not in indices:
                name = f"{row.author} {row.cadence:g} s"
                counts[name] = counts.get(name, 0) + 1
        if counts:
            listed = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
            text = f"{mission} has besides: {listed}; --author, --cadence or --all brings them"
            notes.append(Note(Why.ASSUMED, text, sum(counts.values())))
    return notes


def _number(row: Any, name: str) -> float:
    value = said(row, name)
    return float("nan") if value is None else float(value)


def _mission_of(row: Any) -> str:
    word = str(said(row, "project") or said(row, "obs_collection") or "")
    return next((name for name in AUTHORS if name.casefold() == word.casefold()), word)


def _star(name: str) -> str:
    """The number in "261136679", "TIC 261136679", "kplr011904151", "EPIC 201912552"."""
    digits = re.sub(r"\D", "", name).lstrip("0")
    return digits or name


def _names(given: Any) -> list[str]:
    if given is None:
        return []
    words = given.split(",") if isinstance(given, str) else list(given)
    return [str(word).strip() for word in words if str(word).strip()]


def _missions(words: Sequence[str]) -> tuple[str, ...]:
    known = {name.casefold(): name for name in AUTHORS}
    for word in words:
        if word.casefold() not in known:
            raise BadInput(f"no mission {word!r} has light curves here: {', '.join(AUTHORS)}")
    return tuple(dict.fromkeys(known[word.casefold()] for word in words))


def _author(word: str) -> str:
    """As MAST spells it; a name that is not in our list is asked for as written."""
    known = {name.casefold(): name for names in AUTHORS.values() for name in names}
    return known.get(word.casefold(), word)


def _numbers(what: str, text: str) -> frozenset[int]:
    """ "1,4,8..11"."""
    numbers: set[int] = set()
    for word in text.split(","):
        low, dots, high = word.strip().partition("..")
        try:
            first = int(low)
            last = int(high) if dots else first
        except ValueError:
            raise BadInput(
                f"{text!r} is no {what}; write numbers such as 1 or 1,4 or 1..13"
            ) from None
        if last < first or last - first > 1000:
            raise BadInput(f"{word.strip()!r} is no range of {what}s; write it as low..high")
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


def _cadence(text: str) -> Interval:
    word = text.strip().casefold()
    if word in _CADENCE_WORDS:
        return _CADENCE_WORDS[word]
    low, dots, high = word.partition("..")
    if not dots:
        seconds = _seconds(low, text)
        # Archives write 1765 or 1800 for the same half hour, and 58.8 or 60 for the minute.
        return Interval(seconds * 0.97, seconds * 1.03)
    return Interval(
        _seconds(low, text) if low.strip() else None, _seconds(high, text) if high.strip() else None
    )


def _seconds(word: str, text: str) -> float:
    match = _DURATION.fullmatch(word)
    if match is None:
        raise BadInput(
            f"{text!r} is no cadence; write it as 120, 20s, 30min, 20s..200s, fast, short or long"
        )
    minutes = (match[2] or "s").startswith("m")
    return float(match[1]) * (60.0 if minutes else 1.0)
