"""This file brings one file home: whole and verified under its final name, or not under it at all.

The bytes grow in `X.part`, with a journal beside it, where X is made from what is known before
asking, so that a later run finds them again.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pycurl

from skyatlas.errors import ArchiveError, Busy, Corrupt, Incomplete, TransferError, Unwritable
from skyatlas.model import Product, Receipt
from skyatlas.net.answers import again_in
from skyatlas.net.asking import Answer, Asking, Progress
from skyatlas.net.disposition import safe_name
from skyatlas.net.pace import Cancelled
from skyatlas.net.part import Part
from skyatlas.net.redaction import redact
from skyatlas.net.unpack import sync_folder
from skyatlas.net.verify import Doubtful, Promise, verify

if TYPE_CHECKING:
    from skyatlas.net.door import StreetDoor

__all__ = ["Progress", "fetch_one"]

_ENOUGH = 1024 * 1024
"""Bytes. A try that brought so much is not counted: a long file may break as often as it likes."""
_naming = threading.Lock()
_log = logging.getLogger(__name__)


def fetch_one(
    product: Product,
    folder: Path,
    *,
    door: StreetDoor,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    replace: bool = False,
) -> Receipt:
    """Bring one file into `folder` (made where missing); its receipt, which the caller keeps.

    A different file that has the name already is left alone, and this one gets the product's
    identifier into its name, unless `replace` says that it is the same product's.

    Raises Incomplete (also when `stop` is set; the bytes stay and the next call goes on), Corrupt,
    Unwritable, and the door's Refused, Busy, Broken, Unreachable, Unreadable.
    """
    used = door.anonymous() if product.anonymous else door
    fetching = _Fetching(product, folder, used, progress, stop)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        answer, ways = fetching.insist()
        return fetching.keep(answer, ways, replace=replace)
    except OSError as error:
        raise fetching.unwritable(error) from error
    except Cancelled:
        raise fetching.stopped() from None
    finally:
        fetching.part.close()


class _Fetching:
    """One product, from the first try to its final name."""

    def __init__(
        self,
        product: Product,
        folder: Path,
        door: StreetDoor,
        progress: Progress | None,
        stop: threading.Event | None,
    ) -> None:
        self.part = Part(folder / f"{_stem(product)}.part")
        self._asking = Asking(product, self.part, door, progress, stop)
        self._product = product
        self._folder = folder
        self._door = door
        self._stop = stop
        self._started = self._now()

    def insist(self) -> tuple[Answer, tuple[str, ...]]:
        """Try until there is a whole file; also how it was verified.

        A broken line goes on where it broke; wrong bytes are dropped and fetched once more.
        """
        host = urlsplit(self._product.url).hostname or ""
        attempt, doubted, was_wrong = 1, "", False
        while True:
            before = self.part.size
            try:
                with self._door.turns.file(host, self._stop):
                    answer = self._asking.once()
                return answer, self._verified(answer, doubted)
            except Corrupt as error:
                doubted = self.part.sha256 if isinstance(error, Doubtful) else ""
                self.part.drop()
                if was_wrong:
                    raise
                was_wrong = True
            except (Incomplete, ArchiveError) as error:
                attempt = 1 if self.part.size - before >= _ENOUGH else attempt + 1
                self._wait(error, attempt)

    def keep(self, answer: Answer, ways: tuple[str, ...], *, replace: bool) -> Receipt:
        """Give the part its final name."""
        sha256, size = self.part.sha256, self.part.size
        with _naming:
            path = self._place(answer.name, sha256, replace=replace)
            self.part.path.replace(path)
        sync_folder(self._folder)
        self.part.forget()
        return Receipt(
            path=path,
            product=self._product,
            size=size,
            sha256=sha256,
            url=redact(self._product.url),
            answered_url=redact(answer.url),
            started=self._started,
            ended=self._now(),
            verified=ways,
            etag=answer.journal.etag,
            last_modified=answer.journal.last_modified,
            content_type=answer.journal.content_type,
            mtime_ns=path.stat().st_mtime_ns,
            versions={**self._door.versions, "pycurl": pycurl.version.split()[0]},
            status="resumed" if answer.resumed else "fetched",
        )

    def unwritable(self, error: OSError) -> Unwritable:
        """What the disk refused, as our leaf; on a full disk the part makes room for others."""
        where = self._folder
        while not where.exists() and where != where.parent:
            where = where.parent
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            self.part.drop()
        free = shutil.disk_usage(where).free
        return Unwritable(
            f"{self.part.path.stem} cannot be kept in {self._folder} "
            f"({error.strerror or type(error).__name__}; {free / 1e9:.1f} GB are free): "
            "make room or choose another folder",
            product=self._product,
        )

    def stopped(self) -> Incomplete:
        """Somebody set `stop`."""
        return Incomplete(
            f"{self.part.path.stem} was stopped; fetch it again to go on", product=self._product
        )

    def _verified(self, answer: Answer, doubted: str) -> tuple[str, ...]:
        promise = Promise(
            self._product,
            answer.name,
            answer.journal.length,
            answer.reply.headers,
            whole=answer.reply.status == 200,
            sha256=self.part.sha256,
        )
        try:
            return verify(self.part.path, promise)
        except Doubtful as doubt:
            if doubted != self.part.sha256:
                raise
            # The same bytes came twice: the sums are wrong at the archive, not on the way.
            return (*doubt.ways, "same bytes twice")

    def _wait(self, error: TransferError | ArchiveError, attempt: int) -> None:
        """Wait before the next try, or raise where there is none."""
        if self._stop is not None and self._stop.is_set():
            raise Cancelled
        patience = self._door.patience
        asked_to = error.wait if isinstance(error, Busy) else None
        wait = self._door.pause(attempt - 1) if asked_to is None else asked_to
        if not error.again or attempt > patience.tries or wait > patience.longest_wait:
            raise error
        if getattr(error, "status", None) == 429:
            self._door.turns.hold(urlsplit(self._product.url).hostname or "", wait)
        _log.info("%s", again_in(error, wait))
        self._door.clock.sleep(wait, self._stop)
        if self._stop is not None and self._stop.is_set():
            raise Cancelled

    def _place(self, name: str, sha256: str, *, replace: bool) -> Path:
        """The final path; never one where a different file of another product stands."""
        path = self._folder / name
        if replace or not path.exists():
            return path
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                return path
        stem, dot, endings = name.partition(".fit") if ".fit" in name else name.partition(".")
        return self._folder / f"{stem} ({_identity(self._product)}){dot}{endings}"

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._door.clock.today(), UTC)
        return moment.isoformat(timespec="seconds")


def _stem(product: Product) -> str:
    """The same for the same product each time, before anybody is asked."""
    known = product.name or product.product_id or unquote(urlsplit(product.url).path)
    digest = hashlib.sha256(product.key.encode()).hexdigest()
    return f"{safe_name(known) or 'file'}~{digest[:8]}"


def _identity(product: Product) -> str:
    """What tells two products of one name apart, fit for a file name."""
    digest = hashlib.sha256(product.key.encode()).hexdigest()[:8]
    return safe_name(product.product_id)[:40] or digest
