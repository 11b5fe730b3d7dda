"""This file is any service of the Virtual Observatory as an archive: `vo:ivo://…`, `vo:https://…`.

Invariant: what a service cannot be asked is selected here, or said in a note; its rows become
ObsCore with the native record kept. One instance is one service (or one registry record with
several); the row of all services that a registry knows is put together in journeys/discovery.
Sources: the IVOA standards named in `protocols/`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from skyatlas.archive import Archive, Many, Pace
from skyatlas.errors import ArchiveError, BadInput, Broken, Unreachable, Unreadable
from skyatlas.model import Note, Product, Query, Why
from skyatlas.obscore import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from astropy.table import Table

    from skyatlas.archive import Ask, Door
    from skyatlas.archives.vo.own import OwnService
    from skyatlas.model import Association
    from skyatlas.protocols.service import Answer, Service

__all__ = ["Vo", "chosen"]

POSITIONS = 50
"""Positions in one request, where a protocol takes several."""
_PATIENCE = 5.0
"""Seconds after which silence is a service's own fault, however small the caller's budget was."""
_PLACE = frozenset({"POS", "RA", "DEC", "SR", "SIZE"})
"""Parameters that say where: rows from there would stand in the answer as the target's."""
_BY_PLACE = {"sia": "SIA 1", "ssa": "SSA", "scs": "a cone search"}
"""Protocols that have to be asked at a place."""


class Vo(Archive):
    """One service of the Virtual Observatory."""

    kinds = frozenset({"image", "cube", "spectrum", "timeseries", "measurements"})
    pace = Pace(at_once=2, per_second=5.0, files_at_once=4)
    many = Many("chunk", POSITIONS)

    def __init__(
        self, name: str, services: Sequence[Service] = (), own: OwnService | None = None
    ) -> None:
        self.name = name
        self.title = (
            services[0].title
            if services
            else "Virtual Observatory: any service, or all that a registry knows"
        )
        self.hosts = tuple(dict.fromkeys(urlsplit(one.url).hostname or "" for one in services))
        self._services = tuple(services)
        self._own = own
        if own is not None:
            self.title, self.hosts, self.pace = own.title, own.hosts, own.pace
            self.kinds = own.kinds or self.kinds

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask the service, or of several those that fit the kinds asked for."""
        if self.name == "vo":
            raise BadInput(
                "the whole Virtual Observatory is asked through a session; for one service write "
                "vo:ivo://… or vo:https://…"
            )
        _one_place(queries)
        for service in chosen(self.services(door), queries[0].kinds):
            began = time.monotonic()
            try:
                yield from self._asked(replace(service, archive=self.name), queries, door)
            except (Unreachable, Broken, Unreadable) as error:
                if _its_fault(error, door, time.monotonic() - began):
                    door.memory.put("dead", service.url, str(error))
                raise
            door.memory.drop("dead", service.url)

    def services(self, door: Door) -> Sequence[Service]:
        """Where it is asked, and in which protocol; found out where it is not known.

        Raises BadInput where nothing of that name can be asked, and ArchiveErrors.
        """
        if self._services:
            return self._services
        from skyatlas.archives.vo.finding import found

        return found(self.name, self._own, door)

    def _asked(
        self, service: Service, queries: Sequence[Query], door: Door
    ) -> Iterator[Table | Note]:
        from skyatlas.archives.vo import rows
        from skyatlas.protocols.mapping import obscore_of

        for numbers, ask in _questions(service, queries, door):
            answer, number = rows.number_taken_out(ask())
            table = obscore_of(answer, service)
            if self._own is not None:
                rows.overruled(table, answer.table, self._own)
            table = rows.numbered(table, number, queries, numbers)
            if answer.widened:
                table = rows.near(table, queries)
            table, notes = rows.selected(table, queries[0])
            table.meta["asked"] = list(answer.asked)
            yield table
            yield from notes
            yield from rows.cut(answer, queries[0].limit)
        if service.protocol in _BY_PLACE and any(query.target is None for query in queries):
            yield Note(Why.UNANSWERED, f"{_BY_PLACE[service.protocol]} is asked by position only")

    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note | Association]:
        """The files at `access_url`; where rows lead to DataLink documents, what these link to."""
        from skyatlas.protocols import datalink
        from skyatlas.protocols.service import askable

        def followed(word: str) -> bool:
            return datalink.wanted(word, ask)

        # What a service cut to measure stands at access_url itself; its links lead to the whole.
        files = [(row, self._file(row)) for row in rows]
        linked = [str(said(row, "datalink")) for row, file in files if _needs_links(row, file, ask)]
        documents = datalink.links_at(door, linked, archive=self.name)
        without = sum(not file.url and not said(row, "datalink") for row, file in files)
        if without:
            count = f"{without} row{' has' if without == 1 else 's have'}"
            yield Note(Why.ASSUMED, f"{self.name}: {count} no file (catalogue entries)")
        for row, file in files:
            links = documents.get(str(said(row, "datalink") or ""))
            if links is not None:
                links = datalink.opened(door, links, archive=self.name, wanted=followed)
                yield from datalink.products_of(links, ask, file)
            elif file.url and not askable(file.url):
                yield Note(Why.UNANSWERED, f"{file.url!r} is no address that can be fetched")
            elif file.url:
                yield file

    def _file(self, row: Any) -> Product:
        size = said(row, "access_estsize")
        return Product(
            url=str(said(row, "access_url") or ""),
            archive=self.name,
            product_id=str(said(row, "obs_publisher_did") or ""),
            obs_id=str(said(row, "obs_id") or ""),
            target=str(said(row, "target") or ""),
            size=int(size) * 1000 if size is not None else None,  # ObsCore: kbyte
            content_type=str(said(row, "access_format") or ""),
            provenance=self._facts(row),
        )

    def _facts(self, row: Any) -> Mapping[str, Any]:
        from skyatlas.obscore import COLUMNS

        names = [column.name for column in COLUMNS if column.name not in ("target", "distance")]
        known = {name: said(row, name) for name in (*names, "native")}
        return {name: value for name, value in known.items() if value is not None}

    def acknowledgement(self, products: Sequence[Product]) -> str:
        """The sentence of an own service's file; the registry has none in a usable form."""
        del products
        return self._own.acknowledgement if self._own is not None else ""


