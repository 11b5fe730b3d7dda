"""This file draws the tables that people see on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, TextIO

from skyatlas.obscore import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from skyatlas.observations import Observations

Columns = Sequence[tuple[str, Sequence[str]]]
"""Titles, each with its cells."""

_MOST_ROWS = 40
_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)


def print_observations(
    found: Observations, *, everything: bool = False, stream: TextIO | None = None
) -> None:
    """One line per observation; on a terminal at most 40 unless `everything`."""
    stream = stream or sys.stdout
    terminal = stream.isatty()
    rows = found.table
    shown = rows if everything or not terminal else rows[:_MOST_ROWS]
    columns: Columns = [(title, [show(row) for row in shown]) for title, show in _columns(found)]
    columns = [(title, cells) for title, cells in columns if any(cells)]
    columns, left_out = _fitting(columns, stream)
    if len(shown):
        print_table(columns, stream, wrap=False)
    if left_out:
        print(f"no room here for: {', '.join(left_out)} (a wider window shows them)", file=stream)
    if len(shown) < len(rows):
        print(
            f"… and {len(rows) - len(shown)} more rows: -v shows all, -o FILE keeps them",
            file=stream,
        )


def print_table(columns: Columns, stream: TextIO | None = None, *, wrap: bool = True) -> None:
    """Draw columns as wide as the terminal, or as wide as needed where there is none."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    stream = stream or sys.stdout
    wide = _width(columns) + len(columns)  # rich counts some letters as two wide
    console = Console(
        file=stream, width=None if stream.isatty() else max(80, wide), highlight=False
    )
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for title, cells in columns:
        right = all(not cell or cell[0].isdigit() for cell in cells) and title not in _LEFT
        table.add_column(
            title, justify="right" if right else "left", overflow="fold", no_wrap=not wrap
        )
    for row in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*row)
    console.print(table)


def _width(columns: Columns) -> int:
    return sum(max(map(len, (title, *cells)), default=0) + 2 for title, cells in columns)


def _fitting(columns: Columns, stream: TextIO) -> tuple[Columns, list[str]]:
    """Leave out columns until a terminal is wide enough; which were left out."""
    left_out: list[str] = []
    if not stream.isatty():
        return columns, left_out
    room = get_terminal_size().columns
    for title in _FIRST_TO_GO:
        if _width(columns) <= room:
            break
        if any(title == other for other, _ in columns):
            columns = [column for column in columns if column[0] != title]
            left_out.append(title)
    return columns, left_out


_FIRST_TO_GO = (
    "size",
    "distance",
    "observed as",
    "level",
    "exposure",
    "programme",
    "wavelength",
    "start (UTC)",
)
_LEFT = frozenset(("start (UTC)", "programme", "identifier", "files", "target", "observed as"))


def _columns(found: Observations) -> list[tuple[str, Callable[[Any], str]]]:
    many_targets = len({query.target for query in found.queries}) > 1
    many_archives = len(found.reports) > 1
    columns: list[tuple[str, Callable[[Any], str]]] = []
    if many_targets:
        columns.append(("target", _text("target")))
    if many_archives:
        columns.append(("archive", _text("archive")))
    return [
        *columns,
        ("instrument", _text("instrument_name")),
        ("kind", _text("dataproduct_type")),
        ("level", _text("calib_level")),
        ("observed as", _text("target_name")),
        ("distance", _distance),
        ("programme", _text("proposal_id")),
        ("start (UTC)", _start),
        ("exposure", _exposure),
        ("wavelength", _wavelength),
        ("size", _size),
        ("files", _rights),
        ("identifier", _identifier),
    ]


def _text(name: str) -> Callable[[Any], str]:
    def show(row: Any) -> str:
        value = said(row, name)
        return "" if value is None else str(value)

    return show


def _start(row: Any) -> str:
    mjd = said(row, "t_min")
    return "" if mjd is None else (_MJD_ZERO + timedelta(days=mjd)).strftime("%Y-%m-%d %H:%M")


def _exposure(row: Any) -> str:
    seconds = said(row, "t_exptime")
    return "" if seconds is None else f"{seconds:.4g} s"


def _distance(row: Any) -> str:
    arcsec = said(row, "distance")
    if arcsec is None:
        return ""
    return f"{arcsec:.1f}″" if arcsec < 100 else f"{arcsec / 60:.1f}′"


def _wavelength(row: Any) -> str:
    """Metres as people write them: nm below 1 µm, µm below 1 mm, mm above."""
    low, high = said(row, "em_min"), said(row, "em_max")
    if low is None or high is None:
        return ""
    for limit, scale, unit in ((1.1e-6, 1e9, "nm"), (1e-3, 1e6, "µm"), (float("inf"), 1e3, "mm")):
        if high < limit:
            digits = "%.0f" if unit == "nm" else "%.3g"
            return f"{digits % (low * scale)}–{digits % (high * scale)} {unit}"
    return ""


def _size(row: Any) -> str:
    from skyatlas.model import size_text

    kbyte = said(row, "access_estsize")
    return "" if kbyte is None else size_text(kbyte * 1000)


def _rights(row: Any) -> str:
    rights = said(row, "data_rights")
    if rights == "proprietary":
        return f"until {str(said(row, 'obs_release_date'))[:10]}"
    return "" if rights is None else str(rights)


def _identifier(row: Any) -> str:
    names = ["dp_id", "obs_publisher_did", "obs_id"]
    if said(row, "obsid") is not None or said(row, "mission") is not None:
        names.reverse()  # MAST's publisher identifiers are its own; the name to cite is obs_id
    return str(next((value for name in names if (value := said(row, name))), ""))
