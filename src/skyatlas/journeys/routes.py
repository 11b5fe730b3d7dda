"""This file is the router of pieces: for a target, a size, a survey or a band, it picks who cuts.

Invariant: every target and band ends as a piece or as a note; who made it, and whether its pixels
are original, stands in the receipt. Sources in order: who has the data and cuts them (SODA), the
survey's own service, ranges of a remote file, and at last SkyView, which interpolates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING, Any

from skyatlas import words
from skyatlas.errors import ArchiveError, BadInput
from skyatlas.journeys import cutout, stamps
from skyatlas.journeys.fetch import Plan, each_once
from skyatlas.model import Interval, Note, Product, Target, Why
from skyatlas.obscore import said
from skyatlas.observations import Observations
from skyatlas.stamp import Survey

if TYPE_CHECKING:
    from skyatlas.archive import Archive, Door
    from skyatlas.journeys.stamps import Known, Wanted

__all__ = ["Means", "plan"]

_OF_A_SURVEY = ("picture", "pixels", "projection", "sampler")
"""What only makes sense where it is known which survey the image is of."""
_MOST_TRIED = 3
"""Observations of one target and band that services are asked to cut, the best first."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the router needs of a session."""

    targets: Callable[[object], Sequence[Target]]
    search: Callable[..., Observations]
    archives: Callable[[Any], Sequence[Archive]]
    archive: Callable[[str], Archive]
    door: Door
    known: Known


_Source = Callable[[list[tuple[Target, str]]], Plan]
"""What has images of targets in bands."""


def plan(
    means: Means,
    what: object,
    *,
    size: object,
    survey: str | Iterable[str] | None = None,
    bands: str | None = None,
    **wanted: Any,
) -> tuple[Plan, Observations | None]:
    """What would be fetched, and the search before it where there was one. Raises BadInput."""
    width, height = words.rectangle(size)
    if survey is None and bands is None:
        return _of_observations(means, what, width, height, wanted)
    if isinstance(what, Observations):
        raise BadInput("observations are cut as they are; surveys are asked about targets")
    archives = means.archives(wanted.pop("archives", None))
    wish = _wanted(width, height, bands or "", wanted)
    targets = _places(means.targets(what))
    if survey is None:
        return _by_band(means, targets, wish, archives), None
    names = _listed(survey)
    memory = means.door.memory
    asked = stamps.wishes(targets, names, wish, archives, memory)
    todo = stamps.plan(asked, means.archive, means.door, means.known)
    left_out = stamps.left_out(names, wish, archives, memory)
    return replace(todo, notes=(*left_out, *todo.notes)), None


def _listed(survey: str | Iterable[str]) -> list[str]:
    given = survey.split(",") if isinstance(survey, str) else list(survey)
    names = [name.strip() for name in given if name.strip()]
    if not names:
        raise BadInput("no survey was named; `skyatlas surveys` lists them")
    return names


def _places(targets: Sequence[Target]) -> list[Target]:
    for target in targets:
        if target.ra is None:
            raise BadInput(f"{target.asked!r} has no place; a piece is cut around a position")
    return list(targets)


def _wanted(width: float, height: float, bands: str, wanted: Mapping[str, Any]) -> Wanted:
    known = {"pixels", "projection", "sampler", "whole", "picture", "jobs"}
    unknown = sorted(set(wanted) - known)
    if unknown:
        raise BadInput(
            f"{unknown[0]!r} belongs to a search: leave out surveys and bands, or {unknown[0]!r}"
        )
    given = {name: value for name, value in wanted.items() if name != "jobs" and value is not None}
    return stamps.Wanted(width, height, bands, **given)


def _of_observations(
    means: Means, what: object, width: float, height: float, wanted: Mapping[str, Any]
) -> tuple[Plan, Observations]:
    """Pieces of all observations that a search finds."""
    if width != height:
        raise BadInput("observations are cut as circles or squares: give one size")
    filters = dict(wanted)
    jobs, square = filters.pop("jobs", True), filters.pop("square", False)
    only = {"pixels", "projection", "sampler", "whole", "picture"} & {
        name for name, value in filters.items() if value
    }
    if only:
        raise BadInput(f"{min(only)!r} needs a survey or bands")
    filters = {name: value for name, value in filters.items() if value not in (False, "")}
    band = filters.get("band")
    piece = cutout.Piece(width, square, None if band is None else words.band(band))
    if isinstance(what, Observations):
        if set(filters) - {"band"}:
            raise BadInput("observations are cut as they are; filters belong to the search")
        found = what
    else:
        archives = filters.pop("archives", None)
        found = means.search(what, archives=archives, **piece.search_for(filters))
    return cutout.plan(found, means.door, piece, jobs=jobs), found


