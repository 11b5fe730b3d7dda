"""This file holds the command that brings pieces of images and cubes home: cutout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli import fetching
from skyatlas.cli.asking import code_of
from skyatlas.cli.options import common, filters, say, session

if TYPE_CHECKING:
    from skyatlas.journeys.cutout import Piece


@click.command(
    epilog="""\b
Examples:
  skyatlas cutout "NGC 1068" --size 20arcsec --instrument MUSE -o pieces
  skyatlas cutout "NGC 1068" --size 20arcsec --kind cube --band 500nm..700nm -o pieces
  skyatlas cutout M87 "NGC 253" --size 1arcmin --polygon -a eso --dry-run
  skyatlas cutout mine.json --size 1arcmin -o pieces     (a search saved with --format json)
"""
)
@click.argument("target", nargs=-1, required=True)
@click.option("--size", required=True, metavar="ANGLE",
              help="Full width of a piece: 1arcmin, 20arcsec.")  # fmt: skip
@click.option("--polygon", is_flag=True, help="Ask for a square of that width, not for a circle.")
@filters
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=".",
              metavar="DIR", help="Folder for the files.  [here]")  # fmt: skip
@click.option("--check", is_flag=True, help="Hash the files that are here before keeping them.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched; start no job.")
@click.option("--json", "as_json", is_flag=True, help="The outcome of every file as JSON.")
@common
def cutout(
    target: tuple[str, ...],
    size: str,
    output: Path,
    *,
    polygon: bool,
    check: bool,
    dry_run: bool,
    as_json: bool,
    **filters: Any,
) -> int:
    """Bring home pieces of images and cubes around TARGET (names, positions, or a saved search).

    The archive cuts: only the piece comes over the line. Without --radius, what touches the piece
    is searched; without --kind, images and cubes; without --calib-level, all but raw frames.
    --band selects, and of cubes it also cuts.
    """
    from skyatlas.journeys.cutout import plan, settled
    from skyatlas.journeys.fetch import outcome_json

    piece = _piece(size, filters.get("band"), square=polygon)
    with session() as cutting:
        found = fetching.observations(cutting, target, _filters(target, filters, piece))
        todo = plan(found, cutting.door, piece, jobs=not dry_run)
        for note in todo.notes:
            say(f"note: {note.text}")
        if dry_run:
            fetching.show_plan(todo, as_json=as_json)
            return code_of(found)
        done = settled(fetching.fetched(cutting, todo, output, check=check))
    if as_json:
        click.echo(json.dumps(outcome_json(done), indent=1, ensure_ascii=False))
    else:
        fetching.show(done)
    for note in done.notes[len(todo.notes) :]:
        say(f"note: {note.text}")
    fetching.summary(done)
    return fetching.code(done, found)


def _piece(size: str, band: str | None, *, square: bool) -> Piece:
    from skyatlas import words
    from skyatlas.journeys.cutout import Piece

    return Piece(words.radius(size), square, words.band(band) if band is not None else None)


def _filters(target: tuple[str, ...], filters: dict[str, Any], piece: Piece) -> dict[str, Any]:
    """The filters of the search. Of a saved one there are none: its band is what is cut."""
    if any(word.endswith(".json") and Path(word).is_file() for word in target):
        return filters | {"band": None}
    return piece.search_for(filters)
