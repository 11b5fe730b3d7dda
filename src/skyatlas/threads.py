"""This file does things side by side in threads that never hold back the end of the program.

A `ThreadPoolExecutor` waits for its threads when the program ends: after Ctrl-C people would sit
through the time-out of an archive that does not answer. Daemon threads do not.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(
    work: Callable[[T], R],
    items: Sequence[T],
    at_once: int,
    *,
    within: float | None = None,
    late: Callable[[T], R] | None = None,
) -> list[R]:
    """Results of `work` in the order of `items`; the first exception is raised.

    What has not ended `within` so many seconds gets the result of `late`; its thread is left to
    itself, and what it still gives is not looked at.
    """
    until = None if within is None else time.monotonic() + within
    todo: queue.SimpleQueue[tuple[int, T]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, R | None, BaseException | None]] = queue.SimpleQueue()
    stop = threading.Event()
    for pair in enumerate(items):
        todo.put(pair)

    def run() -> None:
        while not stop.is_set():
            try:
                index, item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((index, work(item), None))
            except BaseException as error:  # noqa: BLE001 (raised again where the results are read)
                done.put((index, None, error))

    for number in range(min(at_once, len(items))):
        threading.Thread(target=run, name=f"skyatlas-{number}", daemon=True).start()
    results: dict[int, R] = {}
    try:
        while len(results) < len(items):
            left = None if until is None else max(0.0, until - time.monotonic())
            try:
                index, result, error = done.get(timeout=left)
            except queue.Empty:
                break
            if error is not None:
                raise error
            results[index] = result  # type: ignore[assignment]
    finally:
        stop.set()
    return [
        results[index] if index in results else late(item)  # type: ignore[misc]
        for index, item in enumerate(items)
    ]
