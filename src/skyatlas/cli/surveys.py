"""This file holds the command that lists the surveys of which images can be cut."""

from __future__ import annotations

import csv
import json
import math
import sys
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.options import common, say, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skyatlas.stamp import Survey


@click.command(
    epilog="""\b
Examples:
  skyatlas surveys
  skyatlas surveys dss2
  skyatlas surveys --waveband radio
  skyatlas surveys --band K --format csv
  skyatlas surveys --refresh
"""
)
@click.argument("words", nargs=-1)
@click.option("-w", "--waveband", metavar="NAMES", help="radio, infrared, optical, uv, x-ray …")
@click.option("--band", metavar="BAND", help="500nm..700nm, 230GHz, or a name such as K.")
@click.option("-a", "--archive", "archives", multiple=True, metavar="NAMES", help="sdss,skyview …")
@click.option("--format", "form", type=click.Choice(("table", "json", "csv")), default="table")
@click.option("--refresh", is_flag=True, help="Ask SkyView for its list, which changes.")
@common
def surveys(
    words: tuple[str, ...],
    waveband: str | None,
    band: str | None,
    archives: tuple[str, ...],
    form: str,
    refresh: bool,
) -> int:
    """List the surveys that `skyatlas cutout --survey` takes; WORDS are in their names or titles.

    Nobody is asked without --refresh. A survey without a known band is left out by --band. Pixel
    scales are in arcsec; where none stands, it is not known.
    """
    from skyatlas.journeys.surveys import listed, refreshed

    with session() as asking:
        chosen = asking.archives(list(archives) or None)
        news = refreshed(chosen, asking.door) if refresh else []
        memory = asking.door.memory
        found = listed(chosen, words, waveband=waveband, band=band, memory=memory)
    if form == "json":
        rows = [_columns(survey) for survey in found]
        click.echo(json.dumps({"surveys": rows}, indent=1, ensure_ascii=False))
    elif form == "csv":
        _write_csv(found)
    elif found:
        _print(found)
    for sentence in news:
        say(sentence)
    if refresh and not news:
        say("nothing is new")
    say(_line(found))
    return 0


def _columns(survey: Survey) -> dict[str, Any]:
    """Plain values; what is not known is None."""
    return {
        "name": survey.name,
        "title": survey.title,
        "archive": survey.archive,
        "waveband": survey.waveband or None,
        "scale": survey.scale,
        "coverage": survey.coverage or None,
        "pixels": survey.pixels,
        "usual": list(survey.usual),
        "bands": [
            {"name": name, "min": low or None, "max": high if high < math.inf else None}
            for name, (low, high) in survey.bands.items()
        ],
    }


def _write_csv(found: Sequence[Survey]) -> None:
    """A line for each band of each survey; wavelengths in metres, scales in arcsec."""
    names = ("name", "band", "archive", "waveband", "em_min", "em_max", "scale", "coverage")
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow((*names, "pixels", "title"))
    for survey in found:
        said = _columns(survey)
        for band in said["bands"]:
            rows.writerow(
                "" if value is None else value
                for value in (
                    survey.name, band["name"], survey.archive, said["waveband"],
                    band["min"], band["max"], said["scale"], said["coverage"],
                    survey.pixels, survey.title,
                )
            )  # fmt: skip


def _print(found: Sequence[Survey]) -> None:
    from skyatlas.cli.tables import print_table

    print_table(
        [
            ("survey", [survey.name for survey in found]),
            ("archive", [survey.archive for survey in found]),
            ("bands", [_bands(survey) for survey in found]),
            ("waveband", [survey.waveband for survey in found]),
            ("″/pixel", ["" if s.scale is None else f"{s.scale:.4g}" for s in found]),
            ("coverage", [survey.coverage for survey in found]),
        ]
    )


def _bands(survey: Survey) -> str:
    """Names of filters where a survey has several, else where its one band lies."""
    if set(survey.bands) != {""}:
        return " ".join(survey.bands)
    low, high = survey.bands[""]
    if not high < math.inf:
        return ""
    least, most = sorted(_spectral(survey.waveband, end) for end in (low, high))
    size, unit = next(
        (one for one in _units(survey.waveband) if most >= one[0] * 0.9995), (1.0, "")
    )
    ends = dict.fromkeys(f"{value / size:.4g}" for value in (least, most))
    return f"{'–'.join(ends)} {unit}"


_HC = 1.23984198e-6
"""eV m."""
_C = 299792458.0
"""m/s."""
_ENERGIES = ("x-ray", "gamma-ray")
_FREQUENCIES = ("radio", "millimeter")


def _spectral(waveband: str, wavelength: float) -> float:
    """As people of this waveband count: eV, Hz, else metres."""
    if waveband in _ENERGIES:
        return _HC / wavelength
    return _C / wavelength if waveband in _FREQUENCIES else wavelength


def _units(waveband: str) -> tuple[tuple[float, str], ...]:
    """The larger ones first."""
    if waveband in _ENERGIES:
        return (1e9, "GeV"), (1e6, "MeV"), (1e3, "keV"), (1.0, "eV")
    if waveband in _FREQUENCIES:
        return (1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz")
    return (1e-6, "µm"), (1e-9, "nm")


def _line(found: Sequence[Survey]) -> str:
    by_archive = {survey.archive: 0 for survey in found}
    for survey in found:
        by_archive[survey.archive] += 1
    each = ", ".join(f"{count} of {name}" for name, count in by_archive.items())
    return f"{len(found)} survey{'' if len(found) == 1 else 's'}" + (f": {each}" if each else "")
