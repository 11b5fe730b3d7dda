"""This file lists the TAP services of one world: ESO's two.

Invariant: listing them makes no table; tables are made when somebody asks.
"""

from __future__ import annotations

from skyatlas.sandbox.item import World
from skyatlas.sandbox.tap_service import ESO, TapService


def tap_services(_world: World) -> tuple[TapService, ...]:
    """Every TAP service of a sandbox, mirrors included."""
    return tuple(ESO.values())
