"""This file holds the command that brings pieces of images and cubes home: cutout."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli import fetching
from skyatlas.cli.arguments import targets
from skyatlas.cli.options import Code, common, filters, say, session

if TYPE_CHECKING:
    from skyatlas.journeys.fetch import Fetched, Plan
    from skyatlas.observations import Observations
    from skyatlas.session import Session


def _pixels(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Columns and rows of "300" or "300x200"."""
    del ctx, parameter
    if value is None:
        return None
    match = re.fullmatch(r"\s*(\d+)\s*(?:[x×]\s*(\d+)\s*)?", value)
    numbers = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not all(numbers):
        raise click.BadParameter(f"{value!r} is no number of pixels; write 300 or 300x200")
    return numbers


@click.command(
    epilog="""\b
Examples:
  skyatlas cutout M51 "NGC 1068" M87 --survey sdss --bands gri --size 10arcmin -o images
  skyatlas cutout M51 --survey ps1 --bands gri --jpeg --size 5arcmin -o images
  skyatlas cutout M51 --bands r,K --size 3arcmin -o images      (whoever has the best)
  skyatlas cutout M31 --survey "DSS2 Red,GALEX Near UV" --size 2deg --pixels 1000 -o images
  skyatlas cutout "NGC 1068" --size 20arcsec --instrument MUSE -o pieces
  skyatlas cutout mine.json --size 1arcmin -o pieces     (a search saved with --format json)
"""
)
@click.argument("target", nargs=-1, required=True)
@click.option("--size", required=True, metavar="ANGLE",
              help="Full width of a piece: 1arcmin, 20arcsec; or width x height: "
              "10x5arcmin.")  # fmt: skip
@click.option("--survey", metavar="NAMES",
              help="sdss, ps1, 'DSS2 Red' …: images of each target from each of them "
              "(skyatlas surveys lists all).")  # fmt: skip
@click.option("--bands", metavar="BANDS",
              help="gri or J,K. Without --survey: one image in each, from whoever has "
              "it.")  # fmt: skip
@click.option("--jpeg", "picture", is_flag=True, help="One colour picture of three bands.")
@click.option("--whole", is_flag=True, help="The whole images that touch the piece, as they are.")
@click.option("--pixels", callback=_pixels, metavar="N[xM]",
              help="With surveys that resample: so many pixels.  [the survey's scale]")  # fmt: skip
@click.option("--projection", metavar="WORD", help="The same: TAN, SIN, CAR …  [TAN]")
@click.option("--sampler", metavar="WORD", help="The same: how pixels are interpolated.")
@click.option("--polygon", is_flag=True,
              help="Ask archives for a square of that width, not for a circle.")  # fmt: skip
@filters
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=".",
              metavar="DIR", help="Folder for the files.  [here]")  # fmt: skip
@click.option("--check", is_flag=True, help="Hash the files that are here before keeping them.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched; start no job.")
@click.option("--json", "as_json", is_flag=True, help="The outcome of every file as JSON.")
@common
def cutout(
    target: tuple[str, ...],
    output: Path,
    *,
    check: bool,
    dry_run: bool,
    as_json: bool,
    **wanted: Any,
) -> int:
    """Bring home pieces of images and cubes around TARGET (names, positions, or a saved search).

    With --survey: an image of each target from each survey, in each band, in a folder per target.
    With --bands alone: one image of each target in each band, from the best source that has it.
    Otherwise pieces of what the archives observed: without --radius, what touches the piece is
    searched; without --kind, images and cubes; without --calib-level, all but raw frames. --band
    selects, and of cubes it also cuts.

    Only the pieces come over the line, except where a survey has no service that cuts: then whole
    images come, and are cut or put together here. The receipts say whether pixels are original.
    """
    from skyatlas.journeys.fetch import outcome_json

    with session() as cutting:
        todo, found = _plan(cutting, target, output, wanted, jobs=not dry_run)
        for note in todo.notes:
            say(f"note: {note.text}")
        if dry_run:
            fetching.show_plan(todo, as_json=as_json)
            return _code_of(found)
        done = cutting.settled(fetching.fetched(cutting, todo, output, check=check))
    if as_json:
        click.echo(json.dumps(outcome_json(done), indent=1, ensure_ascii=False))
    else:
        fetching.show(done)
    for note in done.notes[len(todo.notes) :]:
        say(f"note: {note.text}")
    _say_routes(done)
    fetching.summary(done)
    return fetching.code(done, found)


def _plan(
    cutting: Session, target: tuple[str, ...], output: Path, wanted: dict[str, Any], *, jobs: bool
) -> tuple[Plan, Observations | None]:
    given = {name: value for name, value in wanted.items() if value not in (None, False)}
    size, survey, bands = (given.pop(name, None) for name in ("size", "survey", "bands"))
    if "polygon" in given:
        given["square"] = given.pop("polygon")
    what: object = targets(target)
    saved = [word for word in target if word.endswith(".json") and Path(word).is_file()]
    if saved:
        what = fetching.observations(cutting, target, {})
    todo, found = cutting.cutouts(
        what, output, size=size, survey=survey, bands=bands, jobs=jobs, **given
    )
    if found is not None and not saved:
        for line in (*found.standings, *found.remarks, found.completeness):
            say(line)
    return todo, found


def _code_of(found: Observations | None) -> int:
    from skyatlas.cli.asking import code_of

    return Code.DONE if found is None else code_of(found)


def _say_routes(done: Fetched) -> None:
    """Who made the pieces, and what that means for the pixels."""
    ways: dict[tuple[str, ...], int] = {}
    for receipt in done.receipts:
        about = receipt.product.provenance
        if "route" in about:
            way = tuple(str(about.get(name, "")) for name in ("route", "pixels", "photometry"))
            ways[way] = ways.get(way, 0) + 1
    for (route, pixels, photometry), count in ways.items():
        say(f"{count} by {route}: {pixels} pixels; photometry {photometry}")
