"""This file is the queue of files: one line for all of them, each host in its own pace.

Invariant: every order ends exactly once, as a receipt or as an error, and an order waits for
nothing but its own host's turn. There is no thread per file: waiting files are entries of a queue.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pycurl

from skyatlas.errors import ArchiveError, AtlasError, BadInput, Incomplete
from skyatlas.model import Product, Receipt
from skyatlas.net.arrival import Arrival, Batch, Order
from skyatlas.net.keeping import Owner, unwritable
from skyatlas.net.lanes import Lanes
from skyatlas.net.line import Line, Timer
from skyatlas.net.pull import our_own
from skyatlas.net.redaction import redact
from skyatlas.net.scribes import Scribes
from skyatlas.net.street import host_of

if TYPE_CHECKING:
    from skyatlas.net.pace import Lease
    from skyatlas.net.street import Street

__all__ = ["Batch", "Order", "Progress", "Transfers", "fetch_one"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and the bytes of the whole file, or None; in the caller's thread."""

_MOST_SETTLING = 96
"""Whole files that are being verified and kept, before another is asked for."""
_MOST_BEGUN = 128
"""Files of one host that have begun, most of them waiting to be tried again; each has an open
file."""
_SHORT = 0.1
"""Seconds. A shorter wait is a look, not patience; the clock is not told of it."""
_WONDER = 3.0
"""Seconds of waiting after which it is said what for."""
_ELSEWHERE = 0.2
"""Seconds between looks at a file that another process is fetching."""
_LOOK = 0.05
"""Seconds between looks of `fetch_one` at how far its file is."""
_log = logging.getLogger(__name__)


