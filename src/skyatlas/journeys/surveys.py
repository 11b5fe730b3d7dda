"""This file tells the journey of the surveys: which there are, which one a name means, what is new.

Invariant: no network, but for `refreshed`. A name that fits no survey is never taken for another.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from skyatlas import words as read
from skyatlas.errors import BadInput
from skyatlas.protocols.wanted import WAVEBANDS
from skyatlas.stamp import plain

if TYPE_CHECKING:
    from skyatlas.archive import Archive, Door
    from skyatlas.memory import Memory
    from skyatlas.model import Interval
    from skyatlas.stamp import Survey

__all__ = ["find", "listed", "refreshed"]

_MOST_NEAR = 6
"""Near misses that are told."""
_BEGINNING, _ALIKE = 3, 0.7
"""Letters at the beginning, or the part of all letters, that near names have in common."""


@runtime_checkable
class _Refreshing(Protocol):
    """An archive whose list of surveys changes so often that it can be asked for it."""

    def remembered(self, memory: Memory) -> Sequence[Survey]: ...

    def refresh(self, door: Door) -> Sequence[str]: ...


def listed(
    archives: Iterable[Archive],
    words: str | Iterable[str] = "",
    *,
    waveband: str | None = None,
    band: object = None,
    memory: Memory | None = None,
) -> list[Survey]:
    """The archives' surveys; all that is given must hold.

    Each of `words` is in the name or the title, in any case. `waveband` is a word of VODataService
    ("infrared"), or several with commas. `band` is read as in a search ("K", "500nm..700nm"); a
    survey of which no band is known has none. With `memory` the lists are as they were when they
    were last refreshed.
    Raises BadInput.
    """
    texts = [text.casefold() for text in (words.split() if isinstance(words, str) else words)]
    wavebands = _wavebands(waveband)
    interval = None if band is None else read.band(band)
    return [
        survey
        for survey in _every(archives, memory)
        if all(_says(survey, text) for text in texts)
        and (not wavebands or survey.waveband in wavebands)
        and (interval is None or _has(survey, interval))
    ]


def find(archives: Iterable[Archive], name: str, memory: Memory | None = None) -> Survey:
    """The survey of that name, whatever its case, blanks and dashes.

    Raises BadInput, with near names, for one that nobody has.
    """
    every = _every(archives, memory)
    word = plain(name)
    for survey in every:
        if survey.word == word:
            return survey
    near = _near(name, every)
    hint = f"near: {', '.join(near)}" if near else "`skyatlas surveys` lists all"
    raise BadInput(f"there is no survey {name!r}; {hint}")


def refreshed(archives: Iterable[Archive], door: Door) -> list[str]:
    """Ask the archives that can be asked for their surveys; what is new and gone, a sentence each.

    Raises what the door raises, and Unreadable; what was known before then stays.
    """
    return [
        sentence
        for archive in archives
        if isinstance(archive, _Refreshing)
        for sentence in archive.refresh(door)
    ]


def _every(archives: Iterable[Archive], memory: Memory | None) -> list[Survey]:
    return [
        survey
        for archive in archives
        for survey in (
            archive.remembered(memory)
            if memory is not None and isinstance(archive, _Refreshing)
            else archive.surveys()
        )
    ]


def _wavebands(text: str | None) -> set[str]:
    asked = {word.strip().lower() for word in (text or "").split(",") if word.strip()}
    unknown = sorted(asked - set(WAVEBANDS))
    if unknown:
        raise BadInput(f"unknown waveband {unknown[0]!r}; there are: {', '.join(WAVEBANDS)}")
    return asked


def _says(survey: Survey, text: str) -> bool:
    """Blanks and dashes do not count in a name: "dss2red" is found, and "dss2" with "red"."""
    return plain(text) in survey.word or text in survey.title.casefold()


def _has(survey: Survey, band: Interval) -> bool:
    return any(
        band.overlaps(low, high) for low, high in survey.bands.values() if high < float("inf")
    )


def _near(name: str, every: Sequence[Survey]) -> list[str]:
    """Names that begin alike first, then those with the word in them, then similar ones."""
    word = plain(name)

    def likeness(survey: Survey) -> tuple[int, bool, float]:
        alike = difflib.SequenceMatcher(None, word, survey.word).ratio()
        inside = len(word) >= _BEGINNING and _says(survey, name.strip().casefold())
        same = takewhile(lambda pair: pair[0] == pair[1], zip(word, survey.word, strict=False))
        return len(list(same)), inside, alike

    near = [(likeness(survey), survey.name) for survey in every]
    fit = [(how, name) for how, name in near if how[0] >= _BEGINNING or how[1] or how[2] >= _ALIKE]
    return [name for _, name in sorted(fit, key=lambda one: one[0], reverse=True)][:_MOST_NEAR]
