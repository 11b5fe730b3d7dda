"""This file tells the journey of the pieces: from observations to the parts that are wanted.

Invariant: every observation ends as a piece to fetch or as a note that says why there is none; a
whole file is never fetched in a piece's place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from skyatlas.errors import ArchiveError, BadInput
from skyatlas.journeys.fetch import Plan, each_once
from skyatlas.model import Interval, Note, Product, Target, Why
from skyatlas.obscore import COLUMNS, said
from skyatlas.protocols import datalink, soda
from skyatlas.threads import side_by_side

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.observations import Observations

KINDS = "image,cube"
"""What is searched for where the caller does not say a kind: pieces are cut of these."""
LEVELS = "1.."
"""The calibration levels that are searched for where the caller does not say: raw frames seldom
know where their pixels are on the sky, and no service cuts them."""
_WAIT = 600.0
"""Seconds that a service may take to cut one piece, where it does so in a job."""
_AT_ONCE = 4
"""Jobs that are waited for at the same time, per archive."""


_POINTLIKE = frozenset({"spectrum", "sed", "timeseries"})
"""Kinds of one place: their pieces are cut by band, and there is no region to cut."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is wanted around each target."""

    size: float
    """Full width, degrees."""
    square: bool = False
    """A square (as a polygon) instead of a circle, which services cut as the box around it."""
    band: Interval | None = None
    """Of cubes: only these wavelengths, metres in vacuum."""

    def __post_init__(self) -> None:
        if not 0.0 < self.size <= 180.0:
            raise BadInput(f"a piece of {self.size:g} degrees is outside 0..180 degrees")

    def search_for(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """The filters of the search; what is not given is what can be cut and touches the piece."""
        usual = {"kind": KINDS, "calib_level": LEVELS, "radius": f"{self.size / 2!r} deg"}
        return usual | {name: value for name, value in filters.items() if value is not None}

    def around(self, target: Target, kind: str) -> soda.Cut:
        """The cut around a target, of a dataset of this kind."""
        assert target.ra is not None
        assert target.dec is not None
        # ESO's service takes a band of every file (2026); an image has no wavelengths to cut.
        band = None if kind == "image" else self.band
        if self.square:
            return soda.Cut.square(target.ra, target.dec, self.size, band=band)
        return soda.Cut(circle=(target.ra, target.dec, self.size / 2), band=band)


@dataclass(frozen=True, slots=True)
class Wish:
    """One observation, and what is to be cut of it."""

    row: Any
    cut: soda.Cut
    place: tuple[float, float, float]
    """Right ascension, declination and width of the piece; degrees ICRS."""

    @property
    def archive(self) -> str:
        """Who has it."""
        return str(said(self.row, "archive") or "")

    @property
    def kind(self) -> str:
        """ObsCore's word for what it is, or ""."""
        return str(said(self.row, "dataproduct_type") or "")

    @property
    def name(self) -> str:
        """What messages call it."""
        names = ("obs_publisher_did", "obs_id", "access_url")
        return str(next((said(self.row, one) for one in names if said(self.row, one)), "a row"))

    def product(self, url: str, facts: Mapping[str, Any]) -> Product:
        """A piece of it at an address."""
        known = {column.name: said(self.row, column.name) for column in COLUMNS[3:]}
        known |= {"native": said(self.row, "native")}
        about = {name: value for name, value in known.items() if value is not None}
        return Product(
            url=url,
            archive=self.archive,
            obs_id=str(said(self.row, "obs_id") or ""),
            target=str(said(self.row, "target") or ""),
            semantics="#cutout",
            provenance={**about, **facts},
        )


Route = Callable[[Sequence[Wish], "Door", bool], list[list[Product | Note]]]
"""A way to pieces: for each wish its products, and notes where there are none.

The last argument says whether jobs may be started at services that cut in jobs.
"""


def plan(observations: Observations, door: Door, piece: Piece, *, jobs: bool = True) -> Plan:
    """What would be fetched: a piece of each observation around its target.

    Every route is tried in turn for what the ones before gave no product of. With `jobs` services
    that cut in jobs are asked to, and waited for. Raises BadInput where a row has no target.
    """
    wishes = list(_wishes(observations, piece))
    parts: list[list[Product | Note]] = [[] for _ in wishes]
    for route in ROUTES:
        open_ = [index for index, found in enumerate(parts) if not _has_product(found)]
        for index, found in zip(open_, route([wishes[i] for i in open_], door, jobs), strict=True):
            if _has_product(found) or not parts[index]:
                parts[index] = found
    every = [part for found in parts for part in found]
    return Plan(
        products=each_once(part for part in every if isinstance(part, Product)),
        notes=tuple(dict.fromkeys(part for part in every if isinstance(part, Note))),
        context={
            "query": observations.to_json()["query"],
            "asked": [text for report in observations.reports for text in report.asked],
        },
    )


def by_soda(wishes: Sequence[Wish], door: Door, jobs: bool) -> list[list[Product | Note]]:
    """Through the cut-out services that observations link to; each archive in a thread."""
    by_archive: dict[str, list[int]] = {}
    for index, wish in enumerate(wishes):
        by_archive.setdefault(wish.archive, []).append(index)
    parts: list[list[Product | Note]] = [[] for _ in wishes]

    def work(archive: str) -> None:
        mine = by_archive[archive]
        for index, found in zip(
            mine, _of_archive(archive, [wishes[i] for i in mine], door, jobs=jobs), strict=True
        ):
            parts[index] = found

    side_by_side(work, list(by_archive), len(by_archive))
    return parts


def by_ranges(wishes: Sequence[Wish], door: Door, jobs: bool) -> list[list[Product | Note]]:
    """Of the remote file itself, where no service is linked to: only the piece's bytes come."""
    del door, jobs
    return [[*_range_of(wish)] for wish in wishes]


def _range_of(wish: Wish) -> Iterator[Product]:
    url = str(said(wish.row, "access_url") or "")
    form = str(said(wish.row, "access_format") or "").lower()
    plain = (
        "fits" in form and "gzip" not in form and not url.lower().endswith((".gz", ".bz2", ".z"))
    )
    if wish.kind != "image" or not url or not plain or _links_of(wish.row) is not None:
        return
    ra, dec, width = wish.place
    about = {
        "cutout": wish.cut.said(),
        "cutout_ra": ra,
        "cutout_dec": dec,
        "cutout_width": width,
        "cutout_height": width,
        "route": "ranges of the remote file",
        "pixels": "original",
        "photometry": "as in the whole file: no pixel was changed",
    }
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    if "uri=" in url:
        name = unquote(url).rpartition("/")[2]
    stem = re.sub(r"[.](fits?|fz)(?=[.]|$)", "", name) or "dataset"
    key = f"{stem}_cutout_{sha256(repr((url, about['cutout'])).encode()).hexdigest()[:16]}"
    yield replace(
        wish.product(f"{url}#{key}", about),
        product_id=key,
        name=f"{stem}_cutout.fits",
        content_type="application/fits",
        made="ranges",
        sources=(url,),
    )


ROUTES: tuple[Route, ...] = (by_soda, by_ranges)


def _wishes(observations: Observations, piece: Piece) -> Iterator[Wish]:
    targets = {
        query.target.asked: query.target
        for query in observations.queries
        if query.target is not None
    }
    for row in observations.table:
        target = targets.get(str(said(row, "target") or ""))
        if target is None or target.ra is None:
            raise BadInput("a piece is cut around a place: search for targets, not without one")
        yield wish_of(row, target, piece)


def wish_of(row: Any, target: Target, piece: Piece) -> Wish:
    """A piece of one observation around a target that has a place."""
    assert target.ra is not None
    assert target.dec is not None
    cut = piece.around(target, str(said(row, "dataproduct_type") or ""))
    return Wish(row, cut, (target.ra, target.dec, piece.size))


def _has_product(parts: Sequence[Product | Note]) -> bool:
    return any(isinstance(part, Product) for part in parts)


def _of_archive(
    archive: str, wishes: Sequence[Wish], door: Door, *, jobs: bool
) -> list[list[Product | Note]]:
    addresses = [_links_of(wish.row) for wish in wishes]
    found = datalink.links_at(door, [one for one in addresses if one], archive=archive)

    def pieces(pair: tuple[Wish, str | None]) -> list[Product | Note]:
        wish, address = pair
        if address is None:
            return [Note(Why.UNANSWERED, f"no service cuts pieces of {wish.name}")]
        links = datalink.opened(
            door, found[address], archive=archive, wanted=lambda word: word == "#this", parts=True
        )
        return list(_pieces(wish, links, door, jobs=jobs))

    return side_by_side(pieces, list(zip(wishes, addresses, strict=True)), _AT_ONCE)


def _links_of(row: Any) -> str | None:
    """Where the row's DataLink document is, or None."""
    own = said(row, "datalink")
    if own:
        return str(own)
    url = said(row, "access_url")
    if url and datalink.is_document(str(said(row, "access_format") or "")):
        return str(url)
    return None


def _pieces(
    wish: Wish, links: datalink.Links, door: Door, *, jobs: bool
) -> Iterator[Product | Note]:
    services = soda.services_of(links)
    if not services:
        errors = [link.error_message for link in links.rows if link.is_error]
        why = f" ({errors[0]})" if errors else ""
        yield Note(Why.UNANSWERED, f"no service cuts pieces of {wish.name}{why}")
    for link in services:
        request = soda.request_of(link, wish.cut)
        if isinstance(request, Note):
            yield request
            continue
        if "region" in request.not_cut and wish.kind not in _POINTLIKE:
            text = f"the service of {request.id} cuts no region: a piece cannot be had"
            yield Note(Why.UNANSWERED, text)
            continue
        for part in request.not_cut:
            yield Note(Why.ASSUMED, f"the service of {request.id} cuts no {part}: all of it comes")
        if request.asynchronous:
            yield from _by_job(wish, request, door, jobs=jobs)
        else:
            yield _product(wish, request, request.address)


def _by_job(
    wish: Wish, request: soda.Request, door: Door, *, jobs: bool
) -> Iterator[Product | Note]:
    if not jobs:
        text = f"{request.id} is cut by a job at {wish.archive}, which was not started"
        yield Note(Why.ASSUMED, text)
        return
    try:
        results = soda.results_of(door, request, archive=wish.archive, seconds=_WAIT)
    except ArchiveError as error:
        yield Note(Why.UNANSWERED, f"no piece of {request.id} was made ({error})")
        return
    for number, result in enumerate(results):
        made = _product(wish, request, result.url)
        more = f"_{number + 1}" if number else ""
        yield replace(
            made, product_id=made.product_id + more, name=None, size=result.size, content_type=""
        )
    if not results:
        yield Note(Why.ASSUMED, f"nothing of {request.id} lies in the piece")


def _product(wish: Wish, request: soda.Request, url: str) -> Product:
    return replace(
        wish.product(url, soda.facts_of(request, wish.cut)),
        # The same piece is known again although a job's result has another address each time.
        product_id=request.key,
        name=request.name,
        content_type=request.content_type,
    )
