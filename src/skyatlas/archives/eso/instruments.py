"""This file knows ESO's instruments: one name for all the ways that people write it.

The facts are in `instruments.toml`, each with its source.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument of the archive."""

    name: str
    """The word in the archive's tables."""
    aliases: tuple[str, ...]
    prefixes: tuple[str, ...]
    """How the dp_id of its raw frames starts."""
    telescope: str
    modes: tuple[str, ...]
    wavelength: tuple[float, float] | None
    """Micrometres (vacuum), shortest and longest; None where it has none."""
    resolving_power: tuple[float, float] | None
    table: str | None
    """Its own TAP table ("ist.xshooter"), or None."""
    source: str
    """Where these facts come from; "unverified" where no published table was at hand."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every word that may stand for it in the archive's tables."""
        return (self.name, *self.aliases)


@cache
def instruments() -> tuple[Instrument, ...]:
    """All instruments, in the file's order."""
    text = files(__package__).joinpath("instruments.toml").read_text(encoding="utf-8")
    return tuple(
        Instrument(
            name=entry["name"],
            aliases=tuple(entry["aliases"]),
            prefixes=tuple(entry["prefixes"]),
            telescope=entry["telescope"],
            modes=tuple(entry["modes"]),
            wavelength=_pair(entry.get("wavelength")),
            resolving_power=_pair(entry.get("resolving_power")),
            table=entry.get("table"),
            source=entry["source"],
        )
        for entry in tomllib.loads(text)["instrument"]
    )


def find(word: str) -> Instrument | None:
    """The instrument that people mean by a word: X-Shooter, xshooter and XSHOO are the same."""
    return _by_word().get(_plain(word))


@cache
def _by_word() -> dict[str, Instrument]:
    return {
        _plain(word): instrument
        for instrument in instruments()
        for word in (*instrument.prefixes, *instrument.aliases, instrument.name)
    }


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _pair(values: list[float] | None) -> tuple[float, float] | None:
    return (float(values[0]), float(values[1])) if values else None
