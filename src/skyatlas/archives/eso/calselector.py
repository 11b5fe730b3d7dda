"""This file asks ESO's CalSelector which calibrations belong to which raw frames.

Invariants: the tree is kept; the mode that was executed is compared with the one that was asked
(processed silently becomes raw where no master exists); incomplete and uncertified are said.
Source: ESO's programmatic interfaces, calselector v1.
"""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from skyatlas.archives.eso.rows import FILES
from skyatlas.errors import Unreadable
from skyatlas.model import Association, Note, Product, Why
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skyatlas.archive import Door, Reply

URL = "https://archive.eso.org/calselector/v1/associations"
MANY = 1000
"""Identifiers per POST; ESO advises one POST with up to thousands (pyvo issue 601)."""

MODES = {"raw": "Raw2Raw", "processed": "Raw2Master"}


def calibrations(
    dp_ids: Sequence[str], mode: str, door: Door
) -> Iterator[Product | Note | Association]:
    """Trees, then the calibration files in them, each once, then what there is to say."""
    trees: list[Association] = []
    for start in range(0, len(dp_ids), MANY):
        some = list(dp_ids[start : start + MANY])
        form: list[tuple[str, str]] = [("dp_id", dp_id) for dp_id in some]
        reply = door.ask(URL, data=[*form, ("mode", MODES[mode])], timeout=600.0)
        trees.extend(trees_of(reply))
    yield from trees
    yield from _files(trees, frozenset(dp_ids))
    for tree in trees:
        yield from _remarks(tree, mode)
    found = {dp_id for tree in trees for dp_id, _ in tree.files}
    for dp_id in dp_ids:
        if dp_id not in found:
            yield Note(Why.UNANSWERED, f"CalSelector said nothing about {dp_id}")


def trees_of(reply: Reply) -> list[Association]:
    """Read any of the three forms: one XML tree, several in a multipart, or a VOTable."""
    media = reply.headers.get("Content-Type", "")
    body = reply.content
    if "multipart" in media:
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + media.encode("latin-1") + b"\r\n\r\n" + body
        )
        parts = [part.get_payload(decode=True) for part in message.iter_parts()]
        if not parts:
            raise Unreadable("CalSelector answered a multipart without parts", archive="eso")
        return [tree_of(part) for part in parts if isinstance(part, bytes)]
    if b"<VOTABLE" in body[:4096]:
        return _trees_of_votable(reply)
    return [tree_of(body)]


def tree_of(xml: bytes) -> Association:
    """One association tree in CalSelector's own XML."""
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise Unreadable("CalSelector answered XML with entities, which it has no need of")
    try:
        root = ET.fromstring(xml)  # noqa: S314 (entities are refused above)
    except ET.ParseError as error:
        raise Unreadable(
            f"CalSelector answered something that is no association tree ({error})", archive="eso"
        ) from error
    if root.tag != "association":
        raise Unreadable(f"CalSelector answered <{root.tag}> for <association>", archive="eso")
    return _node(root)


def _node(element: ET.Element) -> Association:
    files = element.findall("mainFiles/file")
    mode = element.get("mode", "")
    return Association(
        category=element.get("category", ""),
        files=tuple((file.get("name", ""), file.get("category", "")) for file in files),
        needs=tuple(_node(child) for child in element.findall("associatedFiles/association")),
        complete=element.get("complete", "true") == "true",
        certified=element.get("certified", "true") == "true",
        mode=_mode(mode),
        messages=tuple(
            " ".join("".join(message.itertext()).split())
            for message in element.findall("messages/*")
        ),
    )


def _mode(executed: str) -> str:
    words = {native.lower(): word for word, native in MODES.items()}
    return words.get(executed.lower(), executed)


def _trees_of_votable(reply: Reply) -> list[Association]:
    """The flat form: `#this` carries the tree's attributes, `#calibration` rows its files."""
    from skyatlas.obscore import said

    table = results_of(reply, archive="eso", wanted="CalSelector rows").table
    order: list[str] = []
    attributes: dict[str, dict[str, str]] = {}
    files: dict[str, list[tuple[str, str]]] = {}
    for row in table:
        identifier = str(said(row, "ID") or "")
        if identifier not in attributes:
            order.append(identifier)
            attributes[identifier], files[identifier] = {}, []
        semantics = str(said(row, "semantics") or "")
        if semantics == "#this":
            attributes[identifier] = _attributes(str(said(row, "description") or ""))
        elif semantics == "#calibration" and said(row, "access_url"):
            name = str(said(row, "access_url")).rsplit("/", 1)[-1]
            files[identifier].append((name, str(said(row, "eso_category") or "")))
    return [_flat(identifier, attributes[identifier], files[identifier]) for identifier in order]


def _attributes(description: str) -> dict[str, str]:
    import re

    return dict(re.findall(r'(\w+)="([^"]*)"', description))


def _flat(identifier: str, facts: dict[str, str], files: list[tuple[str, str]]) -> Association:
    category = facts.get("category", "")
    dp_id = identifier.rsplit("ID?", 1)[-1]
    return Association(
        category=category,
        files=((dp_id, category),),
        needs=tuple(Association(kind, ((name, kind),)) for name, kind in files),
        complete=facts.get("complete", "true") == "true",
        certified=facts.get("certified", "true") == "true",
        mode=_mode(facts.get("mode", "")),
        messages=(facts["messages"],) if facts.get("messages") else (),
    )


def _files(trees: Sequence[Association], asked: frozenset[str]) -> Iterator[Product]:
    """Each calibration once, with all the science frames that need it."""
    needed: dict[str, dict[str, Any]] = {}
    for tree in trees:
        science = [dp_id for dp_id, _ in tree.files]
        for node in tree.walk():
            for dp_id, category in node.files:
                if dp_id and dp_id not in asked:
                    entry = needed.setdefault(dp_id, {"category": category, "calibrates": []})
                    entry["calibrates"] += [s for s in science if s not in entry["calibrates"]]
    for dp_id, entry in needed.items():
        yield Product(
            url=FILES + dp_id,
            archive="eso",
            product_id=dp_id,
            obs_id=dp_id,
            semantics="#calibration",
            category=entry["category"],
            content_type="application/fits",
            anonymous=True,  # calibrations are public even where the science frame is not
            provenance={
                "dataproduct_type": "calibration",
                "calibrates": tuple(entry["calibrates"]),
                "instrument_prefix": dp_id.split(".", 1)[0],
            },
        )


def _remarks(tree: Association, asked: str) -> Iterator[Note]:
    name = ", ".join(dp_id for dp_id, _ in tree.files) or "a frame"
    if tree.mode and tree.mode != asked:
        yield Note(
            Why.FALLBACK,
            f"{asked} calibrations of {name} do not exist: CalSelector gave {tree.mode} ones",
        )
    if not tree.complete:
        why = f" ({'; '.join(tree.messages)})" if tree.messages else ""
        yield Note(Why.INCOMPLETE, f"mandatory calibrations of {name} are missing{why}")
    elif tree.messages:
        yield Note(Why.ASSUMED, f"CalSelector on {name}: {'; '.join(tree.messages)}")
    if not tree.certified:
        yield Note(Why.ASSUMED, f"the calibrations of {name} are not certified yet: ask again")
