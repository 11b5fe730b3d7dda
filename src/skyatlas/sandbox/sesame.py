"""This file answers as CDS's Sesame: names become positions, through SIMBAD, NED and VizieR.

A name that nobody knows and a resolver that cannot be reached are two different answers.
Source: https://vizier.cds.unistra.fr/vizier/doc/sesame.htx; plain answers recorded in 2015
(Sc=Simbad), XML recorded by pyvo (sesame_4x.xsd).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus, urlsplit
from xml.sax.saxutils import escape

from starlette.responses import Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import NamedObject
from skyatlas.sandbox.state import State

_TITLES = {
    "S": "Sc=Simbad (CDS, via client/server)",
    "N": "N=NED",
    "V": "V1=VizieR (CDS)",
}
_CATALOGUED = re.compile(r"(NGC|IC|M|HIP|HD|UGC)\s*\d", re.IGNORECASE)
"""What VizieR's part of Sesame knows: numbers of a few catalogues."""
_NOTHING = "*** Nothing found ***"


@dataclass(frozen=True, slots=True)
class Options:
    """What the part of the URL before the names asks for."""

    xml: bool
    aliases: bool
    every: bool
    """All resolvers are to answer (A), not only the first that knows the name."""
    resolvers: str
    """In the order in which they are asked: "SNV"."""


def parse_options(path: str) -> Options:
    """The options of a path like "/-oxI/~SNV" or "/-ox/A"."""
    flags = re.search(r"-o([A-Za-z0-9]*)", path)
    letters = flags[1] if flags else ""
    last = path.rpartition("/")[2] if not path.rpartition("/")[2].startswith("-") else ""
    order = [letter for letter in last.upper() if letter in "SNV"] or list("SNV")
    return Options(
        xml="x" in letters,
        aliases="I" in letters,
        every="A" in last.upper(),
        resolvers="".join(dict.fromkeys(order)),
    )


def resolve(state: State, asked: Asked, options: str) -> Response:
    """`/nph-sesame/OPTIONS?NAME&NAME…`: each name's answers, in the order asked."""
    wanted = parse_options(options)
    words = [unquote_plus(word) for word in urlsplit(asked.url).query.split("&")]
    names = [word.strip() for word in words if word.strip()]
    down = asked.fault("resolver-down") is not None
    write = _xml if wanted.xml else _plain
    kind = "text/xml" if wanted.xml else "text/plain"
    return Response(write(state.world.objects, names, wanted, down), media_type=kind)


def _same(text: str) -> str:
    """A name without what does not count: case, blanks, leading zeros, brackets."""
    plain = re.sub(r"[\s_{}\[\]]|^NAME\s", "", text.lower())
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain)


def who(objects: Sequence[NamedObject], name: str, resolver: str) -> NamedObject | None:
    """The object of that name that a resolver (S, N or V) knows, or None.

    Where two objects have the name, SIMBAD knows the first and NED the last.
    """
    wanted = {_same(name), _same(re.sub(r"^(messier|m)\s*(?=\d)", "m", name.lower()))}
    known = [
        one for one in objects if wanted & {_same(alias) for alias in (one.name, *one.aliases)}
    ]
    if not known or (resolver == "V" and not _CATALOGUED.match(name)):
        return None
    if resolver == "N":
        return known[-1] if _outside_the_galaxy(known[-1]) else None
    return known[0]


def _outside_the_galaxy(one: NamedObject) -> bool:
    """NED is about extragalactic objects."""
    return one.redshift != 0.0


def _answers(
    objects: Sequence[NamedObject], name: str, wanted: Options
) -> list[tuple[str, NamedObject]]:
    found = []
    for resolver in wanted.resolvers:
        one = who(objects, name, resolver)
        if one is not None:
            found.append((resolver, one))
            if not wanted.every:
                break
    return found


def place(one: NamedObject, resolver: str) -> tuple[float, float]:
    """Where a resolver (S, N or V) sees an object, in degrees.

    Resolvers differ a little, as they do; less than half an arcsecond, and always alike.
    """
    shift = {"S": 0.0, "N": 0.3, "V": -0.4}[resolver] / 3600
    ra = (one.ra + shift / max(0.01, math.cos(math.radians(one.dec)))) % 360
    return ra, max(-90.0, min(90.0, one.dec + shift * (1 if one.dec < 0 else -1)))


