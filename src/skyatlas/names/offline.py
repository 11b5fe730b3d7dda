"""This file knows names without a network: OpenNGC (NGC, IC, Messier, Caldwell …) and common.toml.

OpenNGC comes with PyOngc (https://github.com/mattiaverga/PyOngc); its database is only read.
Names are compared without case, blanks and leading zeros.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing
from importlib.resources import files

from skyatlas.names.answer import Answer

_LONG = {
    "messier": "m", "caldwell": "c", "melotte": "mel", "barnard": "b", "collinder": "cl",
    "leda": "pgc", "hickson": "hcg",
}  # fmt: skip
"""Words for what OpenNGC abbreviates, where a number follows."""

_NUMBERED = re.compile(r"([a-z]+)[\s.]*(\d.*)")


def find(name: str) -> Answer | None:
    """The object of that name, or None."""
    spelt = _index().get(_key(name))
    return None if spelt is None else spelt[1]


def near(name: str, most: int = 4) -> list[str]:
    """Names that are spelt alike, nearest first."""
    key = _key(name)
    alike = [
        other for other in _index() if other[:1] == key[:1] and abs(len(other) - len(key)) <= 2
    ]
    keys = difflib.get_close_matches(key, alike, n=most, cutoff=0.75)
    return [_index()[one][0] for one in keys]


def _key(name: str) -> str:
    words = " ".join(name.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    words = words.removeprefix("the ").removeprefix("name ")
    numbered = _NUMBERED.fullmatch(words)
    if numbered is not None:
        words = _LONG.get(numbered[1], numbered[1]) + numbered[2]
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\s'_]", "", words))


@functools.cache
def _index() -> Mapping[str, tuple[str, Answer]]:
    """Every offline name by its key, with its spelling; common.toml wins, its stars are precise."""
    index: dict[str, tuple[str, Answer]] = {}
    for name, answer in _open_ngc():
        index.setdefault(_key(name), (name, answer))
    listed = tomllib.loads(files("skyatlas.names").joinpath("common.toml").read_text("utf-8"))
    for entry in listed["object"]:
        answer = Answer(
            f"skyatlas ({entry['source']})", entry["names"][0], entry["ra"], entry["dec"]
        )
        index |= {_key(name): (name, answer) for name in entry["names"]}
    for alias, name in listed["alias"].items():
        index[_key(alias)] = alias, index[_key(name)][1]
    return index


def _open_ngc() -> Iterator[tuple[str, Answer]]:
    import pyongc

    with closing(
        sqlite3.connect(f"file:{pyongc.DBPATH}?mode=ro&immutable=1", uri=True)
    ) as database:
        objects: dict[str, Answer] = {}
        for name, ra, dec, messier, common in database.execute(
            "SELECT name, ra, dec, messier, commonnames FROM objects WHERE ra IS NOT NULL"
        ):
            called = f"M {int(messier)}" if messier else _spelt(name)
            answer = Answer("OpenNGC", called, math.degrees(ra) % 360.0, math.degrees(dec))
            objects[name] = answer
            if messier:
                yield called, answer
            for one in filter(None, (common or "").split(",")):
                yield one, answer
        for identifier, name in database.execute("SELECT identifier, name FROM objIdentifiers"):
            if name in objects:
                yield _spelt(identifier), objects[name]


def _spelt(name: str) -> str:
    """NGC0001 as people write it: NGC 1."""
    return re.sub(r"^([A-Za-z]+)0*(?=\d)", r"\1 ", name)
