"""This file builds the tree of a document as expat tells it, and takes the rows that expat sees.

Invariant: rows of the results table become columns, rows of other tables nothing, and neither ever
becomes a part of the tree.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from skyatlas.protocols.votable.base64 import Base64
from skyatlas.protocols.votable.binary import BinaryRows
from skyatlas.protocols.votable.columns import Column
from skyatlas.protocols.votable.layout import layout_of
from skyatlas.protocols.votable.results import Malformed
from skyatlas.protocols.votable.tabledata import Rows
from skyatlas.protocols.votable.tree import Node

_ENCODINGS = {"utf-8": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "latin-1"}
"""Encodings in which a "<" is a "<" byte, with Python's names; the others go through expat."""

_DEEPEST = 200
"""Elements in elements: VOTables have twelve."""


class Stream:
    """The rows of a STREAM: base64, and in it rows or a file."""

    def __init__(self, rows: BinaryRows | None) -> None:
        self._base64, self._rows = Base64(), rows
        self._file: list[bytes] = []

    def feed(self, text: bytes) -> None:
        """More of its text."""
        self._give(self._base64.feed(text))

    def close(self) -> bytes | None:
        """Nothing more comes; returns the file, if it is one."""
        self._give(self._base64.close())
        if self._rows is None:
            return b"".join(self._file)
        self._rows.close()
        return None

    def _give(self, data: bytes) -> None:
        if self._rows is not None:
            self._rows.feed(data)
        else:
            self._file.append(data)


class Elements:
    """What expat has told so far."""

    def __init__(self) -> None:
        self.root = Node("", {})
        self.table: Node | None = None
        """The results table: the first of a results resource, else the first that there is."""
        self.columns: list[Column] = []
        """Of `table`; without rows where it has no DATA."""
        self.fits: bytes | None = None
        """A FITS file, where the rows of `table` are in one."""
        self.rows: Rows | None = None
        """Set between TABLEDATA and its end, in the results table."""
        self.stream: Stream | None = None
        """Set between STREAM and its end, in the results table."""
        self.encoding: str | None = "utf-8"
        """The document's, as Python calls it; None where bytes cannot be searched for tags."""
        self._rank = 9
        self._stack = [self.root]
        self._text: list[str] = []
        self._cells: list[str] = []
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.buffer_size = 1 << 16
        self.parser.XmlDeclHandler = self._declared
        self.parser.EntityDeclHandler = _refuse_entities
        self.parser.SkippedEntityHandler = _refuse_entity
        self._look_at_elements()

    def _look_at_elements(self) -> None:
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and self.encoding:
            self.encoding = _ENCODINGS.get(encoding.lower())

    def _start(self, name: str, facts: dict[str, str]) -> None:
        self._close_text()
        prefix, colon, local = name.rpartition(":")
        if len(self._stack) == 1 and local != "VOTABLE":
            raise Malformed(f"it is a document of another kind (<{name[:40]}>)")
        if len(self._stack) > _DEEPEST:
            raise Malformed("its elements are nested without end")
        node = Node(local, facts)
        self._stack[-1].inside.append(node)
        self._stack.append(node)
        if local == "TABLE":
            self._consider(node)
        elif local == "TABLEDATA":
            self._begin_rows(prefix + colon)
        elif local == "STREAM":
            self._begin_stream(node)

    def _end(self, _name: str) -> None:
        self._close_text()
        node = self._stack.pop()
        if node.name == "STREAM" and self.stream is not None:
            self.fits = self.stream.close()
            self.stream = None
            self._look_at_elements()
        elif node is self.table and not self.columns:
            self._make_columns()

    def _close_text(self) -> None:
        if self._text:
            self._stack[-1].text += "".join(self._text).strip()
            self._text.clear()

    def _consider(self, table: Node) -> None:
        """Whether this table is rather the results than the one that we have."""
        resources = [node for node in self._stack if node.name == "RESOURCE"]
        kind = (resources[-1].said("type") if resources else "") or "results"
        rank = 2 if kind.lower() != "results" else 1 if len(resources) > 1 else 0
        if rank < self._rank:
            self._rank, self.table, self.columns, self.fits = rank, table, [], None

    def _ours(self) -> bool:
        return self.table is not None and self.table in self._stack

    def _make_columns(self) -> None:
        """Of our table's FIELDs; a table with a `ref` has those of the table of that ID."""
        if self.table is None:
            return
        fields = self.table.all("FIELD")
        if not fields and self.table.said("ref"):
            fields = self._fields_of(self.table.said("ref"))
            self.table.inside.extend(fields)
        self.columns = [Column(layout_of(field)) for field in fields]

    def _fields_of(self, identifier: str) -> list[Node]:
        return next(
            (
                node.all("FIELD")
                for node, _ in self.root.walk()
                if node.name == "TABLE" and node.said("ID") == identifier
            ),
            [],
        )

    def _begin_rows(self, prefix: str) -> None:
        if not self._ours():
            self.parser.StartElementHandler = None
            self.parser.CharacterDataHandler = None
            self.parser.EndElementHandler = self._row_skipped
            return
        self._make_columns()
        self.rows = Rows(self.columns, prefix)
        self.parser.StartElementHandler = self._cell_start
        self.parser.EndElementHandler = self._cell_end

    def _row_skipped(self, name: str) -> None:
        if name.endswith("TABLEDATA"):
            self._end_rows(name)

    def _end_rows(self, name: str) -> None:
        self.rows = None
        self._text.clear()
        self._look_at_elements()
        self._end(name)

    def _cell_start(self, name: str, facts: dict[str, str]) -> None:
        if name.endswith("TD"):
            self._text.clear()
            if facts.get("encoding"):
                raise Malformed("a cell is encoded, which nobody has done since VOTable 1.0")

    def _cell_end(self, name: str) -> None:
        rows = self.rows
        if name.endswith("TD"):
            self._cells.append("".join(self._text))
        elif name.endswith("TR") and rows is not None:
            rows.row(self._cells)
            self._cells = []
        elif name.endswith("TABLEDATA") and rows is not None:
            rows.flush()
            self._end_rows(name)

    def _begin_stream(self, node: Node) -> None:
        form = self._stack[-2].name
        if not self._ours() or form not in ("BINARY", "BINARY2", "FITS", "PARQUET"):
            return
        if node.said("href") or form == "PARQUET":
            raise Malformed(f"its rows are elsewhere ({node.said('href')[:200]})")
        if node.said("encoding").lower() not in ("base64", ""):
            raise Malformed(f"its rows are in an unknown encoding ({node.said('encoding')[:40]})")
        self._make_columns()
        two = form == "BINARY2"
        stream = Stream(None if form == "FITS" else BinaryRows(self.columns, flags=two))
        self.stream = stream
        self.parser.CharacterDataHandler = lambda text: stream.feed(text.encode())


def _refuse_entities(*_: object) -> None:
    raise Malformed("it declares entities, which no answer needs and attacks are made of")


def _refuse_entity(name: str, _parameter: bool) -> None:
    raise Malformed(f"it has an entity that nobody has declared (&{name[:20]};)")
