"""This file holds the seam: what an archive must be able to do, and the door that it is handed.

Invariant: an adapter is stateless, knows no other adapter, and reaches the network only through
the `Door` in its arguments.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from skyatlas.errors import AtlasError, BadInput
from skyatlas.model import Association, Note, Product, Query
from skyatlas.stamp import Stamp, Survey

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.memory import Memory

__all__ = ["Archive", "Ask", "Door", "Many", "Pace", "Reply", "Token"]


@dataclass(frozen=True, slots=True)
class Pace:
    """An archive's politeness, kept by the door for every thread."""

    at_once: int = 2
    """Questions under way at the same time, per host."""
    per_second: float = 5.0
    """Questions started per second, per host."""
    files_at_once: int = 4
    """Files under way at the same time, per host; a file that comes in ranges counts each."""
    files_per_second: float = 0.0
    """Files started per second, per host; 0: no limit of its own."""
    silence: float = 0.0
    """Seconds that a file may keep us waiting for its next byte, where it is made on request; 0: as
    everybody's (`Patience.silence`)."""


@dataclass(frozen=True, slots=True)
class Many:
    """How an archive takes many positions in one request."""

    how: str
    """"upload", "chunk" or "loop"."""
    size: int = 1
    """Positions per request."""


@dataclass(frozen=True, slots=True)
class Token:
    """A key that an archive gave for a password; never shown, never stored."""

    value: str = field(repr=False)
    expires: float
    """Unix time, seconds; infinite where the archive does not say."""
    scheme: str = "Bearer"
    """The word before it in `Authorization`."""
    owner: str = ""
    """Whose it is, as the archive calls them, where it says so."""


class Reply(Protocol):
    """What comes back through the door: the part of `requests.Response` that adapters use.

    A body that is too large to be held in memory beside what it becomes stands in a file: then the
    answer has an attribute `spooled`, the file, open for reading bytes; `content` would load it.
    """

    status_code: int
    url: str

    @property
    def headers(self) -> Mapping[str, str]:
        """Names without regard to case."""
        ...

    @property
    def content(self) -> bytes:
        """The whole body."""
        ...

    @property
    def text(self) -> str:
        """The body, decoded."""
        ...

    def json(self) -> Any:
        """The body, parsed; ValueError where it is not JSON."""
        ...


class Door(Protocol):
    """The way to the street. In real life a `requests.Session`, so pyvo can be handed it too.

    Time-outs, retries, `Retry-After`, pace, credentials and redaction are its business.
    """

    memory: Memory
    """What outlives a crash: job addresses, registry answers, dead services."""

    def ask(
        self,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        errors_too: bool = False,
        method: str | None = None,
        follow: bool = True,
    ) -> Reply:
        """GET, or POST with `data` or `files` (multipart); else the `method`, such as "DELETE".

        An answer that is not below 400 is raised as an ArchiveError. With `errors_too` an answer
        that says itself what went wrong (a VOTable with status 4xx or 5xx) is returned; 401, 403,
        429 and 503 are raised all the same. Without `follow` a redirect is returned as it is.
        """
        ...

    def within(self, seconds: float) -> Door:
        """The same door, for questions that all end within so many seconds from now."""
        ...

    @property
    def left(self) -> float:
        """Seconds that questions may still take; infinite where nobody set a bound."""
        ...

    def anonymous(self) -> Door:
        """The same door without credentials."""
        ...

    def logged_in(self, url: str) -> bool:
        """Whether credentials would be sent to this URL's host."""
        ...


class Archive(ABC):
    """One archive: what it holds and how it is asked. Stateless; one serves every thread."""

    name: str
    """What people type: "eso"."""
    title: str
    kinds: frozenset[str]
    """ObsCore's words for what it holds."""
    hosts: tuple[str, ...]
    """Host names that belong to it: pace and credentials are kept for these."""
    pace: Pace = Pace()
    many: Many = Many("loop")
    login_hint: str = ""
    """What a login is good for; "" where the archive has none."""
    password_service: tuple[str, ...] = ()
    """Names under which users' keyrings may already hold the password, besides ours."""
    token_page: str = ""
    """Where a user gets the token that this archive takes instead of a name and a password."""
    token_variables: tuple[str, ...] = ()
    """Environment variables that people already keep that token in."""
    tables: tuple[str, ...] = ()
    """Names of tables of its own that can be asked instead of its usual ones; `*` is anything."""
    product_columns: tuple[str, ...] = ()
    """Its own words that files can be chosen by (`Ask.only`)."""

    @abstractmethod
    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Yield ObsCore tables that answer the queries.

        Every row says which query it answers: column `query`, the index in `queries`. Too much is
        allowed (the house drops the surplus); too little is not. Finding nothing is no error. An
        answer that makes no sense is `Unreadable`. A cut answer is a Note, never silence.
        """

    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note | Association]:
        """The files of these observations, each once. Default: the one at `access_url`."""
        from skyatlas.obscore import said

        for row in rows:
            url = said(row, "access_url")
            if url:
                size = said(row, "access_estsize")
                yield Product(
                    url=str(url),
                    archive=self.name,
                    obs_id=str(said(row, "obs_id") or ""),
                    target=str(said(row, "target") or ""),
                    size=int(size) * 1000 if size is not None else None,  # ObsCore: kbyte
                    content_type=str(said(row, "access_format") or ""),
                )

    def surveys(self) -> Sequence[Survey]:
        """The surveys of images of which this archive has pieces; no network is needed."""
        return ()

    def stamps(self, stamps: Sequence[Stamp], door: Door) -> Iterator[tuple[int, Product | Note]]:
        """Yield (index in `stamps`, how its piece is had), many stamps in few questions.

        A product's `product_id` is `Stamp.key` and its provenance `Stamp.facts`; several products
        for one stamp only where it is `whole`. A product that has to be made here of other files
        says so (`Product.made`, `.sources`). Every stamp gets a product or a note; a note with
        `Why.OUTSIDE` says that the survey has not looked there. Raises BadInput for a band that
        the survey has not, before anything is asked.
        """
        raise BadInput(f"{self.name} cuts no pieces")

    def outside(self, error: AtlasError) -> str:
        """The sentence where a failed piece only says: the survey has nothing there; else ""."""
        del error
        return ""

    def adopt(self, table: Table) -> Table | None:
        """A table of this archive that came through another tool, as ObsCore.

        None where the table is not recognised as this archive's.
        """
        return None

    def sign_in(self, username: str, password: str, door: Door) -> Token:
        """A token for a password. Raises Refused where the password is wrong."""
        raise BadInput(f"{self.name} has no login")

    def instruments(self) -> Sequence[Mapping[str, str]]:
        """What people may ask for by `instrument`: texts to show, the same keys in every entry."""
        return ()

    def acknowledgement(self, products: Sequence[Product]) -> str:
        """The sentence that the archive asks for, for exactly these products; "" for none."""
        return ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Which files of an observation are wanted."""

    calibrations: str | None = None
    """None, "raw" or "processed"."""
    ancillary: bool = False
    previews: bool = False
    progenitors: bool = False
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(column, values) of the archive's own list of files (`Archive.product_columns`): only files
    with one of the values; `*` stands for anything, "!" in front for anything else."""
    everything: bool = False
    """All files of an observation, where the archive has a smaller set that it recommends."""
    cloud: bool | None = None
    """Whether to ask where copies are, as second sources; None: where that takes few questions."""