def chosen(services: Sequence[Service], kinds: frozenset[str]) -> list[Service]:
    """Which services of one record answer a question for these kinds, each row once.

    ObsTAP knows all kinds, so it is asked alone; of two image protocols the newer one.
    """
    by_protocol = {service.protocol: service for service in reversed(services)}
    if len(by_protocol) == 1:
        return list(by_protocol.values())
    if "tap" in by_protocol and by_protocol["tap"].table:
        return [by_protocol["tap"]]
    fits: list[Service] = []
    images = by_protocol.get("sia2") or by_protocol.get("sia")
    if images and (not kinds or kinds & {"image", "cube"} or images.protocol == "sia2"):
        fits.append(images)
    if "ssa" in by_protocol and (not kinds or kinds & {"spectrum", "timeseries", "sed"}):
        fits.append(by_protocol["ssa"])
    if "scs" in by_protocol and (not fits or "measurements" in kinds):
        fits.append(by_protocol["scs"])
    return fits or list(by_protocol.values())


def _one_place(queries: Sequence[Query]) -> None:
    """Raise BadInput where a parameter would move the question away from its target."""
    for query in queries:
        moved = [name for name, _ in query.parameters if name.upper() in _PLACE]
        if moved and query.target is not None:
            raise BadInput(
                f"--param {moved[0]} and the target {query.target.asked!r} are two places for one "
                "question; leave out one of them"
            )


def _its_fault(error: ArchiveError, door: Door, seconds: float) -> bool:
    """Whether others should leave the service alone for it.

    That nothing was sent (offline, no turn), and that a small budget was spent, is our own doing.
    """
    if not isinstance(error, Unreachable):
        return True
    return error.again and (door.left > 0 or seconds >= _PATIENCE)


def _questions(
    service: Service, queries: Sequence[Query], door: Door
) -> Iterator[tuple[list[int], Callable[[], Answer]]]:
    """What is sent, and which queries each request carries."""
    from skyatlas.protocols import scs, sia, sia2, ssa

    plain = [_by_place(query) for query in queries]
    every = list(range(len(queries)))
    if service.protocol == "tap":
        from skyatlas.archives.vo.obstap import ask

        yield every, lambda: ask(door, service, plain)
    elif service.protocol == "sia2":
        yield every, lambda: sia2.ask(door, service, plain)
    else:
        one = {"sia": sia.ask, "ssa": ssa.ask, "scs": scs.ask}[service.protocol]
        for number, query in enumerate(plain):
            if query.target is not None:
                yield [number], partial(one, door, service, query)


def _by_place(query: Query) -> Query:
    """The query without the words that are compared here, by spellings that services do not know.

    Only around a place, where little comes; and no limit may cut what is still to be selected.
    """
    words = query.instruments or query.collections or query.target_name
    if query.target is None or not words:
        return query
    return replace(query, instruments=(), collections=(), target_name=None, limit=None)


def _needs_links(row: Any, file: Product, ask: Ask) -> bool:
    """Whether the row's links have to be read: its file is among them, or more is asked for."""
    if not said(row, "datalink"):
        return False
    more = ask.ancillary or ask.previews or ask.progenitors or ask.calibrations is not None
    return more or not file.url or "datalink" in file.content_type.lower()
