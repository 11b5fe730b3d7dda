"""This file holds the command that says who is asked for what right now; it asks nobody itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.options import common, say, settings

if TYPE_CHECKING:
    from skyatlas.net.present import Present


@click.command(
    epilog="""\b
Example:
  skyatlas hosts
  skyatlas hosts --json
"""
)
@click.option("--json", "as_json", is_flag=True, help="For programs; moments are Unix time.")
@common
def hosts(as_json: bool) -> None:
    """Say how things stand at each host: files and questions under way, waits, last trouble.

    All programs of yours that use skyatlas share one queue for each host; this looks at it.
    """
    import time

    from skyatlas.net.leases import shared_folder
    from skyatlas.net.present import present
    from skyatlas.session import Session

    # Which hosts there are is the same everywhere: no sandbox needs to be started to know it.
    with Session(replace(settings(), sandbox=None)) as atlas:
        known = atlas.street.hosts
    found, today = present(shared_folder(settings().sandbox), known), time.time()
    if as_json:
        click.echo(json.dumps({"hosts": [_entry(one, today) for one in found]}, indent=1))
    else:
        _print(found, today)
    if not any(one.busy for one in found):
        say("nobody asks anybody")


def _entry(one: Present, today: float) -> dict[str, Any]:
    record = one.record
    return {
        "host": one.host,
        "archive": one.known.archive,
        "files": one.files,
        "files_allowed": one.files_allowed,
        "questions": one.questions,
        "questions_allowed": one.questions_allowed,
        "per_second": one.known.pace.per_second,
        "files_per_second": one.known.pace.files_per_second or None,
        "waiting": one.waiting,
        "held_until": record.held_until if record.held(today) else None,
        "resting_until": record.resting_until if record.resting_until > today else None,
        "failures": record.failures,
        "trouble": record.trouble,
        "trouble_at": record.trouble_at or None,
        "answered_at": record.success_at or None,
    }


def _print(found: list[Present], today: float) -> None:
    from skyatlas.cli.tables import print_table

    columns = [
        ("host", [one.host for one in found]),
        ("archive", [one.known.archive for one in found]),
        ("files", [f"{one.files} of {one.files_allowed}" for one in found]),
        ("questions", [f"{one.questions} of {one.questions_allowed}" for one in found]),
        ("per second", [_rates(one) for one in found]),
        ("waiting", [_waiting(one) for one in found]),
        ("nothing starts", [_until(one, today) for one in found]),
    ]
    print_table([column for column in columns if any(column[1])])
    for one in found:
        if one.record.trouble:
            click.echo(_trouble(one, today))


def _rates(one: Present) -> str:
    pace = one.known.pace
    questions = f"{pace.per_second:g}" if pace.per_second else "any"
    return f"{questions}; {pace.files_per_second:g} files" if pace.files_per_second else questions


def _waiting(one: Present) -> str:
    if not one.waiting:
        return ""
    return f"{one.waiting} program{'s' if one.waiting > 1 else ''}"


def _until(one: Present, today: float) -> str:
    """Until when nothing starts, and why."""
    reasons = []
    if one.record.held(today):
        reasons.append(f"until {_clock(one.record.held_until, today)}: it asked us to wait")
    if one.record.resting_until > today:
        rest = f"until {_clock(one.record.resting_until, today)}"
        reasons.append(f"{rest}: it did not answer {one.record.failures} tries in a row")
    return "; ".join(reasons)


def _trouble(one: Present, today: float) -> str:
    """The last trouble as a line."""
    record = one.record
    since = "; it answered since" if record.success_at > record.trouble_at else ""
    return f"last trouble, {_clock(record.trouble_at, today)}: {record.trouble}{since}"


def _clock(moment: float, today: float) -> str:
    """UTC; with the day where it is not today."""
    when, now = (datetime.fromtimestamp(one, UTC) for one in (moment, today))
    return when.strftime("%H:%M:%S UTC" if when.date() == now.date() else "%Y-%m-%d %H:%M UTC")
