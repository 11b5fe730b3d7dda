"""This file runs translated queries in SQLite's memory: reading only, and only the given tables.

One `Database` holds what one asker may see, so a protected row cannot be reached by any query.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from skyatlas.sandbox.adql import BadQuery, translate
from skyatlas.sandbox.adql_functions import BUILT_IN, FUNCTIONS, Function, Value
from skyatlas.sandbox.tables import Column, Table

_KINDS = {"char": "TEXT COLLATE NOCASE", "int": "INTEGER", "long": "INTEGER", "double": "REAL"}
_STEPS = 10_000
"""SQLite's instructions between two looks at the clock."""


class TooLong(BadQuery):
    """The query ran into its time limit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query."""

    columns: tuple[Column, ...]
    rows: list[tuple[object, ...]]
    overflow: bool = False
    """True where there were more rows than asked for."""


class Database:
    """Tables in memory, asked in ADQL; safe for many threads."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = {table.full_name.lower(): table for table in tables}
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._failures: list[Exception] = []
        for schema in dict.fromkeys(table.schema for table in tables):
            self._connection.execute("ATTACH ':memory:' AS ?", (schema,))
        for table in tables:
            self._fill(table)
        self._connection.commit()
        for name, function in FUNCTIONS.items():
            guarded = self._guard(name, function)
            self._connection.create_function(name, -1, guarded, deterministic=True)
        self._connection.set_authorizer(_only_reading)

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._connection.close()

    def _fill(self, table: Table) -> None:
        names = [column.name for column in table.columns]
        kinds = ", ".join(f"`{column.name}` {_KINDS[column.datatype]}" for column in table.columns)
        place = f"`{table.schema}`.`{table.name}`"
        self._connection.execute(f"CREATE TABLE {place} ({kinds})")
        marks = ", ".join("?" * len(names))
        self._connection.executemany(
            f"INSERT INTO {place} VALUES ({marks})",  # noqa: S608  the names are this package's own
            ([row.get(name) for name in names] for row in table.rows),
        )

    def _guard(self, name: str, function: Function) -> Function:
        """SQLite forgets what a function raised; this keeps it for the answer."""

        def call(*arguments: object) -> Value:
            try:
                return function(*arguments)
            except (TypeError, ValueError, OverflowError, IndexError) as error:
                self._failures.append(ValueError(f"{name.upper()}: {error}"))
                raise

        return call

    def ask(self, query: str, limit: int, seconds: float) -> Answer:
        """At most `limit` rows of an ADQL query.

        Raises BadQuery with the archive's sentence, TooLong after `seconds`.
        """
        translation = translate(query, self.tables)
        deadline = time.monotonic() + seconds
        with self._lock:
            self._failures.clear()
            self._connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            try:
                cursor = self._connection.execute(translation.sql)
                rows = cursor.fetchmany(limit + 1)
            except sqlite3.Error as error:
                if "interrupted" in str(error):
                    raise TooLong(f"The query was aborted after {seconds:g} s") from error
                raise BadQuery(_sentence(self._failures[0] if self._failures else error)) from error
        columns = tuple(
            _described(place, name, column, rows)
            for place, (name, column) in enumerate(
                zip(translation.names, translation.columns, strict=True)
            )
        )
        return Answer(columns, rows[:limit], len(rows) > limit)


def _sentence(error: Exception) -> str:
    text = str(error)
    known = {"no such column: ": "Unknown column", "no such function: ": "Unknown function"}
    for start, words in known.items():
        if text.startswith(start):
            return f"{words} '{text.removeprefix(start)}'"
    return f"Incorrect ADQL query: {text}"


def _described(
    place: int, name: str, column: Column | None, rows: Sequence[tuple[object, ...]]
) -> Column:
    """The answer's column: the table's own words under the asked name, or typed by its values."""
    if column is not None:
        return Column(name, column.datatype, column.unit, column.ucd, column.xtype)
    kinds = {type(row[place]) for row in rows if row[place] is not None}
    if kinds <= {int} and kinds:
        return Column(name, "long")
    return Column(name, "double" if kinds and kinds <= {int, float} else "char")


def _only_reading(action: int, _first: str | None, second: str | None, *_where: str | None) -> int:
    """SQLite asks before each action; `second` is the column read or the function called."""
    allowed = (
        action == sqlite3.SQLITE_SELECT
        or (action == sqlite3.SQLITE_READ and second != "ROWID")
        or (action == sqlite3.SQLITE_FUNCTION and second in {*BUILT_IN, *FUNCTIONS})
    )
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
