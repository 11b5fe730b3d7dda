"""This file writes a table as Parquet with its VOTable description inside: VOParquet 1.0.

The description is a VOTable without rows, so units and UCDs survive; NULL is Parquet's own null.
Source: https://www.ivoa.net/documents/Notes/VOParquet/ (version 1.0).
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from skyatlas.sandbox import votable
from skyatlas.sandbox.tables import Column
from skyatlas.sandbox.votable import Sheet

_KINDS = {"short": "int16", "int": "int32", "long": "int64", "float": "float32"}


def as_parquet(sheet: Sheet) -> bytes:
    """A Parquet file of one table; needs pa."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {name: getattr(pa, kind)() for name, kind in _KINDS.items()}
    kinds |= {"double": pa.float64(), "char": pa.string(), "unicodeChar": pa.string()}
    columns = [
        pa.array([_cell(row[place], column) for row in sheet.rows], kinds[column.datatype])
        for place, column in enumerate(sheet.columns)
    ]
    about = {
        "IVOA.VOTable-Parquet.version": "1.0",
        "IVOA.VOTable-Parquet.content": votable.votable(replace(sheet, rows=())).decode(),
    }
    names = [column.name for column in sheet.columns]
    table = pa.table(columns, names=names).replace_schema_metadata(about)
    stream = BytesIO()
    parquet.write_table(table, stream)
    return stream.getvalue()


def _cell(value: object, column: Column) -> object:
    """SQLite may have a number in a column of texts; Parquet has one type per column."""
    return str(value) if column.is_text and value is not None else value
