"""This file asks Sesame: many names in one question, SIMBAD, NED and VizieR each heard.

Source: https://vizier.cfa.harvard.edu/doc/sesame.htx (options, mirror). A database that Sesame
could not reach is a failure, never "nothing found".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote
from xml.etree import ElementTree as ET

from skyatlas.archive import Door, Reply
from skyatlas.errors import ArchiveError, Broken, Unreadable
from skyatlas.names.answer import Answer, Reading
from skyatlas.names.identifiers import identifier

MIRRORS = (
    "https://cds.unistra.fr/cgi-bin/nph-sesame",
    "https://vizier.cfa.harvard.edu/viz-bin/nph-sesame",
)

ALL = "SNVA"
"""SIMBAD, NED and VizieR, all of them."""

FIRST = "SNV"
"""The same, but the first that knows the name answers alone."""

AT_ONCE = 20
"""Names per question, so that it ends within half a minute: NED takes its time over each (MAST
recorded 1.4 s), and Sesame asks one after the other."""

_LARGEST = 16 * 1024**2
"""Bytes. Twenty well-known objects with all their names are well under one MB."""

_PAGE = re.compile(rb"^\s*<(?:!doctype\s+html|html)", re.IGNORECASE)
_DECLARATION = re.compile(rb"<!(?:doctype|entity)", re.IGNORECASE)
"""Sesame's XML has none; entities that grow while they are read come this way."""

_DATABASES = {"S": "SIMBAD", "N": "NED", "V": "VizieR"}

_KNOWS_NOT = re.compile(
    r"nothing found|zero \(0\)|not found|no (?:known|astronomical) (?:catalog|object)|no object"
    r"|incorrect format|not (?:a )?(?:valid|recogni[sz]ed)|unknown",
    re.IGNORECASE,
)
"""How the databases say that they do not know a name; recorded "Zero (0) answers" and
"*** Nothing found ***", the others from SIMBAD's own error texts."""


def ask(
    names: Sequence[str], door: Door, databases: str = ALL
) -> dict[str, Reading | ArchiveError]:
    """What Sesame says about each of these names; an ArchiveError where no mirror answered.

    A mirror that fails is not asked again for the rest; the names that it left open go to the next.
    """
    outcome: dict[str, Reading | ArchiveError] = {}
    pending = list(dict.fromkeys(names))
    for mirror in MIRRORS:
        for chunk in _chunks(pending):
            try:
                outcome |= _ask_one(mirror, chunk, door, databases)
            except ArchiveError as error:
                for name in pending:
                    outcome.setdefault(name, error)
                break
        pending = [name for name in pending if not _settled(outcome[name])]
        if not pending:
            break
    return outcome


def _settled(outcome: Reading | ArchiveError) -> bool:
    return isinstance(outcome, Reading) and outcome.settled


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


def _ask_one(
    mirror: str, names: Sequence[str], door: Door, databases: str
) -> dict[str, Reading | ArchiveError]:
    # I: all identifiers, which gives the TIC and Gaia numbers; x: XML.
    url = f"{mirror}/-oxI/{databases}?" + "&".join(quote(name, safe="") for name in names)
    readings = read(door.ask(url, timeout=30.0 + 5.0 * len(names)), names)
    return dict(zip(names, readings, strict=True))


def read(reply: Reply, names: Sequence[str]) -> list[Reading]:
    """Sesame's XML as one Reading per name, in order.

    Raises Broken for a page in place of the XML, Unreadable for XML that does not fit the names.
    """
    if _PAGE.search(reply.content):
        raise Broken(
            f"Sesame answered with a page, not with XML: {reply.content[:80]!r}; try again later",
            archive="Sesame", url=reply.url, status=reply.status_code,
        )  # fmt: skip
    try:
        return _readings(reply.content, len(names))
    except (ET.ParseError, ValueError) as error:
        raise Unreadable(
            f"cannot read the answer of Sesame: {error}",
            archive="Sesame", url=reply.url, status=reply.status_code,
        ) from error  # fmt: skip


def _readings(content: bytes, wanted: int) -> list[Reading]:
    if len(content) > _LARGEST or _DECLARATION.search(content):
        raise ValueError("too large, or with a document type of its own")
    # As text, so that no other encoding hides a declaration from the look above.
    root = ET.fromstring(content.decode("utf-8"))  # noqa: S314
    targets = root.findall("Target")
    if root.tag != "Sesame" or len(targets) != wanted:
        raise ValueError(f"<{root.tag}> with {len(targets)} targets for {wanted} names")
    return [_reading(target) for target in targets]


def _reading(target: ET.Element) -> Reading:
    answers: list[Answer] = []
    failures = _failures(target, "Sesame")
    for resolver in target.findall("Resolver"):
        called = resolver.get("name", "Sesame")  # "Sc=Simbad (CDS, via client/server)", "N=NED"
        who = _DATABASES.get(called[:1], called) if "=" in called else called
        found = list(_answers(resolver, who))
        answers += found
        if not found:
            failures += _failures(resolver, who)
    return Reading(tuple(sorted(answers, key=_trust)), tuple(failures))


def _trust(answer: Answer) -> int:
    """Order of belief: VizieR's positions are those of old catalogues, to the arcminute."""
    order = tuple(_DATABASES.values())
    return order.index(answer.resolver) if answer.resolver in order else 0


def _answers(resolver: ET.Element, who: str) -> Iterator[Answer]:
    """The objects of one database: usually one, several where its name is not unique."""
    places = zip(resolver.findall("jradeg"), resolver.findall("jdedeg"), strict=True)
    names = [_clean(one.text) for one in resolver.findall("oname")]
    ids = _ids(_clean(one.text) for one in resolver.iter("alias"))
    for number, (ra, dec) in enumerate(places):
        name = names[number] if number < len(names) else ""
        yield Answer(who, name, _within(ra, 0.0, 360.0) % 360.0, _within(dec, -90.0, 90.0), ids)


def _within(element: ET.Element, low: float, high: float) -> float:
    value = float(element.text or "")
    if not low <= value <= high:
        raise ValueError(f"{element.tag} {value:g} is outside {low:g}..{high:g}")
    return value


def _failures(element: ET.Element, who: str) -> list[str]:
    """What went wrong, in the words of the database; nothing where it just knows no such name."""
    said = [_clean(one.text) for tag in ("INFO", "ERROR") for one in element.findall(tag)]
    return [
        f"{who} failed: {words.strip('* ')}"
        for words in said
        if words and words != "from cache" and not _KNOWS_NOT.search(words)
    ]


def _clean(text: str | None) -> str:
    """SIMBAD pads ("M  77"), VizieR has braces ("{NGC} 4258"), NED trailing blanks."""
    return " ".join((text or "").replace("{", "").replace("}", "").split()).removeprefix("NAME ")


def _ids(aliases: Iterator[str]) -> dict[str, str]:
    found = filter(None, map(identifier, aliases))
    return dict(found)
