"""This file is the sandbox's front door: archives in a box, behind their own host names.

Importing it loads neither a server nor astropy.

    with Sandbox() as box:
        requests.get(f"{box.url}/archive.eso.org/tap_obs/capabilities")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skyatlas.sandbox.asked import Asked as Asked
    from skyatlas.sandbox.faults import NAMES as FAULTS
    from skyatlas.sandbox.faults import Fault as Fault
    from skyatlas.sandbox.item import ACCOUNTS as ACCOUNTS
    from skyatlas.sandbox.item import Account as Account
    from skyatlas.sandbox.item import World as World
    from skyatlas.sandbox.mast_tokens import MAST_TOKENS as MAST_TOKENS
    from skyatlas.sandbox.server import Sandbox as Sandbox
    from skyatlas.sandbox.world import make_world as make_world

_HOMES = {
    "ACCOUNTS": "item",
    "Account": "item",
    "Asked": "asked",
    "FAULTS": "faults",
    "Fault": "faults",
    "MAST_TOKENS": "mast_tokens",
    "Sandbox": "server",
    "World": "item",
    "make_world": "world",
}

__all__ = [
    "ACCOUNTS",
    "FAULTS",
    "MAST_TOKENS",
    "Account",
    "Asked",
    "Fault",
    "Sandbox",
    "World",
    "make_world",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    return getattr(home, "NAMES" if name == "FAULTS" else name)
