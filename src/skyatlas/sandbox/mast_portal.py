"""This file answers as MAST's portal: a request in JSON, a page of rows or an error, always 200.

Source: mast.stsci.edu/api/v0 (MashupRequest, MashupResponse, services) and the answers that
astroquery recorded. An error is told in `status` and `msg`, never by the status of HTTP.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from skyatlas.sandbox import mast_caom
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.mast_caom import Answer, Refused
from skyatlas.sandbox.state import State

PAGE_SIZE = 50_000
"""Rows of a page where the request says nothing: what the recorded answers say."""


def invoke(state: State, asked: Asked) -> Response:
    """`/api/v0/invoke`: what the service named in `request` knows."""
    try:
        request = _read(asked)
        answer = mast_caom.answer(state, request)
        return JSONResponse(_page(answer, request))
    except Refused as error:
        return JSONResponse({"status": "ERROR", "msg": str(error), "data": [], "fields": []})


def _read(asked: Asked) -> dict[str, Any]:
    try:
        request = json.loads(asked.one("request"))
    except json.JSONDecodeError as error:
        raise Refused(f"The request is no JSON: {error}") from error
    if not isinstance(request, dict) or not isinstance(request.get("service"), str):
        raise Refused("The request names no service")
    return request


def _page(answer: Answer, request: Mapping[str, Any]) -> dict[str, Any]:
    size = int(request.get("pagesize") or PAGE_SIZE)
    page = max(1, int(request.get("page") or 1))
    total = len(answer.rows)
    rows = answer.rows[(page - 1) * size : page * size]
    return {
        "status": "COMPLETE",
        "msg": "",
        "data": rows,
        "fields": [{"name": name, "type": kind} for name, kind in answer.fields.items()],
        "paging": {
            "page": page,
            "pageSize": size,
            "pagesFiltered": max(1, math.ceil(total / size)),
            "rows": len(rows),
            "rowsFiltered": total,
            "rowsTotal": total,
        },
    }
