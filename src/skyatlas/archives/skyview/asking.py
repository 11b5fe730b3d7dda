"""This file asks SkyView which surveys have looked at a place; the images are made when fetched.

Invariant: one question for each place, however many surveys are meant. Source: the program that
answers (skyview.sia.SIA and SIAWriter of SkyView-in-a-Jar 3.5.6): it takes several surveys with
commas, looks for each whether there is an image, and leaves out those without; INTERSECT is not
looked at, CFRAME chooses the frame of the images, `small` lets tiny ones in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from skyatlas.archives.skyview import images
from skyatlas.archives.skyview.surveys import UNSAID, families, known
from skyatlas.errors import Unreadable
from skyatlas.model import Note, Product, Why
from skyatlas.obscore import conform, said
from skyatlas.protocols import sia
from skyatlas.protocols.service import Service, place
from skyatlas.stamp import Survey, plain, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door
    from skyatlas.memory import Memory
    from skyatlas.model import Query
    from skyatlas.protocols.votable import Results

__all__ = ["MOST_ASKED", "SIA", "products", "search", "wanted"]

SIA = "https://skyview.gsfc.nasa.gov/current/cgi/vo/sia.pl"
MOST_ASKED = 40
"""Surveys in one question: the server looks into each of them."""
_LEVEL = 3
"""ObsCore's calibration level: made of calibrated images."""


def search(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    """The surveys that have an image of each place. Raises what the door raises, Unreadable."""
    for index, query in enumerate(queries):
        chosen, left_out = wanted(query, door.memory)
        if not chosen:
            continue
        where = place(query)
        if where is None:
            yield Note(Why.UNANSWERED, "SkyView was not asked: it needs a place")
            continue
        answer = sia.ask(door, _service(chosen), query)
        table = _table(_seen(answer.results, chosen, answer.asked[0]), where, index)
        table.meta["asked"] = answer.asked
        yield table
        if left_out:
            yield Note(
                Why.ASSUMED,
                f"SkyView was asked for {len(chosen)} of its surveys; any other is asked for by "
                "its name as the collection (`skyatlas surveys` lists them)",
            )


def wanted(query: Query, memory: Memory) -> tuple[tuple[Survey, ...], bool]:
    """The surveys to ask for, and whether others would fit that are not asked for.

    Surveys that are named, as collections or as instruments, by themselves or by their family;
    else those of a band; else the usual ones.
    """
    if not _has_such(query):
        return (), False
    every = known(memory)
    names = [set(_named(words, every)) for words in (query.collections, query.instruments) if words]
    fit = [one for one in every if all(one.name in some for some in names)]
    if query.band is not None:
        fit = [one for one in fit if query.band.overlaps(*one.bands[""])]
        if not names:
            fit = [one for one in fit if one.bands[""] != UNSAID]
    if names:
        return tuple(fit), False
    usual = {one.name for family in families() if family.usual for one in family.surveys}
    chosen = [one for one in fit if one.name in usual]
    if query.band is not None and len(fit) <= MOST_ASKED:
        chosen = fit
    return tuple(chosen), len(chosen) < len(fit)


def products(rows: Table) -> Iterator[Product]:
    """The image of each row, named by its target and survey."""
    for row in rows:
        survey, target = str(said(row, "obs_collection")), str(said(row, "target") or "")
        size = said(row, "access_estsize")
        yield Product(
            url=str(said(row, "access_url")),
            archive="skyview",
            product_id=str(said(row, "obs_publisher_did") or ""),
            obs_id=survey,
            target=target,
            name=f"{safe(target)}_{safe(survey.lower())}.fits",
            size=None if size is None else int(size) * 1000,
            content_type="image/fits",
            provenance={
                "obs_collection": survey,
                "dataproduct_type": "image",
                "route": images.ROUTE,
                "pixels": "resampled",
                "photometry": images.photometry(),
            },
        )


def _has_such(query: Query) -> bool:
    """Whether an image that is made on request can be an answer: nobody proposed or named it."""
    if query.kinds and "image" not in query.kinds:
        return False
    if query.calib_level is not None and not query.calib_level.overlaps(_LEVEL, _LEVEL):
        return False
    strange = query.programs or query.pi or query.target_name or query.table or query.parameters
    return not strange


def _named(words: Iterable[str], every: Sequence[Survey]) -> Iterator[str]:
    """The surveys that are meant: by name, else by family, else by how their names begin."""
    for word in map(plain, words):
        exact = [one.name for one in every if one.word == word]
        family = [f.surveys for f in families() if plain(f.name) == word]
        yield from (
            exact
            or [one.name for some in family for one in some]
            or [one.name for one in every if word and one.word.startswith(word)]
        )


def _service(chosen: Iterable[Survey]) -> Service:
    names = quote(",".join(one.name for one in chosen), safe=",")
    url = f"{SIA}?survey={names}&FORMAT=image/fits&CFRAME=ICRS&small=0"
    return Service(url, "sia", "skyview")


def _seen(results: Results, chosen: Sequence[Survey], url: str) -> list[Survey]:
    """The surveys with a row, each once. Those of ours that nobody asked for are dropped; a name
    that we do not know is taken as it is: SkyView knows surveys by several.
    """
    column = next((one.column for one in results.fields if one.ucd == "VOX:Image_Title"), None)
    if column is None:
        raise Unreadable(
            "SkyView's list of images has no column with the survey (VOX:Image_Title); "
            "look at what it answers",
            archive="skyview",
            url=url,
        )
    ours = {one.word for one in known()}
    asked = {one.word: one for one in chosen}
    seen = {
        plain(name): asked.get(plain(name)) or Survey(name, name, "skyview", {"": UNSAID})
        for name in (str(cell).strip() for cell in results.table[column])
        if plain(name) in asked or (name and plain(name) not in ours)
    }
    return list(seen.values())


def _table(seen: Sequence[Survey], where: tuple[float, float, float], index: int) -> Table:
    """ObsCore rows: an image of the circle of the question from each survey."""
    from astropy.table import Table

    rows = [_row(survey, *where) for survey in seen]
    names = list(rows[0]) if rows else []
    native = Table({name: [row[name] for row in rows] for name in names}, masked=True)
    for name in ("em_min", "em_max"):
        if rows:
            native[name].mask = [row[name] in UNSAID for row in rows]
    return conform(native, {}, query=index)


def _row(survey: Survey, ra: float, dec: float, radius: float) -> dict[str, Any]:
    pixels = images.grid(2 * radius, 2 * radius, survey.scale)
    low, high = survey.bands[""]
    return {
        "archive": "skyview",
        "dataproduct_type": "image",
        "calib_level": _LEVEL,
        "obs_collection": survey.name,
        "obs_id": survey.name,
        "obs_publisher_did": f"skyview:{survey.word}:{ra!r},{dec!r}:{radius!r}",
        "obs_title": survey.title,
        "access_url": images.address(survey.name, (ra, dec), pixels),
        "access_format": "image/fits",
        "access_estsize": max(1, 4 * pixels.columns * pixels.rows // 1000),
        "s_ra": ra,
        "s_dec": dec,
        "s_fov": max(pixels.width, pixels.height),
        "s_xel1": pixels.columns,
        "s_xel2": pixels.rows,
        "s_pixel_scale": pixels.scale,
        "em_min": low,
        "em_max": high,
        # Not an instrument, but what stands in that column where people look for it.
        "instrument_name": survey.name,
        "data_rights": "public",
    }
