"""This file writes the ADQL that a registry is asked: what is wanted becomes one condition.

Invariants: every word of the caller is quoted; a service that does not say where (or in which
band, or when) it has data is kept. Sources: IVOA RegTAP 1.1 (2019), and its draft 1.2 for the
coverage tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import TYPE_CHECKING

from skyatlas.model import Interval
from skyatlas.protocols.standards import TYPES, among

if TYPE_CHECKING:
    from skyatlas.protocols.wanted import Wanted

__all__ = ["SEPARATOR", "Grade", "facts", "quote", "services"]


def _says(model: str) -> tuple[str, str]:
    xpath = "detail_xpath = '/capability/dataModel/@ivo-id'"
    return "rr.res_detail", f"{xpath} AND 1 = ivo_nocasematch(detail_value, '{model}')"


_MODELS = {
    # Data centres spell the identifier in several ways (core-1.0, core-1.1, core/v1.0); tables
    # that have records of their own say it in their utype.
    "obscore": (
        _says("ivo://ivoa.net/std/obscore%"),
        ("rr.res_table", "table_utype LIKE 'ivo://ivoa.net/std/obscore#table-1.%'"),
    ),
    # The second one is from before EPN-TAP became an IVOA standard, and still in use.
    "epntap": (
        ("rr.res_table", "table_utype LIKE 'ivo://ivoa.net/std/epntap#table-2.%'"),
        ("rr.res_table", "table_utype LIKE 'ivo://vopdc.obspm/std/epncore#schema-2.%'"),
    ),
    "regtap": (_says("ivo://ivoa.net/std/RegTAP#1.%"),),
}
"""Data model → (table of the registry, condition) by which a service says that it follows it."""

_HC = 6.62607015e-34 * 299792458.0
"""J m, exact (SI 2019): the energy of a photon times its wavelength."""

SEPARATOR = ":::py VO sep:::"
"""Between the parts of an aggregate. pyvo's: the registries have proven to give it back whole."""


class Grade(IntEnum):
    """How new a registry is; a question that one refuses is put again for an older one."""

    COVERAGE = 2
    """The draft RegTAP 1.2: rr.stc_spatial, rr.stc_spectral, rr.stc_temporal."""
    MIRRORS = 1
    """RegTAP 1.1: rr.interface has mirror_url and authenticated_only."""
    PLAIN = 0
    """RegTAP 1.0."""


def services(wanted: Wanted, grade: Grade) -> str:
    """The question for the services themselves: one row for each, its interfaces side by side."""
    grouped = [f"res.{name} AS {name}" for name in _RESOURCE]
    interfaces = [
        *_INTERFACE,
        *([("intf.mirror_url", "mirror_urls")] if grade >= Grade.MIRRORS else []),
    ]
    together = [
        f"ivo_string_agg(COALESCE({column}, ''), '{SEPARATOR}') AS {name}"
        for column, name in interfaces
    ]
    offered = among(TYPES, "cap.standard_id", auxiliary=True)
    conditions = [offered, *_conditions(wanted, grade)]
    if grade >= Grade.MIRRORS:
        conditions.append("(intf.authenticated_only = 0 OR intf.authenticated_only IS NULL)")
    # Every word of the caller went through quote().
    return (
        f"SELECT {', '.join(grouped)}, pub.role_name AS publisher, {', '.join(together)} "  # noqa: S608
        "FROM rr.resource AS res "
        "JOIN rr.capability AS cap ON cap.ivoid = res.ivoid "
        "JOIN rr.interface AS intf ON intf.ivoid = cap.ivoid AND intf.cap_index = cap.cap_index "
        "LEFT OUTER JOIN rr.res_role AS pub "
        "ON pub.ivoid = res.ivoid AND pub.base_role = 'publisher' "
        f"WHERE {' AND '.join(conditions)} "
        f"GROUP BY {', '.join(f'res.{name}' for name in _RESOURCE)}, pub.role_name "
        "ORDER BY ivoid"
    )


_RESOURCE = (
    "ivoid", "res_type", "short_name", "res_title", "res_description", "creator_seq", "waveband",
    "content_level", "updated", "reference_url", "rights",
)  # fmt: skip
_INTERFACE = (
    ("intf.access_url", "access_urls"),
    ("cap.standard_id", "standard_ids"),
    ("intf.intf_type", "intf_types"),
    ("intf.intf_role", "intf_roles"),
    ("intf.std_version", "std_versions"),
)


