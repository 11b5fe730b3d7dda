"""This file asks a service for the links of many datasets, and opens documents within documents.

Invariant: every dataset that was asked for gets its links or an error row; one that fails takes no
other with it. Source: IVOA DataLink 1.1 (2023), sections 2.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from skyatlas.errors import ArchiveError, Busy, Refused, Unreachable
from skyatlas.protocols.datalink.document import Link, Links, document_of, failed
from skyatlas.protocols.datalink.terms import is_a
from skyatlas.protocols.service import askable

if TYPE_CHECKING:
    from skyatlas.archive import Door

_LONGEST = 2000
"""Characters of a URL; RFC 9110, section 4.1 asks servers for 8000, some stop at 2048."""
_PATIENCE = 8
"""Datasets that may fail alone before a service that never gave anything is let be."""
DEEPEST = 3
"""Documents within documents."""


def ask(
    door: Door, url: str, ids: Sequence[str], *, archive: str, batch: int = 100
) -> dict[str, Links]:
    """The links of each dataset, by its identifier, in the order of `ids`.

    As many as fit a URL, `batch` at most, go into one question. Where that fails it is split, so
    that only the dataset that is to blame fails; a service that does not take many is asked one by
    one. Nothing is raised: what cannot be had has one error row, and `.failure`.
    """
    asking = _Asking(door, url, archive)
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Links] = {}
    for some in _batches(url, wanted, batch):
        found.update(asking.many(some))
    return {one: found[one] for one in wanted}


def links_at(door: Door, urls: Sequence[str], *, archive: str) -> dict[str, Links]:
    """The links at whole addresses, as tables of observations have them; see `ask`.

    Addresses that differ in nothing but ID are one service, and are asked for together.
    """
    services: dict[str, dict[str, str]] = {}
    found: dict[str, Links] = {}
    for url in dict.fromkeys(urls):
        if not askable(url):
            found[url] = failed(url, f"{url!r} is no address that can be asked")
            continue
        base, identifier = _taken_apart(url)
        if identifier is None:
            found[url] = _Asking(door, url, archive).whole()
        else:
            services.setdefault(base, {})[url] = identifier
    for base, ids in services.items():
        links = ask(door, base, list(ids.values()), archive=archive)
        found |= {url: links[identifier] for url, identifier in ids.items()}
    return {url: found[url] for url in urls}


def _taken_apart(url: str) -> tuple[str, str | None]:
    """The service's own address, and the dataset's identifier where the URL has exactly one."""
    parts = urlsplit(url)
    values = parse_qsl(parts.query, keep_blank_values=True)
    ids = [value for name, value in values if name.upper() == "ID"]
    if len(ids) != 1:
        return url, None
    rest = urlencode([(name, value) for name, value in values if name.upper() != "ID"])
    return urlunsplit(parts._replace(query=rest, fragment="")), ids[0]


def _batches(url: str, ids: Sequence[str], most: int) -> Iterator[list[str]]:
    some: list[str] = []
    length = len(url)
    for one in ids:
        more = len(urlencode({"ID": one})) + 1
        if some and (len(some) >= most or length + more > _LONGEST):
            yield some
            some, length = [], len(url)
        some.append(one)
        length += more
    if some:
        yield some


class _Asking:
    """The questions to one service."""

    def __init__(self, door: Door, url: str, archive: str) -> None:
        self._door = door
        self._url = url
        self._archive = archive
        self._alone = False
        """It takes one identifier per question."""
        self._bad = 0
        """Datasets that failed before any was good."""
        self._down: ArchiveError | None = None
        """Asking on makes no sense."""

    def many(self, ids: list[str]) -> dict[str, Links]:
        """The links of these."""
        if self._alone and len(ids) > 1:
            return self._each(ids)
        if self._down is not None:
            return {one: failed(one, str(self._down), self._down) for one in ids}
        try:
            document = self._document(ids)
        except ArchiveError as error:
            return self._after(error, ids)
        self._bad = -1
        if len(ids) == 1:
            # All of it is about the one, however the service writes its identifier.
            return {ids[0]: document if document.rows else failed(ids[0], _NO_ROW)}
        return self._sorted(document, ids)

    def whole(self) -> Links:
        """The document at the address as it is."""
        try:
            reply = self._door.ask(self._url, errors_too=True)
            document = document_of(reply, archive=self._archive)
        except ArchiveError as error:
            return failed(self._url, str(error), error)
        return document if document.rows else failed(self._url, _NO_ROW)

    def _each(self, ids: list[str]) -> dict[str, Links]:
        return {one: links for some in ids for one, links in self.many([some]).items()}

    def _document(self, ids: list[str]) -> Links:
        pairs = [("ID", one) for one in ids]
        if len(self._url) + len(urlencode(pairs)) > _LONGEST:
            reply = self._door.ask(self._url, data=pairs, errors_too=True)
        else:
            reply = self._door.ask(self._url, params=pairs, errors_too=True)
        return document_of(reply, archive=self._archive)

    def _after(self, error: ArchiveError, ids: list[str]) -> dict[str, Links]:
        if isinstance(error, Busy | Unreachable) or getattr(error, "login", False):
            self._down = error
        if self._down is not None:
            return {one: failed(one, str(error), error) for one in ids}
        if len(ids) > 1:
            return self._split(ids)
        if self._bad >= 0:
            self._bad += 1
            if self._bad >= _PATIENCE and isinstance(error, Refused):
                self._down = error
        return {ids[0]: failed(ids[0], str(error), error)}

    def _split(self, ids: list[str]) -> dict[str, Links]:
        middle = len(ids) // 2
        found = self.many(ids[:middle]) | self.many(ids[middle:])
        if len(ids) == 2 and all(links.failure is None for links in found.values()):
            self._alone = True
        return found

    def _sorted(self, document: Links, ids: list[str]) -> dict[str, Links]:
        rows: dict[str, list[Link]] = {one: [] for one in ids}
        for link in document.rows:
            if link.id in rows:
                rows[link.id].append(link)
        good = {one: replace(document, rows=tuple(some)) for one, some in rows.items() if some}
        missing = [one for one in ids if one not in good]
        again = self._each(missing)
        if missing and len(good) < 2 and all(_has_rows(links) for links in again.values()):
            self._alone = True  # it looks at one of many, or writes identifiers in its own way
        return good | again


_NO_ROW = "the service said nothing of this dataset"


def _has_rows(links: Links) -> bool:
    return links.failure is None and any(one.error_message != _NO_ROW for one in links.rows)


def opened(
    door: Door,
    links: Links,
    *,
    archive: str,
    wanted: Callable[[str], bool],
    parts: bool = False,
) -> Links:
    """The links with those that lead to another document replaced by what stands there.

    Only links whose word is `wanted` are followed, three documents deep at most, never in a circle;
    what cannot be followed becomes an error row. A service that lists the parts of a file which
    the document also offers whole is followed with `parts` only.
    """
    walk = _Walk(door, archive, wanted, parts=parts)
    rows = tuple(row for link in links.rows for row in walk.of(link, links, (), DEEPEST))
    return replace(links, rows=rows)


class _Walk:
    """Through documents within documents."""

    def __init__(
        self, door: Door, archive: str, wanted: Callable[[str], bool], *, parts: bool
    ) -> None:
        self._door = door
        self._archive = archive
        self._wanted = wanted
        self._parts = parts

    def of(self, link: Link, among: Links, seen: tuple[str, ...], depth: int) -> Iterator[Link]:
        """The link itself, or those that it leads to."""
        if not link.is_document or link.is_error or not self._wanted(link.semantics):
            yield link
            return
        if link.access_url is None and not self._parts and _is_whole(link, among):
            return
        address = _address(link)
        if address is None or address in seen or depth == 0:
            why = "leads to no document" if address is None else "leads in a circle or too deep"
            yield _lost(link, f"the link {why}")
            return
        if not askable(address):
            yield _lost(link, f"{address!r} is no address that can be asked")
            return
        try:
            inner = document_of(self._door.ask(address, errors_too=True), archive=self._archive)
        except ArchiveError as error:
            yield _lost(link, str(error))
            return
        for row in inner.rows:
            word = _word(link.semantics, row)
            if word is not None:
                meant = replace(row, semantics=word)
                yield from self.of(meant, inner, (*seen, address), depth - 1)


def _is_whole(link: Link, among: Links) -> bool:
    return any(
        one.access_url and not one.is_document
        for one in among.rows
        if (one.id, one.semantics) == (link.id, link.semantics)
    )


def _address(link: Link) -> str | None:
    if link.access_url is not None or link.service is None:
        return link.access_url
    values = [(one.name, one.value) for one in link.service.inputs if one.value]
    base = link.service.access_url
    if not values:
        return base or None
    return f"{base}{'&' if '?' in base else '?'}{urlencode(values)}"


def _lost(link: Link, words: str) -> Link:
    return replace(link, access_url=None, service=None, error_message=words)


def _word(outer: str, row: Link) -> str | None:
    """What a row of a linked document is to the dataset that was asked about; None: a stranger.

    A progenitor's own file is a progenitor; the progenitor's preview is nobody's concern.
    """
    if is_a(row.semantics, "#this") or row.is_error:
        return outer
    return row.semantics if outer == "#this" or is_a(row.semantics, outer) else None
