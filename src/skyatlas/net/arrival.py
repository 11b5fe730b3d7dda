"""This file is one product on its way, from its claim to its final name or its failure.

What the line tells is taken in the line's thread, what touches the disk happens on the arrival's
own strand, in order. Every arrival ends exactly once, with a receipt or an error.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pycurl

from skyatlas.errors import AtlasError, Busy, Corrupt, Incomplete, Unreachable
from skyatlas.model import Product, Receipt
from skyatlas.net.answers import again_in
from skyatlas.net.body import Body
from skyatlas.net.disposition import file_name, safe_name
from skyatlas.net.keeping import Facts, Owner, check_room, settle, stem, unwritable
from skyatlas.net.lanes import LARGE
from skyatlas.net.part import Journal, Part, Span
from skyatlas.net.promise import Doubtful, Promise, looks_like_html
from skyatlas.net.pull import Enough, NoRange, Pull, Stretch, our_own
from skyatlas.net.scribes import Strand
from skyatlas.net.street import host_of

if TYPE_CHECKING:
    from skyatlas.net.exchange import Reply, Sink
    from skyatlas.net.pace import Lease
    from skyatlas.net.street import Street
    from skyatlas.net.transfer import Transfers

__all__ = ["Arrival", "Batch", "Order"]

_SMALL = 512 * 1024
"""Bytes. A file up to this size stays in memory until it is whole."""
_FLUSH = 1024 * 1024
"""Bytes handed to the disk at once where it has other things to do, and …"""
_FLUSH_IDLE = 64 * 1024
"""… where it has not: what a kill may cost."""
_MOST_WAITING = 6
"""Pieces that wait for the disk before the archive is asked to pause."""
_ENOUGH = 1024 * 1024
"""Bytes. A try that brought so much is not counted: a long file may break as often as it likes."""
_log = logging.getLogger(__name__)


class Batch(Protocol):
    """Who ordered files, and hears how they end."""

    def here(self, product: Product) -> Receipt | None:
        """The receipt where the file has come home meanwhile. In the line's thread: be quick."""

    def owner(self, path: Path, product: Product) -> Owner:
        """Whose the file is that is at `path`. In a scribe's thread."""

    def keep(self, receipt: Receipt) -> Receipt:
        """A file has its final name: keep its receipt. In a scribe's thread; may raise."""

    def done(self, product: Product, outcome: Receipt | AtlasError) -> None:
        """The end of this product. In the line's thread: be quick."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """One file that somebody wants."""

    product: Product
    folder: Path
    street: Street
    batch: Batch
    replace: bool = False
    source: int = 0
    """Which of the product's addresses is asked first."""

    @property
    def url(self) -> str:
        """The address that is asked first."""
        return self.address(self.source)

    def address(self, number: int) -> str:
        """One of the product's addresses."""
        return (self.product.url, *self.product.mirrors)[number]


@dataclass(slots=True)
class Lane:
    """One connection of an arrival."""

    lease: Lease
    pending: list[bytes] = field(default_factory=list)
    size: int = 0
    """Bytes in `pending`."""
    paused: bool = False


