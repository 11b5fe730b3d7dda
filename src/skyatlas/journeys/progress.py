"""This file shows how far a fetch is: a bar on a terminal, a line in a notebook, silence elsewhere.

Invariant: nothing is drawn where nobody looks; everything is told by `fetch` in its own thread.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from skyatlas.model import size_text

if TYPE_CHECKING:
    from skyatlas.journeys.fetch import Progress, State
    from skyatlas.model import Failure, Receipt

__all__ = ["Bar", "Line", "shown"]

_LINES = 8
"""Files on their way that get a line of their own."""
_OFTEN = 0.25
"""Seconds between two states of a notebook's line."""
_WIDTH = 24
"""Characters of a notebook's bar."""


@contextmanager
def shown(files: int, *, each: bool = False) -> Iterator[Progress | None]:
    """What suits the place where this program runs; `each` file gets a line too where it can."""
    if not files:
        yield None
    elif _in_notebook():
        yield Line()
    elif sys.stderr.isatty():
        with Bar(files, each=each) as bar:
            yield bar
    else:
        yield None


class Bar:
    """One bar for all files on a terminal: files, bytes, rate, time left."""

    def __init__(self, files: int, *, each: bool = False) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._each = each
        self._failed = 0
        self._lines: dict[str, Any] = {}
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
            TransferSpeedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[more]}"),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(f"0/{files} files", total=None, more="")

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._bar.stop()

    def at(self, state: State) -> None:
        """So far we are."""
        failed = f", {self._failed} failed" if self._failed else ""
        self._bar.update(
            self._task,
            description=f"{state.files}/{state.of} files",
            completed=state.bytes,
            total=state.likely,
            more=f"{len(state.under_way)} on their way{failed}",
        )
        if self._each:
            self._show_files(state)

    def end(self, outcome: Receipt | Failure) -> None:
        """A file is done with."""
        self._failed += not hasattr(outcome, "path")

    def _show_files(self, state: State) -> None:
        shown = {product.key: (product, here, of) for product, here, of in state.under_way[:_LINES]}
        for key in self._lines.keys() - shown.keys():
            self._bar.remove_task(self._lines.pop(key))
        for key, (product, here, of) in shown.items():
            if key not in self._lines:
                name = product.name or product.product_id or product.url.rpartition("/")[2]
                self._lines[key] = self._bar.add_task(f"  {name[-40:]}", total=of, more="")
            self._bar.update(self._lines[key], completed=here, total=of)


class Line:
    """One line of a notebook that changes in its place; needs no widgets."""

    def __init__(self) -> None:
        display: Any = import_module("IPython.display").display
        self._handle = display({"text/plain": "…"}, raw=True, display_id=True)
        self._began = self._told = time.monotonic()
        self._failed = 0

    def at(self, state: State) -> None:
        """So far we are."""
        now = time.monotonic()
        if now - self._told < _OFTEN and state.files < state.of:
            return
        self._told = now
        if self._handle is not None:
            text = told(state, now - self._began, self._failed)
            self._handle.update({"text/plain": text}, raw=True)

    def end(self, outcome: Receipt | Failure) -> None:
        """A file is done with."""
        self._failed += not hasattr(outcome, "path")


def told(state: State, seconds: float, failed: int = 0) -> str:
    """A state in one line: a bar, files, bytes, rate, time left."""
    share = state.files / state.of if state.of else 1.0
    if state.likely:
        share = min(1.0, state.bytes / state.likely)
    full = round(share * _WIDTH)
    rate = state.bytes / seconds if seconds > 0 else 0.0
    words = [
        f"{'█' * full}{'·' * (_WIDTH - full)} {state.files}/{state.of} files",
        size_text(state.bytes) + _of(state),
        f"{size_text(rate)}/s",
    ]
    if state.likely and rate and state.files < state.of:
        words.append(f"{max(0, state.likely - state.bytes) / rate:.0f} s left")
    if failed:
        words.append(f"{failed} failed")
    return ", ".join(words)


def _of(state: State) -> str:
    if state.total is None and state.likely is None:
        return ""
    about = "about " if state.total is None else ""
    return f" of {about}{size_text(state.total or state.likely or 0)}"


def _in_notebook() -> bool:
    """Whether this runs in a kernel whose front end can change what was displayed."""
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell is not None else None
    return found is not None and getattr(found, "kernel", None) is not None
