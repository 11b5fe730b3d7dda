"""This file lists where the invented publishers answer: one route per service, mirror and file.

TAP services are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from starlette.responses import Response

from skyatlas.sandbox import (
    uws,
    vo_about,
    vo_links,
    vo_scs,
    vo_sia,
    vo_sia2,
    vo_soda,
    vo_ssa,
    vosi,
)
from skyatlas.sandbox.publisher import Publisher, VoService
from skyatlas.sandbox.publishers import everybody
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_holdings import linked
from skyatlas.sandbox.vo_place import Place

Handler = Callable[..., Response]

_FACES: Mapping[str, Handler] = MappingProxyType(
    {"sia": vo_sia.query, "sia2": vo_sia2.query, "ssa": vo_ssa.query, "scs": vo_scs.query}
)


def of_state(state: State) -> dict[str, Handler]:
    """Handlers that take the state and the request, by path: "/HOST/PATH"."""
    found: dict[str, Handler] = {}
    for publisher in everybody(state.world.crowd):
        for service in publisher.services:
            if service.protocol in _FACES:
                found |= _of_service(state, publisher, service)
        found |= _of_publisher(publisher)
    return found


def _of_service(state: State, publisher: Publisher, service: VoService) -> dict[str, Handler]:
    place = Place(publisher, service, state.world.seed)
    found: dict[str, Handler] = {}
    for path in service.paths:
        if place.has("down-200") or place.has("down-503"):
            page = partial(vo_about.down, status=200 if place.has("down-200") else 503)
            found |= {path: page, f"{path}/{{rest:path}}": page}
            continue
        found[path] = partial(_FACES[service.protocol], place=place)
        found[f"{path}/capabilities"] = partial(vo_about.capabilities, place=place)
        found[f"{path}/availability"] = vosi.availability
    return found


def _of_publisher(publisher: Publisher) -> dict[str, Handler]:
    if not publisher.collections:
        return {}
    root = f"/{publisher.host}"
    found: dict[str, Handler] = {
        f"{root}/data/{{name}}": partial(vo_about.file, publisher=publisher)
    }
    if linked(publisher):
        found[f"{root}/links"] = partial(vo_links.links, publisher=publisher)
    if _cuts(publisher):
        found[f"{root}/soda/sync"] = partial(vo_soda.sync, publisher=publisher)
    return found


def _cuts(publisher: Publisher) -> bool:
    return any("soda" in service.habits for service in publisher.services)


def of_jobs(state: State) -> dict[str, Handler]:
    """Handlers that take the jobs and the request, by path."""
    found: dict[str, Handler] = {}
    for publisher in everybody(state.world.crowd):
        if _cuts(publisher):
            found |= uws.routes(f"/{publisher.host}/soda", partial(vo_soda.work, state, publisher))
    return found


def pauses(crowd: int) -> dict[str, float]:
    """Seconds that services take before they answer, by their address."""
    return {
        url: service.pause
        for publisher in everybody(crowd)
        for service in publisher.services
        if service.pause
        for url in (service.url, *service.mirrors)
    }
