"""This file reads XML as services send it, into elements whose names have lost their prefixes.

Invariant: an undeclared prefix (CADC's and ARI's job documents) is no reason to refuse a document;
an entity declaration is. Services do not agree on namespaces from one version of a standard to the
next, but no two standards here use one name for two things.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

# Entities are refused below; ElementTree's own parser would refuse undeclared prefixes.
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from skyatlas.errors import Unreadable

__all__ = ["children", "element_of", "text_of"]


def element_of(body: bytes, root: str, *, archive: str, url: str, wanted: str) -> Element:
    """The document's root, which must be named `root`. Raises Unreadable.

    Names of elements and attributes come without prefix: `xlink:href` is "href". `wanted` says in
    words what was asked, for the message.
    """
    try:
        element = _parsed(body)
    except (expat.ExpatError, ValueError, AssertionError) as error:
        raise Unreadable(
            f"{archive} answered {_kind(body)} where {wanted} was expected",
            archive=archive,
            url=url,
        ) from error
    if element.tag != root:
        what = "a web page" if element.tag.lower() == "html" else f"a document <{element.tag}>"
        raise Unreadable(
            f"{archive} answered {what} where {wanted} was expected", archive=archive, url=url
        )
    return element


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The children of that name that say something (not `xsi:nil`)."""
    for child in () if element is None else element:
        if child.tag == name and child.get("nil") not in ("true", "1"):
            yield child


def text_of(element: Element | None, name: str = "") -> str:
    """The text of an element, or of its first child of that name, without white space around it.

    "" where there is none.
    """
    found = next(children(element, name), None) if name else element
    return "" if found is None else "".join(found.itertext()).strip()


def _parsed(body: bytes) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate()  # without namespaces: prefixes need no declaration
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, said: builder.start(_local(name), _plain(said))
    parser.EndElementHandler = lambda name: builder.end(_local(name))
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse
    parser.Parse(body.lstrip(), True)
    return builder.close()


def _plain(said: dict[str, str]) -> dict[str, str]:
    """Attributes without prefixes; what had none goes before what had one."""
    prefixed = {_local(name): value for name, value in said.items() if ":" in name}
    return prefixed | {name: value for name, value in said.items() if ":" not in name}


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*_: object) -> NoReturn:
    raise ValueError("a document that declares entities is not read")


def _kind(body: bytes) -> str:
    head = body[:2048].lstrip().lower()
    if not head:
        return "nothing"
    if b"<html" in head or b"<!doctype html" in head:
        return "a web page"
    return "something that is no XML" if not head.startswith(b"<") else "broken XML"
