"""This file chooses the links that are files to fetch.

Invariant: a link becomes a product, a note, or is not what was asked for; a row without an address
never becomes a product.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skyatlas.model import Note, Product, Why
from skyatlas.protocols.datalink.document import is_document
from skyatlas.protocols.datalink.terms import is_a
from skyatlas.protocols.service import askable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.archive import Ask
    from skyatlas.protocols.datalink.document import Link, Links


def products_of(links: Links, ask: Ask, observation: Product) -> Iterator[Product | Note]:
    """The files that an observation's links lead to, as far as they are asked for.

    `observation` is the product at the row's own `access_url`: what the links do not say of a file
    is taken from it. Where that address is itself a file (its `content_type` is not DataLink's) it
    is what the question found, perhaps a piece cut to measure, and the dataset's #this, perhaps a
    hundred times larger, is left alone (pyvo's issue 554).
    """
    direct = bool(observation.url) and not is_document(observation.content_type)
    told = False
    if direct:
        yield _with_facts(observation, links)
    for link in links.rows:
        if link.is_error:
            told = True
            yield _remark(link, ask)
        elif wanted(link.semantics, ask) and not (direct and link.semantics == "#this"):
            if link.access_url and not link.is_document and not askable(link.access_url):
                told = True
                words = f"{link.access_url!r} is no address that can be fetched"
                yield Note(Why.UNANSWERED, f"{_what(link)} cannot be had: {words}")
            elif link.access_url and not link.is_document:
                told = told or link.semantics == "#this"
                yield _product(link, observation)
            elif link.is_document:
                told = True
                yield Note(Why.UNANSWERED, f"{_what(link)} is behind another document of links")
    if not direct and not told:
        name = observation.obs_id or observation.product_id or observation.url
        only = " but through a service" if links.of("#this", "#proc") else ""
        yield Note(Why.UNANSWERED, f"the links of {name} lead to no science file{only}")


def wanted(word: str, ask: Ask) -> bool:
    """Whether links of this word are asked for."""
    asked = {
        "#this": True,
        "#detached-header": True,  # "in general necessary for its scientific use" (VEP-007)
        "#auxiliary": ask.ancillary,
        "#preview": ask.previews,
        "#progenitor": ask.progenitors,
        "#calibration": ask.calibrations is not None,
    }
    return any(so and is_a(word, wider) for wider, so in asked.items())


def _with_facts(observation: Product, links: Links) -> Product:
    for link in links.of("#this"):
        if link.access_url == observation.url and link.content_length is not None:
            return replace(observation, size=link.content_length)
    return observation


def _product(link: Link, observation: Product) -> Product:
    science = link.semantics == "#this"
    return replace(
        observation,
        url=str(link.access_url),
        product_id="",  # the address tells the files of an observation apart
        name=None,
        size=link.content_length,
        size_exact=False,  # some services count before they compress
        content_type=link.content_type,
        checksum=None,
        semantics=link.semantics,
        category=observation.category if science else "",
        mirrors=(),
    )


_ANY = ("", "#error", "#this")
"""Error rows with these words are about the dataset itself; CASDA writes #error (2020), which the
vocabulary has for error maps."""


def _remark(link: Link, ask: Ask) -> Note:
    """An error row: a gap in the answer only where it is about something that was asked for."""
    if link.semantics in _ANY or wanted(link.semantics, ask):
        return Note(Why.UNANSWERED, f"{_what(link)} cannot be had: {link.error_message}")
    return Note(
        Why.ASSUMED, f"{_what(link)} (not asked for) could not be had: {link.error_message}"
    )


def _what(link: Link) -> str:
    word = "file" if link.semantics in _ANY else link.semantics
    return f"the {word} of {link.id}"
