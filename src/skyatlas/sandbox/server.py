"""This file serves the archives in a box on loopback: their host names are the first path segment.

`http://127.0.0.1:PORT/archive.eso.org/tap_obs/sync` stands for
`https://archive.eso.org/tap_obs/sync`. Nothing listens anywhere but on 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from skyatlas.sandbox import (
    calselector,
    datalink,
    faults,
    mast_routes,
    portal,
    sesame,
    soda,
    ssap,
    sso,
    survey_routes,
    tap,
    uws,
    vo_routes,
    vosi,
)
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import World
from skyatlas.sandbox.jobs import Jobs
from skyatlas.sandbox.state import State
from skyatlas.sandbox.tap_services import tap_services
from skyatlas.sandbox.wire import Wire
from skyatlas.sandbox.world import make_world

_METHODS = ["GET", "POST", "DELETE"]

Handler = Callable[..., Response]


def _routes(state: State, jobs: Jobs) -> list[Route]:
    of_state: dict[str, Handler] = {
        "/archive.eso.org/ssap": ssap.query,
        "/archive.eso.org/datalink/links": datalink.links,
        "/archive.eso.org/calselector/v1/associations": calselector.associations,
        "/archive.eso.org/hdr": portal.header,
        "/archive.eso.org/dataset/{dp_id}": portal.landing,
        "/dataportal.eso.org/dataPortal/soda/sync": soda.sync,
        "/dataportal.eso.org/dataPortal/file/{name:path}": portal.file,
        "/dataportal.eso.org/dataportal_new/file/{name:path}": portal.file,
        "/elsewhere.eso.org/{rest:path}": portal.elsewhere,
        "/www.eso.org/sso/oidc/token": sso.token,
        "/cds.unistra.fr/cgi-bin/nph-sesame{options:path}": sesame.resolve,
        "/vizier.cfa.harvard.edu/viz-bin/nph-sesame{options:path}": sesame.resolve,
    }
    of_jobs: dict[str, Handler] = {}
    for service in tap_services(state.world):
        base = service.path
        of_state[f"{base}/availability"] = vosi.availability
        of_state[f"{base}/examples"] = partial(vosi.examples, service=service)
        of_state[f"{base}/sync"] = partial(tap.sync, service=service)
        of_state[f"{base}/tables"] = partial(vosi.tables, service=service)
        of_state[f"{base}/capabilities"] = partial(vosi.capabilities, service=service)
        of_jobs |= uws.routes(base, partial(tap.work, state, service), service.jobs)
    of_state |= vo_routes.of_state(state)
    of_state |= mast_routes.of_state(state)
    of_state |= survey_routes.of_state(state)
    of_jobs |= vo_routes.of_jobs(state)
    return [
        *(_route(path, partial(handler, state)) for path, handler in of_state.items()),
        *(_route(path, partial(handler, jobs)) for path, handler in of_jobs.items()),
    ]


def _route(path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        # Off the loop: SQLite, astropy and UWS's WAIT take their time.
        return await run_in_threadpool(handler, request.state.asked, **request.path_params)

    return Route(path, endpoint, methods=_METHODS)


def _nothing_here(request: Request, _error: Exception) -> Response:
    asked: Asked = request.state.asked
    sentence = f"The sandbox has nothing at {asked.url.partition('?')[0]}.\n"
    return PlainTextResponse(sentence, 404)


class Sandbox:
    """The archives in a box, for as long as the `with` block runs."""

    def __init__(
        self,
        port: int = 0,
        seed: int = 1,
        folders: Sequence[Path] = (),
        faults: Sequence[faults.Fault | str] = (),
        world: World | None = None,
        crowd: int = 0,
    ) -> None:
        self._port = port
        self.world = world or make_world(seed, folders)
        """What its archives hold."""
        if crowd:
            self.world = replace(self.world, crowd=crowd)
        self._faults = _faults_of(faults)
        self._closers: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens: "http://127.0.0.1:PORT"."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Asked]:
        """Every request so far, under the archives' own names, in the order of arrival."""
        return self._wire.requests

    def start(self) -> None:
        """Listen from now on; raises OSError where the port is taken."""
        logging.getLogger("asyncio").addFilter(_is_news)
        state = State(self.world)
        jobs = Jobs()
        app = Starlette(routes=_routes(state, jobs), exception_handlers={404: _nothing_here})
        app.router.redirect_slashes = False
        line = socket.create_server(("127.0.0.1", self._port))
        self._port = line.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        pauses = vo_routes.pauses(self.world.crowd)
        self._wire = Wire(app, self._faults, state.tokens.secret, pauses)
        server = uvicorn.Server(
            uvicorn.Config(
                self._wire,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
            )
        )

        def work() -> None:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(server.serve(sockets=[line]))

        thread = threading.Thread(target=work, name="sandbox", daemon=True)
        thread.start()

        def stop_serving() -> None:
            self._loop.call_soon_threadsafe(self._wire.close)
            server.should_exit = True
            thread.join()
            line.close()

        # Waiting requests are let go first, or the server would wait for them.
        self._closers = [jobs.close, stop_serving, state.close]

    def stop(self) -> None:
        """Let everybody go and stop listening; twice is as good as once."""
        closers, self._closers = self._closers, []
        for close in closers:
            close()

    def fault(
        self,
        fault: faults.Fault | str,
        pattern: str = "",
        *,
        count: int | None = None,
        after: int = 0,
    ) -> None:
        """From now on requests run into a fault: "reset=20000", "dataportal", count=1.

        A `pattern` is looked for in the URL under the archive's own name; `*` stands for anything.
        """
        if isinstance(fault, str):
            parsed = faults.parse(fault)
            pattern = pattern or parsed.pattern
            count = parsed.count if count is None else count
            fault = faults.Fault(parsed.name, parsed.value, pattern, count, after)
        self._faults.add(fault)

    def heal(self) -> None:
        """From now on everything works."""
        self._faults.clear()

    def release(self) -> None:
        """Let go whoever waits in silence."""
        self._loop.call_soon_threadsafe(self._wire.release)


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out asyncio's word for every write to somebody who hung up: archives do not mind."""
    return record.msg != "socket.send() raised exception."


def _faults_of(given: Sequence[faults.Fault | str]) -> faults.Faults:
    return faults.Faults(tuple(faults.parse(one) if isinstance(one, str) else one for one in given))
