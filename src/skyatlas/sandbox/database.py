"""This file runs translated queries in SQLite's memory: reading only, and only the given tables.

One `Database` holds what one asker may see, so a protected row cannot be reached by any query.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from skyatlas.sandbox.adql import BadQuery, translate
from skyatlas.sandbox.adql_functions import BUILT_IN, FUNCTIONS, Function, Value
from skyatlas.sandbox.tables import Column, Table

_KINDS = {
    "short": "INTEGER",
    "int": "INTEGER",
    "long": "INTEGER",
    "float": "REAL",
    "double": "REAL",
}
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

    def __init__(
        self,
        tables: Sequence[Table],
        functions: Mapping[str, Function] = FUNCTIONS,
        strict_case: bool = False,
    ) -> None:
        self.tables = {table.full_name.lower(): table for table in tables}
        text = "TEXT" if strict_case else "TEXT COLLATE NOCASE"
        self._kinds = {**_KINDS, "char": text, "unicodeChar": text}
        self._functions = functions
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._failures: list[Exception] = []
        for schema in dict.fromkeys(table.schema for table in tables):
            self._connection.execute("ATTACH ':memory:' AS ?", (schema,))
        for table in tables:
            self._fill(table)
        self._connection.commit()
        for name, function in functions.items():
            guarded = self._guard(name, function)
            self._connection.create_function(name, -1, guarded, deterministic=True)
        self._connection.create_aggregate("ivo_string_agg", 2, _Joined)  # type: ignore[arg-type]
        if strict_case:
            self._connection.execute("PRAGMA case_sensitive_like = ON")
        self._connection.set_authorizer(self._only_reading)

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._connection.close()

    def _fill(self, table: Table) -> None:
        names = [column.name for column in table.columns]
        kinds = ", ".join(
            f"{_quoted(column.name)} {self._kinds[column.datatype]}" for column in table.columns
        )
        place = f"{_quoted(table.schema)}.{_quoted(table.name)}"
        self._connection.execute(f"CREATE TABLE {place} ({kinds})")
        marks = ", ".join("?" * len(names))
        self._connection.executemany(
            f"INSERT INTO {place} VALUES ({marks})",  # noqa: S608  the names are quoted
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

    def ask(self, query: str, limit: int, seconds: float, uploads: Sequence[Table] = ()) -> Answer:
        """At most `limit` rows of an ADQL query, which may name `uploads` too.

        Raises BadQuery with the archive's sentence, TooLong after `seconds`.
        """
        known = self.tables | {table.full_name.lower(): table for table in uploads}
        translation = translate(query, known)
        with self._lock, self._visiting(uploads):
            rows = self._run(translation.sql, limit + 1, seconds)
        columns = tuple(
            _described(place, name, column, rows)
            for place, (name, column) in enumerate(
                zip(translation.names, translation.columns, strict=True)
            )
        )
        return Answer(columns, rows[:limit], len(rows) > limit)

    def _run(self, sql: str, rows: int, seconds: float) -> list[tuple[object, ...]]:
        deadline = time.monotonic() + seconds
        self._failures.clear()
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        cursor = self._connection.cursor()
        try:
            return cursor.execute(sql).fetchmany(rows)
        except sqlite3.Error as error:
            if "interrupted" in str(error):
                raise TooLong(f"The query was aborted after {seconds:g} s") from error
            raise BadQuery(_sentence(self._failures[0] if self._failures else error)) from error
        finally:
            cursor.close()
            self._connection.set_progress_handler(None, _STEPS)

    @contextmanager
    def _visiting(self, tables: Sequence[Table]) -> Iterator[None]:
        """Tables that are there for one query only."""
        if not tables:
            yield
            return
        schema = tables[0].schema
        self._connection.set_authorizer(None)
        self._connection.execute("ATTACH ':memory:' AS ?", (schema,))
        try:
            for table in tables:
                self._fill(table)
            self._connection.commit()
            self._connection.set_authorizer(self._only_reading)
            yield
        finally:
            self._connection.set_authorizer(None)
            self._connection.rollback()
            self._connection.execute("DETACH ?", (schema,))
            self._connection.set_authorizer(self._only_reading)

    def _only_reading(
        self, action: int, _first: str | None, second: str | None, *_where: str | None
    ) -> int:
        """SQLite asks before each action; `second` is the column read or the function called."""
        functions = {*BUILT_IN, *self._functions, "ivo_string_agg"}
        allowed = (
            action == sqlite3.SQLITE_SELECT
            or (action == sqlite3.SQLITE_READ and second != "ROWID")
            or (action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in functions)
        )
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


class _Joined:
    """Texts of a group, one after the other: SQLite's aggregate for ivo_string_agg."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._between = ""

    def step(self, text: object, between: object) -> None:
        """One row more."""
        if text is not None:
            self._texts.append(str(text))
        self._between = str(between)

    def finalize(self) -> str | None:
        """The whole, or NULL where there was nothing."""
        return self._between.join(self._texts) if self._texts else None


def _quoted(name: str) -> str:
    """A name that SQLite takes for nothing else."""
    return "`" + name.replace("`", "``") + "`"


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
        return replace(column, name=name)
    kinds = {type(row[place]) for row in rows if row[place] is not None}
    if kinds <= {int} and kinds:
        return Column(name, "long")
    return Column(name, "double" if kinds and kinds <= {int, float} else "char")
