"""This file shows how far a fetch is: one bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from skyatlas.cli.options import say, verbosity

if TYPE_CHECKING:
    from skyatlas.journeys.fetch import State
    from skyatlas.model import Failure, Receipt

_LINES = 8
"""Files that get a line of their own with -v."""


class Bar:
    """One bar for all files: files, bytes, rate, time left. With -v also lines for files."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._failed = 0
        self._bar: Any = None
        self._task: Any = None
        self._lines: dict[str, Any] = {}

    def __enter__(self) -> Bar:
        if sys.stderr.isatty() and verbosity() >= 0 and self._files:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
                TransferSpeedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[more]}"),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task(f"0/{self._files} files", total=None, more="")
        return self

    def __exit__(self, *ended: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, state: State) -> None:
        """So far we are."""
        if self._bar is None:
            return
        failed = f", {self._failed} failed" if self._failed else ""
        self._bar.update(
            self._task,
            description=f"{state.files}/{state.of} files",
            completed=state.bytes,
            total=state.total,
            more=f"{len(state.under_way)} on their way{failed}",
        )
        if verbosity() > 0:
            self._show_files(state)

    def end(self, outcome: Receipt | Failure) -> None:
        """A file is done with."""
        path = getattr(outcome, "path", None)
        self._failed += path is None
        if verbosity() > 0 and path is not None:
            say(f"{outcome.status} {path}")

    def _show_files(self, state: State) -> None:
        shown = {product.key: (product, here, of) for product, here, of in state.under_way[:_LINES]}
        for key in self._lines.keys() - shown.keys():
            self._bar.remove_task(self._lines.pop(key))
        for key, (product, here, of) in shown.items():
            if key not in self._lines:
                name = product.name or product.product_id or product.url.rpartition("/")[2]
                self._lines[key] = self._bar.add_task(f"  {name[-40:]}", total=of, more="")
            self._bar.update(self._lines[key], completed=here, total=of)
