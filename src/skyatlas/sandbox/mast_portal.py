"""This file answers as MAST's portal: a request in JSON, a page of rows or an error, always 200.

Source: mast.stsci.edu/api/v0 (MashupRequest, MashupResponse, services) and the answers that
astroquery recorded. An error is told in `status` and `msg`, never by the status of HTTP.
"""

from __future__ import annotations

import json
import math
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from skyatlas.sandbox import mast_caom, mast_catalogues
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.faults import Fault, LineBroken
from skyatlas.sandbox.mast_caom import Answer
from skyatlas.sandbox.mast_filters import Refused
from skyatlas.sandbox.state import State

PAGE_SIZE = 50_000
"""Rows of a page where the request says nothing: what the recorded answers say."""
TOO_MANY = 500_000
"""Rows in all beyond which the line breaks, by the fault of that name (as users report)."""


class Portal:
    """One sandbox's portal: it remembers how often it was asked for what is not ready."""

    def __init__(self) -> None:
        self._polls: Counter[tuple[Fault, str]] = Counter()
        self._lock = threading.Lock()

    def invoke(self, state: State, asked: Asked) -> Response:
        """`/api/v0/invoke`: what the service named in `request` knows."""
        try:
            return self._answer(state, asked)
        except Refused as error:
            return JSONResponse({"status": "ERROR", "msg": str(error), "data": [], "fields": []})

    def _answer(self, state: State, asked: Asked) -> Response:
        request = _read(asked)
        failing = asked.fault("mast-error")
        if failing is not None:
            raise Refused(failing.value or "Internal error: the data base did not answer")
        if self._executing(asked):
            return JSONResponse(
                {
                    "status": "EXECUTING",
                    "msg": "",
                    "percent complete": 0.4,
                    "data": [],
                    "fields": [],
                    "paging": {},
                }
            )
        found = _ask(state, request)
        return JSONResponse(_page(found, request, asked) if isinstance(found, Answer) else found)

    def _executing(self, asked: Asked) -> bool:
        """Whether this request, word for word, has to come again."""
        fault = asked.fault("executing")
        if fault is None:
            return False
        key = (fault, asked.one("request"))
        with self._lock:
            self._polls[key] += 1
            if self._polls[key] <= fault.number(math.inf):
                return True
            del self._polls[key]
        return False


def _read(asked: Asked) -> dict[str, Any]:
    try:
        request = json.loads(asked.one("request"))
    except json.JSONDecodeError as error:
        raise Refused(f"The request is no JSON: {error}") from error
    if not isinstance(request, dict) or not isinstance(request.get("service"), str):
        raise Refused("The request names no service")
    if request.get("format", "json") not in {"json", "extjs"}:
        raise Refused(f"The format {request['format']} is not known here")
    return request


def _ask(state: State, request: Mapping[str, Any]) -> Answer | dict[str, Any]:
    """What the service knows: rows, or a document of its own."""
    params, seed = request.get("params") or {}, state.world.seed
    match request["service"]:
        case "Mast.Caom.Filtered":
            return mast_caom.filtered(seed, params)
        case "Mast.Caom.Filtered.Position":
            return mast_caom.filtered_position(seed, params)
        case "Mast.Caom.Cone":
            return mast_caom.cone(seed, params)
        case "Mast.Caom.Crossmatch":
            return mast_caom.crossmatch(seed, params, request.get("data"))
        case "Mast.Caom.Products":
            return mast_caom.products(seed, params)
        case other:
            return mast_catalogues.answer(state, other, params)


def _page(answer: Answer, request: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    size, page = _whole(request, "pagesize", PAGE_SIZE), _whole(request, "page", 1)
    if (smaller := asked.fault("pagesize")) is not None:
        size = min(size, int(smaller.number(1)))
    total = len(answer.rows)
    much = asked.fault("too-many")
    if much is not None and min(total, page * size) > much.number(TOO_MANY):
        raise LineBroken
    rows = answer.rows[(page - 1) * size : page * size]
    fields = dict(answer.fields)
    if request.get("removenullcolumns"):
        fields = {
            name: kind
            for name, kind in fields.items()
            if any(row[name] is not None for row in answer.rows)
        }
        rows = [{name: row[name] for name in fields} for row in rows]
    return {
        "status": "COMPLETE",
        "msg": "",
        "data": rows,
        "fields": [{"name": name, "type": kind} for name, kind in fields.items()],
        "paging": {
            "page": page,
            "pageSize": size,
            "pagesFiltered": max(1, math.ceil(total / size)),
            "rows": len(rows),
            "rowsFiltered": total,
            "rowsTotal": total,
        },
    }


def _whole(request: Mapping[str, Any], name: str, default: int) -> int:
    said = request.get(name)
    if said is None:
        return default
    try:
        number = int(said)
    except (TypeError, ValueError) as error:
        raise Refused(f"{name}: a whole number was expected, not {said!r}") from error
    if number < 1:
        raise Refused(f"{name}: {number} is less than 1")
    return number
