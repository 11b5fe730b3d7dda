"""This file reads what IRAF writes about an axis: the attributes in the cards WAT1_001 …"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skyatlas.formats.cards import Cards


def attributes(cards: Cards, axis: int) -> dict[str, str]:
    """Return the attributes of one axis: `{"wtype": "linear", "units": "angstroms"}`."""
    pieces = []
    number = 1
    while isinstance(piece := cards.get(f"WAT{axis}_{number:03d}"), str):
        # A card holds 68 characters, and FITS drops the blanks at the end of one.
        pieces.append(piece.ljust(68))
        number += 1
    found = re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|(\S+))', "".join(pieces))
    return {name.lower(): quoted or bare for name, quoted, bare in found}


def unit_in_wat(cards: Cards) -> str:
    """Return the unit of axis 1 as IRAF says it, or ""."""
    return attributes(cards, 1).get("units", "")
