"""This file holds the command that draws: plot."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.options import Code, common, say, session

if TYPE_CHECKING:
    from skyatlas.periods.found import Method
    from skyatlas.plots import Mark

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


@dataclass(frozen=True)
class _Over:
    """What is to be drawn over images."""

    overlay: Path | None
    label: str | None
    mark: Mark | bool

    def of(self, path: Path) -> dict[str, Any]:
        """As `plots.figure_of` takes it; the target of a cutout is marked by itself."""
        from skyatlas.journeys import catalogues, pictures

        mark = self.mark if self.mark is not True else pictures.target_of(path)
        return {"overlay": catalogues.of(self.overlay, self.label), "mark": mark or None}


_PICTURES = (".png", ".pdf", ".svg")


@click.command(
    epilog="""\b
Examples:
  skyatlas plot data/*.fits -o pictures         (a PNG for each, in the folder)
  skyatlas plot spectrum.fits -o spectrum.pdf
  skyatlas plot i.fits r.fits g.fits --colour -o colour.png
  skyatlas plot image.fits --overlay stars.vot --mark "NGC 1068" -o marked.png
  skyatlas plot data --sheet all.png            (all that is in a folder, on a page)
  skyatlas plot s0001_lc.fits s0004_lc.fits -o star.png      (one target: one picture)
  skyatlas plot *_lc.fits --periodogram bls -o transits.png
  skyatlas plot *_lc.fits --fold 6.268d --epoch 1325.504 -o folded.png
"""
)
@click.argument("file", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=".", metavar="PNG|DIR",
              help="A picture (png, pdf, svg), or a folder for several.  [here]")  # fmt: skip
@click.option("--colour", "--color", "colour", is_flag=True,
              help="Three images as one: by wavelength where receipts or filters say it, else "
              "as given, red first.")  # fmt: skip
@click.option("--sheet", type=click.Path(path_type=Path), metavar="PNG",
              help="Files and folders as a page of small pictures; more pages are "
              "numbered.")  # fmt: skip
@click.option("--overlay", type=click.Path(path_type=Path), metavar="TABLE",
              help="Circle the sources of a catalogue: csv, ecsv, vot, fits, parquet, or a "
              "search saved as json.")  # fmt: skip
@click.option("--label", metavar="COLUMN", help="With --overlay: the words beside each source.")
@click.option("--mark", metavar="TARGET",
              help="Mark a name or position.  [what a file was cut around]")  # fmt: skip
@click.option("--no-mark", is_flag=True, help="Mark nothing.")
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
    *,
    colour: bool,
    sheet: Path | None,
    overlay: Path | None,
    label: str | None,
    mark: str | None,
    no_mark: bool,
    fold: float | str | None,
    epoch: float | None,
    periodogram: Method | None,
) -> int:
    """Draw FILE: images north up and east left, spectra and light curves with unit and errors."""
    folding = _Folding(fold, epoch, periodogram or ("bls" if fold == "auto" else None))
    if epoch is not None and not folding:
        raise click.UsageError("--epoch is of no use without --fold or --periodogram")
    if label is not None and overlay is None:
        raise click.UsageError("--label is of no use without --overlay")
    if mark is not None and no_mark:
        raise click.UsageError("--mark and --no-mark exclude each other")
    if sheet is not None:
        if colour or overlay or mark or folding:
            raise click.UsageError("--sheet draws small pictures only; leave the other options out")
        return _sheets(file, sheet)
    over = _Over(overlay, label, _mark(mark) if mark is not None else not no_mark)
    if colour:
        if folding:
            raise click.UsageError("--colour is for images; --fold and --periodogram are not")
        return _colour(file, output, over)
    return _each(file, output, lambda paths, picture: _draw(paths, picture, folding, over))


def _each(file: Sequence[Path], output: Path, draw: Callable[[Sequence[Path], Path], None]) -> int:
    """Draw one picture of all files, or one of each; what cannot be drawn is named."""
    from skyatlas.errors import AtlasError, BadInput

    one = output.suffix.lower() in _PICTURES
    pictures = [(file, output)] if one else [((p,), output / f"{_stem(p)}.png") for p in file]
    code = Code.DONE
    for paths, picture in pictures:
        try:
            draw(paths, picture)
        except AtlasError as error:
            click.echo(f"skyatlas: {error}", err=True)
            here = all(path.exists() for path in paths)
            failed = Code.USAGE if here and isinstance(error, BadInput) else Code.FAILED
            code = failed if len(pictures) == 1 else Code.SOME_FAILED
            continue
        click.echo(str(picture))
        say(f"drew {paths[0]}" + (f" and {len(paths) - 1} more" if len(paths) > 1 else ""))
    return code


def _mark(text: str) -> Mark:
    """The place that was typed; a name is resolved."""
    from skyatlas.journeys import pictures

    found = pictures.mark_of(text)
    if found is not None:
        return found
    with session() as asking:
        (target,) = asking.resolve(text)
    if isinstance(target, Exception):
        raise target
    mark = pictures.mark_of(target, text)
    assert mark is not None
    return mark


def _colour(file: Sequence[Path], output: Path, over: _Over) -> int:
    from skyatlas import plots
    from skyatlas.journeys import pictures

    picture = output if output.suffix.lower() in _PICTURES else output / "colour.png"
    what = over.of(file[0])
    figure, words = pictures.colour(file, what["overlay"], what["mark"])
    plots.write(figure, picture)
    click.echo(str(picture))
    say(words)
    return Code.DONE


def _sheets(file: Sequence[Path], page: Path) -> int:
    """Write the pages: `all.png`, or `all-1.png`, `all-2.png` … where there are several."""
    from skyatlas import plots
    from skyatlas.journeys import pictures

    missing = [path for path in file if not path.exists()]
    for path in missing:
        click.echo(f"skyatlas: there is no file {path}", err=True)
    files = pictures.files_in([path for path in file if path.exists()])
    pages = pictures.sheets(files)
    for number, figure in enumerate(pages, 1):
        several = len(files) > plots.PAGE
        name = page.with_name(f"{page.stem}-{number}{page.suffix}") if several else page
        click.echo(str(plots.write(figure, name)))
    say(f"drew {len(files)} files")
    return Code.SOME_FAILED if missing else Code.DONE


def _draw(paths: Sequence[Path], picture: Path, folding: _Folding, over: _Over) -> None:
    """Draw files into one picture: one file, or light curves of one target."""
    from skyatlas import plots
    from skyatlas.dataset import LightCurve
    from skyatlas.journeys.look import read

    data: Any = [read(path) for path in paths]
    if len(data) > 1 and not all(isinstance(one, LightCurve) for one in data):
        raise click.UsageError(
            "several files make several pictures: give a folder after -o, or --colour for three"
            " bands, or --sheet for small pictures on a page"
        )
    if len(data) == 1:
        (data,) = data
    if not folding:
        plots.save(data, picture, **over.of(paths[0]))
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
