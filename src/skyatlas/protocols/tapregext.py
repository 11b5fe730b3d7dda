"""This file reads what a TAP service says that it can do, and how much of it.

Invariant: a limit that a service does not state is None, never a guess. Source: TAPRegExt 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.protocols.markup import children, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Language", "Limit", "Offer", "OutputFormat", "offer_of"]

_EXTENSIONS = "ivo://ivoa.net/std/tapregext#"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a service does when nothing is asked for, and what it does at most."""

    default: int | None = None
    hard: int | None = None

    @property
    def most(self) -> int | None:
        """As far as one may go; None where nothing is said."""
        return self.hard if self.hard is not None else self.default


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """One way of writing an answer."""

    mime: str
    aliases: tuple[str, ...] = ()
    ivoid: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """One query language with its extensions."""

    name: str
    versions: tuple[str, ...] = ()
    features: tuple[tuple[str, str], ...] = ()
    """(kind of feature, form): ("ivo://ivoa.net/std/TAPRegExt#features-adqlgeo", "CIRCLE")."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a TAP service can do."""

    data_models: tuple[tuple[str, str], ...] = ()
    """(identifier, name), for example ("ivo://ivoa.net/std/ObsCore#core-1.1", "ObsCore-1.1")."""
    languages: tuple[Language, ...] = ()
    formats: tuple[OutputFormat, ...] = ()
    uploads: tuple[str, ...] = ()
    """Ways to upload: "inline", "http", "https", "ftp"; empty: none."""
    retention: Limit = Limit()
    """Seconds that a job is kept."""
    execution: Limit = Limit()
    """Seconds that a job may take."""
    rows: Limit = Limit()
    """Rows of an answer."""
    size: Limit = Limit()
    """Bytes of an answer."""
    upload_rows: Limit = Limit()
    upload_size: Limit = Limit()
    """Bytes of what is uploaded."""

    @property
    def geometry(self) -> frozenset[str] | None:
        """ADQL's geometry functions that it knows, in capitals; None where it says nothing."""
        languages = [one for one in self.languages if one.name.upper().startswith("ADQL")]
        if not any(one.features for one in languages):
            return None
        return frozenset(
            form.partition("(")[0].strip().upper()
            for one in languages
            for kind, form in one.features
            if kind.lower() == _EXTENSIONS + "features-adqlgeo"
        )

    def follows(self, model: str) -> bool:
        """Whether it has the tables of a data model: "obscore", "regtap"."""
        return any(
            ivoid.strip().lower().startswith(f"ivo://ivoa.net/std/{model.lower()}")
            for ivoid, _ in self.data_models
        )


def offer_of(element: Element) -> Offer:
    """Read a `<capability>` of the type TableAccess; a number that is none counts as not said."""
    return Offer(
        data_models=tuple(
            (one.get("ivo-id", ""), text_of(one)) for one in children(element, "dataModel")
        ),
        languages=tuple(_language(one) for one in children(element, "language")),
        formats=tuple(
            OutputFormat(
                text_of(one, "mime"),
                tuple(filter(None, map(text_of, children(one, "alias")))),
                one.get("ivo-id", ""),
            )
            for one in children(element, "outputFormat")
        ),
        uploads=tuple(
            one.get("ivo-id", "").lower().removeprefix(_EXTENSIONS + "upload-")
            for one in children(element, "uploadMethod")
        ),
        retention=_limit(element, "retentionPeriod"),
        execution=_limit(element, "executionDuration"),
        rows=_limit(element, "outputLimit", "row"),
        size=_limit(element, "outputLimit", "byte"),
        upload_rows=_limit(element, "uploadLimit", "row"),
        upload_size=_limit(element, "uploadLimit", "byte"),
    )


def _language(element: Element) -> Language:
    return Language(
        text_of(element, "name"),
        tuple(map(text_of, children(element, "version"))),
        tuple(
            (group.get("type", "").strip(), text_of(feature, "form"))
            for group in children(element, "languageFeatures")
            for feature in children(group, "feature")
        ),
    )


def _limit(element: Element, name: str, unit: str = "") -> Limit:
    said: dict[str, int] = {}
    for group in children(element, name):
        for one in group:
            if unit in ("", one.get("unit", unit)):
                number = _whole(text_of(one))
                if number is not None:
                    said.setdefault(str(one.tag), number)
    return Limit(said.get("default"), said.get("hard"))


def _whole(text: str) -> int | None:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None
