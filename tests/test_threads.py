"""This file holds work side by side to order, to its first failure, and to ending."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from skyatlas.threads import side_by_side


def test_results_come_in_order_and_no_more_than_asked_run_at_once() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        return number * number

    assert side_by_side(work, range(50), 4) == [number * number for number in range(50)]
    assert most <= 4
    assert side_by_side(work, [], 4) == []


def test_they_really_run_side_by_side() -> None:
    meet = threading.Barrier(3, timeout=30)
    assert len(side_by_side(lambda _: meet.wait(), range(3), 3)) == 3


def test_the_first_failure_is_raised() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        side_by_side(work, range(10), 2)


def test_a_thread_that_hangs_does_not_hold_back_the_end() -> None:
    code = """
import threading
from skyatlas.threads import side_by_side
def work(number):
    if number:
        raise KeyboardInterrupt
    threading.Event().wait()
side_by_side(work, [0, 1], 2)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert b"KeyboardInterrupt" in ended.stderr