class Transfers:
    """All files on their way. `submit`, `stop` and `under_way` may be used from any thread."""

    def __init__(self, street: Street, bandwidth: float | None = None) -> None:
        self.street = street
        self.line = Line(self._line_ended, bandwidth)
        self.scribes = Scribes()
        self.versions = {**street.versions, "pycurl": pycurl.version.split()[0]}
        """For the receipts; one for all of them."""
        self.settling = 0
        """Whole files that are being verified and kept."""
        self._orders: dict[Order, None] = {}
        """All that are not done, wherever they wait, in the order in which they came."""
        self._arrivals: set[Arrival] = set()
        """Those of them that have begun."""
        self._queues: dict[str, deque[Order | Arrival]] = {}
        self._begun: Counter[str] = Counter()
        """Arrivals of each host."""
        self._freed: set[str] = set()
        """Hosts that will be looked at in the next turn of the line."""
        self._looks: dict[str, Timer] = {}
        self._waiting: dict[str, tuple[float, bool]] = {}
        """Hosts that gave no turn: since when, and whether that was told."""
        self._lanes = Lanes(self)
        self._lock = threading.Lock()

    @property
    def open(self) -> bool:
        """False: it was closed, or ended by a mistake of ours."""
        return self.line.open

    def submit(self, orders: Iterable[Order]) -> None:
        """Take orders; their batches hear how each ends."""
        taken = tuple(orders)
        with self._lock:
            self._orders.update(dict.fromkeys(taken))
        self.line.call(lambda: self._take(taken))
        if not self.line.open:
            self._line_ended(None)

    def stop(self, batch: Batch) -> None:
        """Break off what this batch has ordered; each of its orders ends as Incomplete."""
        self.line.call(lambda: self._stop(batch))

    def under_way(self, batch: Batch) -> list[Arrival]:
        """The files of a batch that have begun, for those who show how far they are."""
        with self._lock:
            return [one for one in self._arrivals if one.order.batch is batch]

    def close(self) -> None:
        """Stop; orders that are not done end as Incomplete."""
        self.line.close()
        self.scribes.close()

    # What arrivals tell; in the line's thread, as everything below.

    def again(self, arrival: Arrival, seconds: float) -> None:
        """Give an arrival another turn after so long."""
        self._later(seconds, lambda: self._queue_up(arrival, arrival.host, first=True))

    def freed(self, host: str) -> None:
        """A turn at this host is free."""
        if self._queues.get(host) and host not in self._freed:
            self._freed.add(host)
            self.line.call(lambda: self._pump(host))

    def settled(self) -> None:
        """A file is kept or refused."""
        self.settling -= 1
        if self.settling == _MOST_SETTLING - 1:
            for host in self._queues:
                self.freed(host)

    def ended(self, arrival: Arrival, outcome: Receipt | AtlasError) -> None:
        """An arrival is done."""
        with self._lock:
            self._arrivals.discard(arrival)
        self._begun[arrival.first_host] -= 1
        self._done(arrival.order, outcome)
        self.freed(arrival.first_host)

    def grows(self, arrival: Arrival) -> None:
        """A large file has begun: several connections may be worth it."""
        self._lanes.watch(arrival)

    def refill(self, arrival: Arrival) -> None:
        """One of several connections of a large file is done."""
        self.line.call(lambda: self._lanes.refill(arrival))

    def spare(self, host: str) -> Lease | None:
        """A turn that no waiting file wants."""
        if self._queues.get(host):
            return None
        try:
            lease = self.street.turns.try_file(host)
        except AtlasError:
            return None
        return None if isinstance(lease, float) else lease

    def _done(self, order: Order, outcome: Receipt | AtlasError) -> None:
        """The end of an order, once."""
        with self._lock:
            known = order in self._orders
            self._orders.pop(order, None)
        if known:
            order.batch.done(order.product, outcome)

    def _take(self, orders: tuple[Order, ...]) -> None:
        hosts = set()
        for order in orders:
            host = host_of(order.url)
            if not host:
                words = f"{redact(order.product.url)!r} is no address that can be asked"
                self._done(order, BadInput(f"{words}; it must look like https://host/path"))
                continue
            self._queues.setdefault(host, deque()).append(order)
            hosts.add(host)
        for host in hosts:
            self._pump(host)

    def _queue_up(self, item: Order | Arrival, host: str, *, first: bool) -> None:
        queue = self._queues.setdefault(host, deque())
        if first:
            queue.appendleft(item)
        else:
            queue.append(item)
        self._pump(host)

    def _pump(self, host: str) -> None:
        """Begin what may begin at this host."""
        self._freed.discard(host)
        queue = self._queues.get(host)
        while queue and self.settling < _MOST_SETTLING:
            item = queue[0]
            if self._is_over(item):
                queue.popleft()
                continue
            if isinstance(item, Order) and self._begun[host] >= _MOST_BEGUN:
                return  # many wait to be tried again; one that ends makes room
            try:
                lease = self.street.turns.try_file(host)
            except AtlasError as error:
                queue.popleft()
                self._refuse(item, error)
                continue
            if isinstance(lease, float):
                self._look_again(host, lease)
                return
            self._waiting.pop(host, None)
            queue.popleft()
            self._begin(item, host, lease)

    def _is_over(self, item: Order | Arrival) -> bool:
        order = item.order if isinstance(item, Arrival) else item
        return order not in self._orders

    def _begin(self, item: Order | Arrival, host: str, lease: Lease) -> None:
        """Give an item its turn; what goes wrong is the end of this one alone."""
        try:
            if isinstance(item, Arrival):
                item.go_on(lease)
            else:
                self._claim(item, host, lease)
        except OSError as error:
            lease.release()
            self._refuse(item, _unwritable(item, error))
        except Exception as error:  # noqa: BLE001 (one odd file must not end all others)
            lease.release()
            product = item.product
            self._refuse(item, our_own(error, product))

    def _claim(self, order: Order, host: str, lease: Lease) -> None:
        arrival = Arrival(order, self)
        try:
            found = arrival.part.claim()
        except FileNotFoundError:
            order.folder.mkdir(parents=True, exist_ok=True)
            found = arrival.part.claim()
        if found is None:  # another process has it on its way
            lease.release()
            self.line.after(_ELSEWHERE, lambda: self._queue_up(order, host, first=False))
            return
        try:
            receipt = order.batch.here(order.product)
            if receipt is None:
                with self._lock:
                    self._arrivals.add(arrival)
                self._begun[host] += 1
                arrival.start(found, lease)
                return
        except BaseException:
            with self._lock:
                begun = arrival in self._arrivals
                self._arrivals.discard(arrival)
            self._begun[host] -= begun
            arrival.abandon()
            raise
        lease.release()
        arrival.part.release()
        self._done(order, receipt)

    def _refuse(self, item: Order | Arrival, error: AtlasError) -> None:
        if isinstance(item, Arrival):
            item.refuse(error)
        elif item.source < len(item.product.mirrors) and isinstance(error, ArchiveError):
            other = replace(item, source=item.source + 1)
            with self._lock:
                del self._orders[item]
                self._orders[other] = None
            self._take((other,))
        else:
            self._done(item, error)

    def _look_again(self, host: str, seconds: float) -> None:
        self._say_why(host, seconds)
        waiting = self._looks.pop(host, None)
        if waiting is not None:
            waiting.cancel()
        timer = self._later(seconds, lambda: self._pump(host))
        if timer is not None:
            self._looks[host] = timer

    def _say_why(self, host: str, seconds: float) -> None:
        """A wait that people would wonder about is told, once."""
        now = time.monotonic()
        since, told = self._waiting.get(host, (now, False))
        if seconds > _SHORT:
            if not told and seconds > _WONDER:
                _log.info("%s is left alone for %.0f s, then asked again", host, seconds)
                told = True
        elif not told and not self._begun[host] and now - since > _WONDER:
            _log.info("all turns at %s are taken by other programs of yours; waiting", host)
            told = True
        self._waiting[host] = (since, told)

    def _later(self, seconds: float, work: Callable[[], None]) -> Timer | None:
        if seconds <= 0:
            self.line.call(work)
            return None
        if seconds > _SHORT:
            clock = self.street.clock
            seconds = clock.after(seconds) - clock.now()
        return self.line.after(seconds, work)

    def _stop(self, batch: Batch) -> None:
        for arrival in self.under_way(batch):
            arrival.stop()
        with self._lock:
            begun = {arrival.order for arrival in self._arrivals}
            waiting = [one for one in self._orders if one.batch is batch and one not in begun]
        for order in waiting:
            self._done(order, _not_begun(order.product))

    def _line_ended(self, error: BaseException | None) -> None:
        """It was closed, or a mistake of ours ended it: nobody may wait for what does not come."""
        why = "was closed" if error is None else f"itself failed ({error!r}; please report it)"
        with self._lock:
            orders, arrivals = list(self._orders), list(self._arrivals)
            self._arrivals.clear()
        for arrival in arrivals:
            arrival.abandon()
        for order in orders:
            words = f"it did not come: skyatlas {why}; fetch it again"
            self._done(order, Incomplete(words, product=order.product))


