"""This file asks MAST which files its observations have, and hands on those that are wanted.

Invariant: every file comes once, however many observations list it, and every observation whose
files are not known is told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from skyatlas.archive import Ask
from skyatlas.archives.mast import choice, copies, files, portal
from skyatlas.archives.mast.choice import Row
from skyatlas.archives.mast.files import Observation
from skyatlas.archives.mast.rows import FILES
from skyatlas.errors import ArchiveError, Broken, Unreachable
from skyatlas.model import Association, Note, Product, Why

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.archive import Door

__all__ = ["products"]

SERVICE = "Mast.Caom.Products"
_AT_ONCE = 500
"""Observations in one question, as astroquery asks."""
_FEW = 100
"""Observations that are not asked for in smaller parts when MAST breaks down over them."""
_WHOLE_FIELDS = ("TESS FFI", "TICA FFI")
"""target_name of the full-frame images: hundreds of thousands of files for one sector (astroquery
leaves them out too)."""


def products(rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note | Association]:
    """The files of these rows, and what the caller should know of them.

    Rows of a mission's own search (those with a `mission`) are that search's business. What MAST
    cannot list is a note, and the file that stands for the observation.
    """
    if "mission" in rows.colnames:
        from skyatlas.archives.mast import missions
        from skyatlas.obscore import plain_values

        own = [value is not None for value in plain_values(rows["mission"])]
        if any(own):
            yield from missions.products(rows[own], door, ask)
        rows = rows[[not one for one in own]]
    found = _Found(ask)
    asked = []
    for one in files.observations(rows):
        if one.target_name in _WHOLE_FIELDS and not ask.everything:
            found.whole_fields += 1
        elif one.obsid:
            asked.append(one)
        else:
            found.unlisted(one)
    for part, listed in _lists(door, asked):
        found.take(part, listed)
    yield from found.notes(door)
    yield from copies.with_copies(list(found.products.values()), door, ask.cloud)
    yield from found.trees


def _lists(
    door: Door, asked: Sequence[Observation]
) -> Iterator[tuple[Sequence[Observation], list[Row] | ArchiveError]]:
    """What MAST lists for some of the observations at a time, or why it does not."""
    waiting = [asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE)]
    while waiting:
        part = waiting.pop(0)
        try:
            pages = portal.ask(door, SERVICE, {"obsid": ",".join(one.obsid for one in part)})
            listed: list[Row] = [row for page in pages for row in page.rows]
        except (Broken, Unreachable) as error:
            if len(part) <= _FEW:
                yield part, error
            else:
                # JWST's lists have up to a thousand rows for each observation: of many at once
                # MAST runs out of its ten minutes (astroquery's issues 2473 and 2507).
                middle = len(part) // 2
                waiting[:0] = [part[:middle], part[middle:]]
        except ArchiveError as error:
            yield part, error
        else:
            yield part, listed


class _Found:
    """What has been found so far."""

    def __init__(self, ask: Ask) -> None:
        self.products: dict[str, Product] = {}
        """By URI, or by address where there is no URI."""
        self.trees: list[Association] = []
        self.whole_fields = 0
        self._ask = ask
        self._shared: set[str] = set()
        """URIs of files that several observations list."""
        self._failures: list[Note] = []
        self._plain = self._empty = 0
        """Observations that MAST cannot list the files of, and those that give no file."""

    def take(self, part: Sequence[Observation], listed: list[Row] | ArchiveError) -> None:
        """Choose among the files of these observations."""
        if isinstance(listed, ArchiveError):
            words = f"MAST did not list the files of some observations, {len(part)}: {listed}"
            if not self._ask.only:
                words += "; of each the file that stands for it is taken"
            self._failures.append(Note(Why.UNANSWERED, words, len(part)))
            for one in part:
                self._main(one)
            return
        lost = len(listed)
        listed = [row for row in listed if row.get("dataURI")]
        lost -= len(listed)
        if lost:
            words = f"files of MAST's list that have no address and cannot be fetched: {lost}"
            self._failures.append(Note(Why.UNANSWERED, words, lost))
        by = _by_parent(part, listed)
        for one in part:
            rows = by.get(one.obsid, [])
            wanted = choice.chosen(rows, one, self._ask)
            if not wanted:
                self._empty += not self._main(one)
            self._add(wanted, one)
            self._describe(wanted, one)
        self._add(choice.chosen(by.get("", []), None, self._ask), None)

    def unlisted(self, one: Observation) -> None:
        """An observation without a number: what MAST lists for it cannot be asked."""
        self._plain += 1
        self._empty += not self._main(one)

    def notes(self, door: Door) -> Iterator[Note]:
        """What the caller should know, each once."""
        yield from self._failures
        ask = self._ask
        none = "that --only names" if ask.only else "(planned ones have none yet)"
        closed = sum(not files.is_public(one) for one in self.products.values())
        for why, words, count in (
            (
                Why.UNANSWERED,
                "observations without an obsid, of which MAST cannot list further files",
                self._plain if ask != Ask(cloud=ask.cloud) else 0,
            ),
            (
                Why.ASSUMED,
                "full-frame observations of TESS, left out as each has all images of a sector",
                self.whole_fields,
            ),
            (Why.ASSUMED, f"observations without files {none}", self._empty),
            (
                Why.ASSUMED,
                "files that several observations list, each fetched once, with the first of them",
                len(self._shared),
            ),
            (
                Why.PROPRIETARY,
                "files in their exclusive-access period, for a token only (`skyatlas login mast`)",
                0 if door.logged_in(FILES) else closed,
            ),
        ):
            if count:
                yield Note(why, f"{words}: {count}", count)

    def _add(self, rows: Iterable[Row], one: Observation | None) -> None:
        seen = set()
        for row in rows:
            uri = str(row["dataURI"])
            if uri in seen:
                continue  # MAST lists it twice for the same observation
            seen.add(uri)
            if uri in self.products:
                self._shared.add(uri)
            else:
                self.products[uri] = files.product(row, one)

    def _main(self, one: Observation) -> bool:
        """Take the file that stands for an observation; False where there is none.

        It is no answer to a choice among all files.
        """
        there = bool(one.url) and not self._ask.only
        if there:
            self.products.setdefault(one.uri or one.url, files.main_file(one))
        return there

    def _describe(self, rows: Iterable[Row], one: Observation) -> None:
        """Say which files the observation was made of, where such files are wanted."""
        own: dict[str, str] = {}
        members: dict[str, dict[str, str]] = {}
        for row in rows:
            kind = str(row.get("productSubGroupDescription") or row.get("productType") or "")
            member = choice.is_member(row, one)
            of = members.setdefault(str(row.get("obs_id") or ""), {}) if member else own
            of[str(row["dataURI"])] = kind
        if members:
            needs = tuple(
                Association(name, tuple(listed.items())) for name, listed in members.items()
            )
            itself = tuple(own.items()) or ((one.uri or one.obs_id, ""),)
            self.trees.append(Association(one.obs_id, itself, needs))


def _by_parent(part: Sequence[Observation], listed: Iterable[Row]) -> Mapping[str, list[Row]]:
    """The rows by the observation that was asked for; under "" those that MAST does not assign.

    MAST names it in parent_obsid; where it does not (as it did before 2019), a file belongs to the
    observation of its own obsID or obs_id.
    """
    known = {one.obsid for one in part}
    names = {one.obs_id: one.obsid for one in part}
    found: dict[str, list[Row]] = {}
    for row in listed:
        for said in (row.get("parent_obsid"), row.get("obsID"), names.get(str(row.get("obs_id")))):
            if said is not None and str(said) in known:
                parent = str(said)
                break
        else:
            parent = part[0].obsid if len(part) == 1 else ""
        found.setdefault(parent, []).append(row)
    return found
