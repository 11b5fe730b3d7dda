"""This file turns ADQL into SQLite's SQL as a tree, and knows which column each answer column is.

Only one SELECT goes through; names, quotes and comments are the parser's business, never matched
as strings. Geometry stays as function calls; SQLite is handed the functions (adql_functions.py).
Source: ADQL 2.1, https://www.ivoa.net/documents/ADQL/20231215/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import Tokenizer as _Tokenizer
from sqlglot import TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser as _Parser

from skyatlas.sandbox.tables import Column, Table


class BadQuery(Exception):
    """The query cannot be run; the message is the archive's one sentence to the asker."""


class ADQL(Dialect):
    """ADQL as sqlglot reads it: plain SQL with TOP, and no function that means something else."""

    class Tokenizer(_Tokenizer):
        """Words and quotes."""

        IDENTIFIERS = ['"']  # noqa: RUF012  sqlglot's own way
        KEYWORDS = {**_Tokenizer.KEYWORDS, "TOP": TokenType.TOP}  # noqa: RUF012

    class Parser(_Parser):
        """Grammar: every function is taken as it is written."""

        FUNCTIONS = {}  # noqa: RUF012


class _Engine(SQLite):
    """SQLite, with quotes that it never takes for a string when the column is unknown."""

    class Tokenizer(SQLite.Tokenizer):
        """Words and quotes."""

        IDENTIFIERS = ["`"]  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Translation:
    """One query, ready for SQLite."""

    sql: str
    columns: tuple[Column | None, ...]
    """What each column of the answer is; None where it is computed."""
    names: tuple[str, ...]


def translate(query: str, tables: Mapping[str, Table]) -> Translation:
    """Translate one ADQL query over `tables` (by lower-case full name); raises BadQuery."""
    try:
        trees = sqlglot.parse(query, read=ADQL)
    except (SqlglotError, RecursionError) as error:
        raise BadQuery(f"Incorrect ADQL query: {_first_line(error)}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise BadQuery("Incorrect ADQL query: exactly one SELECT statement is allowed")
    tree = trees[0]
    _check_tables(tree, tables)
    answer = _answer(tree, _Known(tables, {}))
    return Translation(
        # In quotes: SQLite has words of its own that may be names here ("nothing", "index").
        sql=tree.sql(dialect=_Engine, identify=True),
        columns=tuple(column for _, column in answer),
        names=tuple(name for name, _ in answer),
    )


def _first_line(error: BaseException) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    first = details[0]
    return f"{first['description']} (line {first['line']}, column {first['col']})"


def _check_tables(tree: exp.Query, tables: Mapping[str, Table]) -> None:
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for node in tree.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier):
            raise BadQuery(f"Incorrect ADQL query: {node.this} is no table")
        if _full_name(node) not in tables and _full_name(node) not in named:
            raise BadQuery(f"Unknown table '{node.db + '.' if node.db else ''}{node.name}'")


def _full_name(node: exp.Table) -> str:
    return f"{node.db}.{node.name}".lower() if node.db else node.name.lower()


_Answer = list[tuple[str, Column | None]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a FROM may name."""

    tables: Mapping[str, Table]
    named: Mapping[str, _Answer]
    """The queries of WITH, by lower-case name."""


def _answer(tree: exp.Query, known: _Known) -> _Answer:
    """Name and origin of each column that a query gives."""
    for cte in tree.ctes:
        known = _Known(known.tables, {**known.named, cte.alias.lower(): _answer(cte.this, known)})
    if not isinstance(tree, exp.Select):  # a query in brackets, or the first of a UNION
        return _answer(tree.this, known)
    sources = _sources(tree, known)
    answer: _Answer = []
    for number, node in enumerate(tree.expressions, 1):
        whole = isinstance(node, exp.Star)
        answer += _whole(tree, sources) if whole else _projected(node, sources, number)
    return answer


def _whole(tree: exp.Select, sources: dict[str, _Answer]) -> _Answer:
    """All columns of all sources; those by which tables are joined by name are there once."""
    joins = {join.this.alias_or_name.lower(): join for join in tree.args.get("joins") or []}
    answer: _Answer = []
    for alias, columns in sources.items():
        join = joins.get(alias)
        shared: set[str] = set()
        if join is not None and join.args.get("method") == "NATURAL":
            shared = {name.lower() for name, _ in answer}
        elif join is not None:
            shared = {column.name.lower() for column in join.args.get("using") or []}
        answer += [column for column in columns if column[0].lower() not in shared]
    return answer


def _sources(tree: exp.Select, known: _Known) -> dict[str, _Answer]:
    """The columns of each table, or query, that a SELECT reads; by its alias."""
    sources: dict[str, _Answer] = {}
    first = tree.args.get("from_") or tree.args.get("from")  # sqlglot renamed it in version 28
    joins = tree.args.get("joins") or []
    for node in [*([first.this] if first else []), *(join.this for join in joins)]:
        alias = node.alias_or_name.lower()
        if isinstance(node, exp.Subquery):
            sources[alias] = _answer(node, known)
        elif (table := known.tables.get(_full_name(node))) is not None:
            sources[alias] = [(column.name, column) for column in table.columns]
        else:
            sources[alias] = known.named.get(node.name.lower(), [])
    return sources


def _projected(node: exp.Expression, sources: dict[str, _Answer], number: int) -> _Answer:
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return sources.get(node.table.lower(), [])
    inner = node.unalias()
    column = _origin(inner, sources) if isinstance(inner, exp.Column) else None
    if isinstance(node, exp.Alias):
        return [(node.alias, column)]
    if column is not None:
        return [(column.name, column)]
    if isinstance(node, exp.Column):
        return [(node.name, None)]
    kind = node.name if isinstance(node, exp.Anonymous) else node.key
    return [(kind.upper() if isinstance(node, exp.Func) else f"COLUMN_{number}", None)]


def _origin(node: exp.Column, sources: dict[str, _Answer]) -> Column | None:
    for alias, columns in sources.items():
        if node.table and alias != node.table.lower():
            continue
        for name, column in columns:
            if name.lower() == node.name.lower():
                return column
    return None
