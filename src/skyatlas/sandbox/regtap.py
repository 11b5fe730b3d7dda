"""This file fills a registry's tables (schema rr) from records.

Invariant: identifiers, standards, bands and utypes are in lower case, as RegTAP asks, so a client
may compare them by equality. Source: RegTAP 1.1, https://www.ivoa.net/documents/RegTAP/20191011/;
stc_*, subject_uat and tap_table as in the draft of 1.2 and in GAVO's registry.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from skyatlas.sandbox.item import World
from skyatlas.sandbox.registry_records import Capability, Record, records
from skyatlas.sandbox.tables import Column, ForeignKey, Row, Table
from skyatlas.sandbox.tap_schema import tap_schema

_CREATED = "2019-05-02T08:00:00"
_UPDATED = "2024-03-01T12:00:00"
_ABOUT = {"rr": "The registry of the Virtual Observatory, as RegTAP has it"}
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "ivo://ivoa.net/std/sia": ("POS", "SIZE", "FORMAT"),
    "ivo://ivoa.net/std/ssa": ("POS", "SIZE", "BAND", "TIME", "FORMAT"),
    "ivo://ivoa.net/std/conesearch": ("RA", "DEC", "SR", "VERB"),
}
"""The standard's parameters that an interface declares."""

_Told = Iterator[tuple[str, dict[str, object]]]
"""Tables' names and rows, without the identifier."""