class Arrival:
    """One product on its way."""

    def __init__(self, order: Order, transfers: Transfers) -> None:
        self.order = order
        self.product = order.product
        self.stem = stem(order.product)
        self.part = Part(f"{order.folder}{os.sep}{self.stem}.part")
        self.host = self.first_host = host_of(order.url)
        """Whose turn it takes; and took at first."""
        self.lanes: dict[Pull, Lane] = {}
        self.journal: Journal | None = None
        self.ranges = True
        """False: the archive gives no ranges of this file."""
        self.came = 0
        """Bytes that came over the line."""
        self._source = order.source
        """Which of the product's addresses is asked."""
        self._stretches: list[Stretch] = []
        """What has come or is on its way, of the present body."""
        self._transfers = transfers
        self._strand = Strand(transfers.scribes)
        self._learning = Strand(transfers.scribes)
        """Follows the other: it inspects what that has written."""
        self._body: Body | None = None
        self._memory: list[bytes] | None = None
        """The bytes so far, in order, while they are few; None: they are in the part."""
        self._answered = order.url
        self._attempt, self._most = 1, 0
        self._changed = 0
        """How often the archive had another file than before, or gave no range."""
        self._was_wrong, self._doubted = False, ""
        self._collected = False
        """Whether the line puts the bytes into `_memory` by itself."""
        self._file_name = ""
        self._resumed = self._settling = self._over = False
        self._said: dict[int, Journal] = {}
        """What each address said of the file, the latest."""
        self._told_length: int | None = None
        self._started = order.street.clock.today()

    @property
    def url(self) -> str:
        """The address that is asked at present."""
        return self.order.address(self._source)

    @property
    def size(self) -> int:
        """Bytes that are here."""
        memory = self._memory  # the line may take it away meanwhile
        if self._collected and memory is not None:
            return sum(map(len, memory))
        return sum(stretch.here - stretch.start for stretch in self._stretches)

    @property
    def length(self) -> int | None:
        """Bytes of the whole file where that is known."""
        return self.journal.length if self.journal else self.product.size

    def start(self, found: int, lease: Lease) -> None:
        """Begin; the part is ours and has `found` bytes."""
        if not found:
            self.go_on(lease)
            return

        def recover() -> None:
            recovered = None
            try:
                recovered = self.part.recover(self.url)
            except OSError as error:
                self._transfers.line.call(lease.release)
                raise error from None
            self._transfers.line.call(lambda: self._recovered(recovered, lease))

        self._do(recover)

    def go_on(self, lease: Lease) -> None:
        """Ask for what is missing."""
        if self._over:
            lease.release()
            return
        gap = self._gap()
        if gap is None:
            lease.release()
            self._conclude()
        else:
            self._ask(gap, lease)

    def stop(self) -> None:
        """Break off; the bytes stay, and the outcome is Incomplete. What is whole is kept."""
        if self._settling:
            return
        words = f"{self.stem} was stopped; fetch it again to go on"
        self._end(Incomplete(words, product=self.product))

    def refuse(self, error: AtlasError) -> None:
        """Its host is asked no more in this run."""
        self._give_up(error)

    def unassigned(self) -> Span | None:
        """The first bytes that nobody brings and nobody was asked to bring."""
        assigned = {pull.stretch for pull in self.lanes}
        length, at = self.length or 0, 0
        for stretch in sorted(self._stretches, key=lambda one: one.start):
            if stretch.start > at:
                return at, stretch.start
            end = length if stretch.end is None else stretch.end
            at = max(at, end if stretch in assigned else stretch.here)
        return (at, length) if at < length else None

    def widen(self, span: Span, lease: Lease) -> None:
        """Ask for these bytes on another connection."""
        self._ask(Stretch(*span), lease)

    # What a pull tells.

    def opened(self, pull: Pull, reply: Reply) -> Sink | None:
        """The file's bytes are about to come; where they are few, they are just collected."""
        self._transfers.street.turns.told(self.host, None)
        if pull.ranged:
            self._answered = pull.url
            if len(self.lanes) == 1 and (self.length or 0) >= LARGE:
                self._transfers.grows(self)
            return None
        if len(self.lanes) > 1:
            raise NoRange
        check_room(self.order.folder, reply.length)
        self._forget()
        pull.stretch.start, pull.stretch.end, pull.stretch.here = 0, None, 0
        self._stretches = [pull.stretch]
        self.journal = Journal.of(self.url, reply.headers, reply.length)
        self.ranges = reply.headers.get("accept-ranges", "").lower() == "bytes"
        self._answered, self._resumed, self._memory = pull.url, False, []
        self._check_agreement(self.journal)
        if reply.length is not None and reply.length <= _SMALL:
            self._collected = True
            return self._memory.append
        if reply.length is not None:
            self._to_disk()
        if self.ranges and self.journal.validator and (reply.length or 0) >= LARGE:
            self._transfers.grows(self)
        return None

    def take(self, pull: Pull, data: bytes) -> None:
        """The next bytes."""
        stretch = pull.stretch
        if stretch.here == 0 and looks_like_html(data[:4096]):
            self._refuse_web_page(data)
        enough = False
        if stretch.end is not None:
            left = stretch.end - stretch.here
            enough = left < len(data) or (left == len(data) and pull.cut)
            data = data[:left] if left < len(data) else data
        stretch.here += len(data)
        self.came += len(data)
        if self.product.size_exact and stretch.here > (self.product.size or 0):
            raise Corrupt(self._too_long(stretch.here), product=self.product)
        if self._memory is not None:
            self._memory.append(data)
            if stretch.here > _SMALL:
                self._to_disk()
        else:
            lane = self.lanes[pull]
            lane.pending.append(data)
            lane.size += len(data)
            if lane.size >= (_FLUSH if self._strand.waiting else _FLUSH_IDLE):
                self._flush(pull, lane)
        if enough:
            raise Enough

    def closed(self, pull: Pull, error: Exception | None) -> None:
        """No more will come of this pull."""
        lane = self.lanes.pop(pull)
        self._put_down(pull, lane)
        lane.lease.release()
        self._transfers.freed(self.host)
        if isinstance(error, NoRange):
            self._without_range(pull)
        elif isinstance(error, Corrupt):
            self._wrong(error)
        elif isinstance(error, OSError):
            self._end(unwritable(self.product, self.order.folder, error))
        elif isinstance(error, AtlasError):
            if self.lanes:
                # The others go on; what it did not bring is asked for after them.
                self.ranges = self.ranges and pull.stretch.here > pull.stretch.start
                self._give_back(pull)
            else:
                self._failed(error)
        else:
            try:
                self._ended_well(pull)
            except Corrupt as wrong:
                self._wrong(wrong)

    def _ended_well(self, pull: Pull) -> None:
        if pull.stretch.end is None and self.journal and self.journal.length is None:
            self._told_length = pull.stretch.here
        if self.lanes:
            self._transfers.refill(self)
        else:
            if self._gap() is None:
                self._check_start()
                self._conclude()
            else:
                self._transfers.again(self, 0.0)

    # Asking.

    def _recovered(self, recovered: tuple[Journal, list[Span]] | None, lease: Lease) -> None:
        if recovered is not None and not self._over:
            self.journal, spans = recovered
            self._stretches = [Stretch(start, end, end) for start, end in spans]
            self._resumed = True
            self._body = self._new_body(spans)
        self.go_on(lease)

    def _gap(self) -> Stretch | None:
        """The first bytes that are missing; None where none are."""
        journal, at = self.journal, 0
        length = journal.length if journal and journal.length is not None else self._told_length
        for stretch in sorted(self._stretches, key=lambda one: one.start):
            if stretch.start > at:
                break
            at = max(at, stretch.here)
        if journal is not None and at == length:
            return None
        if at == 0 or journal is None or not journal.validator:
            self._forget()
            return Stretch(0, None)
        later = [one.start for one in self._stretches if one.start > at and one.here > one.start]
        self._stretches = [one for one in self._stretches if one.here > one.start]
        return Stretch(at, min(later) if later else None)

    def _ask(self, stretch: Stretch, lease: Lease) -> None:
        if stretch.start and not self.lanes:
            self._resumed = True
        self._stretches.append(stretch)
        pull = Pull(self.product, self.url, stretch, self.journal if stretch.start else None)
        self.lanes[pull] = Lane(lease)
        street, transfers = self.order.street, self._transfers
        pull.go(street, transfers.line, transfers.scribes, self)

    def _without_range(self, pull: Pull) -> None:
        """The archive did not give a range: the others bring its bytes, or all starts anew."""
        self.ranges = False
        self._give_back(pull)
        if not self.lanes:
            self._forget()
            self._changed += 1
            if self._changed > self.order.street.patience.tries:
                words = f"{self.host} has another file each time that {self.stem} is asked for"
                self._give_up(Incomplete(f"{words}; try again later", product=self.product))
            else:
                self._transfers.again(self, 0.0)

    def _give_back(self, pull: Pull) -> None:
        """It brought nothing: the one that it took its stretch from brings that as well."""
        start = pull.stretch.start
        if pull.stretch.here > start or not self.lanes:
            return
        self._stretches.remove(pull.stretch)
        before = [one for one in self.lanes if one.stretch.end == start]
        if before:
            later = [one.start for one in self._stretches if one.start >= start]
            ends = [*later, *([] if before[0].asked_end is None else [before[0].asked_end])]
            before[0].stretch.end = min(ends) if ends else None

    def _failed(self, error: AtlasError) -> None:
        """A try was in vain: wait and try again, ask the next address, or give up."""
        street, host = self.order.street, self.host
        patience = street.patience
        street.turns.told(host, error)
        # Only what is kept counts: a file that starts from zero each time gets nowhere.
        self._attempt = 1 if self.size - self._most >= _ENOUGH else self._attempt + 1
        self._most = max(self._most, self.size)
        error = self._kept(error)
        asked_to = error.wait if isinstance(error, Busy) else None
        wait = street.pause(self._attempt - 1) if asked_to is None else asked_to
        if not error.again or self._attempt > patience.tries or wait > patience.longest_wait:
            self._give_up(error)
            return
        if asked_to is not None or getattr(error, "status", None) == 429:
            street.turns.hold(host, wait)
        _log.info("%s", again_in(error, wait))
        self._transfers.again(self, wait)

    def _wrong(self, error: Corrupt) -> None:
        """Wrong bytes are dropped and fetched once more."""
        self._doubted = (
            self._body.inspection.sha256 if isinstance(error, Doubtful) and self._body else ""
        )
        self._leave()
        self._forget()
        if self._was_wrong:
            self._said.pop(self._source, None)  # what it said of the file means nothing
            self._give_up(error)
        else:
            self._was_wrong = True
            self._transfers.again(self, 0.0)

    def _give_up(self, error: AtlasError) -> None:
        """Ask the next address where there is one."""
        more = range(self._source + 1, len(self.product.mirrors) + 1)
        source = next((one for one in more if host_of(self.order.address(one))), None)
        if source is not None:
            host = self.host
            self._source = source
            self.host = host_of(self.url)
            self._attempt, self._most = 1, 0
            self._was_wrong, self._doubted = False, ""
            self._forget()
            _log.info("%s; trying %s", str(error).removesuffix("; try again later"), self.host)
            self._transfers.freed(host)
            self._transfers.again(self, 0.0)
        else:
            self._end(error)

    def _kept(self, error: AtlasError) -> AtlasError:
        """The same, saying how many bytes there are; only where it may go on from there."""
        resumable = self.journal is not None and self.journal.validator is not None
        if not isinstance(error, Unreachable) or not error.again or not resumable or not self.size:
            return error
        of = f" of {self.length:,}" if self.length is not None else ""
        words = str(error).removesuffix("; try again later")
        return Incomplete(f"{words}; {self.size:,}{of} bytes are kept", product=self.product)

    # Keeping.

    def _put_down(self, pull: Pull, lane: Lane) -> None:
        """Account for the bytes of a pull that is over."""
        if self._collected:
            assert self._memory is not None
            self._collected = False
            before, pull.stretch.here = pull.stretch.here, sum(map(len, self._memory))
            self.came += pull.stretch.here - before
        self._flush(pull, lane)

    def _flush(self, pull: Pull, lane: Lane) -> None:
        """Hand the bytes that wait to the strand."""
        if not lane.size or self._body is None:
            return
        pieces, size, lane.pending, lane.size = lane.pending, lane.size, [], 0
        self._put(self._body, pull.stretch.start, pull.stretch.here - size, pieces)
        if self._strand.waiting + self._learning.waiting > _MOST_WAITING and not lane.paused:
            lane.paused = True
            pull.pause(pycurl.PAUSE_ALL)
            self._last(lambda: self._transfers.line.call(lambda: self._resume(pull, lane)))

    def _put(self, body: Body, start: int, at: int, pieces: list[bytes]) -> None:
        """Write; and when that is done inspect, while the next bytes are written."""

        def work() -> None:
            body.put(at, pieces)
            self._learning.do(self._careful(lambda: body.learn(start, at, pieces), body))

        self._do(work)

    def _last(self, job: Callable[[], None]) -> None:
        """Have something done after all that was given before was written and inspected."""
        body = self._body
        self._do(lambda: self._learning.do(self._careful(job, body)))

    def _resume(self, pull: Pull, lane: Lane) -> None:
        lane.paused = False
        pull.pause(pycurl.PAUSE_CONT)

    def _to_disk(self) -> None:
        """From here on the bytes go to the part, with a journal."""
        assert self._memory is not None
        body, pieces = self._new_body(()), self._memory
        self._body, self._memory = body, None
        self._do(body.begin)
        if pieces:
            self._put(body, 0, 0, pieces)

    def _new_body(self, spans: list[Span] | tuple[()]) -> Body:
        assert self.journal is not None
        promise = Promise(self.product, self._name(), self.journal.length, self._digests())
        return Body(self.part, self.journal, promise, spans)

    def _forget(self) -> None:
        """Drop the bytes so far."""
        if self._body is not None:
            self._do(self.part.empty)
        self._body = self._memory = self.journal = self._told_length = None
        self._collected, self._file_name = False, ""
        self._stretches = []

    def _conclude(self) -> None:
        """All bytes are here: verify, give the final name, keep the receipt."""
        data = self._memory
        if self._body is None:
            self._body = self._new_body(())
        body, name, resumed, doubted = self._body, self._name(), self._resumed, self._doubted
        self._memory, self._settling = None, True
        self._transfers.settling += 1

        def work() -> None:
            try:
                ways = self._verified(body, data, doubted)
                receipt = self._settle(body, name, ways, resumed=resumed)
                receipt = self.order.batch.keep(receipt)
                self.part.release()
            except BaseException:  # whatever it is, its place among the settling ones is free again
                self._transfers.line.call(self._transfers.settled)
                raise
            self._transfers.line.call(lambda: self._kept_home(receipt))

        if data is None:
            self._last(work)
        else:
            self._do(work)

    def _kept_home(self, receipt: Receipt) -> None:
        self._transfers.settled()
        self._end(receipt)

    def _verified(self, body: Body, data: list[bytes] | None, doubted: str) -> tuple[str, ...]:
        if body.harm is not None:  # an earlier job failed while this one was waiting
            raise body.harm
        try:
            return body.whole(data, durable=self.order.street.durable)
        except Doubtful as doubt:
            if doubted != body.inspection.sha256:
                raise
            # The same bytes came twice: the sums are wrong at the archive, not on the way.
            return (*doubt.ways, "same bytes twice")

    def _settle(self, body: Body, name: str, ways: tuple[str, ...], *, resumed: bool) -> Receipt:
        order = self.order
        facts = Facts(
            name=name,
            url=self._answered,
            journal=body.journal,
            started=self._started,
            ended=order.street.clock.today(),
            resumed=resumed,
            ways=ways,
            sha256=body.inspection.sha256,
            size=body.size,
            versions=self._transfers.versions,
        )
        owner, replace = order.batch.owner, order.replace
        return settle(self.product, order.folder, self.part, facts, owner, replace=replace)

    def _end(self, outcome: Receipt | AtlasError) -> None:
        """The end, whatever it is; the bytes that are good for a later run stay."""
        if self._over:
            return
        self._leave()
        self._over = True
        if not isinstance(outcome, Receipt):
            if self._memory and self.journal is not None and self.journal.validator:
                self._to_disk()
            self._strand.do(lambda: self._learning.do(lambda: self._release(outcome)))
        else:
            self._transfers.ended(self, outcome)

    def _release(self, outcome: AtlasError) -> None:
        self._let_go()
        self._transfers.line.call(lambda: self._transfers.ended(self, outcome))

    def _let_go(self) -> None:
        try:
            self.part.release()
        except OSError as error:
            _log.debug("%s: %s", self.stem, error)

    def abandon(self) -> None:
        """The line is no more: let go of the turns and of the part, for others to go on with."""
        self._over = True
        for lane in self.lanes.values():
            lane.lease.release()
        self.lanes.clear()
        self._strand.do(lambda: self._learning.do(self._let_go))

    def _leave(self) -> None:
        """Break all connections off; what they brought is kept."""
        for pull, lane in list(self.lanes.items()):
            pull.stop()
            self._put_down(pull, lane)
            lane.lease.release()
            self._transfers.freed(self.host)
        self.lanes.clear()

    def _do(self, job: Callable[[], None]) -> None:
        """Have the strand do this; what goes wrong is the end of this body."""
        self._strand.do(self._careful(job, self._body))

    def _careful(self, job: Callable[[], None], body: Body | None) -> Callable[[], None]:
        def work() -> None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 (nobody may wait for ever)
                known = isinstance(error, AtlasError | OSError)
                harm = error if known else our_own(error, self.product)
                if body is not None:
                    body.harm = harm
                self._transfers.line.call(lambda: self._harmed(harm, body))

        return work

    def _harmed(self, error: Exception, body: Body | None) -> None:
        self._settling = False
        if self._over or body is not self._body:
            return
        if isinstance(error, Corrupt):
            self._wrong(error)
        elif isinstance(error, OSError):
            self._end(unwritable(self.product, self.order.folder, error))
        elif isinstance(error, AtlasError):
            self._end(error)

    # Words.

    def _name(self) -> str:
        """The name that the file will have."""
        assert self.journal is not None
        if self._file_name:
            return self._file_name
        said = self.journal.disposition
        name = safe_name(self.product.name or "") or file_name(said, self._answered)
        packed = self.journal.encoding.lower() in ("gzip", "x-gzip")
        if packed and not name.lower().endswith(("gz", ".z")):
            name += ".gz"  # the bytes are kept as they came
        self._file_name = name
        return name

    def _digests(self) -> dict[str, str]:
        """What this address promises, and where it is silent, the others."""
        digests: dict[str, str] = {}
        for said in self._said.values():
            digests.update(said.digests)
        return digests | dict(self.journal.digests if self.journal else {})

    def _check_agreement(self, journal: Journal) -> None:
        """All addresses of a product must mean the same bytes."""
        self._said[self._source] = journal
        for source, said in self._said.items():
            ours, theirs = journal.length, said.length
            if source != self._source and ours is not None and theirs is not None:
                self._insist_on(theirs, ours)

    def _insist_on(self, length: int, here: int) -> None:
        if here != length:
            raise Corrupt(
                f"{self.host} has {here:,} bytes of {self._name()}, but another address said "
                f"{length:,}: they are not the same file",
                product=self.product,
            )

    def _too_long(self, size: int) -> str:
        return (
            f"{self._name()} has more than the {self.product.size:,} bytes that the archive said "
            f"({size:,} came so far); fetch it again"
        )

    def _check_start(self) -> None:
        if self._memory and looks_like_html(self._memory[0][:4096]):
            self._refuse_web_page(self._memory[0])

    def _refuse_web_page(self, start: bytes) -> None:
        name = self._name()
        if Promise(self.product, name).expected.html:
            return
        question = self.order.street.question(self._answered)
        advice = (
            f"log in with `skyatlas login {question.archive}`"
            if question.login and not question.sent
            else "look at the archive's page"
        )
        error = Corrupt(
            f"{question.name} sent a web page instead of {name}: {advice}", product=self.product
        )
        error.said = bytes(start[:4096]).decode("utf-8", "replace")
        raise error
