"""This file looks at what people see while files come in: a bar on a terminal, else nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from steady_server import SteadyServer, many_files

from skyatlas.journeys.fetch import State
from skyatlas.journeys.progress import told
from skyatlas.model import Failure, Product, Receipt
from skyatlas.session import Session
from skyatlas.settings import Settings

FILES = many_files(12, 100e3, 400e3, seed=5)


class Recorder:
    """Keeps all that it is told, and by whom."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self.ends: list[Receipt | Failure] = []
        self.threads: set[threading.Thread] = set()

    def at(self, state: State) -> None:
        self.threads.add(threading.current_thread())
        self.states.append(state)

    def end(self, outcome: Receipt | Failure) -> None:
        self.threads.add(threading.current_thread())
        self.ends.append(outcome)


def sized(server: SteadyServer, names: list[str]) -> list[Product]:
    return [Product(f"{server.url}/{name}", size=len(server.files[name])) for name in names]


def test_numbers_only_grow_and_end_at_the_whole(tmp_path: Path) -> None:
    progress = Recorder()
    with SteadyServer(FILES, 300e3) as server, Session(Settings()) as session:
        fetched = session.fetch(sized(server, list(FILES)), tmp_path, progress=progress)
    assert fetched.complete
    for before, after in zip(progress.states, progress.states[1:], strict=False):
        assert (before.files, before.bytes) <= (after.files, after.bytes)
        assert before.files <= after.files
        assert before.bytes <= after.bytes
    last = progress.states[-1]
    assert (last.files, last.of) == (12, 12)
    assert (last.bytes, last.total) == (sum(map(len, FILES.values())),) * 2
    assert last.under_way == ()
    assert any(state.under_way for state in progress.states)
    assert any(0 < here < (of or 0) for state in progress.states for _, here, of in state.under_way)
    assert progress.threads == {threading.current_thread()}
    assert sorted(one.path.name for one in progress.ends) == sorted(FILES)  # type: ignore[union-attr]


def test_failures_and_kept_files_count_as_done(tmp_path: Path) -> None:
    progress = Recorder()
    with SteadyServer(FILES) as server, Session(Settings()) as session:
        names = list(FILES)
        session.fetch(sized(server, names[:6]), tmp_path, progress=False)
        todo = [*sized(server, names), Product(f"{server.url}/none.fits")]
        session.fetch(todo, tmp_path, progress=progress)
    last = progress.states[-1]
    assert (last.files, last.of, last.total) == (13, 13, None)
    assert last.bytes == sum(len(FILES[name]) for name in names[6:])  # what came in this run
    assert len(progress.ends) == 13
    kept = [one for one in progress.ends if isinstance(one, Receipt) and one.status == "kept"]
    assert len(kept) == 6


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    progress = Recorder()
    with SteadyServer(FILES) as server, Session(Settings()) as session:
        urls = [f"{server.url}/{name}" for name in FILES]
        fetched = session.fetch([*urls, *urls], tmp_path, progress=progress)
    assert len(fetched) == 12
    assert set(server.asked.values()) == {1}
    assert (progress.states[-1].files, progress.states[-1].of) == (12, 12)


@pytest.mark.parametrize(
    ("state", "failed", "line"),
    [
        (State(0, 4, 0, None), 0, "························ 0/4 files, 0 B, 0 B/s"),
        (
            State(1, 4, 5_000_000, 10_000_000, 10_000_000),
            0,
            "████████████············ 1/4 files, 5.0 MB of 10.0 MB, 2.5 MB/s, 2 s left",
        ),
        (
            State(1, 4, 5_000_000, None, 20_000_000),
            0,
            "██████·················· 1/4 files, 5.0 MB of about 20.0 MB, 2.5 MB/s, 6 s left",
        ),
        (
            State(4, 4, 10_000_000, 10_000_000, 10_000_000),
            1,
            "████████████████████████ 4/4 files, 10.0 MB of 10.0 MB, 5.0 MB/s, 1 failed",
        ),
    ],
)
def test_a_state_is_told_in_one_line(state: State, failed: int, line: str) -> None:
    assert told(state, 2.0, failed) == line


