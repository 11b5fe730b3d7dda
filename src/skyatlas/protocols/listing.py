"""This file holds the answer of a registry: the services found, who says so, and since when.

Invariant: an answer that is cut, old, or second choice says so in its notes and in its last line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import urlsplit

from skyatlas.errors import BadInput
from skyatlas.model import Note, Why
from skyatlas.protocols.records import Record

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["MOST_SHOWN", "Listing"]

MOST_SHOWN = 40
"""Services that are printed; all others are in `.records`."""


@dataclass(frozen=True, slots=True, eq=False)
class Listing(Sequence[Record]):
    """The services that a registry knows; printed, a table that ends with one line on it."""

    records: tuple[Record, ...]
    registry: str
    """Address of the registry that answered."""
    asked: tuple[str, ...] = ()
    """The ADQL that it was sent."""
    when: str = ""
    """When it answered, ISO 8601 UTC."""
    cached: bool = False
    """Nobody was asked now: this is the answer of then."""
    notes: tuple[Note, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether these are all that the registry knows for this question."""
        cuts = (Why.TRUNCATED, Why.LIMITED, Why.UNANSWERED)
        return not any(note.why in cuts for note in self.notes)

    @property
    def answered(self) -> bool:
        """Whether the registry gave all that it was asked for (a caller's limit is no fault)."""
        return not any(note.why in (Why.TRUNCATED, Why.UNANSWERED) for note in self.notes)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    @overload
    def __getitem__(self, key: int | str) -> Record: ...
    @overload
    def __getitem__(self, key: slice) -> Listing: ...
    def __getitem__(self, key: int | str | slice) -> Record | Listing:
        """One by its place, its identifier or its short name; a slice is a Listing again."""
        if isinstance(key, slice):
            return replace(self, records=self.records[key])
        if isinstance(key, int):
            return self.records[key]
        name = key.removeprefix("vo:").casefold()
        for record in self.records:
            known = (record.ivoid, *record.also, record.short_name)
            if name in (one.casefold() for one in known):
                return record
        raise BadInput(f"no service {key!r} in this list of {len(self)}")

    @property
    def line(self) -> str:
        """How many services, which registry, from when."""
        count = f"{len(self)} service{'' if len(self) == 1 else 's'}"
        day = f"{self.when[:10]} {self.when[11:16]} UTC"
        since = f"as it was on {day}" if self.cached else f"asked {day}"
        return f"{count}; the registry is {urlsplit(self.registry).hostname}, {since}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything that the caller should know, a sentence each."""
        return tuple(note.text for note in self.notes)

    @property
    def table(self) -> Table:
        """An astropy Table, one row per service; lists are texts with commas."""
        from astropy.table import Table

        names = list(_columns(Record("")))
        rows = [_columns(record) for record in self.records]
        table = Table({name: [row[name] for row in rows] for name in names}, dtype=["U"] * 13)
        table.meta.update(registry=self.registry, when=self.when, asked=list(self.asked))
        return table

    def lines(self, width: int = 120) -> Iterator[str]:
        """The services as a table, so many letters wide; identifiers are never cut."""
        return _lines(self.records, width)

    def __str__(self) -> str:
        shown = self.records[:MOST_SHOWN]
        return "\n".join((*_lines(shown, 120), *_more(self), *self.remarks, self.line))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        cells = [
            ["title", "types", "wavebands", "publisher", "archive"],
            *map(_shown, self[:MOST_SHOWN]),
        ]
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells
        )
        below = "<br>".join(escape(text) for text in (*_more(self), *self.remarks, self.line))
        return f"<table>{rows}</table><p>{below}</p>"

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` reads them back."""
        return {
            "services": [record.to_json() for record in self.records],
            "registry": self.registry,
            "when": self.when,
            "cached": self.cached,
            "complete": self.complete,
            "notes": [
                {"why": str(one.why), "text": one.text, "count": one.count} for one in self.notes
            ],
            "asked": list(self.asked),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Listing:
        """Read what `to_json` wrote; BadInput where it is something else."""
        try:
            return cls(
                tuple(Record.from_json(one) for one in saved["services"]),
                saved["registry"],
                tuple(saved["asked"]),
                saved["when"],
                saved["cached"],
                tuple(
                    Note(Why(one["why"]), one["text"], one.get("count")) for one in saved["notes"]
                ),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput("this is no saved list of services") from error


def _more(listing: Listing) -> tuple[str, ...]:
    hidden = len(listing) - MOST_SHOWN
    return (f"… and {hidden} more",) if hidden > 0 else ()


def _columns(record: Record) -> dict[str, str]:
    services = record.services()
    return {
        "title": record.title,
        "types": ", ".join(record.types),
        "wavebands": ", ".join(record.wavebands),
        "publisher": record.publisher,
        "archive": record.archive,
        "short_name": record.short_name,
        "authors": "; ".join(record.authors),
        "access_url": services[0].url if services else "",
        "content_level": ", ".join(record.content_level),
        "updated": record.updated,
        "reference_url": record.reference_url,
        "rights": record.rights,
        "description": record.description,
    }


def _shown(record: Record) -> list[str]:
    columns = _columns(record)
    return [columns[name] for name in ("title", "types", "wavebands", "publisher", "archive")]


def _lines(records: Sequence[Record], width: int) -> Iterator[str]:
    """Where the identifiers leave too little room beside them, each has a line of its own."""
    if not records:
        return
    cells = [["title", "types", "wavebands", "publisher", "archive"], *map(_shown, records)]
    title, types, bands, publisher, archive = (
        max(map(len, column)) for column in zip(*cells, strict=True)
    )
    beside = width - types - archive - 8 >= _LEAST
    over = title + types + bands + publisher + (archive + 8 if beside else 6) - width
    sizes = {"title": title, "bands": bands, "publisher": publisher}
    for name, least in (*_SHRINK.items(), *_SHRINK_MORE.items()):
        less = min(max(0, over), max(0, sizes[name] - least))
        sizes[name], over = sizes[name] - less, over - less
    columns = (sizes["title"], types, sizes["bands"], sizes["publisher"])
    for row in cells:
        line = "  ".join(_cut(cell, size) for cell, size in zip(row[:4], columns, strict=True))
        if beside:
            yield f"{line}  {row[4]}"
        else:
            yield line.rstrip()
            yield f"    {row[4]}"


_SHRINK = {"title": 40, "publisher": 24}
"""Letters to which columns are cut where not all fit, first to last."""
_SHRINK_MORE = {"bands": 10, "publisher": 12, "title": 12}
_LEAST = 48
"""Letters for title, wavebands and publisher together, below which they are unreadable."""


def _cut(text: str, size: int) -> str:
    return (text if len(text) <= size else f"{text[: size - 1]}…").ljust(size)
