"""This file tells the journey of the stamps: targets, surveys and bands become pieces to fetch.

Invariant: every stamp ends as a product or as a note that says why there is none; what the folder
has already is asked of nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError, BadInput
from skyatlas.journeys.fetch import Plan, each_once
from skyatlas.journeys.surveys import find
from skyatlas.model import Note, Product, Query, Receipt, Target, Why
from skyatlas.obscore import empty
from skyatlas.observations import Observations
from skyatlas.stamp import Stamp, Survey
from skyatlas.threads import side_by_side

if TYPE_CHECKING:
    from skyatlas.archive import Archive, Door
    from skyatlas.memory import Memory

__all__ = ["Known", "Wanted", "Wish", "bands_of", "context", "left_out", "plan", "wishes"]

Known = Callable[[str], Receipt | None]
"""The receipt of a product (`Product.key`) that the folder holds whole, or None."""
_COLOURS = 3
"""Bands of a picture."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted around each target."""

    width: float
    """Degrees."""
    height: float
    """Degrees."""
    bands: str = ""
    """"gri", "g,r,i", "J,H"; "" for those that each survey means."""
    pixels: tuple[int, int] | None = None
    """Columns and rows."""
    projection: str = ""
    sampler: str = ""
    whole: bool = False
    picture: bool = False

    def around(self, target: Target, survey: Survey, band: str) -> Stamp:
        """The stamp of a target."""
        return Stamp(
            target, survey.name, band, self.width, self.height, self.pixels, self.projection,
            self.sampler, self.whole, self.picture,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """A stamp, and who cuts it."""

    archive: str
    stamp: Stamp

    @property
    def key(self) -> str:
        """The product's, before anybody is asked."""
        return f"{self.archive}:{self.stamp.key}"


def wishes(
    targets: Sequence[Target],
    surveys: Iterable[str],
    wanted: Wanted,
    archives: Sequence[Archive],
    memory: Memory,
) -> list[Wish]:
    """One for each target, survey and band, target by target.

    Raises BadInput for a survey that nobody has, and for what none of the surveys has or does.
    """
    chosen = [find(archives, name, memory) for name in surveys]
    _check(chosen, wanted)
    bands = {survey.name: bands_of(wanted.bands, survey) for survey in chosen}
    if wanted.picture:
        bands = {survey.name: _picture(survey, bands[survey.name]) for survey in chosen}
    return [
        Wish(survey.archive, wanted.around(target, survey, band))
        for target in targets
        for survey in chosen
        for band in bands[survey.name]
    ]


def bands_of(words: str, survey: Survey) -> tuple[str, ...]:
    """The survey's bands that are meant: "gri", "g,r,i" or "J H"; () where it has none of them.

    A survey with one band has that one whatever is asked for: its name says what it is.
    """
    if not _has_filters(survey):
        return ("",)
    if not words.strip():
        return survey.usual or tuple(survey.bands)
    return tuple(band for band in _named(words, survey) if band in survey.bands)


def left_out(
    surveys: Iterable[str], wanted: Wanted, archives: Sequence[Archive], memory: Memory
) -> list[Note]:
    """What was asked for of several surveys, and one of them has or does not."""
    chosen = [find(archives, name, memory) for name in surveys]
    lacking = [
        _lacks(survey, band)
        for survey in chosen
        if _has_filters(survey)
        for band in _named(wanted.bands, survey)
        if band not in survey.bands
    ]
    own = [
        f"{survey.name} keeps pixels of its own: {name!r} changes nothing there"
        for survey in chosen
        if survey.pixels != "resampled"
        for name in _of_the_grid(wanted)
    ]
    return [Note(Why.ASSUMED, text) for text in dict.fromkeys((*lacking, *own))]


def _check(chosen: Sequence[Survey], wanted: Wanted) -> None:
    if wanted.picture and wanted.whole:
        raise BadInput("a colour picture is no whole image; ask for one of the two")
    filtered = [survey for survey in chosen if _has_filters(survey)]
    for survey in filtered:
        for band in _named(wanted.bands, survey):
            if not any(band in other.bands for other in filtered):
                raise BadInput("; ".join(_lacks(other, band) for other in filtered))
    grid = _of_the_grid(wanted)
    if grid and not any(survey.pixels == "resampled" for survey in chosen):
        names = " and ".join(survey.name for survey in chosen)
        raise BadInput(f"{grid[0]!r} is for surveys that are resampled, as SkyView's; not {names}")


def _named(words: str, survey: Survey) -> tuple[str, ...]:
    """The bands that are named; "gri" is three where the survey has no band of that name."""
    listed = words.replace(",", " ").split()
    if len(listed) == 1 and listed[0] not in survey.bands:
        listed = list(listed[0])
    return tuple(dict.fromkeys(listed))


def _has_filters(survey: Survey) -> bool:
    return set(survey.bands) != {""}


def _lacks(survey: Survey, band: str) -> str:
    return f"{survey.name} has no band {band!r}; it has {', '.join(survey.bands)}"


def _of_the_grid(wanted: Wanted) -> list[str]:
    return [name for name in ("pixels", "projection", "sampler") if getattr(wanted, name)]


def _picture(survey: Survey, bands: tuple[str, ...]) -> tuple[str, ...]:
    """The three bands of a colour picture, the reddest first, as one."""
    if len(bands) != _COLOURS or "" in bands:
        raise BadInput(
            f"a colour picture needs {_COLOURS} bands of one survey, such as --bands gri; "
            f"of {survey.name} there {'is' if len(bands) == 1 else 'are'} {len(bands)}"
        )
    return ("".join(sorted(bands, key=lambda band: -sum(survey.bands[band]))),)


def plan(
    asked: Sequence[Wish], archives: Callable[[str], Archive], door: Door, known: Known
) -> Plan:
    """What would be fetched, and what would be made here of what is fetched.

    Each archive is asked in a thread, once for all its stamps. An archive that cannot say is a
    note. Raises BadInput where an archive cannot do what was asked.
    """
    found: list[list[Product | Note]] = [[] for _ in asked]
    open_: dict[str, list[int]] = {}
    for index, wish in enumerate(asked):
        here = None if wish.stamp.whole else known(wish.key)
        if here is not None:
            found[index].append(replace(here.product, target=wish.stamp.target.asked))
        else:
            open_.setdefault(wish.archive, []).append(index)

    def ask(archive: str) -> None:
        mine = open_[archive]
        for index, part in _asked(archives(archive), [asked[i].stamp for i in mine], door):
            found[mine[index]].append(part)

    side_by_side(ask, list(open_), max(1, len(open_)))
    parts = [part for some in found for part in some]
    return Plan(
        products=each_once(part for part in parts if isinstance(part, Product)),
        notes=tuple(dict.fromkeys(part for part in parts if isinstance(part, Note))),
        context=context(
            ((wish.stamp.target, wish.stamp) for wish in asked),
            (f"{wish.stamp.survey} {wish.stamp.band}".strip() for wish in asked),
        ),
    )


def _asked(
    archive: Archive, stamps: Sequence[Stamp], door: Door
) -> Iterator[tuple[int, Product | Note]]:
    left = dict(enumerate(stamps))
    try:
        for index, part in archive.stamps(stamps, door):
            left.pop(index, None)
            yield index, part
    except ArchiveError as error:
        for index, stamp in left.items():
            yield index, Note(Why.UNANSWERED, f"no piece of {stamp.words} ({error})")


def context(
    places: Iterable[tuple[Target, Wanted | Stamp]], asked: Iterable[str]
) -> Mapping[str, object]:
    """What pieces are for, for the receipts: the targets with the circle around each piece."""
    queries = {
        target: Query(target, math.hypot(size.width, size.height) / 2) for target, size in places
    }
    return {
        "query": Observations(empty(), (), tuple(queries.values())).to_json()["query"],
        "asked": list(dict.fromkeys(asked)),
    }
