"""This file remembers what resolvers said: one small SQLite file, shared by threads and processes.

A failure is never remembered; a name that nobody knows is, but not for long. A memory that cannot
be read or written costs a question, never an answer.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from skyatlas.model import Target

log = logging.getLogger("skyatlas.names")

FRESH = dt.timedelta(days=180)
"""A position is asked again after half a year; catalogues are corrected now and then."""
FRESH_UNKNOWN = dt.timedelta(hours=1)
"""A new object may be in SIMBAD tomorrow; a typing mistake need not be asked twice in a row."""

_WAIT = 30.0
"""Seconds to wait for another process that is writing."""

_TABLE = """
CREATE TABLE IF NOT EXISTS remembered (
    asked TEXT PRIMARY KEY, ra REAL, dec REAL, name TEXT NOT NULL, resolver TEXT NOT NULL,
    said TEXT NOT NULL, ids TEXT NOT NULL, date TEXT NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was resolved before; `path` is the file, made when something is first remembered."""

    path: Path

    def recall(
        self, names: Iterable[str], now: dt.datetime, *, any_age: bool = False
    ) -> dict[str, Target | None]:
        """Fresh positions by name, None for what nobody knew lately; of any age, positions only.

        Spelling counts, case too: b Per and B Per are two stars.
        """
        if not self.path.exists():
            return {}
        found: dict[str, Target | None] = {}
        try:
            with self._open() as database:
                for name in names:
                    row = database.execute(
                        "SELECT ra, dec, name, resolver, said, ids, date FROM remembered"
                        " WHERE asked = ?",
                        (_key(name),),
                    ).fetchone()
                    if row is not None and _usable(row, now, any_age=any_age):
                        found[name] = _target(name, row)
        except (sqlite3.Error, ValueError) as error:
            log.warning("cannot read the remembered names in %s: %s", self.path, error)
        return found

    def remember(self, outcomes: Mapping[str, Target | None], now: dt.datetime) -> None:
        """Keep positions; None says that every resolver answered and none knows the name."""
        rows = [_row(name, target, now) for name, target in outcomes.items()]
        if not rows:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as database, database:
                database.execute(_TABLE)
                database.executemany(
                    "INSERT OR REPLACE INTO remembered VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
                )
        except (sqlite3.Error, OSError) as error:
            log.warning("cannot remember names in %s: %s", self.path, error)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # One connection for each use: nothing is shared between threads.
        with closing(sqlite3.connect(self.path, timeout=_WAIT)) as database:
            yield database


Row = tuple[float | None, float | None, str, str, str, str, str]


def _key(name: str) -> str:
    return " ".join(name.split())


def _row(name: str, target: Target | None, now: dt.datetime) -> tuple[str | float | None, ...]:
    date = now.isoformat(timespec="seconds")
    if target is None:
        return _key(name), None, None, "", "", "", "{}", date
    ids = json.dumps(dict(target.ids))
    return (
        _key(name), target.ra, target.dec, target.name, target.resolver, target.said, ids, date,
    )  # fmt: skip


def _usable(row: Row, now: dt.datetime, *, any_age: bool) -> bool:
    age = now - dt.datetime.fromisoformat(row[-1])
    if row[0] is None:
        return not any_age and age < FRESH_UNKNOWN
    return any_age or age < FRESH


def _target(asked: str, row: Row) -> Target | None:
    ra, dec, name, resolver, said, ids, date = row
    if ra is None:
        return None
    target = Target(asked, ra, dec, name, resolver, said, date, json.loads(ids))
    return replace(target, said="; ".join(filter(None, (said, f"remembered from {date[:10]}"))))
