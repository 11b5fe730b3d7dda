"""This file holds one request as the archive sees it: under the archive's own name."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from skyatlas.sandbox.publishers import hosts

if TYPE_CHECKING:
    from skyatlas.sandbox.faults import Fault

_BEGIN = re.compile(r"https?://[A-Za-z0-9.-]+")
"""Where a URL begins: a registry's cell may hold several, joined by anything."""
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
HOSTS = hosts() | frozenset(
    {
        "archive.eso.org",
        "archive.stsci.edu",
        "auth.mast.stsci.edu",
        "cds.unistra.fr",
        "data.sdss.org",
        "dataportal.eso.org",
        "elsewhere.eso.org",
        "mast.stsci.edu",
        "mastresolver.stsci.edu",
        "ps1images.stsci.edu",
        "reg.g-vo.org",
        "registry.euro-vo.org",
        "s3.amazonaws.com",
        "skyserver.sdss.org",
        "skyview.gsfc.nasa.gov",
        "stpubdata.s3.amazonaws.com",
        "vizier.cfa.harvard.edu",
        "www.eso.org",
    }
)
"""The archives' names that the sandbox answers under; "elsewhere" is where redirects lead."""


def _part(head: bytes, _gap: bytes, content: bytes) -> tuple[str, bytes, bool]:
    message = email.message_from_bytes(head.lstrip(b"\r\n"), policy=email.policy.HTTP)
    name = message.get_param("name", header="content-disposition")
    return str(name), content, message.get_filename() is not None


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    url: str
    """Under the archive's own name: "https://archive.eso.org/tap_obs/sync?…"."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    time: float
    """Seconds since 1970."""
    faults: tuple[Fault, ...] = ()
    """The faults that this request runs into."""
    dropped: frozenset[str] = field(default=frozenset())
    """Lower-case names of the headers that the archive does not look at."""
    earlier: Asked | None = None
    """The request that this one adds parameters to: a job's first."""

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The URL's parameters, in order."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        """The body's parameters, in order; empty where the body is no form."""
        kind = self.headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return [
            (name, value.decode("utf-8", "replace"))
            for name, value, file in self._parts
            if not file
        ]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The body's files, by the name of their part; those of an earlier request too."""
        earlier = self.earlier.files if self.earlier else {}
        return earlier | {name: value for name, value, file in self._parts if file}

    @cached_property
    def _parts(self) -> list[tuple[str, bytes, bool]]:
        """Name and content of each part of a multipart body, and whether it is a file."""
        kind = self.headers.get("content-type", "")
        boundary = _BOUNDARY.search(kind)
        if not kind.startswith("multipart/form-data") or boundary is None:
            return []
        # Not by `email`: it takes the brackets off STILTS's boundary, "<<<---…--->>>".
        pieces = (b"\r\n" + self.body).split(b"\r\n--" + boundary[1].encode())[1:-1]
        return [_part(*piece.partition(b"\r\n\r\n")) for piece in pieces]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All parameters in order; of an earlier request those that this one does not name."""
        own = [*self.query, *self.form]
        names = {name.lower() for name, _ in own}
        earlier = self.earlier.pairs if self.earlier else []
        return [pair for pair in earlier if pair[0].lower() not in names] + own

    def all(self, name: str) -> list[str]:
        """All values of a parameter; names are compared without case (DALI 1.1, section 2)."""
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def one(self, name: str, default: str = "") -> str:
        """The last value of a parameter, or `default`."""
        return next(reversed(self.all(name)), default)

    def header(self, name: str) -> str:
        """A header as the archive sees it, or ""."""
        return "" if name.lower() in self.dropped else self.headers.get(name.lower(), "")

    def fault(self, name: str) -> Fault | None:
        """The fault of that name that this request runs into, or None."""
        return next((fault for fault in self.faults if fault.name == name), None)

    def under(self, faults: tuple[Fault, ...], dropped: frozenset[str]) -> Asked:
        """The same request, running into faults."""
        return replace(self, faults=faults, dropped=dropped)

    @property
    def path(self) -> str:
        """The decoded path at the archive."""
        return unquote(urlsplit(self.url).path)

    def link(self, url: str) -> str:
        """How a URL at an archive is written in the answer to this request.

        Whoever came through skyatlas's door gets the archives' own names. A peer whose address
        was changed would leave the machine with those, so it gets the sandbox's address.
        """
        parts = urlsplit(url)
        if parts.hostname not in HOSTS or "x-forwarded-host" in self.headers:
            return url
        return f"http://{self.headers.get('host', '127.0.0.1')}/{url.split('://', 1)[1]}"

    def cell(self, value: object) -> object:
        """A table's cell: as it is, or with the links that it holds."""
        if isinstance(value, str) and "://" in value:
            return _BEGIN.sub(lambda found: self.link(found[0]), value)
        return value
