"""This file gives the rows of a service their questions, and leaves out what was not asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyatlas.model import Note, Query, Why

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from astropy.table import Table

    from skyatlas.archives.vo.own import OwnService
    from skyatlas.protocols.service import Answer

_SELECTED: Mapping[str, str] = {
    "instruments": "instrument_name",
    "collections": "obs_collection",
    "programs": "proposal_id",
    "pi": "obs_creator_name",
    "target_name": "target_name",
}
"""Filter of a Query → ObsCore column: spellings differ from service to service, so these are not
sent but compared here, without case and punctuation."""


def overruled(table: Table, native: Table, own: OwnService) -> None:
    """Put in what the file of an own service says of its columns. Raises Unreadable."""
    from skyatlas.obscore import conform

    fields = own.fields()
    made = conform(native, fields)
    mapping = table.meta["mapping"]
    for name in fields:
        table[name] = made[name]
        mapping[name] = f"given: as {own.file.name} says"


def number_taken_out(answer: Answer) -> tuple[Answer, Any]:
    """The answer without the column that says which uploaded position a row answers, and it."""
    from skyatlas.protocols.tap import NUMBER

    if NUMBER not in answer.table.colnames:
        return answer, None
    number = answer.table[NUMBER]
    fields = tuple(field for field in answer.results.fields if field.column != NUMBER)
    table = answer.table.copy(copy_data=False)
    table.remove_column(NUMBER)
    return replace(answer, results=replace(answer.results, table=table, fields=fields)), number


def numbered(table: Table, number: Any, queries: Sequence[Query], numbers: Sequence[int]) -> Table:
    """The table with one row per question that a row answers, and the question's number.

    `numbers` are those of the queries that the request carried; `number` says for each row which
    of them it answers, or is None where the service does not say.
    """
    import numpy as np

    from skyatlas.obscore import plain_values
    from skyatlas.sky import assign

    if number is not None:
        table["query"] = np.asarray(numbers, dtype=np.int64)[np.asarray(number, dtype=np.int64)]
        return table
    if len(numbers) == 1:
        table["query"] = np.full(len(table), numbers[0], dtype=np.int64)
        return table
    ra, dec = (np.ma.filled(table[name].data, np.nan) for name in ("s_ra", "s_dec"))
    asked = [queries[number] for number in numbers]
    pairs = assign(plain_values(table["s_region"]), ra, dec, asked)
    repeated = table[[row for row, _ in pairs]]
    repeated["query"] = np.array([numbers[index] for _, index in pairs], dtype=np.int64)
    return repeated


def near(table: Table, queries: Sequence[Query]) -> Table:
    """The rows that touch the circle of their question, by footprint, else by their centre."""
    import numpy as np

    from skyatlas.obscore import plain_values
    from skyatlas.sky import separation, touches

    def fits(number: int, region: str | None, ra: float | None, dec: float | None) -> bool:
        target, radius = queries[number].target, queries[number].radius
        if target is None or target.ra is None or target.dec is None or radius is None:
            return True
        touching = touches(region, target.ra, target.dec, radius) if region else None
        if touching is not None or ra is None or dec is None:
            return touching is not False
        return bool(separation(ra, dec, target.ra, target.dec) <= radius)

    columns = [plain_values(table[name]) for name in ("query", "s_region", "s_ra", "s_dec")]
    kept = table[np.array([fits(*row) for row in zip(*columns, strict=True)], dtype=bool)]
    kept.meta = table.meta
    return kept


def selected(table: Table, query: Query) -> tuple[Table, list[Note]]:
    """Leave out the rows that a filter excludes; a row that does not say is left out too."""
    import numpy as np

    from skyatlas.obscore import plain_values

    notes = []
    for name, column in _SELECTED.items():
        wanted = getattr(query, name)
        if not wanted:
            continue
        if table.meta.get("mapping", {}).get(column, "").startswith("missing"):
            notes.append(
                Note(
                    Why.UNANSWERED,
                    f"this service does not say {column}, so it could not be selected by "
                    f"{name.rstrip('s').replace('_', '-')}: all rows are listed",
                )
            )
            continue
        patterns = [
            _pattern(name, one) for one in ([wanted] if isinstance(wanted, str) else wanted)
        ]
        texts = [_bare(str(value or "")) for value in plain_values(table[column])]
        keep = [any(pattern.fullmatch(text) for pattern in patterns) for text in texts]
        meta = table.meta
        table = table[np.array(keep, dtype=bool)]
        table.meta = meta
    return table, notes


def _pattern(name: str, wanted: str) -> re.Pattern[str]:
    """What a filter's text stands for: `pi` is a part, a programme's end may be missing."""
    text = ".*".join(re.escape(_bare(part)) for part in wanted.split("*"))
    return re.compile({"pi": f".*{text}.*", "programs": f"{text}.*"}.get(name, text))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def cut(answer: Answer, limit: int | None) -> Iterator[Note]:
    """What there is to say where rows are missing."""
    if answer.truncated and limit is not None:
        yield Note(Why.LIMITED, f"more rows than your limit of {limit} exist")
    elif answer.truncated:
        rows = len(answer.table)
        yield Note(Why.TRUNCATED, f"cut by the service at {rows} rows", rows)
