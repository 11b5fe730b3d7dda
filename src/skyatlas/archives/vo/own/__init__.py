"""This file reads the small files with which people add services of their own, without code.

Invariant: a file is right as a whole or refused as a whole, in one sentence that says where it is
wrong and what to write; it is never half believed, and it never harms another one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import cast, get_args
from urllib.parse import urlsplit

from skyatlas.archive import Pace
from skyatlas.archives.vo.own.columns import OwnColumn, columns_of, field_of
from skyatlas.archives.vo.own.words import Words
from skyatlas.errors import AtlasError, BadInput
from skyatlas.model import KINDS
from skyatlas.obscore import Field
from skyatlas.protocols.service import Protocol

__all__ = ["OwnColumn", "OwnService", "own_services"]

_KEYS = (
    "name", "title", "url", "protocol", "table", "kinds", "hosts", "pace", "columns",
    "acknowledgement", "login_hint",
)  # fmt: skip
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class OwnService:
    """A service as its file describes it."""

    name: str
    """What people type after `--archive`."""
    url: str
    file: Path
    """Where it is described."""
    title: str
    protocol: Protocol | None = None
    """None: to be found out."""
    table: str = ""
    """Of a TAP service: the table that is asked."""
    kinds: frozenset[str] = frozenset()
    """Empty: not said."""
    hosts: tuple[str, ...] = ()
    """Every host that is asked; the URL's is the first."""
    pace: Pace = field(default_factory=Pace)
    columns: Mapping[str, OwnColumn] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    """By the names of ObsCore."""
    acknowledgement: str = ""
    login_hint: str = ""

    def fields(self) -> dict[str, Field]:
        """The columns as `obscore.conform` takes them, converted to ObsCore's units.

        They raise Unreadable for an answer without a column that is named here, or with values
        that cannot be converted.
        """
        return {
            name: field_of(name, own, self.name, self.file) for name, own in self.columns.items()
        }


def own_services(
    folder: Path, *, taken: Collection[str] = ()
) -> Mapping[str, OwnService | AtlasError]:
    """The services that `*.toml` of a folder describe, by name; an error in the place of each
    file that is wrong. A folder that is not there holds none.

    `taken`: names that other archives have; who takes one of them stands under its path.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return {}
    except OSError as error:
        why = f"the folder of own services {folder} cannot be read ({error.strerror})"
        return {str(folder): BadInput(f"{why}; SKYATLAS_ARCHIVES names another")}
    found: dict[str, OwnService | AtlasError] = {}
    files: dict[str, str] = dict.fromkeys(taken, "another archive")
    for path in paths:
        name, service = _read(path)
        if name in files:
            sentence = f"{path}: {files[name]} has the name {name!r}; write another name = …"
            # Of two files neither is asked: who knows which one is meant?
            found[str(path) if name in taken else name] = BadInput(sentence)
        else:
            found[name] = service
            files[name] = path.name
    return found


def _read(path: Path) -> tuple[str, OwnService | AtlasError]:
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        return path.stem, BadInput(f"{path} cannot be read ({error.strerror})")
    except ValueError as error:  # tomllib says where; bytes that are no UTF-8
        return path.stem, BadInput(f'{path} is no TOML: {error}; write lines such as key = "value"')
    said = values.get("name", path.stem)
    name = said if isinstance(said, str) else path.stem
    try:
        return name, _service(path, Words(path, text, values))
    except BadInput as error:
        return name, error


def _service(path: Path, words: Words) -> OwnService:
    words.only(_KEYS)
    name = words.text("name", path.stem)
    if not _NAME.fullmatch(name):
        how = "of small letters, digits, '-', '_' and '.'"
        raise words.wrong("name", f"the name {name!r} cannot be typed; write one {how}")
    protocol = words.choice("protocol", get_args(Protocol))
    kinds = words.texts("kinds")
    for kind in kinds:
        words.known("kinds", kind, sorted(KINDS))
    return OwnService(
        name=name,
        url=words.text("url"),
        file=path,
        title=words.text("title", name),
        protocol=cast("Protocol | None", protocol or None),
        table=words.text("table"),
        kinds=frozenset(kinds),
        hosts=tuple(dict.fromkeys((_host(words), *map(str.lower, words.texts("hosts"))))),
        pace=_pace(words.inside("pace")),
        columns=columns_of(words.inside("columns")),
        acknowledgement=words.text("acknowledgement"),
        login_hint=words.text("login_hint"),
    )


def _host(words: Words) -> str:
    """Whom the URL leads to."""
    try:
        parts = urlsplit(words.text("url"))
    except ValueError:  # "http://["
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        example = 'url = "https://archive.example/tap"'
        raise words.wrong("url", f"the address of the service is missing; write {example}")
    if parts.password or parts.username:
        how = "take it out of the address, and use skyatlas login"
        raise words.wrong("url", f"a password does not belong into this file; {how}")
    return parts.hostname


def _pace(words: Words) -> Pace:
    usual = Pace()
    words.only(Pace.__slots__, above=_KEYS)
    return Pace(
        at_once=int(words.number("at_once", usual.at_once, whole=True)),
        per_second=words.number("per_second", usual.per_second),
        files_at_once=int(words.number("files_at_once", usual.files_at_once, whole=True)),
        files_per_second=words.number("files_per_second", usual.files_per_second),
    )
