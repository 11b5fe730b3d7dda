"""This file answers what a TAP service is: availability, capabilities, tables and examples.

Source: VOSI 1.1, TAPRegExt 1.0, VODataService 1.1, DALI 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.state import NotWelcome, State
from skyatlas.sandbox.tables import Column, ForeignKey, Table
from skyatlas.sandbox.tap import refusal
from skyatlas.sandbox.tap_formats import FORMATS
from skyatlas.sandbox.tap_service import FEATURES, Feature, TapService

_ENDPOINTS: Mapping[str, str] = {
    "availability": "ivo://ivoa.net/std/VOSI#availability",
    "capabilities": "ivo://ivoa.net/std/VOSI#capabilities",
    "tables": "ivo://ivoa.net/std/VOSI#tables",
    "examples": "ivo://ivoa.net/std/DALI#examples",
}
_VERSION = '<version ivo-id="ivo://ivoa.net/std/ADQL#v{0}">{0}</version>'
_VERSIONS = {
    False: _VERSION.format("2.0"),
    True: _VERSION.format("2.0") + _VERSION.format("2.1"),
}
"""By whether a service has features that came with ADQL 2.1."""
_OF_2_1 = frozenset({f"{FEATURES}-adql-sets", f"{FEATURES}-adql-string"})
_UPLOADS = "".join(
    f'<uploadMethod ivo-id="ivo://ivoa.net/std/TAPRegExt#upload-{way}"/>'
    for way in ("inline", "http")
)


def _xml(body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', media_type="text/xml")


def availability(_state: State, _asked: Asked) -> Response:
    """`/availability`: yes."""
    return _xml(
        '<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">'
        "<vosi:available>true</vosi:available></vosi:availability>"
    )


def examples(_state: State, _asked: Asked, service: TapService) -> Response:
    """`/examples`: a few queries, as DALI 1.1 section 2.3 has them."""
    each = "".join(
        f'<div typeof="example" id="q{number}" resource="#q{number}">'
        f'<h2 property="name">Example {number}</h2>'
        f'<pre property="query">{escape(query)}</pre></div>'
        for number, query in enumerate(service.examples, 1)
    )
    return Response(
        '<html xmlns="http://www.w3.org/1999/xhtml"><body vocab="http://www.ivoa.net/rdf/examples#">'
        f"{each}</body></html>",
        media_type="text/html",
    )


def tables(state: State, asked: Asked, service: TapService) -> Response:
    """`/tables`: schemas, tables and columns (VOSI 1.1, section 3)."""
    try:
        visitor = state.visitor(asked)
    except NotWelcome as error:
        return refusal(401, str(error))
    every = state.database(service, visitor).tables.values()
    parts = []
    for schema in dict.fromkeys(table.schema for table in every):
        inside = "".join(_table(table) for table in every if table.schema == schema)
        parts.append(f"<schema><name>{schema}</name>{inside}</schema>")
    return _xml(
        '<vosi:tableset xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0"'
        ' xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{''.join(parts)}</vosi:tableset>"
    )


def _facts(**facts: str) -> str:
    """Elements in this order, those that are empty left out."""
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in facts.items() if value)


def _table(table: Table) -> str:
    head = _facts(name=table.full_name, description=table.description, utype=table.utype)
    columns = "".join(_column(column, column.name in table.indexed) for column in table.columns)
    return f"<table>{head}{columns}{''.join(map(_foreign_key, table.keys))}</table>"


def _column(column: Column, indexed: bool) -> str:
    facts = _facts(
        name=column.written,
        description=column.description,
        unit=column.unit,
        ucd=column.ucd,
        utype=column.utype,
    )
    size = f' arraysize="{column.arraysize}"' if column.arraysize else ""
    size += f' extendedType="{column.xtype}"' if column.xtype else ""
    std = ' std="true"' if column.std else ""
    kind = f'<dataType xsi:type="vs:VOTableType"{size}>{column.datatype}</dataType>'
    return (
        f"<column{std}>{facts}{kind}"
        f"{'<flag>indexed</flag>' if indexed else ''}<flag>principal</flag></column>"
    )


def _foreign_key(key: ForeignKey) -> str:
    pairs = "".join(
        f"<fkColumn><fromColumn>{own}</fromColumn><targetColumn>{other}</targetColumn></fkColumn>"
        for own, other in key.pairs
    )
    return f"<foreignKey><targetTable>{key.target}</targetTable>{pairs}</foreignKey>"


def capabilities(_state: State, asked: Asked, service: TapService) -> Response:
    """`/capabilities`: what the service can do, and its limits (TAPRegExt 1.0)."""
    base = escape(asked.link(service.base))
    endpoints = "".join(
        f'<capability standardID="{standard}"><interface xsi:type="vs:ParamHTTP" role="std">'
        f'<accessURL use="full">{base}/{name}</accessURL></interface></capability>'
        for name, standard in _ENDPOINTS.items()
    )
    return _xml(
        '<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"'
        ' xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
        ' xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">'
        '<interface role="std" xsi:type="vs:ParamHTTP" version="1.1">'
        f'<accessURL use="base">{base}</accessURL></interface>'
        f"{_table_access(service)}</capability>{endpoints}</vosi:capabilities>"
    )


def _table_access(service: TapService) -> str:
    models = "".join(
        f'<dataModel ivo-id="{id_}">{name}</dataModel>' for id_, name in service.models
    )
    formats = "".join(
        f"<outputFormat{f' ivo-id={quoteattr(form.ivoid)}' if form.ivoid else ''}>"
        f"<mime>{form.content_type}</mime><alias>{name}</alias></outputFormat>"
        for name, form in ((name, FORMATS[name]) for name in service.formats)
    )
    upload = limit = ""
    versions = _VERSIONS[any(feature.kind in _OF_2_1 for feature in service.features)]
    if service.upload_rows:
        upload = _UPLOADS
        limit = f'<uploadLimit><hard unit="row">{service.upload_rows}</hard></uploadLimit>'
    geometry = (Feature(f"{FEATURES}-adqlgeo", name) for name in service.geometry.split())
    return (
        f"{models}<language><name>ADQL</name>"
        f"{versions}{_features((*geometry, *service.features))}</language>{formats}{upload}"
        f"<retentionPeriod><default>{service.jobs.kept.total_seconds():.0f}</default>"
        f"<hard>{service.jobs.kept_most.total_seconds():.0f}</hard></retentionPeriod>"
        f"<executionDuration><default>{service.jobs.seconds:.0f}</default>"
        f"<hard>{service.jobs.most_seconds:.0f}</hard></executionDuration>"
        f'<outputLimit><default unit="row">{service.default_rows}</default>'
        f'<hard unit="row">{service.most_rows}</hard></outputLimit>{limit}'
    )


def _features(features: tuple[Feature, ...]) -> str:
    lists = []
    for kind in dict.fromkeys(feature.kind for feature in features):
        forms = "".join(
            f"<feature>{_facts(form=feature.form, description=feature.description)}</feature>"
            for feature in features
            if feature.kind == kind
        )
        lists.append(f'<languageFeatures type="{kind}">{forms}</languageFeatures>')
    return "".join(lists)