def fetch_one(
    product: Product,
    folder: Path,
    *,
    door: Street,
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
    one = _One()
    transfers = door.transfers
    street = door.without_login() if product.anonymous else door
    transfers.submit([Order(product, folder, street, one, replace)])
    try:
        while not one.over.wait(_LOOK):
            for arrival in transfers.under_way(one) if progress is not None else ():
                if progress is not None and arrival.size:
                    progress(arrival.size, arrival.length)
            if stop is not None and stop.is_set():
                transfers.stop(one)
    except BaseException:  # Ctrl-C, or `progress` raised: nothing is lost, and nothing goes on
        transfers.stop(one)
        one.over.wait(2.0)
        raise
    if isinstance(one.outcome, Receipt):
        if progress is not None:
            progress(one.outcome.size, one.outcome.size)
        return one.outcome
    assert one.outcome is not None
    raise one.outcome


class _One:
    """A batch of one file."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.outcome: Receipt | AtlasError | None = None

    def here(self, product: Product) -> Receipt | None:  # noqa: ARG002
        return None

    def owner(self, path: Path, product: Product) -> Owner:  # noqa: ARG002
        return Owner.OURS  # whoever calls `fetch_one` keeps the receipts

    def keep(self, receipt: Receipt) -> Receipt:
        return receipt

    def done(self, product: Product, outcome: Receipt | AtlasError) -> None:  # noqa: ARG002
        self.outcome = outcome
        self.over.set()


def _unwritable(item: Order | Arrival, error: OSError) -> AtlasError:
    order = item.order if isinstance(item, Arrival) else item
    return unwritable(order.product, order.folder, error)


def _not_begun(product: Product) -> Incomplete:
    return Incomplete("it was not begun: skyatlas was stopped; fetch it again", product=product)