def _by_band(
    means: Means, targets: Sequence[Target], wanted: Wanted, archives: Sequence[Archive]
) -> Plan:
    """One piece of each target in each band: the sources are tried in turn for what is missing."""
    needless = [name for name in _OF_A_SURVEY if getattr(wanted, name)]
    if needless:
        raise BadInput(f"{needless[0]!r} needs a survey: name the one that is meant")
    names = _band_names(wanted.bands)
    missing = [(target, name) for target in targets for name in names]
    parts: dict[tuple[str, str], list[Product]] = {}
    notes: list[Note] = []
    surveys = [one for archive in archives for one in archive.surveys()]
    observed = _Observed(means, archives, wanted)
    sources: list[_Source] = [
        lambda pairs: observed.pieces(pairs, cutout.by_soda, "SODA"),
        *(
            lambda pairs, name=name: _from_survey(means, pairs, wanted, surveys, name)
            for name in (one.name for one in surveys if not _interpolates(one))
        ),
        lambda pairs: observed.pieces(pairs, cutout.by_ranges, "ranges"),
        lambda pairs: _from_last(means, pairs, wanted, surveys),
    ]
    for source in sources:
        if not missing:
            break
        found = _tried(source, missing)
        for product in found.products:
            parts.setdefault((product.target, product.provenance["band"]), []).append(product)
        notes += found.notes
        missing = [(target, name) for target, name in missing if (target.asked, name) not in parts]
    # What one source could not do is of no interest where another did it.
    open_ = [note for note in notes if note.why is Why.UNANSWERED] if missing else []
    nobody = "nobody who answered" if open_ else "nobody"
    left = [
        Note(Why.OUTSIDE, f"{nobody} has an image of {target.asked} in {name}")
        for target, name in missing
    ]
    kept = [*(note for note in notes if note.why is Why.ASSUMED), *open_]
    every = [product for some in parts.values() for product in some]
    context = stamps.context([(target, wanted) for target in targets], [f"band {n}" for n in names])
    return Plan(each_once(every), tuple(dict.fromkeys((*kept, *left))), context=context)


def _tried(source: _Source, pairs: list[tuple[Target, str]]) -> Plan:
    """What a source has; one that cannot or does not answer hides nothing that others have."""
    try:
        return source(pairs)
    except (ArchiveError, BadInput) as error:
        return Plan((), (Note(Why.UNANSWERED, str(error)),))


def _band_names(text: str) -> list[str]:
    """The bands of "gri", "g,r,i" or "J Ks". Raises BadInput for what is no band."""
    listed = text.replace(",", " ").split()
    if len(listed) == 1:
        try:
            words.band(listed[0])
        except BadInput:
            listed = list(listed[0])
    if not listed:
        raise BadInput("no band was named: write --bands gri or J,K")
    for name in listed:
        words.band(name)
    return list(dict.fromkeys(listed))


def _from_survey(
    means: Means,
    pairs: Sequence[tuple[Target, str]],
    wanted: Wanted,
    surveys: Sequence[Survey],
    name: str,
) -> Plan:
    """Of a survey that has these bands under the same names."""
    chosen = [one for one in surveys if one.name == name]
    asked = [
        stamps.Wish(survey.archive, wanted.around(target, survey, band))
        for survey in chosen
        for target, band in pairs
        if band in survey.bands
    ]
    return stamps.plan(asked, means.archive, means.door, means.known)


def _from_last(
    means: Means, pairs: Sequence[tuple[Target, str]], wanted: Wanted, surveys: Sequence[Survey]
) -> Plan:
    """Of the survey of the whole sky whose band is nearest to each."""
    if wanted.whole:  # it makes images on request, and has no whole ones
        return Plan(())
    asked, bands = [], {}
    for target, band in pairs:
        near = _nearest(words.band(band), surveys)
        if near is not None:
            wish = stamps.Wish(near.archive, wanted.around(target, near, ""))
            asked.append(wish)
            bands[wish.stamp.key] = band
    found = stamps.plan(asked, means.archive, means.door, means.known)
    named = [
        replace(one, provenance={**one.provenance, "band": bands.get(one.product_id, "")})
        for one in found.products
    ]
    return replace(found, products=tuple(named))


def _nearest(band: Interval, surveys: Sequence[Survey]) -> Survey | None:
    """The survey of all the sky, of those that interpolate, whose band is most alike."""

    def likeness(survey: Survey) -> float:
        low, high = next(iter(survey.bands.values()))
        assert band.low is not None
        assert band.high is not None
        common = min(high, band.high) - max(low, band.low)
        together = max(high, band.high) - min(low, band.low)
        return common / together if together > 0 else 1.0

    fit = [
        one for one in surveys if _interpolates(one) and one.bands.get("") and _is_everywhere(one)
    ]
    best = max(fit, key=likeness, default=None)
    return best if best is not None and likeness(best) > 0 else None


