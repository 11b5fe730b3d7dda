"""This file is the one thread in which libcurl talks: every file comes through one CurlMulti.

It follows nothing, keeps nothing, and never hangs. Redirects come back as they are, because only
the street knows where a token may go. An exception inside a callback is kept and handed over
afterwards: libcurl would swallow it.
"""

from __future__ import annotations

import atexit
import contextlib
import heapq
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pycurl

from skyatlas.net.exchange import Exchange, Talk, Wish

__all__ = ["Line", "Timer"]

_KEPT_CONNECTIONS = 128
_BALANCE = 0.25
"""Seconds between two moments at which the bandwidth is shared out anew."""


class Timer:
    """Something that will happen; `cancel` and it will not."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], None]) -> None:
        self.work: Callable[[], None] | None = work

    def cancel(self) -> None:
        """Forget it."""
        self.work = None


class Line:
    """libcurl's loop. `call` may be used from any thread; everything else inside the loop only."""

    def __init__(
        self, ended: Callable[[BaseException | None], None], bandwidth: float | None = None
    ) -> None:
        self._ended = ended
        """Told when the loop ends, also by a mistake of ours: nobody may wait for ever."""
        self.bandwidth = bandwidth
        """Bytes per second for all exchanges together; None: as fast as it comes."""
        self._todo: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._free: dict[tuple[object, ...], list[Exchange]] = {}
        self._busy: dict[Any, Exchange] = {}
        self._waiting: deque[Exchange] = deque()
        """Exchanges that begin when the bandwidth allows."""
        self._credit = 0.0
        """Bytes that may come now; below 0 where too many came."""
        self._shared = time.monotonic()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._sleeping = False
        self._open = True
        self._curl_due: float | None = None

    @property
    def open(self) -> bool:
        """False: it was closed, or ended by a mistake; nothing more will be done."""
        return self._open

    def call(self, work: Callable[[], None]) -> None:
        """Have the loop do something soon."""
        self._todo.append(work)
        if self._thread is None:
            self._start()
        elif self._sleeping:
            self._wake()

    def after(self, seconds: float, work: Callable[[], None]) -> Timer:
        """Have the loop do something later."""
        timer = Timer(work)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), timer))
        return timer

    def ask(self, wish: Wish, talk: Talk) -> Exchange:
        """Begin an exchange; `talk` hears of it, and of its end exactly once."""
        free = self._free.setdefault(wish.kind, [])
        exchange = free.pop() if free else Exchange(wish)
        exchange.begin(wish, talk)
        self._busy[exchange.curl] = exchange
        if self.bandwidth is None:
            self._multi.add_handle(exchange.curl)
        else:
            exchange.limit(self._part())
            self._waiting.append(exchange)
            self._let_in()
        return exchange

    def leave(self, exchange: Exchange) -> None:
        """Break an exchange off; its talk hears nothing more."""
        if self._busy.pop(exchange.curl, None) is not None:
            exchange.talk = None
            if exchange in self._waiting:  # libcurl does not know it yet
                self._waiting.remove(exchange)
                exchange.rest()
                self._free[exchange.kind].append(exchange)
                return
            # Not inside one of libcurl's callbacks, perhaps of this very exchange.
            self._todo.append(lambda: self._remove(exchange))

    def pause(self, exchange: Exchange, state: int) -> None:
        """Stop or go on receiving (pycurl.PAUSE_ALL, PAUSE_CONT); harmless once it is over."""
        talk = exchange.talk

        def work() -> None:
            # By then the handle may be about something else, which nobody would let go on.
            if exchange.talk is talk and self._busy.get(exchange.curl) is exchange:
                # It is over already, and nobody has been told yet.
                with contextlib.suppress(pycurl.error):
                    exchange.curl.pause(state)

        self._todo.append(work)

    def close(self) -> None:
        """Stop; exchanges under way are dropped without a word."""
        with self._lock:
            thread, self._open = self._thread, False
        if thread is not None and thread is not threading.current_thread():
            self._wake()
            thread.join(5.0)
        atexit.unregister(self.close)

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None or not self._open:
                return
            self._multi = pycurl.CurlMulti()
            self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
            self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_curl_due)
            self._multi.setopt(pycurl.M_MAXCONNECTS, _KEPT_CONNECTIONS)
            self._selector = selectors.DefaultSelector()
            self._bell, self._ear = socket.socketpair()
            self._bell.setblocking(False)
            self._ear.setblocking(False)
            self._selector.register(self._ear, selectors.EVENT_READ)
            self._thread = threading.Thread(target=self._run, name="skyatlas-line", daemon=True)
            atexit.register(self.close)
            self._thread.start()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # a full pipe wakes as well; a closed one sleeps no more
            self._bell.send(b"!")

    def _run(self) -> None:
        if self.bandwidth is not None:
            self._share()
        error: BaseException | None = None
        try:
            while self._open:
                self._turn()
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._open = False
            self._ended(error)
            for exchange in (*self._busy.values(), *itertools.chain(*self._free.values())):
                exchange.curl.close()
            self._multi.close()
            self._selector.close()
            self._bell.close()
            self._ear.close()

    def _turn(self) -> None:
        """Wait for something to do, and do it."""
        self._sleeping = True
        events = self._selector.select(self._rest())
        self._sleeping = False
        for key, mask in events:
            if key.fileobj is self._ear:
                with contextlib.suppress(BlockingIOError):
                    self._ear.recv(4096)
                continue
            action = (pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0) | (
                pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0
            )
            self._multi.socket_action(key.fd, action)
        if self._curl_due is not None and time.monotonic() >= self._curl_due:
            self._curl_due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._hear_ends()
        while self._timers and self._timers[0][0] <= time.monotonic():
            work = heapq.heappop(self._timers)[2].work
            if work is not None:
                work()
        for _ in range(len(self._todo)):  # what they add comes in the next turn
            self._todo.popleft()()

    def _rest(self) -> float | None:
        if self._todo:
            return 0.0
        moments = [self._timers[0][0]] if self._timers else []
        if self._curl_due is not None:
            moments.append(self._curl_due)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _hear_ends(self) -> None:
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            ended: list[tuple[Any, int]] = [(curl, 0) for curl in good]
            ended += [(curl, code) for curl, code, _ in bad]
            for curl, code in ended:
                exchange = self._busy.pop(curl, None)
                if exchange is not None:
                    talk, trouble = exchange.talk, exchange.end(code)
                    self._remove(exchange)
                    if talk is not None:
                        talk.over(trouble)

    def _remove(self, exchange: Exchange) -> None:
        if self.bandwidth is not None:
            self._credit -= exchange.news()
        self._multi.remove_handle(exchange.curl)
        exchange.rest()
        self._free[exchange.kind].append(exchange)

    def _watch(self, what: int, number: int, *_: object) -> None:
        """Which socket libcurl waits for, and what for."""
        wanted = (selectors.EVENT_READ if what & pycurl.POLL_IN else 0) | (
            selectors.EVENT_WRITE if what & pycurl.POLL_OUT else 0
        )
        known = number in self._selector.get_map()
        if what == pycurl.POLL_REMOVE or not wanted:
            if known:
                self._selector.unregister(number)
        elif known:
            self._selector.modify(number, wanted)
        else:
            self._selector.register(number, wanted)

    def _set_curl_due(self, milliseconds: int) -> None:
        self._curl_due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _share(self) -> None:
        """Give each exchange its part of the bandwidth."""
        assert self.bandwidth is not None
        now = time.monotonic()
        self._credit += self.bandwidth * (now - self._shared)
        self._shared = now
        for exchange in self._busy.values():
            exchange.limit(self._part())
            if exchange not in self._waiting:  # libcurl still has the figures of what was before
                self._credit -= exchange.news()
        self._credit = min(self._credit, self.bandwidth * _BALANCE)
        self._let_in()
        self.after(_BALANCE, self._share)

    def _let_in(self) -> None:
        """Begin what waits, unless more has come already than the bandwidth allows.

        libcurl's own limit lets each exchange begin with a second's worth at once.
        """
        while self._waiting and self._credit >= 0.0:
            self._multi.add_handle(self._waiting.popleft().curl)

    def _part(self) -> int:
        assert self.bandwidth is not None
        return max(1024, int(self.bandwidth / max(1, len(self._busy))))
