"""This file runs queries in Transact-SQL, as SkyServer's users write them, on SQLite's tables.

Invariant: one SELECT of SkyServer's own tables, and of the two that came along with a list of
positions; whatever else a query names is refused with SQL Server's sentence.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError

from skyatlas.sandbox.skyserver_functions import TABLES as TABLE_FUNCTIONS
from skyatlas.sandbox.skyserver_functions import VALUES, Selected, WrongCall
from skyatlas.sandbox.skyserver_tables import FIRST, TABLES, choose_release, made

MOST_ROWS = 500_000
"""Rows of an answer (SkyServer help, "Query limits")."""
_SECONDS = 30.0
_STEPS = 10_000  # instructions of SQLite between two looks at the clock
_BUILT_IN = frozenset(
    {"abs", "avg", "cast", "coalesce", "count", "ifnull", "iif", "instr", "length", "like", "lower"}
    | {"ltrim", "max", "min", "nullif", "random", "replace", "round", "rtrim", "substr", "sum"}
    | {"substring", "trim", "upper", "sign", "concat"}
)


class BadSql(Exception):
    """The query cannot be run; the message is SQL Server's sentence."""


class Rows(NamedTuple):
    """The rows of an answer."""

    names: tuple[str, ...]
    rows: list[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Brought:
    """A table that comes along with a query: "#x" is named "x"."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


class _Engine(SQLite):
    """SQLite, with quotes that it never takes for a string when the column is unknown."""

    class Tokenizer(SQLite.Tokenizer):
        """Words and quotes."""

        IDENTIFIERS = ["`"]  # noqa: RUF012  sqlglot's own way


class SkyServerTables:
    """SkyServer's tables for one seed, asked in Transact-SQL; safe for many threads."""

    def __init__(self, seed: int) -> None:
        self._connection = made(seed)
        self._lock = threading.Lock()
        for name, function in VALUES.items():
            self._connection.create_function(name, -1, function, deterministic=True)

    def ask(self, query: str, release: int, brought: Sequence[Brought] = ()) -> Rows:
        """The rows that a data release gives to a query; raises BadSql."""
        tree = _read(query)
        new = {name for name, first in FIRST.items() if release < first}
        calls = _prepared(tree, {table.name for table in brought}, TABLES - new)
        sql = tree.sql(dialect=_Engine, identify=True)
        with self._lock, self._beside(release, brought, calls):
            names, rows = self._run(sql)
        return Rows(_unlike(names), rows)

    def call(self, release: int, function: str, *arguments: object) -> Rows:
        """The rows of a function that gives a table."""
        selected = TABLE_FUNCTIONS[function.lower()](*arguments)
        with self._lock, self._beside(release, (), {}):
            names, rows = self._run(selected.sql, selected.values)
        return Rows(names, rows)

    @contextmanager
    def _beside(
        self, release: int, brought: Sequence[Brought], calls: Mapping[str, Selected]
    ) -> Iterator[None]:
        """The release's own values and the tables of one query, until it is over."""
        names = [*(f"_{table.name}" for table in brought), *calls]
        try:
            choose_release(self._connection, release)
            for table in brought:
                columns, marks = ", ".join(table.columns), ", ".join("?" * len(table.columns))
                self._connection.execute(f"CREATE TEMP TABLE _{table.name} ({columns})")
                fill = f"INSERT INTO _{table.name} VALUES ({marks})"  # noqa: S608
                self._connection.executemany(fill, table.rows)
            for name, selected in calls.items():
                self._fill(name, selected)
            self._connection.set_authorizer(_only_reading)
            yield
        finally:
            self._connection.set_authorizer(None)
            for name in names:
                self._connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
            self._connection.commit()

    def _fill(self, name: str, selected: Selected) -> None:
        # Not CREATE TABLE … AS: SQLite takes no values there.
        cursor = self._connection.execute(selected.sql, selected.values)
        columns = [column[0] for column in cursor.description]
        self._connection.execute(f"CREATE TEMP TABLE {name} ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        rows = cursor.fetchall()
        self._connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608

    def _run(
        self, sql: str, values: tuple[object, ...] = ()
    ) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
        deadline = time.monotonic() + _SECONDS
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            cursor = self._connection.execute(sql, values)
            return tuple(one[0] for one in cursor.description), cursor.fetchmany(MOST_ROWS)
        except sqlite3.Error as error:
            raise BadSql(_sentence(error)) from error
        finally:
            self._connection.set_progress_handler(None, _STEPS)


@cache
def tables(seed: int) -> SkyServerTables:
    """The tables of a seed; made when first asked for, and nobody can change them."""
    return SkyServerTables(seed)


def _read(query: str) -> exp.Query:
    try:
        trees = [tree for tree in sqlglot.parse(query, read="tsql") if tree is not None]
    except (SqlglotError, RecursionError) as error:
        details = getattr(error, "errors", None) or [{}]
        near = str(details[0].get("highlight") or query.split()[0] if query.split() else "")
        raise BadSql(f"Incorrect syntax near '{near}'.") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or trees[0].args.get("into"):
        raise BadSql("Only one SELECT statement is allowed.")
    return trees[0]


def _prepared(tree: exp.Query, brought: set[str], held: frozenset[str]) -> dict[str, Selected]:
    """Rename in `tree` what SQLite calls otherwise; the functions that give tables, by new name."""
    calls: dict[str, Selected] = {}
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    if tree.find(exp.Lateral) is not None:
        raise BadSql("CROSS APPLY is more than this sandbox can do.")
    for node in list(tree.find_all(exp.Table)):
        alias = node.alias
        if isinstance(node.this, exp.Identifier):
            name = _known(node, held | named, brought)
        else:
            name = f"_call_{len(calls)}"
            calls[name] = _called(node.this)
            alias = alias or node.this.name
        node.replace(exp.table_(name, alias=alias or None))
    for dot in list(tree.find_all(exp.Dot)):  # dbo.fPhotoTypeN(…)
        if isinstance(dot.expression, exp.Anonymous):
            dot.replace(dot.expression)
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() not in {*VALUES, *_BUILT_IN}:
            raise BadSql(
                f"Cannot find either column \"dbo\" or the user-defined function '{call.name}'."
            )
    _name_columns(tree)
    return calls


def _known(node: exp.Table, held: frozenset[str], brought: set[str]) -> str:
    name = node.name
    if node.this.args.get("temporary") and name.lower() in brought:
        return f"_{name}"
    if node.this.args.get("temporary") or name.lower() not in held:
        sign = "#" if node.this.args.get("temporary") else ""
        raise BadSql(f"Invalid object name '{sign}{name}'.")
    return name


def _called(node: exp.Expression) -> Selected:
    function = TABLE_FUNCTIONS.get(node.name.lower())
    if function is None:
        raise BadSql(f"Invalid object name '{node.name}'.")
    try:
        return function(*(_constant(argument) for argument in node.expressions))
    except WrongCall as error:
        raise BadSql(f"{error} dbo.{node.name}.") from error


def _constant(node: exp.Expression) -> object:
    """A number or a text that stands in the query."""
    if isinstance(node, exp.Paren):
        return _constant(node.this)
    if isinstance(node, exp.Neg):
        return -float(str(_constant(node.this)))
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else float(node.this)
    raise BadSql(f"Incorrect syntax near '{node.sql()}'.")


def _name_columns(tree: exp.Query) -> None:
    """Name columns as they are written, and those without a name as .NET does: Column1, …"""
    select = tree
    while not isinstance(select, exp.Select):  # brackets, or the first of a UNION
        select = select.this
    numbers = itertools.count(1)
    named: list[Any] = []  # their class has another name in each version of sqlglot
    for node in select.expressions:
        if node.is_star or isinstance(node, exp.Alias):
            named.append(node)
        elif isinstance(node, exp.Column):
            named.append(exp.alias_(node, node.name, quoted=True))
        else:
            named.append(exp.alias_(node, f"Column{next(numbers)}", quoted=True))
    select.set("expressions", named)


def _unlike(names: Sequence[str]) -> tuple[str, ...]:
    """The names, with a number behind those that are there already (as .NET does: ra, ra1)."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        again = seen[name.lower()]
        told.append(f"{name}{again}" if again else name)
        seen[name.lower()] += 1
    return tuple(told)


def _only_reading(action: int, _first: str | None, second: str | None, *_where: str | None) -> int:
    """SQLite asks before each action; `second` is the column read or the function called."""
    allowed = action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ} or (
        action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in {*VALUES, *_BUILT_IN}
    )
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _sentence(error: sqlite3.Error) -> str:
    text = str(error)
    if "interrupted" in text:
        return "Timeout expired. The timeout period elapsed prior to completion of the operation."
    if text.startswith("no such column: "):
        return f"Invalid column name '{text.rpartition(' ')[2].rpartition('.')[2]}'."
    return f"Incorrect query: {text}"
