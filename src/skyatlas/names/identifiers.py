"""This file recognises what kind of name a name is: catalogue number, chosen resolver, moving body.

Nothing here is looked up; every rule is about the spelling alone.
"""

from __future__ import annotations

import re

_CATALOGUES = {
    "tic": "TIC", "kic": "KIC", "epic": "EPIC", "gaia dr3": "Gaia DR3", "gaia edr3": "Gaia DR3",
    "gaia dr2": "Gaia DR2",
}  # fmt: skip
"""EDR3's source identifiers are DR3's (Gaia Collaboration 2022, DR3 release note)."""

_IDENTIFIER = re.compile(r"(TIC|KIC|EPIC|Gaia\s+(?:E?DR3|DR2))[\s:]*(\d+)", re.IGNORECASE)

MAST_CATALOGUES = frozenset({"TIC", "KIC", "EPIC"})
"""MAST's own resolver knows every one of these; SIMBAD knows many."""

_CHOSEN = re.compile(r"(simbad|ned|vizier|mast|offline)\s*:\s*(\S.*)", re.IGNORECASE)

_BODIES = frozenset({
    "sun", "moon", "mercury", "venus", "earth", "mars", "jupiter", "saturn", "uranus", "neptune",
    "pluto", "ceres", "pallas", "juno", "vesta", "hygiea", "eris", "haumea", "makemake", "sedna",
    "quaoar", "orcus", "eros", "bennu", "ryugu", "itokawa", "apophis", "chariklo", "chiron",
    "phobos", "deimos", "io", "europa", "ganymede", "callisto", "amalthea", "titan", "rhea",
    "iapetus", "dione", "tethys", "enceladus", "mimas", "hyperion", "phoebe", "miranda", "ariel",
    "umbriel", "titania", "oberon", "triton", "nereid", "charon", "arrokoth",
    "halley", "comet halley", "oumuamua", "'oumuamua", "borisov",
})  # fmt: skip
"""Lower case. Not complete, and need not be: SIMBAD knows no body of the solar system."""
_DESIGNATION = re.compile(
    r"\d+[pdi](/.*)?"  # 67P, 1P/Halley, 2I/Borisov
    r"|[cpdxai]/\d{4} .*"  # C/2020 F3
    r"|(19|20)\d\d [a-hj-y][a-hj-z]\d*",  # 2014 MU69: IAU provisional designation
    re.IGNORECASE,
)


def identifier(name: str) -> tuple[str, str] | None:
    """("TIC", "261136679") for a catalogue number that archives ask by; None for other names."""
    match = _IDENTIFIER.fullmatch(name.strip())
    if match is None:
        return None
    return _CATALOGUES[" ".join(match[1].lower().split())], match[2]


def chosen(name: str) -> tuple[str, str]:
    """Resolver and name of "ned:Arp 2"; ("", name) where none is chosen."""
    match = _CHOSEN.fullmatch(name)
    return (match[1].lower(), match[2].strip()) if match else ("", name)


def moves(name: str) -> bool:
    """Whether the name is a body of the solar system: its position depends on when, and from where.

    SIMBAD holds nothing inside the solar system, but it has stars and galaxies of the same names.
    """
    words = name.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()
    if words[:1] in (["asteroid"], ["comet"], ["planet"], ["the"]):
        words = words[1:]
    if _DESIGNATION.fullmatch(" ".join(words)):
        return True
    if len(words) == 2 and words[0].strip("()").isdigit():
        words = words[1:]  # 4 Vesta
    return " ".join(words) in _BODIES