def _sexagesimal(ra: float, dec: float, join: str) -> str:
    def split(value: float, digits: int) -> tuple[int, int, float]:
        unit = 10**digits
        whole = round(value * 3600 * unit)
        minutes, seconds = divmod(whole, 60 * unit)
        return minutes // 60, minutes % 60, seconds / unit

    hours, hour_minutes, hour_seconds = split(ra / 15, 2)
    degrees, minutes, seconds = split(abs(dec), 1)
    first = join.join((f"{hours % 24:02d}", f"{hour_minutes:02d}", f"{hour_seconds:05.2f}"))
    last = join.join((f"{degrees:02d}", f"{minutes:02d}", f"{seconds:04.1f}"))
    return f"{first} {'-' if dec < 0 else '+'}{last}"


def _done() -> str:
    return datetime.now(UTC).strftime("====Done (%Y-%b-%d,%H:%M:%Sz)====")


def _plain(objects: Sequence[NamedObject], names: list[str], wanted: Options, down: bool) -> str:
    lines = []
    for number, name in enumerate(names, 1):
        lines.append(f"# {name}\t#Q{number}")
        if down:
            lines += [f"#!{_TITLES[letter]}: no answer (timeout)" for letter in wanted.resolvers]
            continue
        found = _answers(objects, name, wanted)
        for resolver, one in found:
            lines += _plain_answer(resolver, one, wanted.aliases)
        if not found:
            lines.append(f"#! {_NOTHING} ")
        lines.append("")
    return "\n".join([*lines, f"#{_done()}", ""])


def _plain_answer(resolver: str, one: NamedObject, aliases: bool) -> list[str]:
    ra, dec = place(one, resolver)
    lines = [f"#={_TITLES[resolver]}:    1     0ms"]
    if one.object_type:
        lines.append(f"%C.0 {one.object_type}")
    lines.append(f"%J {ra:.8f} {dec:+.8f} = {_sexagesimal(ra, dec, ':')}")
    if one.redshift:
        lines.append(f"%V z {one.redshift:.6f} D [~]")
    lines.append(f"%I.0 {one.name}")
    if aliases:
        lines += [f"%I {alias}" for alias in one.aliases]
    return lines


def _xml(objects: Sequence[NamedObject], names: list[str], wanted: Options, down: bool) -> str:
    letters = ("A" if wanted.every else "") + wanted.resolvers
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<Sesame xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
        ' xsi:noNamespaceSchemaLocation="http://vizier.u-strasbg.fr/xml/sesame_4x.xsd">',
    ]
    for number, name in enumerate(names, 1):
        parts.append(f'<Target option="{letters}">\n  <name>{escape(name)}</name>')
        parts.append(f"  <!-- Q{number} #1 -->")
        parts.append(_xml_inside(objects, name, wanted, down))
        parts.append("</Target>")
    return "\n".join([*parts, "</Sesame>", f"<!-- {_done().strip('=')} -->", ""])


def _xml_inside(objects: Sequence[NamedObject], name: str, wanted: Options, down: bool) -> str:
    if down:
        return "\n".join(
            f'  <Resolver name="{_TITLES[letter]}">\n    <ERROR>no answer (timeout)</ERROR>\n'
            "  </Resolver>"
            for letter in wanted.resolvers
        )
    found = _answers(objects, name, wanted)
    if not found:
        return f"  <INFO>{_NOTHING}</INFO>"
    return "\n".join(_xml_answer(resolver, one, wanted.aliases) for resolver, one in found)


def _tag(name: str, text: str) -> str:
    return f"    <{name}>{escape(text)}</{name}>"


def _xml_answer(resolver: str, one: NamedObject, aliases: bool) -> str:
    ra, dec = place(one, resolver)
    facts = [
        ("otype", one.object_type),
        ("jpos", _sexagesimal(ra, dec, ":")),
        ("jradeg", f"{ra:.8f}"),
        ("jdedeg", f"{dec:.8f}"),
    ]
    lines = [f'  <Resolver name="{_TITLES[resolver]}">']
    lines += [_tag(name, text) for name, text in facts if text]
    if one.redshift:
        lines.append(f"    <z><v>{one.redshift:.6f}</v><q>D</q></z>")
    lines.append(_tag("oname", one.name))
    if aliases:
        lines += [_tag("alias", alias) for alias in one.aliases]
    return "\n".join([*lines, "  </Resolver>"])
