"""This file gives a whole file its final name and writes down what is known of it.

Invariant: a different file of another product that has the name already is left alone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from skyatlas.errors import Unwritable
from skyatlas.model import Product, Receipt
from skyatlas.net.disposition import LONGEST, safe_name
from skyatlas.net.part import Journal, Part
from skyatlas.net.redaction import redact

__all__ = ["Facts", "Owner", "check_room", "settle", "stem", "unwritable"]

_LONGEST_IDENTITY = 40
"""Characters of an archive's identifier that are put into a name."""
_MOST_NAMES = 1000
_ASK_THE_DISK = 1024 * 1024
"""Bytes. For smaller files nobody asks how much room there is; the write itself will tell."""


class Owner(Enum):
    """Whose a file is that has the name already."""

    NOBODY = "nobody"
    """It has no receipt."""
    OURS = "ours"
    """Its receipt is this product's, and it is as it was left: an older version."""
    EDITED = "edited"
    """Its receipt is this product's, but somebody has changed it."""
    OTHER = "other"
    """It is another product's."""


OwnerOf = Callable[[Path, Product], Owner]


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
    product: Product, folder: Path, part: Part, facts: Facts, owner: OwnerOf, *, replace: bool
) -> Receipt:
    """Give the part its final name in `folder`; the receipt, which the caller keeps.

    `owner` tells whose a file is that is there already.
    """
    path = _place(product, folder, part, facts, owner, replace=replace)
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
        versions=facts.versions,
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
    product: Product, folder: Path, part: Part, facts: Facts, owner: OwnerOf, *, replace: bool
) -> Path:
    """Settle the part; where a different file of another product stands, under another name."""
    for name in _names(product, facts.name):
        path = folder / name
        if part.settle(path, replace=False):
            return path
        whose = owner(path, product)
        older = whose is Owner.OURS and (replace or name != facts.name)
        if older or (whose is not Owner.OTHER and _is_same(path, facts)):
            part.settle(path, replace=True)
            return path
    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))


def _names(product: Product, name: str) -> Iterator[str]:
    """Its own name, then names with something in them that tells the product from others."""
    yield name
    identity = safe_name(product.product_id)
    if identity and identity == product.product_id and len(identity) <= _LONGEST_IDENTITY:
        yield _told_apart(name, identity)
    digest = _digest(product)
    yield _told_apart(name, digest)
    for number in range(2, _MOST_NAMES):
        yield _told_apart(name, f"{digest} {number}")


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
