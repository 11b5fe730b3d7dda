"""This file holds what all protocols share: where a service is, how it is asked, what an answer is.

Invariant: an answer says whether the service cut it.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from skyatlas.errors import ArchiveError, BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from astropy.table import Table

    from skyatlas.archive import Reply
    from skyatlas.model import Query
    from skyatlas.protocols.votable import Field, Results

Protocol = Literal["sia", "sia2", "ssa", "scs", "tap"]
"""The words that `skyatlas services --type` takes; "datalink" and "soda" answer no search."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the Virtual Observatory, as its registry record describes it."""

    url: str
    """Base address: parameters are added to it (for TAP: `/sync`, `/async`)."""
    protocol: Protocol
    archive: str
    """What reports and messages call it: "vo:ivo://…"."""
    ivoid: str = ""
    """Its identifier in the registry."""
    title: str = ""
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same service, in the order to try them."""
    table: str = ""
    """Of a TAP service: the table that is asked, "ivoa.obscore" where it follows ObsCore."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a service answered to one question."""

    results: Results
    truncated: bool = False
    """The service had more rows than it gave, or than were asked for."""
    asked: tuple[str, ...] = ()
    """What was really sent: ADQL or URLs, without secrets."""
    widened: bool = False
    """It was looked farther around than was asked, so that some rows may be too far away."""

    @property
    def table(self) -> Table:
        """The rows, in the service's own columns."""
        return self.results.table


def askable(url: str) -> bool:
    """Whether this is an address that a question can go to: what services write is not always."""
    try:
        parts = urlsplit(url.strip())
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without end, a port beyond 65535
        return False


def asked_in_turn(service: Service, ask: Callable[[str], Reply]) -> Reply:
    """What the first of the service's addresses says that gives any answer at all.

    A mirror is asked only where trying again might help: no connection, a time-out, HTTP 5xx, 429.
    What is inside the answer is not looked at: an error document is an answer. Raises the main
    address's error where no address answers.
    """
    first: ArchiveError | None = None
    for url in (service.url, *service.mirrors):
        try:
            return ask(url)
        except ArchiveError as error:
            if not error.again:
                raise
            first = first or error
    assert first is not None
    raise first


Parameters = list[tuple[str, str]]
"""(NAME, value) pairs; a name may stand there several times."""


def asked_url(url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """A registered address with parameters added.

    Addresses stand in registries with `?` or `&` at their end, without, with parameters of their
    own, and with `&` written as `&amp;`. A parameter that the address fixes is not sent again.
    """
    base, _, query = html.unescape(url.strip()).partition("#")[0].partition("?")
    query = query.strip("&?")
    fixed = {name.upper() for name, _ in parse_qsl(query, keep_blank_values=True)}
    ours = [pair for pair in parameters if pair[0].upper() not in fixed]
    # As the standards print it: "POS=10.5,-3.2", since some old servers take it literally.
    added = urlencode(ours, safe=",/:;", quote_via=quote)
    joined = "&".join(part for part in (query, added) if part)
    return f"{base}?{joined}" if joined else base


def merged(ours: Parameters, query: Query) -> Parameters:
    """Our parameters, then the query's own, which replace ours of the same name."""
    own = {name.upper() for name, _ in query.parameters}
    return [pair for pair in ours if pair[0].upper() not in own] + list(query.parameters)


def place(query: Query) -> tuple[float, float, float] | None:
    """Right ascension, declination, radius, degrees ICRS; None for a question without a place."""
    target = query.target
    if target is None or target.ra is None or target.dec is None:
        return None
    if query.radius is None:
        raise BadInput(f"a search around {target.asked!r} needs a radius")
    return target.ra, target.dec, query.radius


def digits(degrees: float) -> str:
    """All digits and no exponent: SkyView takes "1e-05" for the name of an object.

    Source: skyview.request.SourceCoordinates of SkyView-in-a-Jar; its SIA reads POS with it too.
    """
    return format(Decimal(repr(float(degrees))), "f")


_FILTERS = (
    "kinds", "instruments", "programs", "pi", "target_name", "collections", "band", "time",
    "calib_level", "public",
)  # fmt: skip


def unsaid(query: Query, says: Iterable[str]) -> tuple[str, ...]:
    """The query's filters that are set and that a protocol, which says `says`, cannot express."""
    return tuple(name for name in _FILTERS if getattr(query, name) and name not in set(says))


def inputs_of(results: Results) -> tuple[Field, ...]:
    """The parameters that an answer to FORMAT=METADATA describes, without their "INPUT:"."""
    return tuple(
        replace(param, name=param.name[6:])
        for param in results.params
        if param.name.upper().startswith("INPUT:")
    )
