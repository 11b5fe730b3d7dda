"""This file reads a Parquet file, plain or VOParquet, batch by batch.

Invariant: what is null in the file is masked. Source: VOParquet 1.0 (IVOA note, 2025): the file's
metadata hold a VOTable without rows that describes its columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skyatlas.errors import MissingExtra
from skyatlas.protocols.votable.cells import Values, cut
from skyatlas.protocols.votable.columns import Column, table_of, with_columns
from skyatlas.protocols.votable.layout import Layout
from skyatlas.protocols.votable.results import Field, Malformed, Results

_CONTENT = b"IVOA.VOTable-Parquet.content"
_BATCH = 65536
_NUMBERS = {"bool": "boolean", "uint8": "unsignedByte", "int16": "short", "int32": "int"}
_NUMBERS |= {"int64": "long", "float": "float", "double": "double"}


def results_from_parquet(body: bytes) -> Results:
    """The file's table. Raises Malformed; MissingExtra where pyarrow is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("Parquet needs pyarrow: pip install 'skyatlas[parquet]'") from error
    try:
        file = parquet.ParquetFile(pa.BufferReader(body))
        schema = file.schema_arrow
        columns = [Column(_layout(field)) for field in schema]
        for batch in file.iter_batches(_BATCH):
            for column, array in zip(columns, batch.columns, strict=True):
                _add(column, array)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Malformed(f"its Parquet is broken ({str(error)[:200]})") from error
    described = _described((schema.metadata or {}).get(_CONTENT))
    known = {field.column: field for field in described.fields} if described else {}
    fields = with_columns([known.get(field.name) or _field(field) for field in schema])
    table = table_of(fields, columns, described.table.meta if described else {}, "vounit")
    if described is None:
        return Results(table, fields=fields)
    return Results(
        table, described.overflow, fields, described.params, described.descriptors, described.infos
    )


def _described(content: bytes | None) -> Results | None:
    """The VOTable in the metadata; one that cannot be read spoils nothing."""
    from skyatlas.protocols.votable.answer import results_from
    from skyatlas.protocols.votable.scanning import scanned

    elements, broken = scanned([content] if content else [])
    return None if broken else results_from(elements)


def _field(field: Any) -> Field:
    """A column's own metadata, as `skyatlas search --format parquet` writes them."""
    facts = {
        k.decode("utf-8", "replace"): v.decode("utf-8", "replace")
        for k, v in (field.metadata or {}).items()
    }
    return Field(
        name=field.name,
        datatype=_layout(field).datatype,
        unit=facts.get("unit", ""),
        ucd=facts.get("ucd", ""),
        utype=facts.get("utype", ""),
        description=facts.get("description", ""),
    )


def _layout(field: Any) -> Layout:
    import pyarrow as pa

    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    variable = _is_list(kind)
    name = str(kind.value_type if variable else kind)
    return Layout(
        field.name, _NUMBERS.get(name, "double" if _is_odd(name) else "char"), variable=variable
    )


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    of = pa.types
    return any(test(kind) for test in (of.is_list, of.is_large_list, of.is_fixed_size_list))


def _is_odd(name: str) -> bool:
    """Numbers that VOTable has no type for."""
    return name in ("int8", "uint16", "uint32", "uint64", "halffloat") or name.startswith("decimal")


def _add(column: Column, array: Any) -> None:
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if _is_list(array.type):
        _add_lists(column, array)
    elif column.layout.text:
        column.add_strings(_texts(array))
    else:
        column.add(*_numbers(array))


def _add_lists(column: Column, array: Any) -> None:
    """Cells that vary in length."""
    lists = array.to_pylist()
    if column.layout.text:
        column.add_strings([" ".join(map(str, one)) if one else "" for one in lists])
        return
    flat = _numbers(array.flatten())
    column.add(*cut(column.layout, flat, [len(one or ()) for one in lists]))


def _numbers(array: Any) -> Values:
    import pyarrow as pa

    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    mask = array.is_null().to_numpy(zero_copy_only=False)
    if array.null_count:
        array = array.fill_null(pa.scalar(0).cast(array.type))
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f":
        values = values.astype(np.float32) if values.dtype.itemsize == 2 else values
        mask = mask | np.isnan(values)
    return values, mask


def _texts(array: Any) -> list[str]:
    """Texts; times as ISO 8601; whatever else there is as pyarrow writes it."""
    import pyarrow as pa
    from pyarrow import compute

    kind = array.type
    if pa.types.is_timestamp(kind):
        array = compute.strftime(array, format="%Y-%m-%dT%H:%M:%S")
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [(one or b"").decode("utf-8", "replace") for one in array.to_pylist()]
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return ["" if one is None else str(one) for one in array.to_pylist()]
    found: list[str] = array.fill_null("").to_numpy(zero_copy_only=False).tolist()
    return found
