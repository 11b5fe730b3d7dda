"""This file lists where the sandbox's image surveys answer: one handler for each address."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from skyatlas.sandbox import ps1_services, sas, skyserver, skyview_services
from skyatlas.sandbox.state import State

Handler = Callable[..., Response]


def of_state(state: State) -> dict[str, Handler]:
    """Handlers that take the state and the request, by path: "/HOST/PATH"."""
    return {
        **ps1_services.routes(state),
        **sas.routes(state),
        **skyserver.routes(state),
        **skyview_services.routes(state),
    }
