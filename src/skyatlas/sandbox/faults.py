"""This file holds the faults that the sandbox's archives can have, and who runs into them.

A fault is written NAME[=VALUE][:PATTERN[:COUNT]]: it meets the first COUNT requests (all, if
none is given) whose URL, under the archive's own name, holds PATTERN; `*` stands for anything.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from skyatlas.errors import BadInput

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "slow": "answers after VALUE seconds (1)",
        "silent": "takes the request and says nothing until it is released",
        "dead": "the line breaks before anything is answered",
        "stall": "sends VALUE bytes (1000), then nothing until it is released",
        "429": "too many requests; Retry-After: VALUE seconds (1)",
        "429-date": "the same with Retry-After as a date, VALUE seconds (1) ahead",
        "503": "out of order; Retry-After: VALUE seconds, if given",
        "reset": "the line breaks after VALUE bytes of the body (half of it)",
        "truncated": "ends after VALUE bytes (half) though Content-Length promised all",
        "wrong-length": "the file is VALUE bytes (2880) short and Content-Length agrees",
        "html": "a login page with status 200",
        "rubbish": "bytes that mean nothing, as a VOTable with status 200",
        "no-range": "ignores Range and always sends everything",
        "etag": "another ETag with each answer",
        "bad-name": "Content-Disposition says VALUE (../../outside.fits)",
        "redirect": "a file is at another host",
        "short-tokens": "tokens live VALUE seconds (1)",
        "expired-token": "a token is refused after VALUE uses (0)",
        "tap-error": "an error document with status 200",
        "overflow": "not more than VALUE rows (1), whatever MAXREC says",
        "heavy": "queries take VALUE seconds (120) of the service's time: too long for sync",
        "mode-fallback": "CalSelector answers Raw2Master with raw calibrations",
        "resolver-down": "Sesame cannot reach the data bases behind it",
        "executing": "MAST's portal is still EXECUTING when asked VALUE times (for ever, if none)",
        "mast-error": "MAST's portal says status ERROR and VALUE, with status 200",
        "pagesize": "a page of MAST's portal holds not more than VALUE rows (1)",
        "too-many": "the line breaks at a page of MAST's portal beyond VALUE rows (500000)",
        "blank": "SkyView's image is all zeros, though the survey has looked there",
        "gone": "SkyView's temporary file is not there any more",
    }
)
"""What each fault does."""


class LineBroken(Exception):
    """What an archive raises where it breaks the line instead of answering."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and the requests that it is for."""

    name: str
    value: str = ""
    pattern: str = ""
    count: int | None = None
    """How many requests meet it; None for all."""
    after: int = 0
    """How many matching requests go free first."""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise BadInput(f"no fault is named {self.name!r}; there are: {', '.join(NAMES)}")

    def number(self, default: float) -> float:
        """The value as a number, or `default` where none is given."""
        if not self.value:
            return default
        try:
            return float(self.value)
        except ValueError as error:
            raise BadInput(f"the fault {self.name} needs a number, not {self.value!r}") from error

    def fits(self, url: str) -> bool:
        """Whether a URL (under the archive's own name) holds the pattern."""
        # Only * is special: ? and [ are parts of URLs.
        pattern = re.sub(r"([?\[])", r"[\1]", self.pattern)
        return fnmatchcase(url, f"*{pattern}*")


def parse(text: str) -> Fault:
    """A fault from NAME[=VALUE][:PATTERN[:COUNT]]; raises BadInput where there is none."""
    head, _, rest = text.partition(":")
    name, _, value = head.partition("=")
    pattern, colon, last = rest.rpartition(":")
    # "dataportal:2" ends with a count; "XSHOO.2014-01-02T03:04:05.678" and a bare pattern do not.
    if colon and last.isdecimal():
        return Fault(name, value, pattern, int(last))
    return Fault(name, value, rest)


class Faults:
    """The faults of one sandbox; counts who has met them. Safe for many threads."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._met: list[tuple[Fault, list[int]]] = [(fault, [0]) for fault in faults]

    def add(self, fault: Fault) -> None:
        """From now on requests run into this one too."""
        with self._lock:
            self._met.append((fault, [0]))

    def clear(self) -> None:
        """From now on everything works."""
        with self._lock:
            self._met.clear()

    def hit(self, url: str) -> tuple[Fault, ...]:
        """The faults that a request for `url` runs into; it is counted."""
        hits = []
        with self._lock:
            for fault, seen in self._met:
                if not fault.fits(url):
                    continue
                seen[0] += 1
                last = fault.after + (fault.count if fault.count is not None else seen[0])
                if fault.after < seen[0] <= last:
                    hits.append(fault)
        return tuple(hits)
