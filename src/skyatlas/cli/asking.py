"""This file holds the commands that ask: search, resolve."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.arguments import targets
from skyatlas.cli.options import Code, common, filters, say, session, settings, verbosity

if TYPE_CHECKING:
    from skyatlas.observations import Observations

FORMATS = ("table", "json", "csv", "ecsv", "votable", "parquet")
_SUFFIXES = {
    ".json": "json",
    ".csv": "csv",
    ".ecsv": "ecsv",
    ".xml": "votable",
    ".vot": "votable",
    ".parquet": "parquet",
}


@click.command(
    epilog="""\b
Examples:
  skyatlas search "NGC 1068" --kind spectrum,cube --instrument X-SHOOTER,MUSE
  skyatlas search 02:42:40.7 -00:00:48 --radius 30arcsec --calib-level 2..
  skyatlas search --program "112.25R7" --archive eso --format json -o mine.json
"""
)
@click.argument("target", nargs=-1)
@filters
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: table, or by -o]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--strict", is_flag=True, help="Give nothing unless the answer is known complete.")
@click.option("--to", metavar="TOOL", help="Send it to topcat, aladin, ds9 or all that run (SAMP).")
@common
def search(
    target: tuple[str, ...],
    form: str | None,
    output: Path | None,
    *,
    strict: bool,
    to: str | None,
    **filters: Any,
) -> int:
    """Ask the archives what exists of TARGET: names or positions.

    Positions are hours and degrees if sexagesimal, degrees if decimal. The answer ends with one
    line that says which archives answered in full; exit code 3 says that one did not.
    """
    if to is not None:
        _look_for(to)
    form = form or (_SUFFIXES.get(output.suffix.lower()) if output else None) or "table"
    with session() as asking:
        found = asking.search(targets(target) or None, **filters)
    if not strict or found.complete is True:
        _give(found, form, output)
        if to is not None:
            _send(found, to)
    else:
        say("nothing is given: --strict was asked for and the answer is not known to be complete")
    mapped = _mapped(found) if verbosity() > 0 else []
    for line in (*_where(found), *mapped, *found.standings, *found.remarks):
        say(line)
    say(found.completeness)
    return code_of(found, strict=strict)


def _look_for(tool: str) -> None:
    """Raise BadInput where nobody would take the table: before anything is asked."""
    from skyatlas.samp import listeners

    listeners("table", tool, fits=False)


def _send(found: Observations, tool: str) -> None:
    if not len(found):
        say("there are no rows; nothing was sent")
        return
    say(str(found.broadcast(tool, cache=settings().cache_folder)))


def code_of(found: Observations, *, strict: bool = False) -> Code:
    """Done, incomplete, or a login needed where nothing else is in the way."""
    if found.complete is True if strict else found.answered:
        return Code.DONE
    refused = [getattr(report.error, "login", False) for report in found.failures]
    return Code.LOGIN if refused and all(refused) else Code.INCOMPLETE


def _where(found: Observations) -> list[str]:
    """How each target was read, and how far around it was looked."""
    lines = []
    for query in found.queries[:10]:
        place = query.target
        if place is None or query.radius is None:
            continue
        who = f" ({place.resolver}{', ' + place.said if place.said else ''})"
        lines.append(
            f"{place.asked}: {place.ra:.6f} {place.dec:+.6f} deg ICRS{who}, "
            f"within {_angle(query.radius)}"
        )
    return lines


def _mapped(found: Observations) -> list[str]:
    """How each service's own columns became ObsCore's: what was guessed, and what is missing."""
    lines = []
    for report in found.reports:
        guessed = [f"{name} {how}" for name, how in report.mapping.items() if "guess" in how]
        missing = [name for name, how in report.mapping.items() if how.startswith("missing")]
        lines += [f"{report.archive}: {text}" for text in guessed]
        if missing:
            lines.append(f"{report.archive}: not said: {', '.join(missing)}")
    return lines


def _angle(degrees: float) -> str:
    for size, unit in ((1.0, "deg"), (1 / 60, "arcmin")):
        if degrees >= size:
            return f"{degrees / size:.4g} {unit}"
    return f"{degrees * 3600:.4g} arcsec"


def _give(found: Observations, form: str, output: Path | None) -> None:
    if form == "table":
        from skyatlas.cli.tables import print_observations

        if output is None:
            print_observations(found, everything=verbosity() > 0)
            return
        with output.open("w", encoding="utf-8") as stream:
            print_observations(found, everything=True, stream=stream)
    elif form == "json":
        text = json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n"
        _write(text.encode(), output)
    else:
        _write(_table_bytes(found, form), output)


def _table_bytes(found: Observations, form: str) -> bytes:
    from io import StringIO

    if form == "parquet":
        return _parquet(found)
    if form == "votable":
        from skyatlas.written import votable

        return votable(found.table)
    text = StringIO()
    found.table.write(text, format="ascii.ecsv" if form == "ecsv" else "ascii.csv")
    return text.getvalue().encode()


def _parquet(found: Observations) -> bytes:
    """Columns with their units and UCDs as field metadata; what was not said is null.

    astropy's own writer would put a zero where an integer is masked.
    """
    from io import BytesIO

    from skyatlas.errors import MissingExtra
    from skyatlas.obscore import plain_values

    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("Parquet needs pyarrow: pip install 'skyatlas[parquet]'") from error
    types = {"f": pa.float64(), "i": pa.int64(), "U": pa.string()}
    arrays, fields = [], []
    for column in found.table.itercols():
        array = pa.array(plain_values(column), type=types.get(column.dtype.kind))
        facts = {
            "unit": str(column.unit or ""),
            "ucd": column.meta.get("ucd", ""),
            "description": column.description or "",
        }
        arrays.append(array)
        known = {name: text for name, text in facts.items() if text}
        fields.append(pa.field(column.name, array.type, metadata=known))
    raw = BytesIO()
    parquet.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), raw)
    return raw.getvalue()


def _write(data: bytes, output: Path | None) -> None:
    from skyatlas.errors import Unwritable

    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    part = output.with_name(output.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Unwritable(f"{output} cannot be written: {error.strerror}") from error


@click.command(
    epilog="""\b
Examples:
  skyatlas resolve "M 87" Betelgeuse "Caldwell 14"
  skyatlas --offline resolve "NGC 1068"
"""
)
@click.argument("target", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@common
def resolve(target: tuple[str, ...], *, as_json: bool) -> int:
    """Say where TARGET is on the sky (degrees ICRS), who says so and how it was read."""
    from skyatlas.errors import BadInput
    from skyatlas.model import Target

    code = Code.DONE
    with session() as asking:
        for words, answer in zip(targets(target), asking.resolve(*targets(target)), strict=True):
            if isinstance(answer, Target):
                _print_target(answer, as_json=as_json)
                continue
            click.echo(f"skyatlas: {words}: {answer}", err=True)
            code = Code.USAGE if isinstance(answer, BadInput) else Code.FAILED
    return code


def _print_target(answer: Any, *, as_json: bool) -> None:
    if as_json:
        plain = {name: getattr(answer, name) for name in answer.__slots__ if name != "ids"}
        click.echo(json.dumps({**plain, "ids": dict(answer.ids)}, ensure_ascii=False))
        return
    facts = ", ".join(text for text in (answer.resolver, answer.name, answer.said) if text)
    click.echo(f"{answer.asked}  {answer.ra:.8f} {answer.dec:+.8f}  ({facts})")
