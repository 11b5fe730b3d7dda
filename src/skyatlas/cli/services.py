"""This file holds the command that finds the services of the Virtual Observatory."""

from __future__ import annotations

import csv
import json
import sys
import textwrap
from collections.abc import Iterator
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.options import Code, common, say, session, verbosity
from skyatlas.protocols.listing import MOST_SHOWN

if TYPE_CHECKING:
    from skyatlas.protocols.listing import Listing
    from skyatlas.protocols.records import Record

_WIDTH = 160
"""Letters in a line where there is no terminal."""


@click.command(
    epilog="""\b
Examples:
  skyatlas services quasar spectra --type ssa --waveband optical
  skyatlas services --type sia2,sia --target "NGC 1068" --band K
  skyatlas services --datamodel obscore --format csv
  skyatlas services --show ivo://…
"""
)
@click.argument("words", nargs=-1)
@click.option("-t", "--type", "types", metavar="TYPES", help="sia2, sia, ssa, scs, tap, datalink …")
@click.option("-w", "--waveband", metavar="NAMES", help="radio, infrared, optical, uv, x-ray …")
@click.option("--ucd", metavar="UCDS", help="Of table columns; % is anything: phot.mag;em.ir.%")
@click.option("--datamodel", metavar="NAMES", help="obscore, epntap, regtap.")
@click.option("--publisher", metavar="NAME", help="Part of the publisher's name.")
@click.option("--author", metavar="NAME", help="Part of an author's name.")
@click.option("--target", metavar="TARGET", help="With data there: a name or a position.")
@click.option("-r", "--radius", metavar="ANGLE", help="2arcmin, 30arcsec, 0.1deg  [1arcmin]")
@click.option("--band", metavar="BAND", help="500nm..700nm, 230GHz, or a name such as K.")
@click.option("--time", metavar="RANGE", help="2015..2020-06, MJD 57000..57010 …")
@click.option("-n", "--limit", type=int, metavar="N", help="At most so many services.")
@click.option("--show", metavar="IVOID", help="Say everything about this one.")
@click.option("--format", "form", type=click.Choice(("table", "json", "csv")), default="table")
@common
def services(
    words: tuple[str, ...], types: str | None, show: str | None, form: str, **filters: Any
) -> int:
    """Find services of the Virtual Observatory; WORDS are in title, description or subjects.

    What is in the column archive goes to `skyatlas search --archive`. Services that do not say
    where, in which band or when they have data are kept. Exit code 3 says that some are missing.
    """
    with session() as asking:
        found = asking.services(words, type=types, ivoid=show, **filters)
    if form == "json":
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    elif form == "csv":
        _write_csv(found)
    elif show:
        for record in found:
            click.echo("\n".join(_everything(record)))
    elif len(found):
        _print(found)
    for text in (*found.remarks, found.line):
        say(text)
    if show and not len(found):
        say(f"no service {show!r} is registered")
        return Code.FAILED
    return Code.DONE if found.answered else Code.INCOMPLETE


def _print(found: Listing) -> None:
    """One line per service, or two where the window is narrow; on a terminal at most 40."""
    terminal = sys.stdout.isatty()
    shown = found[:MOST_SHOWN] if terminal and verbosity() < 1 else found
    click.echo("\n".join(shown.lines(get_terminal_size().columns if terminal else _WIDTH)))
    if len(shown) < len(found):
        hidden = len(found) - len(shown)
        click.echo(f"… and {hidden} more services: -v shows all, --format csv keeps them")


def _write_csv(found: Listing) -> None:
    table = found.table
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(table.colnames)
    rows.writerows(list(row) for row in table)


def _everything(record: Record) -> Iterator[str]:
    """Each fact on a line of its own, the address of each interface below its name."""
    facts = (
        ("archive", record.archive),
        ("title", record.title),
        ("short name", record.short_name),
        ("publisher", record.publisher),
        ("authors", "; ".join(record.authors)),
        ("wavebands", ", ".join(record.wavebands)),
        ("subjects", ", ".join(record.subjects)),
        ("for", ", ".join(record.content_level)),
        ("data models", ", ".join(record.datamodels)),
        ("updated", record.updated),
        ("page", record.reference_url),
        ("rights", record.rights),
        ("also", ", ".join(record.also)),
    )
    for name, fact in facts:
        if fact:
            yield f"{name:<12}{fact}"
    for one in record.interfaces:
        part = ", part of a larger service" if one.auxiliary else ""
        yield f"{one.protocol:<12}{one.access_url}  ({one.standard_id}{part})"
        for mirror in one.mirrors:
            yield f"{'':<12}{mirror}  (mirror)"
        if one.tables:
            more = f" and {len(one.tables) - 20} more" if len(one.tables) > 20 else ""
            yield f"{'':<12}tables: {', '.join(one.tables[:20])}{more}"
    if record.description:
        yield ""
        yield from textwrap.wrap(record.description, 80)
