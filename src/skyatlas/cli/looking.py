"""This file holds the commands that look at files: show, plot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.options import Code, common, say

if TYPE_CHECKING:
    from skyatlas.periods.found import Method
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


_DAYS = re.compile(r"(\d*\.?\d+|\d+\.)\s*([dh]?)")


def _period(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> float | str | None:
    """Days of "6.27", "6.27d" or "3.2h"; "auto" as it is."""
    del ctx, parameter
    if value is None or value == "auto":
        return value
    match = _DAYS.fullmatch(value.strip())
    days = float(match[1]) / (24 if match[2] == "h" else 1) if match else 0.0
    if not 0 < days < inf:
        raise click.BadParameter(f"{value!r} is no period; write 6.27, 6.27d, 3.2h or auto")
    return days


@dataclass(frozen=True)
class _Folding:
    """What a light curve is to be folded at."""

    period: float | str | None
    epoch: float | None
    method: Method | None

    def __bool__(self) -> bool:
        return self.period is not None or self.method is not None


@click.command(
    epilog="""\b
Examples:
  skyatlas plot data/*.fits -o pictures         (a PNG for each, in the folder)
  skyatlas plot spectrum.fits -o spectrum.pdf
  skyatlas plot s0001_lc.fits s0004_lc.fits -o star.png      (one target: one picture)
  skyatlas plot *_lc.fits --periodogram bls -o transits.png
  skyatlas plot *_lc.fits --fold 6.268d --epoch 1325.504 -o folded.png
"""
)
@click.argument("file", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=".", metavar="PNG|DIR",
              help="A picture (png, pdf, svg), or a folder for several.  [here]")  # fmt: skip
@click.option("--fold", metavar="PERIOD", callback=_period,
              help="Fold a light curve: 6.27d, 3.2h, or auto for the best period.")  # fmt: skip
@click.option("--epoch", type=float, metavar="TIME",
              help="Phase 0, in the file's days (BTJD …) or JD.  [faintest]")  # fmt: skip
@click.option("--periodogram", type=click.Choice(["bls", "ls"]),
              help="Look for transits (bls) or for rotation and pulsation (ls).")  # fmt: skip
@common
def plot(
    file: tuple[Path, ...],
    output: Path,
    fold: float | str | None,
    epoch: float | None,
    periodogram: Method | None,
) -> int:
    """Draw FILE: images north up and east left, spectra and light curves with unit and errors."""
    from skyatlas.errors import AtlasError, BadInput

    folding = _Folding(fold, epoch, periodogram or ("bls" if fold == "auto" else None))
    if epoch is not None and not folding:
        raise click.UsageError("--epoch is of no use without --fold or --periodogram")
    one = output.suffix.lower() in (".png", ".pdf", ".svg")
    pictures = [(file, output)] if one else [((p,), output / f"{_stem(p)}.png") for p in file]
    code = Code.DONE
    for paths, picture in pictures:
        try:
            _draw(paths, picture, folding)
        except AtlasError as error:
            click.echo(f"skyatlas: {error}", err=True)
            here = all(path.exists() for path in paths)
            failed = Code.USAGE if here and isinstance(error, BadInput) else Code.FAILED
            code = failed if len(pictures) == 1 else Code.SOME_FAILED
            continue
        click.echo(str(picture))
        say(f"drew {paths[0]}" + (f" and {len(paths) - 1} more" if len(paths) > 1 else ""))
    return code


def _draw(paths: Sequence[Path], picture: Path, folding: _Folding) -> None:
    """Draw files into one picture: one file, or light curves of one target."""
    from skyatlas import plots
    from skyatlas.dataset import LightCurve
    from skyatlas.journeys.look import read

    data: Any = [read(path) for path in paths]
    if len(data) > 1 and not all(isinstance(one, LightCurve) for one in data):
        raise click.UsageError("several files make several pictures: give a folder after -o")
    if len(data) == 1:
        (data,) = data
    if not folding:
        plots.save(data, picture)
        return
    found = None
    curves = plots.light_curves_of(data)
    if folding.method is not None:
        from skyatlas.periods import periodogram

        found = periodogram(curves, folding.method)
        say(str(found))
    period = folding.period if isinstance(folding.period, float) else None
    figure = plots.folded_figure(curves, found=found, period=period, epoch=folding.epoch)
    plots.write(figure, picture)


def _stem(path: Path) -> str:
    """The file's name without .fits, .fits.gz, .fits.fz and the like."""
    name = path.name
    for suffix in (".gz", ".bz2", ".Z", ".fz", ".fits", ".fit"):
        name = name.removesuffix(suffix)
    return name