def _interpolates(survey: Survey) -> bool:
    """Whether its service has no pixels of its own: it comes last. The others are tried in the
    order of their archives, so PS1 before SDSS: deeper, and three quarters of the sky.
    """
    return survey.pixels == "resampled"


def _is_everywhere(survey: Survey) -> bool:
    return survey.coverage.casefold().startswith("all")


class _Observed:
    """What archives have observed, and can cut or be read in part."""

    def __init__(self, means: Means, archives: Sequence[Archive], wanted: Wanted) -> None:
        self._means = means
        self._archives = [one.name for one in archives if not one.surveys()]
        self._wanted = wanted
        self._rows: dict[str, Observations] = {}

    def pieces(self, pairs: Sequence[tuple[Target, str]], route: cutout.Route, name: str) -> Plan:
        """A piece of the best observation of each target in each band."""
        if not self._archives or self._wanted.picture or self._wanted.whole:
            return Plan(())
        products: list[Product] = []
        notes: list[Note] = []
        for band in dict.fromkeys(band for _, band in pairs):
            targets = [target for target, one in pairs if one == band]
            found = self._found(targets, band)
            notes += _unanswered(found)
            for target in targets:
                piece = self._piece(target, band, found, route, notes)
                if piece is not None:
                    products.append(self._named(piece, target, band, name))
        return Plan(tuple(products), tuple(notes))

    def _found(self, targets: Sequence[Target], band: str) -> Observations:
        if band not in self._rows:
            side = max(self._wanted.width, self._wanted.height)
            piece = cutout.Piece(side)
            filters = piece.search_for({"kind": "image", "band": band, "public": True})
            self._rows[band] = self._means.search(
                [target.asked for target in targets], archives=self._archives,
                **(filters | {"calib_level": "2.."}),
            )  # fmt: skip
        return self._rows[band]

    def _piece(
        self,
        target: Target,
        band: str,
        found: Observations,
        route: cutout.Route,
        notes: list[Note],
    ) -> Product | None:
        rows = _best(found, target, words.band(band), self._wanted)
        missed: list[Note] = []
        piece = cutout.Piece(max(self._wanted.width, self._wanted.height))
        for row in rows[:_MOST_TRIED]:
            wish = cutout.wish_of(row, target, piece)
            (parts,) = route([wish], self._means.door, False)
            for part in parts:
                if isinstance(part, Product):
                    return part
                missed.append(part)
        notes += (note for note in missed if note.why is Why.UNANSWERED)
        return None

    def _named(self, piece: Product, target: Target, band: str, route: str) -> Product:
        survey = str(piece.provenance.get("obs_collection") or piece.archive)
        stamp = self._wanted.around(target, Survey(survey, survey, piece.archive, {}), band)
        about = {**piece.provenance, "band": band, "survey": survey, "route": route}
        about.setdefault("photometry", "as in the whole file: no pixel was changed")
        return replace(
            piece, name=f"{stamp.stem}.fits", folder=stamp.folder, target=target.asked,
            provenance=about,
        )  # fmt: skip


def _unanswered(found: Observations) -> list[Note]:
    """Why there may be images that a search did not find."""
    failed = [
        Note(Why.UNANSWERED, f"{report.archive}: {report.error}")
        for report in found.reports
        if report.error is not None
    ]
    cut = [
        replace(note, why=Why.UNANSWERED, text=f"{report.archive}: {note.text}")
        for report in found.reports
        for note in report.notes
        if note.why in (Why.TRUNCATED, Why.UNANSWERED)
    ]
    return [*failed, *cut]


def _best(found: Observations, target: Target, band: Interval, wanted: Wanted) -> list[Any]:
    """Rows of images that hold the whole piece and are of the band: the best first.

    The best is of the highest level, then the sharpest, then the longest exposed.
    """
    reach = hypot(wanted.width, wanted.height) / 2
    fit = []
    for row in found.table:
        if str(said(row, "target") or "") != target.asked or not _is_of(row, band):
            continue
        away = float(said(row, "distance") or 0.0) / 3600.0
        fov = said(row, "s_fov")
        if fov is not None and away + reach <= float(fov) / 2:
            fit.append(row)
    return sorted(
        fit,
        key=lambda row: (
            -int(said(row, "calib_level") or 0),
            float(said(row, "s_resolution") or 1e3),
            -float(said(row, "t_exptime") or 0.0),
        ),
    )


def _is_of(row: Any, band: Interval) -> bool:
    """Whether an image's filter and the band hold each other's middle."""
    low, high = said(row, "em_min"), said(row, "em_max")
    if low is None or high is None or band.low is None or band.high is None:
        return False
    middle, wanted = (float(low) + float(high)) / 2, (band.low + band.high) / 2
    return band.low <= middle <= band.high and float(low) <= wanted <= float(high)
