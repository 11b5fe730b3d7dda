"""This file is the queue of files: one line for all of them, each host in its own pace.

Invariant: every order ends exactly once, as a receipt or as an error, and an order waits for
nothing but its own host's turn. There is no thread per file: waiting files are entries of a queue.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from skyatlas.errors import AtlasError, Incomplete
from skyatlas.model import Product, Receipt
from skyatlas.net.arrival import Arrival, Batch, Order
from skyatlas.net.keeping import unwritable
from skyatlas.net.lanes import Lanes
from skyatlas.net.line import Line, Timer
from skyatlas.net.scribes import Scribes

if TYPE_CHECKING:
    from skyatlas.net.pace import Lease
    from skyatlas.net.street import Street

__all__ = ["Batch", "Order", "Progress", "Transfers", "fetch_one"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and the bytes of the whole file, or None; in the caller's thread."""

_MOST_SETTLING = 96
"""Whole files that are being verified and kept, before another is asked for."""
_SHORT = 0.1
"""Seconds. A shorter wait is a look, not patience; the clock is not told of it."""
_ELSEWHERE = 0.2
"""Seconds between looks at a file that another process is fetching."""
_LOOK = 0.05
"""Seconds between looks of `fetch_one` at how far its file is."""
_log = logging.getLogger(__name__)


class Transfers:
    """All files on their way. `submit`, `stop` and `under_way` may be used from any thread."""

    def __init__(self, street: Street, bandwidth: float | None = None) -> None:
        self.street = street
        self.line = Line(self._crashed, bandwidth)
        self.scribes = Scribes()
        self.settling = 0
        """Whole files that are being verified and kept."""
        self._queues: dict[str, deque[Order | Arrival]] = {}
        self._freed: set[str] = set()
        """Hosts that will be looked at in the next turn of the line."""
        self._looks: dict[str, Timer] = {}
        self._under_way: set[Arrival] = set()
        self._lanes = Lanes(self)
        self._broken: BaseException | None = None

    def submit(self, orders: Iterable[Order]) -> None:
        """Take orders; their batches hear how each ends."""
        taken = tuple(orders)
        self.line.call(lambda: self._take(taken))

    def stop(self, batch: Batch) -> None:
        """Break off what this batch has ordered; each of its orders ends as Incomplete."""
        self.line.call(lambda: self._stop(batch))

    def under_way(self, batch: Batch) -> list[Arrival]:
        """The files of a batch that have begun, for those who show how far they are."""
        return [arrival for arrival in tuple(self._under_way) if arrival.order.batch is batch]

    def close(self) -> None:
        """Stop; orders that are not done are dropped without a word."""
        self.line.close()
        self.scribes.close()

    # What arrivals tell; in the line's thread, as everything below.

    def again(self, arrival: Arrival, seconds: float) -> None:
        """Give an arrival another turn after so long."""
        self._later(seconds, lambda: self._queue_up(arrival, first=True))

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
        self._under_way.discard(arrival)
        arrival.order.batch.done(arrival.product, outcome)

    def grows(self, arrival: Arrival) -> None:
        """A large file has begun: several connections may be worth it."""
        self._lanes.watch(arrival)

    def spare(self, host: str) -> Lease | None:
        """A turn that no waiting file wants."""
        if self._queues.get(host):
            return None
        try:
            lease = self.street.turns.try_file(host)
        except AtlasError:
            return None
        return None if isinstance(lease, float) else lease

    def _take(self, orders: tuple[Order, ...]) -> None:
        hosts = {}
        for order in orders:
            host = urlsplit(order.product.url).hostname or ""
            hosts[host] = self._queues.setdefault(host, deque())
            hosts[host].append(order)
        for host in hosts:
            self._pump(host)

    def _queue_up(self, item: Order | Arrival, *, first: bool) -> None:
        host = item.host if isinstance(item, Arrival) else _host(item)
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
            try:
                lease = self.street.turns.try_file(host)
            except AtlasError as error:
                self._refuse(queue.popleft(), error)
                continue
            if isinstance(lease, float):
                self._look_again(host, lease)
                return
            item = queue.popleft()
            if isinstance(item, Arrival):
                item.go_on(lease)
            else:
                self._begin(item, lease)

    def _begin(self, order: Order, lease: Lease) -> None:
        arrival = Arrival(order, self)
        try:
            try:
                found = arrival.part.claim()
            except FileNotFoundError:
                order.folder.mkdir(parents=True, exist_ok=True)
                found = arrival.part.claim()
            if found is None:  # another process has it on its way
                lease.release()
                self.line.after(_ELSEWHERE, lambda: self._queue_up(order, first=False))
                return
            receipt = order.batch.here(order.product)
            if receipt is not None:
                lease.release()
                arrival.part.release()
                order.batch.done(order.product, receipt)
                return
        except OSError as error:
            lease.release()
            order.batch.done(order.product, unwritable(order.product, order.folder, error))
            return
        self._under_way.add(arrival)
        arrival.start(found, lease)

    def _refuse(self, item: Order | Arrival, error: AtlasError) -> None:
        if isinstance(item, Arrival):
            item.refuse(error)
        else:
            item.batch.done(item.product, error)

    def _look_again(self, host: str, seconds: float) -> None:
        waiting = self._looks.pop(host, None)
        if waiting is not None:
            waiting.cancel()
        timer = self._later(seconds, lambda: self._pump(host))
        if timer is not None:
            self._looks[host] = timer

    def _later(self, seconds: float, work: Callable[[], None]) -> Timer | None:
        if seconds <= 0:
            self.line.call(work)
            return None
        if seconds > _SHORT:
            clock = self.street.clock
            seconds = clock.after(seconds) - clock.now()
        return self.line.after(seconds, work)

    def _stop(self, batch: Batch) -> None:
        for queue in self._queues.values():
            waiting = [one for one in queue if isinstance(one, Order) and one.batch is batch]
            if waiting:
                kept = [one for one in queue if isinstance(one, Arrival) or one.batch is not batch]
                queue.clear()
                queue.extend(kept)
            for order in waiting:
                batch.done(order.product, _not_begun(order.product))
        for arrival in self.under_way(batch):
            arrival.stop()

    def _crashed(self, error: BaseException) -> None:
        """A mistake of ours: nobody may wait for an end that does not come."""
        self._broken = error
        words = f"skyatlas itself failed ({error!r}); please report it"
        items = [one for queue in self._queues.values() for one in queue]
        orders = [one for one in items if isinstance(one, Order)]
        orders += [arrival.order for arrival in self._under_way]
        for order in orders:
            order.batch.done(order.product, Incomplete(words, product=order.product))


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

    def owns(self, path: Path, product: Product) -> bool:  # noqa: ARG002
        return True

    def keep(self, receipt: Receipt) -> Receipt:
        return receipt

    def done(self, product: Product, outcome: Receipt | AtlasError) -> None:  # noqa: ARG002
        self.outcome = outcome
        self.over.set()


def _host(order: Order) -> str:
    return urlsplit(order.product.url).hostname or ""


def _not_begun(product: Product) -> Incomplete:
    return Incomplete("it was not begun: skyatlas was stopped; fetch it again", product=product)
