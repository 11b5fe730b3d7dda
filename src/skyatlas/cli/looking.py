"""This file holds the command that looks into files: show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skyatlas.cli.options import Code, common, say

if TYPE_CHECKING:
    from skyatlas.samp import Kind


@click.command(
    epilog="""\b
Example:
  skyatlas show data/*.fits
  skyatlas show image.fits --to ds9
"""
)
@click.argument("file", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", metavar="TOOL", help="Send it to topcat, aladin, ds9 or all that run (SAMP).")
@common
def show(file: tuple[Path, ...], to: str | None) -> int:
    """Say what FILE is: kind, instrument, axis, unit, what is inside."""
    from skyatlas.journeys.look import describe

    code = Code.DONE
    for number, path in enumerate(file):
        if not path.exists():
            click.echo(f"skyatlas: there is no file {path}", err=True)
            code = Code.FAILED
            continue
        if number:
            click.echo()
        contents = describe(path)
        click.echo(f"{path}: {contents.kind}")
        for line in contents.lines:
            click.echo(f"  {line}")
        if to is not None and not _sent(path, contents.kind, to):
            code = Code.FAILED if len(file) == 1 else Code.SOME_FAILED
    return code


_SENT_AS: Mapping[str, Kind] = {
    "cube": "image",
    "FITS": "table",
    "image": "image",
    "spectra": "spectrum",
    "spectrum": "spectrum",
    "VOTable": "table",
}
"""What tools are told that a file is, by what `describe` says."""


def _sent(path: Path, kind: str, tool: str) -> bool:
    """Send a file as it is; whether somebody took it."""
    from skyatlas import samp
    from skyatlas.errors import AtlasError, BadInput

    try:
        if kind not in _SENT_AS:
            raise BadInput(f"{path} is nothing that tools take: {kind}")
        say(str(samp.send(_SENT_AS[kind], path, path.name, to=tool)))
    except AtlasError as error:
        click.echo(f"skyatlas: {error}", err=True)
        return False
    return True
