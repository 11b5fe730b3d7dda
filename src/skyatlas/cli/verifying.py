"""This file holds the command that looks after files: verify."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.options import Code, common, say, session, verbosity

if TYPE_CHECKING:
    from skyatlas.journeys.verify import Finding, Progress, Verified


@click.command(
    epilog="""\b
Examples:
  skyatlas verify data                          (read every file again; ask nobody)
  skyatlas verify data --remote                 (also ask the archives what they have changed)
  skyatlas verify data --repair                 (fetch again what is damaged or missing)
"""
)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
                metavar="DIR")  # fmt: skip
@click.option("--remote", is_flag=True,
              help="Ask the archives whether they have other files by now.")  # fmt: skip
@click.option("--repair", is_flag=True, help="Fetch again what is not whole.")
@click.option("--json", "as_json", is_flag=True, help="What was found of every file as JSON.")
@common
def verify(folder: Path, *, remote: bool, repair: bool, as_json: bool) -> int:
    """Read every file of DIR, and below, again and compare it with its receipt.

    With --repair, what replaces a file that was edited leaves the edited one beside it.
    """
    with session() as atlas, _Bar() as progress:
        found = atlas.verify(folder, remote=remote, repair=repair, progress=progress)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        _show(found)
    _summary(found)
    return _code(found)


def _show(found: Verified) -> None:
    """One line on stdout per file that somebody should know of; with -v per file."""
    for finding in found.findings:
        if verbosity() > 0 or _is_news(finding):
            why = f"  ({finding.why})" if finding.why else ""
            click.echo(f"{finding.state:<10} {finding.path}{why}")
    if verbosity() > 0:
        for path in found.unknown:
            click.echo(f"{'unknown':<10} {path}  (no receipt)")


def _is_news(finding: Finding) -> bool:
    from skyatlas.journeys.verify import State

    usual = finding.state in (State.WHOLE, State.TOUCHED)
    return not usual or finding.at_archive not in ("", "same")


def _summary(found: Verified) -> None:
    from skyatlas.journeys.verify import State
    from skyatlas.model import size_text

    if not found.findings:
        click.echo(
            f"skyatlas: {found.folder} holds no receipts, so nothing can be verified; "
            "give the folder that files were fetched to",
            err=True,
        )
        return
    size = sum(finding.receipt.size for finding in found.findings if finding.receipt)
    counts = [f"{found.count(state)} {state}" for state in State if found.count(state)]
    if found.unknown:
        counts.append(f"{len(found.unknown)} without receipt")
    say(f"{', '.join(counts)}: {size_text(size)} in {found.folder}")
    if found.parts:
        left = sum(path.stat().st_size for path in found.parts if path.exists())
        say(f"{len(found.parts)} unfinished, {size_text(left)}: fetch again to go on with them")


def _code(found: Verified) -> int:
    from skyatlas.errors import ArchiveError

    bad = [finding for finding in found.findings if not finding.fine]
    if not found.findings:
        return Code.FAILED
    if bad:
        logins = [
            isinstance(finding.failure, ArchiveError) and getattr(finding.failure, "login", False)
            for finding in bad
        ]
        return Code.LOGIN if all(logins) else Code.SOME_FAILED
    if any(finding.at_archive == "no answer" for finding in found.findings):
        return Code.INCOMPLETE
    return Code.DONE


class _Bar:
    """Bytes read, rate and time left on a terminal; otherwise silence."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty() and verbosity() >= 0:
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
                TransferSpeedColumn(), TimeRemainingColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
        return self

    def __exit__(self, *ended: object) -> None:
        self.end()

    def begin(self, files: int, size: int) -> None:
        """So many files, together so many bytes, will be read."""
        if self._bar is not None:
            self._task = self._bar.add_task(f"reading {files} files", total=size)
            self._bar.start()

    def read(self, size: int) -> None:
        """So many bytes more were read."""
        if self._bar is not None:
            self._bar.advance(self._task, size)

    def end(self) -> None:
        """Everything was read; what comes now is told in lines."""
        if self._bar is not None:
            self._bar.stop()