def facts(wanted: Wanted, grade: Grade) -> dict[str, str]:
    """More questions about the same services: what to call the answer → ADQL, rows (ivoid, fact…).

    Only those without which the services could not be asked, unless one service is looked for.
    """
    chosen = _chosen(wanted, grade)
    one = bool(wanted.ivoid)
    asked: dict[str, str] = {}
    if one or wanted.datamodels or "tap" in wanted.types:
        asked["models"] = (
            "SELECT ivoid, detail_value AS fact FROM rr.res_detail "  # noqa: S608
            f"WHERE detail_xpath = '/capability/dataModel/@ivo-id' AND {chosen}"
        )
    if one or wanted.datamodels:
        known = "" if one else "table_utype LIKE 'ivo://%' AND "
        asked["tables"] = (
            "SELECT ivoid, table_name AS fact, table_utype AS utype FROM rr.res_table "  # noqa: S608
            f"WHERE {known}{chosen}"
        )
    if one:
        asked["subjects"] = f"SELECT ivoid, res_subject AS fact FROM rr.res_subject WHERE {chosen}"  # noqa: S608
    if grade is Grade.COVERAGE:
        for name, table, column, given in _coverages(wanted):
            if given:
                # Some registries have a row with NULL for who does not say.
                asked[name] = (
                    f"SELECT DISTINCT ivoid, ivoid AS fact FROM {table} "  # noqa: S608
                    f"WHERE {column} IS NOT NULL AND {chosen}"
                )
    return asked


def _coverages(wanted: Wanted) -> tuple[tuple[str, str, str, bool], ...]:
    """What the answer is called, the registry's table and column, and whether it was asked for."""
    return (
        ("position", "rr.stc_spatial", "coverage", wanted.position is not None),
        ("band", "rr.stc_spectral", "spectral_start", wanted.band is not None),
        ("time", "rr.stc_temporal", "time_start", wanted.time is not None),
    )


def _chosen(wanted: Wanted, grade: Grade) -> str:
    conditions = " AND ".join(_conditions(wanted, grade))
    return f"ivoid IN (SELECT res.ivoid FROM rr.resource AS res WHERE {conditions})"  # noqa: S608


def _conditions(wanted: Wanted, grade: Grade) -> Iterator[str]:
    if wanted.ivoid:
        yield f"res.ivoid = {quote(wanted.ivoid.lower())}"  # RegTAP has them in lower case
    yield from map(_keyword, wanted.keywords)
    if wanted.types:
        yield _in("rr.capability", among(wanted.types, "standard_id", auxiliary=False))
    if wanted.wavebands:
        has = (f"1 = ivo_hashlist_has(res.waveband, {quote(one)})" for one in wanted.wavebands)
        yield _any(has)
    if wanted.ucds:
        yield _in("rr.table_column", _any(f"ucd LIKE {quote(u.lower())}" for u in wanted.ucds))
    if wanted.datamodels:
        yield _any(_in(*one) for name in wanted.datamodels for one in _MODELS[name])
    for name, role in ((wanted.publisher, "publisher"), (wanted.author, "creator")):
        if name:
            part = quote(name if "%" in name else f"%{name}%")
            yield _in(
                "rr.res_role", f"base_role = '{role}' AND 1 = ivo_nocasematch(role_name, {part})"
            )
    if grade is Grade.COVERAGE:
        yield from _coverage(wanted)


def _keyword(word: str) -> str:
    quoted = quote(word)
    has = f"1 = ivo_hasword(res_title, {quoted}) OR 1 = ivo_hasword(res_description, {quoted})"
    subject = f"1 = ivo_nocasematch(res_subject, {quote(f'%{word}%')})"
    # Lists of identifiers: an OR across joined tables would cost the registries their indices.
    return _any((_in("rr.resource", has), _in("rr.res_subject", subject)))


def _coverage(wanted: Wanted) -> Iterator[str]:
    if wanted.position is not None:
        ra, dec, radius = map(float, wanted.position)
        # Order 6 (0.9 degrees), the resolution that RegTAP 1.2 recommends for coverages.
        circle = f"MOC(6, CIRCLE({ra!r}, {dec!r}, {radius!r}))"
        yield _covers("rr.stc_spatial", "coverage", f"1 = INTERSECTS(coverage, {circle})")
    if wanted.band is not None:
        yield _covers(
            "rr.stc_spectral", "spectral_start", _overlap("spectral", _joules(wanted.band))
        )
    if wanted.time is not None:
        yield _covers("rr.stc_temporal", "time_start", _overlap("time", wanted.time))


def _covers(table: str, said: str, condition: str) -> str:
    """It has data there, or it does not say."""
    return _any((_in(table, condition), _in(table, f"{said} IS NOT NULL", "NOT IN")))


def _joules(band: Interval) -> Interval:
    """Energies of photons for wavelengths in metres."""
    low, high = (None if end is None else _HC / end for end in (band.high, band.low))
    return Interval(low, high)


def _overlap(name: str, interval: Interval) -> str:
    conditions = []
    if interval.high is not None:
        conditions.append(f"{name}_start <= {float(interval.high)!r}")
    if interval.low is not None:
        conditions.append(f"{name}_end >= {float(interval.low)!r}")
    return " AND ".join(conditions) or "1 = 1"


def quote(text: str) -> str:
    """An ADQL string literal; O'Brien becomes 'O''Brien'."""
    return "'" + text.replace("'", "''") + "'"


def _in(table: str, condition: str, relation: str = "IN") -> str:
    # Every word of the caller in a condition went through quote().
    return f"res.ivoid {relation} (SELECT ivoid FROM {table} WHERE {condition})"  # noqa: S608


def _any(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions)})"
