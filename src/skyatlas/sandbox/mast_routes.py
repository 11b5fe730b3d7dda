"""This file lists where the sandbox's MAST answers: one handler for each of its addresses."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from skyatlas.sandbox import mast_portal
from skyatlas.sandbox.state import State

Handler = Callable[..., Response]


def of_state(_state: State) -> dict[str, Handler]:
    """Handlers that take the state and the request, by path: "/HOST/PATH"."""
    return {
        "/mast.stsci.edu/api/v0/invoke": mast_portal.invoke,
    }
