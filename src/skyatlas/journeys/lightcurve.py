"""This file tells the journey of light curves: from a star's number or name to curves in hand.

Invariant: who is asked for by number is asked for by that number: no other star comes in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skyatlas.archive import Ask
from skyatlas.errors import AtlasError, BadInput, FormatError
from skyatlas.journeys.curve_choice import AUTHORS, PARTS, Wanted, chosen
from skyatlas.journeys.fetch import Fetched, Plan
from skyatlas.model import Note, Product, Query, Receipt, Report, Target, Why
from skyatlas.names.identifiers import MAST_CATALOGUES, identifier
from skyatlas.observations import Observations

if TYPE_CHECKING:
    from pathlib import Path

    from skyatlas.archive import Door
    from skyatlas.dataset import LightCurve, TargetPixels

ARCHIVE = "mast"
"""Who has them."""
RADIUS = 3.0 / 3600.0
"""Degrees around a name's position: above what catalogues of bright stars differ by, below a pixel
of Kepler (4 arcsec). Of several stars in it the nearest counts."""
KINDS = frozenset(("timeseries", "cube"))
"""At MAST a light curve of Kepler stands in an observation of kind "cube"."""
_QUARTER = re.compile(r"Q-?(\d+)\s*$")


@dataclass(frozen=True, slots=True)
class Curves:
    """Light curves that came home."""

    found: Observations
    """The rows that they were fetched for; each says which target it answers."""
    fetched: Fetched

    def __len__(self) -> int:
        return len(self.fetched.receipts)

    def read(self) -> Iterator[tuple[str, LightCurve | TargetPixels]]:
        """(target, curve or pixels) of each file, in the order of the targets.

        A file that cannot be read raises FormatError when its turn comes.
        """
        from skyatlas.dataset import LightCurve, TargetPixels
        from skyatlas.journeys.look import read

        for receipt in self.fetched.receipts:
            data = read(receipt)
            if not isinstance(data, LightCurve | TargetPixels):
                raise FormatError(f"{receipt.path.name} is a {type(data).__name__}, no light curve")
            yield receipt.product.target, data


Resolve = Callable[..., Sequence[Target | AtlasError]]
Search = Callable[[Sequence[Query]], Observations]


def find(asked: Sequence[object], wish: Wanted, resolve: Resolve, search: Search) -> Observations:
    """The rows that are wanted of these targets.

    A name that nobody knows is a failure in the reports; where it is the only one, it is raised.
    """
    stars, bad = targets(asked, resolve)
    if not stars:
        raise bad[0][1] if bad else BadInput("nothing was asked: give a star")
    found = narrowed(search(questions(stars, wish)), wish)
    failures = tuple(Report("names", error=error) for _, error in bad)
    return replace(found, reports=(*found.reports, *failures))


def targets(
    asked: Sequence[object], resolve: Resolve
) -> tuple[list[Target], list[tuple[str, AtlasError]]]:
    """Targets by number where a number was given, else by place; and what is wrong with the rest.

    A TIC, KIC or EPIC number is no question to a resolver: the archive knows stars by it.
    """
    numbered = [_numbered(word) for word in asked]
    open_ = [word for word, target in zip(asked, numbered, strict=True) if target is None]
    resolved = iter(resolve(*open_) if open_ else ())
    good: list[Target] = []
    bad: list[tuple[str, AtlasError]] = []
    for word, target in zip(asked, numbered, strict=True):
        outcome = next(resolved) if target is None else target
        if isinstance(outcome, AtlasError):
            bad.append((str(word), outcome))
        else:
            good.append(outcome)
    return good, bad


def questions(stars: Sequence[Target], wish: Wanted) -> list[Query]:
    """One question per star."""
    parameters = [
        ("project", ",".join(wish.missions or tuple(AUTHORS))),
        ("intentType", "science"),
    ]
    if wish.authors:
        parameters.append(("provenance_name", ",".join(wish.authors)))
    if wish.parts and wish.missions != ("Kepler",):  # MAST has no sequence_number for Kepler
        parameters.append(("sequence_number", ",".join(map(str, sorted(wish.parts)))))
    return [
        Query(
            target=star,
            radius=None if star.ra is None else RADIUS,
            kinds=KINDS,
            parameters=tuple(parameters),
        )
        for star in stars
    ]


def narrowed(found: Observations, wish: Wanted) -> Observations:
    """The rows that are wanted; what else there is stands in the report."""
    table, notes = chosen(found.table, wish)
    reports = tuple(
        replace(report, rows=len(table), notes=(*report.notes, *notes))
        if report.archive == ARCHIVE
        else report
        for report in found.reports
    )
    return Observations(table, reports, found.queries)


def ask_for(wish: Wanted) -> Ask:
    """Which of the files of the rows."""
    return Ask(only=(("productFilename", wish.files),))


def in_quarters(plan: Plan, wish: Wanted) -> Plan:
    """Of Kepler only the quarters that are wanted: a row of it holds all of them."""
    if not wish.parts or wish.missions != ("Kepler",):
        return plan
    return replace(plan, products=tuple(one for one in plan.products if _in(one, wish)))


def without(found: Observations) -> list[Target]:
    """The targets that no row answers."""
    answered = {str(name) for name in found.table["target"].tolist()}
    return [
        query.target
        for query in found.queries
        if query.target is not None and query.target.asked not in answered
    ]


def cut_out(
    stars: Sequence[Target], wish: Wanted, resolve: Resolve, door: Door, pixels: int
) -> tuple[list[Product], list[Note]]:
    """Pixels that TESScut cuts of the full frames, one file per sector, for these targets."""
    if wish.missions and "TESS" not in wish.missions:
        raise BadInput(f"TESScut cuts frames of TESS; asked for was {', '.join(wish.missions)}")
    from skyatlas.archives.mast import tesscut

    products: list[Product] = []
    notes: list[Note] = []
    for star, place in zip(stars, _placed(stars, resolve), strict=True):
        if isinstance(place, AtlasError):
            notes.append(Note(Why.UNANSWERED, f"{star.asked}: {place}"))
            continue
        sectors = wish.parts or None
        for part in tesscut.products(door, place, size=(pixels, pixels), sectors=sectors):
            if isinstance(part, Product):
                products.append(part)
            else:
                notes.append(part)
    return products, notes


def _placed(stars: Sequence[Target], resolve: Resolve) -> list[Target | AtlasError]:
    """The targets with a place; asked for are those that were known by a number only."""
    open_ = [star.asked for star in stars if star.ra is None]
    found = iter(resolve(*open_) if open_ else ())
    return [star if star.ra is not None else next(found) for star in stars]


def told(found: Observations, most: int = 10) -> list[str]:
    """A line per target on what is taken of it."""
    from skyatlas.journeys.curve_choice import Row

    rows: dict[str, list[Row]] = {query.target.asked: [] for query in found.queries if query.target}
    for index, row in enumerate(found.table):
        one = Row.of(index, row)
        rows.setdefault(one.target, []).append(one)
    lines = [f"{target}: {_summary(mine)}" for target, mine in list(rows.items())[:most]]
    if len(rows) > most:
        some = sum(1 for mine in rows.values() if mine)
        lines.append(f"… {len(rows)} targets, {some} of them with light curves")
    return lines


def _summary(rows: Sequence[Any]) -> str:
    if not rows:
        return "no light curve"
    groups: dict[tuple[str, str, float], list[int]] = {}
    for row in rows:
        numbers = groups.setdefault((row.mission, row.author, row.cadence), [])
        numbers += [] if row.part is None else [row.part]
    texts = []
    for (mission, author, cadence), numbers in groups.items():
        word = PARTS.get(mission, "part")
        several = "s" if len(numbers) > 1 else ""
        where = f" {word}{several} {', '.join(map(str, sorted(numbers)))}" if numbers else ""
        texts.append(f"{mission}{where} ({author}, {cadence:g} s)")
    return "; ".join(texts)


def pictures(curves: Curves, folder: Path) -> Iterator[Path | AtlasError]:
    """Draw each target's curves, a picture per mission, and each of its pixel files.

    What cannot be read or drawn is an error in its picture's place.
    """
    from skyatlas import plots
    from skyatlas.dataset import LightCurve
    from skyatlas.journeys.look import read

    by: dict[str, list[Receipt]] = {}
    for receipt in curves.fetched.receipts:
        by.setdefault(receipt.product.target, []).append(receipt)
    for target, receipts in by.items():
        drawn: dict[Path, list[Any]] = {}
        for receipt in receipts:
            try:
                data = read(receipt)
            except AtlasError as error:
                yield error
                continue
            if isinstance(data, LightCurve):
                name = "_".join(re.findall(r"[\w.+-]+", f"{target} {data.mission} {data.author}"))
                drawn.setdefault(folder / f"{name}.png", []).append(data)
            else:
                drawn[folder / f"{receipt.readable.name.partition('.fits')[0]}.png"] = [data]
        for path, several in drawn.items():
            try:
                plots.save(several if len(several) > 1 else several[0], path)
            except AtlasError as error:
                yield error
                continue
            yield path


def _numbered(word: object) -> Target | None:
    if isinstance(word, Target):
        return word
    number = identifier(word) if isinstance(word, str) else None
    if number is None or number[0] not in MAST_CATALOGUES:
        return None
    assert isinstance(word, str)
    return Target(asked=word, said="by its number", ids=dict([number]))


def _in(product: Product, wish: Wanted) -> bool:
    """Kepler tells a file's quarter by the end of its description: "Lightcurve … - Q3"."""
    match = _QUARTER.search(str(product.provenance.get("description") or ""))
    return match is None or int(match[1]) in wish.parts
