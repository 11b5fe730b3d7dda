"""This file lists the files of SDSS's rows: frames, and spectra with or without their exposures.

Invariant: each file comes once, with every address at which it may be.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from skyatlas.archives.sdss.releases import BANDS, PARAMETER, Release, release
from skyatlas.model import Note, Product, Why
from skyatlas.obscore import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from astropy.table import Table

    from skyatlas.archive import Ask

__all__ = ["COLUMNS", "frame", "products"]

COLUMNS = ("size", "band", "run2d", "instrument")
"""What files can be chosen by. `size` is of spectra only: "lite" or "full" (with the exposures);
of APOGEE's stars "star", or "aspcap" (divided by the continuum, with the fit)."""
_MORE = frozenset({"full", "aspcap"})
"""Sizes that come only where everything or just they are wanted."""
_FRAME = ("run", "rerun", "camcol", "field")
_FACTS = (
    "dataproduct_type", "obs_collection", "obs_id", "facility_name", "instrument_name", "s_ra",
    "s_dec", "t_min", "t_max", "t_exptime", "em_min", "em_max", "band", "run2d", "z", "class",
    "apstar_id", "nvisits", PARAMETER,
)  # fmt: skip


def products(rows: Table, ask: Ask) -> Iterator[Product | Note]:
    """The files of these rows; objects of SkyServer's tables have none."""
    seen: set[str] = set()
    bare = 0
    for row in rows:
        found = [one for one in _of(row) if _is_wanted(one, ask)]
        bare += said(row, "dataproduct_type") == "measurements"
        for product, _ in found:
            if product.key not in seen:
                seen.add(product.key)
                yield product
    if bare:
        words = f"rows of SkyServer's tables, which have no files: {bare}"
        yield Note(Why.ASSUMED, words, bare)


def frame(one: Release, row: Mapping[str, Any], band: str, name: str, **facts: Any) -> Product:
    """The image of a field; `name` is the field's own, "001000-1-0100"."""
    urls = one.frame(band, row)
    return Product(
        url=urls[0],
        archive="sdss",
        product_id=f"{one.name.lower()}/frame-{band}-{name}",
        name=urls[0].rsplit("/", 1)[-1],
        content_type="application/fits",
        mirrors=urls[1:],
        **facts,
    )


def _of(row: Any) -> Iterator[tuple[Product, Mapping[str, Any]]]:
    """The files of a row, each with what it can be chosen by."""
    from dataclasses import replace

    facts = {name: value for name in _FACTS if (value := said(row, name)) is not None}
    own = {"target": str(said(row, "target") or ""), "obs_id": str(said(row, "obs_id") or "")}
    own["provenance"] = facts  # type: ignore[assignment]
    known = release(said(row, PARAMETER))
    words = {name: said(row, name) for name in COLUMNS}
    kind, band = said(row, "dataproduct_type"), said(row, "band")
    if kind == "image" and band in BANDS:
        native = {name: int(said(row, name)) for name in _FRAME}
        name = own["obs_id"].removeprefix(f"frame-{band}-")
        yield replace(frame(known, native, str(band), name), **own), words  # type: ignore[arg-type]
    elif kind == "spectrum" and said(row, "apstar_id") is not None:
        for size in ("star", "aspcap"):
            yield replace(_star(known, row, size), **own), {**words, "size": size}  # type: ignore[arg-type]
    elif kind == "spectrum":
        for size in ("lite", "full"):
            yield replace(_spectrum(known, row, size), **own), {**words, "size": size}  # type: ignore[arg-type]


def _spectrum(known: Release, row: Any, size: str) -> Product:
    names = ("plate", "mjd", "fiberID", "field", "catalogid")
    native = {name: int(value) for name in names if (value := said(row, name)) is not None}
    run2d = str(said(row, "run2d"))
    urls = known.spectrum({**native, "run2d": run2d}, full=size == "full")
    name = urls[0].rsplit("/", 1)[-1]
    return Product(
        url=urls[0],
        archive="sdss",
        product_id=f"{known.name.lower()}/{run2d}/{size}/{name}",
        # Both sizes have the same name, and would be taken for two states of one file.
        name=name if size == "lite" else name.replace("spec-", "spec-full-", 1),
        content_type="application/fits",
        mirrors=urls[1:],
        category=f"spec-{size}",
    )


def _star(known: Release, row: Any, size: str) -> Product:
    names = ("telescope", "location_id", "apogee_field", "file", "apogee_id")
    urls = known.star({name: said(row, name) for name in names}, aspcap=size == "aspcap")
    name = urls[0].rsplit("/", 1)[-1]
    return Product(
        url=urls[0],
        archive="sdss",
        product_id=f"{known.name.lower()}/{said(row, 'apstar_id')}/{size}",
        name=name,
        content_type="application/fits",
        mirrors=urls[1:],
        category="apStar" if size == "star" else "aspcapStar",
    )


def _is_wanted(found: tuple[Product, Mapping[str, Any]], ask: Ask) -> bool:
    """Spectra come without their exposures or fits unless somebody asks for all, or for those."""
    _, words = found
    choices = dict(ask.only)
    if words["size"] in _MORE and not ask.everything and "size" not in choices:
        return False
    return all(_fits(words.get(column), values) for column, values in ask.only)


def _fits(value: Any, values: Sequence[str]) -> bool:
    """`*` stands for anything, "!" in front for anything else, as everywhere."""
    text = "" if value is None else str(value).casefold()
    yes = [one.casefold() for one in values if not one.startswith("!")]
    no = [one[1:].casefold() for one in values if one.startswith("!")]
    return (not yes or any(fnmatchcase(text, one) for one in yes)) and not any(
        fnmatchcase(text, one) for one in no
    )