def run_in_terminal(words: list[str], home: Path) -> tuple[int, str]:
    """A command on a terminal of 150 columns, until it ends; its code and all that it drew."""
    (home / "runtime").mkdir(mode=0o700, parents=True)
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    environment = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    environment |= {
        "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime"), "TERM": "xterm-256color",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "skyatlas", *words],
        stdin=follower, stdout=subprocess.DEVNULL, stderr=follower, env=environment,
    )  # fmt: skip
    os.close(follower)
    drawn, last = b"", time.monotonic() + 40
    with contextlib.suppress(OSError):  # Linux says so when the other side is closed
        while time.monotonic() < last:
            if select.select([leader], [], [], 0.2)[0]:
                piece = os.read(leader, 65536)
                if not piece:
                    break
                drawn += piece
    os.close(leader)
    return process.wait(20), drawn.decode("utf-8", "replace")


def plain(drawn: str) -> list[str]:
    """The lines that stood on the screen one after the other, without colours and movements."""
    return [
        line.strip()
        for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn))
        if line.strip()
    ]


def test_a_terminal_shows_files_bytes_rate_and_the_time_that_is_left(tmp_path: Path) -> None:
    listing = tmp_path / "list.txt"
    with SteadyServer(many_files(10, 300e3, 500e3, seed=1), 400e3) as server:
        listing.write_text(server.listing())
        words = ["fetch", "--urls", str(listing), "-o", str(tmp_path / "files")]
        code, drawn = run_in_terminal(words, tmp_path / "home")
    assert code == 0, drawn
    lines = plain(drawn)
    counts = [int(found[1]) for line in lines if (found := re.search(r"(\d+)/10 files", line))]
    assert counts == sorted(counts)
    assert max(counts) == 10
    assert any(re.search(r"\d/10 files .*[\d.]+ MB.* [\d.]+ [kM]B/s", line) for line in lines)
    assert any(re.search(r"\d:\d\d:\d\d", line) for line in lines)
    assert any("4 on their way" in line for line in lines)
    assert not re.search(r"/10 files", plain(drawn)[-1])  # it is taken away in the end


def test_nothing_is_drawn_where_nobody_looks(tmp_path: Path) -> None:
    listing, home = tmp_path / "list.txt", tmp_path / "home"
    (home / "runtime").mkdir(mode=0o700, parents=True)
    with SteadyServer(FILES, 400e3) as server:
        listing.write_text(server.listing())
        done = subprocess.run(
            [sys.executable, "-m", "skyatlas", "fetch", "--urls", str(listing), "-o", str(home)],
            env=os.environ | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime")},
            capture_output=True, check=True, timeout=60, text=True,
        )  # fmt: skip
    assert "\x1b" not in done.stderr
    assert "on their way" not in done.stderr
    assert "/s" not in done.stderr


def cell(code: str) -> tuple[dict[str, str], str]:
    """Run a notebook's cell in a kernel: what each display shows in the end, and what was printed.

    Without the heartbeat, whose thread hangs when the kernel ends first (jupyter_client 8).
    """
    from jupyter_client import KernelManager

    shown: dict[str, str] = {}
    printed: list[str] = []

    def heard(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] in ("display_data", "update_display_data"):
            shown[content["transient"]["display_id"]] = content["data"]["text/plain"]
        elif message["msg_type"] == "stream" and content["name"] == "stdout":
            printed.append(content["text"])

    kernels = KernelManager()
    kernels.start_kernel()
    client = kernels.blocking_client()
    try:
        client.start_channels(hb=False)
        client.wait_for_ready(timeout=60)
        answer = client.execute_interactive(code, timeout=60, output_hook=heard)
        assert answer["content"]["status"] == "ok", answer
    finally:
        client.stop_channels()
        kernels.shutdown_kernel(now=True)
    return shown, "".join(printed)


def test_a_notebook_shows_one_line_that_changes(tmp_path: Path) -> None:
    pytest.importorskip("ipykernel")
    with SteadyServer(FILES, 400e3) as server:
        urls = [f"{server.url}/{name}" for name in FILES]
        code = (
            "from skyatlas.session import Session\nfrom skyatlas.settings import Settings\n"
            f"with Session(Settings()) as session:\n"
            f"    fetched = session.fetch({urls!r}, {str(tmp_path / 'files')!r})\n"
            "print(len(fetched))"
        )
        shown, printed = cell(code)
    (text,) = shown.values()
    assert re.match(r"█{24} 12/12 files, 3\.2 MB of about 3\.2 MB, [\d.]+ MB/s$", text), text
    assert printed == "12\n"