@cache
def _columns(version: str) -> Mapping[str, tuple[Column, ...]]:
    """The columns of rr's tables as of that version of RegTAP."""
    found: dict[str, list[Column]] = {}
    with Path(__file__).with_name("regtap_columns.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["since"] <= version:
                name, kind, about = line["column"], line["datatype"], line["description"]
                column = Column(name, kind, line["unit"], "", line["xtype"], "", about, True)
                found.setdefault(line["table"], []).append(column)
    return {name: tuple(columns) for name, columns in found.items()}


def tables(version: str, world: World, _programs: object = None) -> list[Table]:
    """All tables of a registry that follows "1.0" or "1.2" of RegTAP."""
    rows: dict[str, list[Row]] = {}
    for record in records(world):
        for name, row in _told(record):
            key = "svcid" if name == "tap_table" else "ivoid"
            rows.setdefault(name, []).append({key: record.ivoid.lower(), **row})
    found = [
        Table(
            "rr",
            name,
            columns,
            tuple(rows.get(name, ())),
            f"rr.{name} of RegTAP",
            utype=f"ivo://ivoa.net/std/regtap#{version}" if name == "resource" else "",
            keys=() if name in {"resource", "tap_table"} else (_TO_RESOURCE,),
            indexed=frozenset({"ivoid"}) & {column.name for column in columns},
        )
        for name, columns in _columns(version).items()
    ]
    return found + tap_schema(found, _ABOUT)


_TO_RESOURCE = ForeignKey("rr.resource", (("ivoid", "ivoid"),))


def _told(record: Record) -> _Told:
    yield "resource", _resource(record)
    yield from _curation(record)
    yield from _content(record)
    yield from _coverage(record)
    yield from _abilities(record)
    yield from _holdings(record)


def _hashed(words: Iterable[str]) -> str | None:
    return "#".join(word.lower() for word in words) or None


def _resource(record: Record) -> dict[str, object]:
    return {
        "res_type": record.kind,
        "created": _CREATED,
        "short_name": record.short_name,
        "res_title": record.title,
        "updated": _UPDATED,
        "content_level": "research",
        "res_description": record.description,
        "reference_url": record.page,
        "creator_seq": "; ".join(record.authors),
        "content_type": "catalog" if record.tables else "archive",
        "waveband": _hashed(record.wavebands),
        "rights": "public",
        "rights_uri": "https://creativecommons.org/publicdomain/zero/1.0/",
        "harvested_from": f"ivo://{record.ivoid.split('/')[2]}/registry",
    }


def _curation(record: Record) -> _Told:
    name, ivoid = record.publisher
    authority = ivoid.split("/")[2]
    yield "res_role", {"role_name": name, "role_ivoid": ivoid, "base_role": "publisher"}
    for author in record.authors:
        yield "res_role", {"role_name": author, "base_role": "creator"}
    desk, address = f"Help desk of {name}", f"help@{authority}"
    yield "res_role", {"role_name": desk, "email": address, "base_role": "contact"}
    for role, date in (("created", _CREATED), ("updated", _UPDATED)):
        yield "res_date", {"date_value": date, "value_role": role}
    yield "validation", {"validated_by": "ivo://registry.example/tap", "val_level": 2}
    for identifier in record.identifiers:
        yield "alt_identifier", {"alt_identifier": identifier}


def _content(record: Record) -> _Told:
    for word in record.keywords:
        yield "res_subject", {"res_subject": word}
        concept = word.lower().replace(" ", "-")
        yield "subject_uat", {"uat_concept": concept, "match_type": "label"}
    if record.served_by:
        title, ivoid = record.served_by
        related = {"related_id": ivoid.lower(), "related_name": title}
        yield "relationship", {"relationship_type": "isservedby", **related}


def _coverage(record: Record) -> _Told:
    # Who does not say is there with NULL: pyvo's `inclusive` looks for that.
    yield "stc_spatial", {"coverage": record.coverage() if record.coverage else None}
    for low, high in record.energies:
        yield "stc_spectral", {"spectral_start": low, "spectral_end": high}
    if record.times:
        yield "stc_temporal", {"time_start": record.times[0], "time_end": record.times[1]}


def _abilities(record: Record) -> _Told:
    number = 0
    for place, capability in enumerate(record.capabilities, 1):
        yield (
            "capability",
            {
                "cap_index": place,
                "cap_type": capability.kind,
                "cap_description": capability.description or None,
                "standard_id": capability.standard.lower() if capability.standard else None,
            },
        )
        for path, value in _details(capability):
            yield "res_detail", {"cap_index": place, "detail_xpath": path, "detail_value": value}
        for interface in capability.interfaces:
            number += 1
            yield (
                "interface",
                {
                    "cap_index": place,
                    "intf_index": number,
                    "intf_type": interface.kind,
                    "intf_role": interface.role,
                    "std_version": interface.version,
                    "query_type": "get",
                    "url_use": interface.use,
                    "access_url": interface.url,
                    "mirror_url": "#".join(interface.mirrors) or None,
                    "authenticated_only": 0,
                },
            )
            for name in _PARAMETERS.get((capability.standard or "").lower(), ()):
                yield "intf_param", {"intf_index": number, "name": name, "std": 1}


def _details(capability: Capability) -> Iterator[tuple[str, str]]:
    for ivoid, name in capability.models:
        yield "/capability/dataModel/@ivo-id", ivoid
        yield "/capability/dataModel", name


def _holdings(record: Record) -> _Told:
    schemas = list(dict.fromkeys(table.schema for table in record.tables))
    for place, schema in enumerate(schemas, 1):
        yield "res_schema", {"schema_index": place, "schema_name": schema.lower() or None}
    for place, table in enumerate(record.tables, 1):
        about = {
            "table_name": table.full_name.lower().lstrip("."),
            "table_description": table.description or None,
            "table_title": table.description or None,
            "table_utype": table.utype.lower() or None,
        }
        index = schemas.index(table.schema) + 1
        facts = {"table_type": "output", "nrows": len(table.rows) or None}
        yield "res_table", {"schema_index": index, "table_index": place, **about, **facts}
        for column in table.columns:
            yield "table_column", {"table_index": place, **_column(column)}
        if record.kind == "vs:catalogservice" and table.schema:
            url = record.capabilities[0].interfaces[0].url
            yield "tap_table", {"resid": record.ivoid.lower(), "access_url": url, **about}


def _column(column: Column) -> dict[str, object]:
    return {
        "name": column.name.lower(),
        "ucd": column.ucd.lower() or None,
        "unit": column.unit or None,
        "utype": column.utype.lower() or None,
        "std": int(column.std),
        "datatype": column.datatype.lower(),
        "extended_type": column.xtype or None,
        "arraysize": column.arraysize or None,
        "type_system": "vs:votabletype",
        "column_description": column.description or None,
    }
