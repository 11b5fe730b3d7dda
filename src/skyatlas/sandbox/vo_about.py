"""This file answers what the invented publishers' services are, delivers their files, or is down.

Source: VOSI 1.1; the capabilities' types are those of SimpleDALRegExt 1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from xml.sax.saxutils import escape

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from skyatlas.sandbox import portal, vo_files, vo_holdings
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.publisher import Publisher
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_holdings import DataSet
from skyatlas.sandbox.vo_links import preview_name
from skyatlas.sandbox.vo_place import Place


def _typed(name: str, space: str) -> str:
    prefix = name.partition(":")[0]
    return f' xmlns:{prefix}="http://www.ivoa.net/xml/{space}" xsi:type="{name}"'


_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sia": ("1.0", _typed("sia:SimpleImageAccess", "SIA/v1.1")),
        "sia2": ("2.0", ""),  # as at CADC, without a type; pyvo reads only this one
        "ssa": ("1.1", _typed("ssap:SimpleSpectralAccess", "SSA/v1.1")),
        "scs": ("1.03", _typed("cs:ConeSearch", "ConeSearch/v1.0")),
    }
)
"""Version of the standard, and the attributes that say the capability's type."""
_VOSI = "ivo://ivoa.net/std/VOSI#"
_DOWN = """<!DOCTYPE html>
<html><head><title>Maintenance</title></head>
<body><h1>Down for maintenance</h1>
<p>Our services are being moved to a new machine. Please come back on Monday.</p></body></html>
"""


def _xml(body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', media_type="text/xml")


def down(_state: State, _asked: Asked, status: int, **_rest: str) -> Response:
    """A page for people, whatever was asked."""
    return HTMLResponse(_DOWN, status)


def capabilities(_state: State, asked: Asked, place: Place) -> Response:
    """`/capabilities`: where the service is, and what stands beside it."""
    service, host = place.service, place.publisher.host
    others = {
        f"{_VOSI}{what}": f"{service.url}/{what}" for what in ("availability", "capabilities")
    }
    if place.has("datalink"):
        others["ivo://ivoa.net/std/DataLink#links-1.1"] = f"https://{host}/links"
    if place.has("soda"):
        for kind in ("sync", "async"):
            others[f"ivo://ivoa.net/std/SODA#{kind}-1.0"] = f"https://{host}/soda/{kind}"
    rest = "".join(
        f'<capability standardID="{standard}">{_interface("full", asked.link(url))}</capability>'
        for standard, url in others.items()
    )
    return _xml(
        '<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"'
        ' xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{_main(asked, place)}{rest}</vosi:capabilities>"
    )


def _main(asked: Asked, place: Place) -> str:
    service = place.service
    version, kind = _KINDS[service.protocol]
    # What came before VOSI is asked at an address that ends with ? or & (SIA 1.0, section 4).
    url = asked.link(service.url) + ("?" if kind else "")
    mirrors = "".join(f"<mirrorURL>{escape(mirror)}</mirrorURL>" for mirror in service.mirrors)
    return (
        f'<capability standardID="{service.standard}"{kind}>'
        f"{_interface('base', url, version, mirrors)}</capability>"
    )


def _interface(use: str, url: str, version: str = "", mirrors: str = "") -> str:
    numbered = f' version="{version}"' if version else ""
    return (
        f'<interface xsi:type="vs:ParamHTTP" role="std"{numbered}>'
        f'<accessURL use="{use}">{escape(url)}</accessURL>{mirrors}</interface>'
    )


def file(state: State, asked: Asked, publisher: Publisher, name: str) -> Response:
    """`/data/NAME`: a data set's file, or its picture."""
    item = _named(publisher, state.world.seed, name)
    if item is None:
        return PlainTextResponse(f"The file {name} does not exist.\n", 404)
    return portal.delivered(asked, item, state.body(item))


def _named(publisher: Publisher, seed: int, name: str) -> DataSet | None:
    stem = name.rpartition(".")[0]
    item = vo_holdings.find(publisher, seed, vo_holdings.identifier(publisher, f"{stem}.fits"))
    if item is None or name == item.filename:
        return item
    if name != preview_name(item):
        return None
    return replace(
        item,
        dp_id=f"{item.dp_id}#preview",
        filename=name,
        content_type="image/png",
        make=partial(vo_files.preview, item.plate),
    )
