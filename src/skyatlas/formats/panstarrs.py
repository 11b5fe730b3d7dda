"""This file knows the images of Pan-STARRS1: whether they are asinh-scaled, and their zero point.

Source: STScI, "PS1 Image Cutout Service" and "PS1 Stack images" (outerspace.stsci.edu), on scaling
and photometric calibration; IPP, "asinh compression" (svn.pan-starrs.ifa.hawaii.edu).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skyatlas.dataset.images import ASINH

if TYPE_CHECKING:
    from skyatlas.formats.cards import Cards


def zero_point_of(cards: Cards) -> float | None:
    """Return the AB magnitude of one count, where pixels are linear or become so; else None.

    FPA.ZP + 2.5 log10(EXPTIME): stacks are scaled to FPA.ZP = 25, warps have their own. In the
    headers of real stacks the scales of the warps (SCL_) agree with their zero points (ZPT_).
    """
    seconds, for_a_second = cards.number("EXPTIME"), cards.number("FPA.ZP")
    if cards.text("PSCAMERA") != "GPC1" or for_a_second is None or not seconds or seconds < 0:
        return None
    return for_a_second + 2.5 * math.log10(seconds)


def scaling_note(cards: Cards) -> str:
    """Return what must be known of asinh-scaled pixels; "" where they are linear."""
    if not all(card in cards for card in ASINH):
        return ""
    return "asinh-scaled pixels (BSOFTEN, BOFFSET): fluxes are in .linear()"
