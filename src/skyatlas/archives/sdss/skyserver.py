"""This file asks SkyServer and reads what it answers: rows, no rows, or its own words of failure.

Invariant: whatever is not rows or a plain "nothing found" is an error; a page is never a table.
Source: github.com/sciserver/SkyServerWS (RequestMisc.cs, OutputUtils.cs, CustomFilter.cs), read on
2026-11-21: it looks for its parameters in the address alone, writes JSON as
[{"TableName": …, "Rows": [{…}]}] and errors as {"ErrorCode": …, "ErrorMessage": …}, or, through the
pages, as HTML with status 200. It takes "--" for a comment.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from skyatlas.errors import ArchiveError, Broken, Busy, Unreadable
from skyatlas.model import Note, Why

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skyatlas.archive import Door, Reply
    from skyatlas.archives.sdss.releases import Release

__all__ = ["MOST_ROWS", "Row", "cut", "known", "sql", "upload"]

Row = dict[str, Any]

MOST_ROWS = 500_000
"""Rows of one answer: SkyServer's own limit (skyserver.sdss.org, Query Limits)."""
_NOTHING = ("No objects have been found", "No entries have been found", "No rows returned")
_MINUTE = "queries allowed per minute"
_ERROR = re.compile(r"(?is)<title[^>]*>[^<]*error[^<]*</title>|error_message")
_WORDS = (
    re.compile(r"(?is)<h3[^>]*>(.{1,2000}?)</h3>"),
    re.compile(r"(?is)<title[^>]*>(.{1,300}?)</title>"),
)
_TAG = re.compile(r"<[^>]{0,2000}>")
_SAID = 200
"""Characters of its own words in a message."""


def sql(door: Door, release: Release, question: str) -> list[Row]:
    """The rows of a question in SQL. Raises Busy, Broken, Unreadable and what the door raises."""
    words = {"cmd": " ".join(question.split()), "format": "json"}
    return _read(door.ask(release.sql, params=words))


def upload(
    door: Door,
    release: Release,
    question: str,
    places: Sequence[tuple[float, float]],
    radius: float,
) -> list[Row]:
    """The rows of a question about what lies around many places: the upload of the Cross-ID form.

    `question` speaks of the tables #upload and #x; `up_name` is "p0", "p1" … in the order of
    `places` (degrees ICRS); `radius` in degrees. Raises as `sql` does.
    """
    lines = [f"p{number} {ra!r} {dec!r}" for number, (ra, dec) in enumerate(places)]
    form = {
        "searchtool": "CrossID",
        "searchType": "photo",
        "photoScope": "allObj",
        "photoUpType": "ra-dec",
        "radius": repr(radius * 60.0),  # arcmin
        "firstcol": "1",
        "uquery": " ".join(question.split()),
        "format": "csv",
    }
    text = "\n".join(["name ra dec", *lines])
    return _read(door.ask(release.crossid, data=form, files={"upload": ("places.txt", text)}))


def cut(rows: Sequence[Row]) -> Iterator[Note]:
    """A note where an answer is as long as answers can be."""
    if len(rows) >= MOST_ROWS:
        words = f"SkyServer gives no more than {MOST_ROWS} rows; ask for less of the sky at once"
        yield Note(Why.TRUNCATED, words)


def _read(reply: Reply) -> list[Row]:
    spooled = getattr(reply, "spooled", None)
    text = spooled.read().decode("utf-8", "replace") if spooled is not None else reply.text
    text = text.strip().lstrip("\ufeff")
    begin = text[:1]
    if text.startswith(_NOTHING):
        return []
    if _MINUTE in text[:2000]:
        said = "SkyServer takes 60 questions a minute and had more; try again in a minute"
        raise Busy(said, archive="sdss", url=reply.url, status=reply.status_code, wait=60.0)
    if begin in ("[", "{"):
        return _of_json(text, reply)
    if begin == "<" or not begin:
        raise _of_page(text, reply)
    return _of_csv(text, reply)


def _of_json(text: str, reply: Reply) -> list[Row]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable("its JSON breaks off or is none", reply) from error
    if isinstance(said, dict):
        words = next((said[name] for name in said if name.casefold() in _WHY), None)
        if words is not None:
            raise _broken(str(words), reply)
        raise _unreadable("its JSON has no rows", reply)
    tables = [one for one in said if isinstance(one, dict) and isinstance(one.get("Rows"), list)]
    if not tables or not all(isinstance(row, dict) for row in tables[0]["Rows"]):
        raise _unreadable("its JSON has no rows", reply)
    return list(tables[0]["Rows"])


_WHY = frozenset({"errormessage", "error_message", "error", "message"})


def _of_csv(text: str, reply: Reply) -> list[Row]:
    """The first line may be "#Table1", then the columns' names; nothing but names is no rows."""
    if _ERROR.search(text[:5000]) or text.lstrip('"').startswith("ERROR"):
        raise _broken(text, reply)
    try:
        lines = list(csv.reader(io.StringIO(text.split("\n", 1)[-1] if text[0] == "#" else text)))
    except csv.Error as error:
        raise _unreadable("its table is none", reply) from error
    if not lines or any(len(line) != len(lines[0]) for line in lines if line):
        raise _unreadable("its table has lines of different lengths", reply)
    names = [name.strip() for name in lines[0]]
    if not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
        raise _unreadable("its table has no names of columns", reply)
    columns = [_typed(cells) for cells in zip(*(line for line in lines[1:] if line), strict=True)]
    if not columns:
        return []
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _typed(cells: Sequence[str]) -> list[Any]:
    """A column of whole numbers, numbers or words; None where a cell is empty."""
    for kind in (int, float):
        try:
            return [kind(cell) if cell.strip() else None for cell in cells]
        except ValueError:
            continue
    return [cell or None for cell in cells]


def _of_page(text: str, reply: Reply) -> ArchiveError:
    words = next((found[1] for one in _WORDS if (found := one.search(text))), "")
    if _ERROR.search(text):
        return _broken(words or text, reply)
    if any(word in text for word in _NOTHING):
        return _unreadable("it sent a page that says that nothing was found, not rows", reply)
    what = f"a page ({_plain(words)})" if words else "a page" if text else "nothing at all"
    return _unreadable(f"it sent {what}", reply)


def _plain(words: str) -> str:
    return " ".join(_TAG.sub(" ", words).split())[:_SAID]


def _broken(words: str, reply: Reply) -> Broken:
    text = f"SkyServer failed: {_plain(words) or 'it does not say why'}"
    return Broken(text, archive="sdss", url=reply.url, status=reply.status_code)


def _unreadable(what: str, reply: Reply) -> Unreadable:
    text = f"SkyServer's answer is not understood: {what}"
    return Unreadable(text, archive="sdss", url=reply.url, status=reply.status_code)


def known(row: Mapping[str, Any], name: str) -> Any:
    """A value by its column's name, whose case differs between SkyServer's answers."""
    if name in row:
        return row[name]
    word = name.casefold()
    return next((value for key, value in row.items() if key.casefold() == word), None)
