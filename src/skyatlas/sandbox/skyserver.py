"""This file answers as SkyServer: the SQL form, cross-identification, the web service, pictures.

Invariant: the 61st query within a minute is not run. Sources: astroquery.sdss;
https://skyserver.sdss.org/dr17/SkyServerWS (help of the web service); the help page "Query limits".
"""

from __future__ import annotations

import math
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator

from starlette.responses import PlainTextResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.skyserver_answers import answer, failed, refused, too_many
from skyatlas.sandbox.skyserver_picture import picture
from skyatlas.sandbox.skyserver_sql import BadSql, Brought, SkyServerTables, tables
from skyatlas.sandbox.skyserver_tables import RUN2D
from skyatlas.sandbox.state import State

Handler = Callable[..., Response]
MOST = 60
"""Queries within a minute."""
MINUTE = 60.0
WIDEST = 3.0
"""Arcminutes: the radius of a cross-identification (astroquery's MAX_CROSSID_RADIUS)."""
_RELEASE = re.compile(r"dr(\d+)", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")


class Throttle:
    """Counts the queries of the last minute. Safe for many threads."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def passes(self, now: float) -> bool:
        """Whether a query may run at this time (seconds); if so, it is counted."""
        with self._lock:
            while self._times and self._times[0] <= now - MINUTE:
                self._times.popleft()
            if len(self._times) >= MOST:
                return False
            self._times.append(now)
            return True


class SkyServer:
    """One sandbox's SkyServer."""

    def __init__(self) -> None:
        self._throttle = Throttle()

    def form(self, state: State, asked: Asked, release: str, **_page: str) -> Response:
        """`/drN/en/tools/search/x_results.aspx`: a query, or a list to be cross-identified."""
        number = _number(release)
        if number is None:
            return _nowhere(release)
        crossing = asked.one("searchtool").lower() == "crossid" or asked.one("uquery")
        query = asked.one("uquery" if crossing else "cmd")
        if not query.strip():
            return failed("There is no query.")
        form = asked.one("format", "html")
        if not self._throttle.passes(asked.time):
            return too_many(query, form, number, MOST)
        held = tables(state.world.seed)
        try:
            brought = _identified(held, number, asked) if crossing else ()
            return answer(held.ask(query, number, brought), form, number)
        except BadSql as error:
            return failed(f"SQL returned the following error: {error}")

    def service(self, state: State, asked: Asked, release: str, tool: str) -> Response:
        """`/drN/SkyServerWS/SearchTools/{SqlSearch,CrossIdSearch}`: the same for programs."""
        number, query = _number(release), asked.one("cmd") or asked.one("uquery")
        crossing = tool.lower() == "crossidsearch"
        if number is None or tool.lower() not in {"sqlsearch", "crossidsearch"}:
            return refused(f"There is nothing at {asked.path}", 404)
        if not query.strip():
            return refused("Query is not found. Please include the parameter 'cmd'.")
        form = asked.one("format", "json")
        if not self._throttle.passes(asked.time):
            return too_many(query, form, number, MOST)
        held = tables(state.world.seed)
        try:
            brought = _identified(held, number, asked) if crossing else ()
            return answer(held.ask(query, number, brought), form, number)
        except BadSql as error:
            return refused(f"Failed to execute a query: {error}", 500)

    def cutout(self, state: State, asked: Asked, release: str) -> Response:
        """`/drN/SkyServerWS/ImgCutout/getjpeg`: a colour picture, north up."""
        if _number(release) is None:
            return refused(f"There is nothing at {asked.path}", 404)
        try:
            ra, dec = (float(asked.one(name)) for name in ("ra", "dec"))
            scale = float(asked.one("scale", "0.396127"))
            width, height = (int(asked.one(name, "512")) for name in ("width", "height"))
        except ValueError:
            return refused("ra, dec, scale, width and height have to be numbers.")
        if not (-90.0 <= dec <= 90.0 and scale > 0.0 and min(width, height) >= 64):
            return refused("A parameter is out of range.")
        if max(width, height) > 2048:
            return refused("width and height may be 2048 pixels at most.")
        body = picture(ra % 360.0, dec, scale, (height, width), state.world.seed)
        return Response(body, media_type="image/jpeg")


def _number(release: str) -> int | None:
    found = _RELEASE.fullmatch(release)
    number = int(found[1]) if found else 0
    return number if number in RUN2D else None


def _nowhere(release: str) -> Response:
    return PlainTextResponse(f"404 - there is no release {release}.\n", 404)


def _identified(held: SkyServerTables, release: int, asked: Asked) -> tuple[Brought, Brought]:
    """The tables #upload and #x of a list of positions; raises BadSql."""
    columns, positions = _uploaded(asked)
    radius = _radius(asked.one("radius", "1.0"))
    spectra = asked.one("searchType", "photo").lower() == "spectro"
    scope = asked.one("spectroScope" if spectra else "photoScope", "nearPrim").lower()
    everything = "AllEq" if scope.endswith("obj") else "Eq"
    nearest = "Nearest" if scope.startswith("near") else "Nearby"
    function = f"fGet{nearest}{'SpecObj' if spectra else 'Obj'}{everything}"
    upload: list[tuple[object, ...]] = []
    found: list[tuple[object, ...]] = []
    for number, cells in enumerate(positions):
        upload.append((number, *cells[:-2], *map(float, cells[-2:])))
        ra, dec = upload[-1][-2:]
        rows = held.call(release, function, ra, dec, radius).rows
        found += [(number, row[0]) for row in rows]
    names = tuple(f"up_{name}" for name in columns)
    key = "specObjID" if spectra else "objID"
    return Brought("upload", ("up_id", *names), upload), Brought("x", ("up_id", key), found)


def _radius(said: str) -> float:
    try:
        radius = float(said)
    except ValueError as error:
        raise BadSql(f"The radius {said} is not a number.") from error
    if not 0.0 < radius <= WIDEST or math.isnan(radius):
        raise BadSql(f"The radius has to be at most {WIDEST:g} arcmin.")
    return radius


def _uploaded(asked: Asked) -> tuple[list[str], list[list[str]]]:
    """Names and lines of the list; the first `firstcol` columns are the asker's own."""
    file = next(iter(asked.files.values()), b"").decode("utf-8", "replace")
    lines = list(_lines(file if file.strip() else asked.one("paste")))
    if not lines:
        raise BadSql("There is no list of positions.")
    own = int(asked.one("firstcol") or 0)
    head, count = lines[0], own + 2
    if len(head) != count:
        raise BadSql(
            f"problem with upload file/text: {len(head) - own} data items in first line:"
            f" '{' '.join(head)}'. Is the number of preceding columns correct?"
        )
    if [name.lower() for name in head[-2:]] == ["ra", "dec"]:
        lines = lines[1:]
    else:
        head = [*(f"col{number}" for number in range(own)), "ra", "dec"]
    for line in lines:
        try:
            _ra, _dec = map(float, line[-2:])
        except ValueError as error:
            raise BadSql(f"Input string was not in a correct format: {' '.join(line)}") from error
        if len(line) != count:
            raise BadSql(f"A line has {len(line)} columns in place of {count}.")
    return head, lines


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.strip(" ,\t#"):
            yield [cell for cell in _SEPARATOR.split(line.strip().lstrip("#")) if cell]


def routes(_state: State) -> dict[str, Handler]:
    """Handlers that take the state and the request, by path; ASP.NET's paths have no case."""
    server = SkyServer()
    site = "/skyserver.sdss.org/{release}"
    found: dict[str, Handler] = {}
    for tools in ("en/tools", "en/Tools"):
        for page in ("search/x_results.aspx", "search/X_Results.aspx", "search/x_sql.aspx"):
            found[f"{site}/{tools}/{page}"] = server.form
        found[f"{site}/{tools}/search/x_sql.asp"] = server.form
        for page in ("x_crossid.asp", "x_crossid.aspx", "X_Crossid.aspx"):
            found[f"{site}/{tools}/crossid/{page}"] = server.form
    for name in ("SkyServerWS", "SkyserverWS"):
        found[f"{site}/{name}/SearchTools/{{tool}}"] = server.service
        for picture_ in ("getjpeg", "getJpeg"):
            found[f"{site}/{name}/ImgCutout/{picture_}"] = server.cutout
    return found
