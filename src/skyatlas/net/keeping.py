"""This file gives a whole file its final name and writes down what is known of it.

Invariant: a different file of another product that has the name already is left alone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pycurl

from skyatlas.errors import Unwritable
from skyatlas.model import Product, Receipt
from skyatlas.net.disposition import LONGEST, safe_name
from skyatlas.net.part import Journal, Part
from skyatlas.net.redaction import redact

__all__ = ["Facts", "check_room", "settle", "stem", "unwritable"]

_PYCURL = pycurl.version.split()[0]
_LONGEST_IDENTITY = 40
"""Characters of an archive's identifier that are put into a name."""
_ASK_THE_DISK = 1024 * 1024
"""Bytes. For smaller files nobody asks how much room there is; the write itself will tell."""


Owns = Callable[[Path, Product], bool]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a receipt says of an answer and of its bytes."""

    name: str
    url: str
    """Where the answer came from after redirects."""
    journal: Journal
    started: float
    """Unix time, seconds."""
    ended: float
    resumed: bool
    ways: tuple[str, ...]
    sha256: str
    size: int
    versions: Mapping[str, str]


def settle(
    product: Product, folder: Path, part: Part, facts: Facts, owns: Owns, *, replace: bool
) -> Receipt:
    """Give the part its final name in `folder`; the receipt, which the caller keeps.

    `owns` tells whether a file that is there already may be this product's.
    """
    path = _place(product, folder, part, facts, owns, replace=replace)
    mtime_ns, asked = part.mtime_ns(path), redact(product.url)
    return Receipt(
        path=path,
        product=product,
        size=facts.size,
        sha256=facts.sha256,
        url=asked,
        answered_url=asked if facts.url == product.url else redact(facts.url),
        started=_moment(facts.started),
        ended=_moment(facts.ended),
        verified=facts.ways,
        etag=facts.journal.etag,
        last_modified=facts.journal.last_modified,
        content_type=facts.journal.content_type,
        mtime_ns=mtime_ns,
        versions={**facts.versions, "pycurl": _PYCURL},
        status="resumed" if facts.resumed else "fetched",
    )


def stem(product: Product) -> str:
    """The same for the same product each time, before anybody is asked."""
    known = product.name or product.product_id or unquote(urlsplit(product.url).path)
    return f"{safe_name(known) or 'file'}~{_digest(product)}"


def check_room(folder: Path, length: int | None) -> None:
    """Raise OSError where a file of so many bytes cannot fit."""
    if length is None or length < _ASK_THE_DISK:
        return
    if length > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def unwritable(product: Product, folder: Path, error: OSError) -> Unwritable:
    """What the disk refused, as our leaf."""
    where = folder
    while not where.exists() and where != where.parent:
        where = where.parent
    free = shutil.disk_usage(where).free
    return Unwritable(
        f"{stem(product)} cannot be kept in {folder} "
        f"({error.strerror or type(error).__name__}; {free / 1e9:.1f} GB are free): "
        "make room or choose another folder",
        product=product,
    )


def _place(
    product: Product, folder: Path, part: Part, facts: Facts, owns: Owns, *, replace: bool
) -> Path:
    """Settle the part; where a different file of another product stands, under another name."""
    path = folder / facts.name
    if part.settle(path, replace=replace):
        return path
    if _is_same(path, facts) and owns(path, product):
        part.settle(path, replace=True)
        return path
    identity = safe_name(product.product_id)
    if identity and identity == product.product_id and len(identity) <= _LONGEST_IDENTITY:
        path = folder / _told_apart(facts.name, identity)
        if part.settle(path, replace=path.exists() and owns(path, product)):
            return path
    # By now it can only be an older version of this very product.
    path = folder / _told_apart(facts.name, _digest(product))
    part.settle(path, replace=True)
    return path


def _is_same(path: Path, facts: Facts) -> bool:
    if not path.is_file() or path.stat().st_size != facts.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == facts.sha256


def _told_apart(name: str, identity: str) -> str:
    """The name with something in it that no other product has; no longer than names may be."""
    front, dot, endings = name.partition(".fit") if ".fit" in name else name.partition(".")
    ending = f" ({identity}){dot}{endings}"
    room = max(0, LONGEST - len(ending.encode()))
    return front.encode()[:room].decode("utf-8", "ignore") + ending


def _digest(product: Product) -> str:
    return hashlib.sha256(product.key.encode()).hexdigest()[:8]


def _moment(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="seconds")
