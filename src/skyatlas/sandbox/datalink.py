"""This file answers as ESO's DataLink: what belongs to a product, and what can be done with it.

A file that is unknown, or that the asker may not know of, is a row with an error message, never an
HTTP error. Source: DataLink 1.1; ESO's extra columns and words as its own notebooks show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, unquote

from starlette.responses import Response

from skyatlas.sandbox import votable
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import Account, Item
from skyatlas.sandbox.item import Link as ItemLink
from skyatlas.sandbox.state import NotWelcome, State
from skyatlas.sandbox.tables import Column
from skyatlas.sandbox.tap import refusal
from skyatlas.sandbox.votable import Sheet

LINKS = "application/x-votable+xml;content=datalink"
FILE = "https://dataportal.eso.org/dataPortal/file/"
_WORDS = "http://archive.eso.org/rdf/datalink/eso#"

COLUMNS = (
    Column("ID", ucd="meta.id;meta.main"),
    Column("access_url", ucd="meta.ref.url"),
    Column("service_def", ucd="meta.ref"),
    Column("error_message", ucd="meta.code.error"),
    Column("semantics", ucd="meta.code"),
    Column("description", ucd="meta.note"),
    Column("content_type", ucd="meta.code.mime"),
    Column("content_length", "long", "byte", "phys.size;meta.file"),
    Column("eso_category"),
    Column("eso_datalink"),
    Column("eso_origfile"),
)
"""DataLink 1.1, table 1, and what ESO adds."""

Row = tuple[object, ...]


def did(dp_id: str) -> str:
    """The publisher's identifier of a file; the `?` belongs to it."""
    return f"ivo://eso.org/ID?{dp_id}"


def links(state: State, asked: Asked) -> Response:
    """`/datalink/links?ID=…`: the links of one or more products."""
    try:
        visitor = state.visitor(asked)
    except NotWelcome as error:
        return refusal(401, str(error))
    rows: list[Row] = []
    services = ""
    for identifier in asked.all("ID"):
        dp_id = unquote(identifier).rpartition("?")[2]
        item = state.item(dp_id)
        rows += _rows(state, asked, visitor, dp_id)
        if item is not None and _can_be_cut(item) and not services:
            services = _soda(asked)
    return Response(votable.votable(Sheet(COLUMNS, rows, after=services)), media_type=LINKS)


def _error(dp_id: str) -> Row:
    trouble = "NotFoundFault: no access permission or does not exist"
    return (did(dp_id), None, None, trouble, "#this", None, None, None, None, None, None)


def _rows(state: State, asked: Asked, visitor: Account | None, dp_id: str) -> Iterator[Row]:
    item = state.item(dp_id)
    if item is None or not state.may_see(item, visitor):
        yield _error(dp_id)
        return
    yield _file(state, asked, item, item, "#this", "")
    for link in item.links:
        yield _link(state, asked, visitor, item, link)
    if item.table == "dbo.raw" and dp_id in state.world.raw2raw:
        for mode in ("Raw2Raw", "Raw2Master"):
            yield _calibrations(asked, item, mode)
    if _can_be_cut(item):
        text = "Cut-out service"
        kind = item.content_type
        yield (did(dp_id), None, "soda", None, "#cutout", text, kind, None, None, None, None)


def _file(
    state: State, asked: Asked, of: Item, item: Item, semantics: str, description: str
) -> Row:
    row = item.row
    return (
        did(of.dp_id),
        asked.link(FILE + item.dp_id),
        None,
        None,
        semantics,
        description or str(row.get("obs_title") or row.get("object") or "") or None,
        item.content_type,
        len(state.body(item)),
        item.category or None,
        None,
        str(row.get("origfile") or row.get("obs_creator_did") or "").rpartition("?")[2] or None,
    )


def _link(state: State, asked: Asked, visitor: Account | None, of: Item, link: ItemLink) -> Row:
    item = state.item(link.dp_id)
    if item is None or not state.may_see(item, visitor):
        row = list(_error(link.dp_id))
        row[0], row[4] = did(of.dp_id), link.semantics
        row[5] = link.description or None
        return tuple(row)
    row = list(_file(state, asked, of, item, link.semantics, link.description))
    row[8] = link.category or row[8]
    if link.semantics in {"#progenitor", "#derivation"}:
        # ESO gives the address of the next DataLink document here, not of the file.
        row[1] = asked.link(_address(link.dp_id))
        row[6], row[7], row[9] = LINKS, None, row[1]
    return tuple(row)


def _address(dp_id: str) -> str:
    return f"https://archive.eso.org/datalink/links?ID={did(dp_id)}"


def _calibrations(asked: Asked, item: Item, mode: str) -> Row:
    url = asked.link(
        "https://archive.eso.org/calselector/v1/associations"
        f"?dp_id={quote(item.dp_id, safe=':')}&mode={mode}&responseformat=votable"
    )
    word = f"{_WORDS}calSelector_{mode.lower()}"
    text = f"Calibrations, {mode}"
    return (did(item.dp_id), url, None, None, word, text, LINKS, None, None, None, None)


def _can_be_cut(item: Item) -> bool:
    """ESO cuts reduced images and cubes."""
    return item.row.get("dataproduct_type") in {"image", "cube"}


def _soda(asked: Asked) -> str:
    """The description of the cut-out service (DataLink 1.1, section 4; SODA 1.0)."""
    url = asked.link("https://dataportal.eso.org/dataPortal/soda/sync")
    parameters = (
        {"name": "ID", "datatype": "char", "arraysize": "*", "ref": "soda_id", "value": ""},
        {"name": "PREFIX", "datatype": "char", "arraysize": "*", "value": ""},
        {
            "name": "CIRCLE",
            "datatype": "double",
            "arraysize": "3",
            "unit": "deg",
            "ucd": "pos.outline;obs",
            "xtype": "circle",
            "value": "",
        },
        {
            "name": "BAND",
            "datatype": "double",
            "arraysize": "2",
            "unit": "m",
            "ucd": "em.wl;stat.interval",
            "xtype": "interval",
            "value": "",
        },
    )
    inside = "".join(
        "<PARAM" + votable.attributes(**{k: v for k, v in one.items() if v}) + ' value=""/>\n'
        for one in parameters
    )
    return (
        '<RESOURCE type="meta" ID="soda" utype="adhoc:service">\n'
        '<PARAM name="standardID" datatype="char" arraysize="*"'
        ' value="ivo://ivoa.net/std/SODA#sync-1.0"/>\n'
        '<PARAM name="accessURL" datatype="char" arraysize="*"'
        f'{votable.attributes(value=url)}/>\n<GROUP name="inputParams">\n{inside}</GROUP>\n'
        "</RESOURCE>\n"
    )
