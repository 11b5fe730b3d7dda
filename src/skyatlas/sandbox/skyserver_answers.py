"""This file writes SkyServer's answers: CSV, JSON and pages; errors come as pages with status 200.

Invariant: an answer without rows says so in the words of its release, and an error in SQL is never
a table. What the throttle says is a table: one column, error_message, as the real server does it.
Sources: what astroquery recorded (xid_im.txt), astroquery #2706 and #3169, and SkyServer's
procedure spExecuteSQL (github.com/sciserver/sqlloader).
"""

from __future__ import annotations

import csv
import io
from html import escape

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from skyatlas.sandbox.skyserver_sql import Rows

NOTHING = "No objects have been found"
"""What releases before 12 say in place of a table without rows, and pages always."""
_MODERN = 12


def answer(found: Rows, form: str, release: int) -> Response:
    """Rows in the format that was asked for."""
    match form.lower():
        case "csv":
            return PlainTextResponse(_csv(found, release), media_type="text/csv")
        case "json":
            rows = [dict(zip(found.names, row, strict=True)) for row in found.rows]
            return JSONResponse([{"TableName": "Table1", "Rows": rows}])
        case "html" | "":
            return HTMLResponse(_page(found))
    return failed(f"The format {form} is not known.")


def _csv(found: Rows, release: int) -> str:
    if not found.rows and release < _MODERN:
        return f"{NOTHING}\n"
    text = io.StringIO()
    text.write("#Table1\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found.names)
    writer.writerows(found.rows)
    return text.getvalue()


def _page(found: Rows) -> str:
    if not found.rows:
        return _html("SDSS Query Results", f"<h3><font color=red>{NOTHING}</font></h3>")
    rows = [found.names, *found.rows]
    cells = (
        "".join(f"<td>{escape('' if cell is None else str(cell))}</td>" for cell in row)
        for row in rows
    )
    table = "".join(f"<tr>{row}</tr>\n" for row in cells)
    return _html("SDSS Query Results", f"<table border='1' BGCOLOR=cornsilk>\n{table}</table>")


def _html(title: str, body: str) -> str:
    return (
        f"<html><head>\n<title>{title}</title>\n</head><body bgcolor=white>\n{body}</BODY></HTML>\n"
    )


def failed(sentence: str) -> Response:
    """The form's page of an error, with status 200 (its words: astroquery #2706)."""
    red = f"<H3 BGCOLOR=pink><font color=red>{escape(sentence, quote=False)}<br></font></H3>"
    return HTMLResponse(_html("Skyserver Error", f"<h2>An error occured</h2>{red}"))


def refused(sentence: str, status: int = 400) -> Response:
    """The web service's document of an error."""
    kinds = {400: "BadRequest", 404: "NotFound", 500: "InternalServerError"}
    said = {"Error Code": status, "Error Type": kinds[status], "Error Message": sentence}
    return JSONResponse(said, status)


def too_many(query: str, form: str, release: int, most: int) -> Response:
    """What the throttle says: a table, so that whoever reads tables reads this one."""
    sentence = f"ERROR: Maximum {most} queries allowed per minute. Rejected query: {query}"
    return answer(Rows(("error_message",), [(sentence,)]), form, release)
