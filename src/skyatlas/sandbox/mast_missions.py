"""This file answers as MAST's searches of one mission's data sets (HST's, JWST's).

A row is found by its own position, not by its footprint; a radius beyond 30 arcmin is cut without
a word (astroquery issue 2662). Source: astroquery.mast.MastMissions and the answers it recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.mast_missions_columns import MISSIONS, Mission
from skyatlas.sandbox.mast_missions_conditions import Invalid, condition
from skyatlas.sandbox.sky import OBJECTS, Position, distance
from skyatlas.sandbox.state import State

TARGETS = 100
"""How many one request may name."""
RADIUS = 0.5
"""Degrees: the largest radius."""
_LIMIT = 5000
_DEGREES = {"arcminutes": 1 / 60, "arcseconds": 1 / 3600, "degrees": 1.0}


def search(state: State, asked: Asked, mission: str) -> Response:
    """`/search/MISSION/api/v0.1/search`: data sets around targets that meet the conditions."""
    if mission not in MISSIONS:
        return JSONResponse({"detail": "Not Found"}, 404)
    try:
        return JSONResponse(_searched(state, MISSIONS[mission], _body(asked)))
    except Invalid as error:
        return JSONResponse({"detail": str(error)}, 400)


def _body(asked: Asked) -> Mapping[str, Any]:
    try:
        body = json.loads(asked.body)
    except ValueError as error:
        raise Invalid("The body is no JSON") from error
    if not isinstance(body, dict):
        raise Invalid("The body is no object")
    return body


def _searched(state: State, mission: Mission, body: Mapping[str, Any]) -> dict[str, Any]:
    asked = _Search.of(mission, body)
    found = [row for row in _around(state, mission, asked.targets, body) if asked.passes(row)]
    for name, downwards in reversed(asked.order):
        found.sort(key=_by(name), reverse=downwards)
    shown = [] if asked.counting else found[asked.offset : asked.offset + asked.limit]
    columns = mission.columns
    return {
        "messages": [],
        "info": []
        if asked.counting
        else [{"name": name, "type": columns[name]["type"]} for name in asked.shown],
        "search_params": asked.said(body),
        "totalResults": len(found),
        "results": [{name: row.get(name) for name in asked.shown} for row in shown],
    }


@dataclass(frozen=True, slots=True)
class _Search:
    """What a request asks for, found to make sense."""

    targets: tuple[str, ...]
    selected: tuple[str, ...]
    shown: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    """Columns to sort by, and whether downwards."""
    offset: int
    limit: int
    counting: bool
    tests: tuple[Callable[[Mapping[str, Any]], bool], ...]

    @classmethod
    def of(cls, mission: Mission, body: Mapping[str, Any]) -> _Search:
        """What `body` asks of a mission; raises Invalid."""
        columns = mission.columns
        defaults = [name for name, column in columns.items() if column["default"] == "yes"]
        selected = tuple(str(name) for name in body.get("select_cols") or defaults)
        target = body.get("target") or ()
        targets = (target,) if isinstance(target, str) else tuple(str(one) for one in target)
        near = ("search_key", "search_pos", "ang_sep") if targets else ()
        order = [str(name) for name in body.get("sort_by") or (*near[2:], mission.key)]
        downwards = [bool(word) for word in body.get("sort_desc") or ()]
        for name in (*selected, *order):
            if name not in columns:
                raise Invalid(f"Unknown column: {name}")
        return cls(
            targets,
            selected,
            tuple(name for name in columns if name in selected or name in near),
            tuple(zip(order, [*downwards, *[False] * len(order)], strict=False)),
            _whole(body, "offset", 0),
            _whole(body, "limit", _LIMIT),
            bool(body.get("count_only")),
            tuple(_tests(columns, body)),
        )

    def passes(self, row: Mapping[str, Any]) -> bool:
        """Whether a row meets all conditions."""
        return all(test(row) for test in self.tests)

    def said(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The request as the answer repeats it."""
        return {
            "target": list(self.targets),
            "radius": body.get("radius", 3.0),
            "radius_units": body.get("radius_units", "arcminutes"),
            "offset": self.offset,
            "limit": self.limit,
            "sort_by": [name for name, _ in self.order],
            "sort_desc": [downwards for _, downwards in self.order],
            "skip_count": False,
            "count_only": self.counting,
            "select_cols": list(self.selected),
            "search_key": [],
            "user_fields": [],
            "conditions": body.get("conditions") or [],
        }


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or value < 0:
        raise Invalid(f"{name} must be a whole number")
    return value


def _by(name: str) -> Callable[[Mapping[str, Any]], tuple[bool, Any]]:
    """What to sort by a column with: what is null comes last."""
    return lambda row: (row.get(name) is None, "" if row.get(name) is None else row[name])


def _tests(
    columns: Mapping[str, Mapping[str, str]], body: Mapping[str, Any]
) -> Iterator[Callable[[Mapping[str, Any]], bool]]:
    for wanted in body.get("conditions") or ():
        if not isinstance(wanted, dict):
            raise Invalid("A condition must be an object")
        for name, value in wanted.items():
            if name not in columns or columns[name]["queryable"] != "yes":
                raise Invalid(f"Unknown column: {name}")
            yield condition(name, columns[name]["kind"], value)


def _around(
    state: State, mission: Mission, targets: Sequence[str], body: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The data sets near each target, each with the target's own words; or all of them."""
    if len(targets) > TARGETS:
        raise Invalid(f"At most {TARGETS} targets can be searched for at once")
    rows: list[dict[str, Any]] = [dict(one.mission) for one in mission.datasets(state)]
    if not targets:
        yield from rows
        return
    unit = _DEGREES.get(str(body.get("radius_units", "arcminutes")))
    radius = body.get("radius", 3.0)
    if unit is None or not isinstance(radius, int | float) or radius <= 0:
        raise Invalid("The radius makes no sense")
    for target in targets:
        place = _place(target)
        for row in rows:
            away = distance(place, (row[mission.ra], row[mission.dec]))
            if away <= min(radius * unit, RADIUS):
                yield row | {
                    "search_pos": target,
                    "search_key": f"{target}{row[mission.key]}",
                    "ang_sep": away * 60.0,
                }


def _place(target: str) -> Position:
    words = target.replace(",", " ").split()
    try:
        ra, dec = (float(word) for word in words)
    except ValueError:
        squeezed = "".join(words).casefold()
        for known in OBJECTS:
            if squeezed in {"".join(n.split()).casefold() for n in (known.name, *known.aliases)}:
                return known.ra, known.dec
        raise Invalid(f"The target {target} is not known") from None
    return ra, dec
