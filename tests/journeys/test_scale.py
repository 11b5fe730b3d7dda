"""This file queues files by the ten thousands: they cost little memory, and no thread each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = 20_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_queued_files_cost_less_than_a_kilobyte_each_and_no_thread(tmp_path: Path) -> None:
    """1 kB a file is 100 MB for 100,000; measured there: 0.6 kB."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("queueing.py")), str(COUNT), str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    figures = json.loads(done.stdout)
    assert figures["not_begun"] == COUNT
    assert figures["megabytes"] < COUNT * 1e-3
    assert figures["threads"] < 15
    assert figures["seconds"] < 10
