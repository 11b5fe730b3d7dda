"""This file holds the command that brings light curves home: lightcurve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli import fetching
from skyatlas.cli.arguments import targets
from skyatlas.cli.asking import code_of
from skyatlas.cli.options import Code, common, say, session

if TYPE_CHECKING:
    from skyatlas.journeys.lightcurve import Curves
    from skyatlas.session import Session


@click.command(
    epilog="""\b
Examples:
  skyatlas lightcurve "TIC 261136679" --author SPOC -o pimen --plot
  skyatlas lightcurve "Kepler-10" --mission kepler --quarter 1..4 -o kepler10
  skyatlas lightcurve "TIC 25155310" --all --dry-run
  skyatlas lightcurve --targets stars.txt --sector 1 -o survey
"""
)
@click.argument("target", nargs=-1)
@click.option("--targets", "listed", metavar="FILE",
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="One target per line; # begins a remark.")  # fmt: skip
@click.option("--mission", metavar="NAMES", help="tess, kepler, k2  [all]")
@click.option("--author", metavar="NAMES",
              help="SPOC, TESS-SPOC, QLP, K2SFF …  [the first there is]")  # fmt: skip
@click.option("--cadence", metavar="TIME",
              help="120, 20s, 30min, 20s..200s, fast, short, long  [120, 1800]")  # fmt: skip
@click.option("--sector", metavar="NUMBERS", help="TESS: 1,4,8..13  [all]")
@click.option("--quarter", metavar="NUMBERS", help="Kepler: likewise.")
@click.option("--campaign", metavar="NUMBERS", help="K2: likewise.")
@click.option("--all", "every", is_flag=True, help="All authors and cadences.")
@click.option("--pixels", is_flag=True, help="Target pixel files instead of light curves.")
@click.option("--tesscut", type=click.IntRange(1, 99), metavar="PIXELS",
              help="Of targets without any: cut so many pixels a side from frames.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=".",
              metavar="DIR", help="Folder for the files.  [here]")  # fmt: skip
@click.option("--plot", is_flag=True, help="Draw each target's sectors, stitched, as a PNG.")
@click.option("--check", is_flag=True, help="Hash the files that are here before keeping them.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched, and how large it is.")
@click.option("--json", "as_json", is_flag=True, help="The outcome of every file as JSON.")
@common
def lightcurve(
    target: tuple[str, ...],
    listed: Path | None,
    output: Path,
    *,
    plot: bool,
    check: bool,
    dry_run: bool,
    as_json: bool,
    tesscut: int | None,
    **words: Any,
) -> int:
    """Bring home the light curves of TARGET: TIC, KIC or EPIC numbers, names, positions.

    Of each sector (quarter, campaign) one comes: of the mission's own pipeline where there is one.
    What else there is is said. Files keep their names; receipts and manifest.csv stand beside them.
    """
    from skyatlas.journeys.curve_choice import wanted
    from skyatlas.journeys.fetch import outcome_json
    from skyatlas.journeys.lightcurve import Curves, told

    stars = _stars(target, listed)
    wish = wanted(words)
    with session() as asking:
        found = asking.lightcurves(stars, wish)
        for line in (*told(found), *found.remarks, found.completeness):
            say(line)
        todo = asking.curves_plan(found, wish, tesscut)
        for note in todo.notes:
            say(f"note: {note.text}")
        say(_asked(asking))
        if dry_run:
            fetching.show_plan(todo, as_json=as_json)
            return code_of(found)
        done = fetching.fetched(asking, todo, output, check=check)
    curves = Curves(found, done)
    if as_json:
        click.echo(json.dumps(outcome_json(done), indent=1, ensure_ascii=False))
    else:
        fetching.show(done)
    drawn = _draw(curves, output, quiet=as_json) if plot else True
    for note in done.notes[len(todo.notes) :]:
        say(f"note: {note.text}")
    fetching.summary(done)
    code = fetching.code(done, found)
    return code if drawn or code != Code.DONE else Code.SOME_FAILED


def _stars(target: tuple[str, ...], listed: Path | None) -> list[str]:
    from skyatlas.errors import BadInput

    stars = targets(target)
    if listed is not None:
        try:
            lines = listed.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{listed} cannot be read as text: {error}") from error
        stars += [text for line in lines if (text := line.partition("#")[0].strip())]
    if not stars:
        raise click.UsageError('give a target, for example "TIC 261136679", or --targets FILE')
    return list(dict.fromkeys(stars))


def _asked(asking: Session) -> str:
    """How many questions it took."""
    counts = [f"{count} of {host}" for host, count in sorted(asking.street.tally.items())]
    return f"questions put: {', '.join(counts) or 'none'}"


def _draw(curves: Curves, folder: Path, *, quiet: bool) -> bool:
    """A picture per target and mission; whether all were drawn."""
    from skyatlas.errors import AtlasError
    from skyatlas.journeys.lightcurve import pictures

    whole = True
    for picture in pictures(curves, folder):
        if isinstance(picture, AtlasError):
            click.echo(f"skyatlas: {picture}", err=True)
            whole = False
        elif not quiet:
            click.echo(str(picture))
    return whole
