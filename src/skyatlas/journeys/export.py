"""This file writes a plan as a list for aria2c, wget or curl; a list never holds a secret.

What an archive says (names, folders, addresses) is data in the list: it can neither leave the
folder, nor begin a line, nor be run. A file whose address holds a secret is left out and named.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from skyatlas.net.digests import promised_digests
from skyatlas.net.disposition import safe_name
from skyatlas.net.redaction import redact
from skyatlas.version import __version__

if TYPE_CHECKING:
    from skyatlas.journeys.fetch import Plan
    from skyatlas.model import Product
    from skyatlas.net.door import StreetDoor

__all__ = ["Form", "exported"]

Form = Literal["aria2", "wget", "curl"]
"""Whose list."""

_AT_ONCE = 4
"""Files at once from one host: the usual politeness of `skyatlas.archive.Pace`."""
_IN_URLS = "%/:=&?~#+!$,;'@()*[]"
"""What stays as it is in an address; quotes, blanks, braces and control characters do not."""
_PRIVATE = ("proprietary", "secure")
"""ObsCore's `data_rights` of files that need a login (ObsCore 1.1, table 5)."""
_SUMS = {"sha256": "sha-256", "sha512": "sha-512", "sha1": "sha-1", "md5": "md5"}
"""Our names of digests, and aria2's; `NAMEsum` checks them. The best one first."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file of the list; every text in it is safe to write."""

    urls: tuple[str, ...]
    folder: str
    """Relative, "" for the present one."""
    name: str
    """ "" where the archive gives the name."""
    key: str
    digest: tuple[str, str] | None
    """(our name of the algorithm, hexadecimal)."""
    login: str = ""
    """Archive whose login it needs, or ""."""

    @property
    def path(self) -> str:
        """Relative path; never looks like an option."""
        path = f"{self.folder}/{self.name}" if self.folder else self.name
        return f"./{path}" if path.startswith("-") else path


def exported(plan: Plan, form: Form, *, door: StreetDoor | None = None) -> str:
    """The plan as the input of `aria2c -i`, a shell script of wgets, or the input of `curl -K`.

    Names and sub-folders are those that a fetch would give where they are known before asking;
    otherwise the archive gives the name. A door that leads to the sandbox makes the list lead
    there. Files that need a login are marked; the token comes from the environment.
    """
    made_up = door is not None and door.route.sandbox is not None
    entries, left_out = _entries(plan.products, door if made_up else None)
    count = f"{len(entries)} file{'s' if len(entries) != 1 else ''}"
    head = [f"# {count}, listed by skyatlas {__version__}."]
    if made_up:
        head.append("# Made up by the sandbox: no telescope ever saw them.")
    lines = [*head, *_WRITERS[form](entries), *(f"# left out: {one}" for one in left_out)]
    return "\n".join(["#!/bin/sh", *lines] if form == "wget" else lines) + "\n"


def _entries(
    products: Iterable[Product], sandbox: StreetDoor | None
) -> tuple[list[_Entry], list[str]]:
    """What can be listed, and in words what cannot."""
    entries: list[_Entry] = []
    left_out: list[str] = []
    taken: set[str] = set()
    for product in products:
        why = "it is made here, of other files" if product.made else _unfit(product.url)
        if why:
            left_out.append(f"{_written(redact(product.url))} ({why})")
            continue
        urls = (product.url, *(url for url in product.mirrors if not _unfit(url)))
        key = hashlib.sha256(product.key.encode()).hexdigest()[:16]
        folder, name = _folder(product.folder), safe_name(product.name or "")
        if name and f"{folder}/{name}".casefold() in taken:
            name = _another(name, safe_name(product.product_id)[:40] or key[:8])
        taken.add(f"{folder}/{name}".casefold())
        private = product.provenance.get("data_rights") in _PRIVATE and not product.anonymous
        entries.append(
            _Entry(
                urls=tuple(_written(sandbox.route.to(url)[0] if sandbox else url) for url in urls),
                folder=folder,
                name=name,
                key=key,
                digest=_digest(product.checksum),
                login=(re.sub(r"\W", "", product.archive) or "archive") if private else "",
            )
        )
    return entries, left_out


def _unfit(url: str) -> str:
    """Why an address cannot be listed, or ""."""
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fit = False
    if not fit:
        return "not an address of the web"
    if redact(url) != url or "REDACTED" in url:
        return "its address holds a secret; fetch it with skyatlas"
    return ""


def _written(url: str) -> str:
    """The address without anything that a list, a shell or a terminal could take for its own."""
    return quote(url, safe=_IN_URLS)


def _folder(folder: str) -> str:
    """A relative folder of safe names; `..` and empty parts fall away."""
    return "/".join(filter(None, map(safe_name, re.split(r"[/\\]", folder))))


def _another(name: str, identity: str) -> str:
    """The name of a different file of that name, as a fetch gives it."""
    stem, dot, endings = name.partition(".fit") if ".fit" in name else name.partition(".")
    return f"{stem} ({identity}){dot}{endings}"


def _digest(checksum: str | None) -> tuple[str, str] | None:
    digests = promised_digests({}, checksum, whole=True)
    return next(((name, digests[name].hex()) for name in _SUMS if name in digests), None)


def _variable(archive: str) -> str:
    """The environment variable that the list takes an archive's token from."""
    return f"{archive.upper()}_TOKEN"


def _by_login(entries: Sequence[_Entry]) -> Iterator[tuple[str, list[_Entry]]]:
    """(archive or "", its files), those for everybody first."""
    ordered = sorted(entries, key=lambda entry: entry.login)
    for login, group in groupby(ordered, lambda entry: entry.login):
        yield login, list(group)


def _aria2(entries: Sequence[_Entry]) -> Iterator[str]:
    yield f"# Run: aria2c -j {_AT_ONCE} -i LIST   (error 13: the file is there already)"
    for login, group in _by_login(entries):
        if login:
            # Seen with aria2 1.36: a header goes along to whatever host a redirect names.
            yield f"# {len(group)} need a login at {login}, and aria2 would hand the token on to"
            yield "# wherever it is redirected: fetch them with skyatlas, or --export curl."
        for entry in group:
            prefix = "#" if login else ""
            yield from (prefix + line for line in _aria2_lines(entry))


def _aria2_lines(entry: _Entry) -> Iterator[str]:
    yield "\t".join(entry.urls)
    # aria2 puts the user's home where an option says ${HOME}.
    if entry.name:
        yield f" out={entry.path.replace('$', '_')}"
    elif entry.folder:
        yield f" dir={entry.folder.replace('$', '_')}"
    if entry.digest:
        yield f" checksum={_SUMS[entry.digest[0]]}={entry.digest[1]}"
    # Never a second copy, never bytes added to a file that aria2 did not begin itself, and no
    # list of further addresses taken from the file.
    yield " auto-file-renaming=false"
    yield " follow-torrent=false"
    yield " follow-metalink=false"
    yield f" user-agent={_agent('aria2')}"


def _agent(tool: str) -> str:
    return f"skyatlas/{__version__} (IVOA-science) {tool}"


def _wget(entries: Sequence[_Entry]) -> Iterator[str]:
    script = files("skyatlas.journeys").joinpath("export.sh").read_text(encoding="utf-8")
    yield script.replace("AGENT", shlex.quote(_agent("wget")))
    for login, group in _by_login(entries):
        if login:
            variable = _variable(login)
            yield f"# These need a login at {login}: put its token into the environment variable"
            yield f"# {variable}. While wget runs, others on this machine can see it (ps)."
            yield f"token=${{{variable}-}}"
        for entry in group:
            words = ("named", entry.path) if entry.name else ("unnamed", _here(entry), entry.key)
            yield shlex.join([*words, *entry.urls])
    for name, lines in _sums(entries):
        yield f"{name}sum -c <<'END' || failed=1"
        yield from lines
        yield "END"
    yield "exit $failed"


def _here(entry: _Entry) -> str:
    return f"./{entry.folder}" if entry.folder else "."


def _sums(entries: Iterable[_Entry]) -> Iterator[tuple[str, list[str]]]:
    """(algorithm, what its `sum -c` reads) for files with a name and a checksum."""
    for name in _SUMS:
        lines = [
            f"{entry.digest[1]}  {entry.path}"
            for entry in entries
            if entry.name and entry.digest and entry.digest[0] == name
        ]
        if lines:
            yield name, lines


def _curl(entries: Sequence[_Entry]) -> Iterator[str]:
    yield "# Run: curl -K LIST   (curl 7.83 or later). Files that are named here are written anew;"
    yield "# error 23: another is there already. The exit code is that of the last file."
    first = True
    for login, group in _by_login(entries):
        mark = f"#{login} " if login else ""
        if login:
            variable = _variable(login)
            yield f"# These need a login at {login}: with its token in the environment variable"
            yield f"# {variable}, run"
            yield (
                f'#   awk \'/^#{login} TOKEN$/ {{print "header = \\"Authorization: Bearer " '
                f'ENVIRON["{variable}"] "\\""; next}} sub(/^#{login} /, "")\' LIST | curl -K -'
            )
            first = True
        for lines in _curl_operations(group):
            yield from () if first else (f"{mark}next",)
            yield from (mark + line for line in (["TOKEN"] if login else []) + lines)
            first = False
    for name, sums in _sums(entries):
        yield f"# To check: sed -n 's/^#{name} //p' LIST | {name}sum -c"
        yield from (f"#{name} {line}" for line in sums)


def _curl_operations(group: Sequence[_Entry]) -> Iterator[list[str]]:
    """Files with a name in one operation; of the others one for each folder and its options."""

    def place(entry: _Entry) -> str:
        return "" if entry.name else _here(entry)

    for folder, entries in groupby(sorted(group, key=place), place):
        lines = ["globoff", "location", "fail", "create-dirs", "remove-on-error"]
        lines += ['proto = "=http,https"', f'user-agent = "{_agent("curl")}"']
        if folder:
            lines += ["remote-header-name", f'output-dir = "{_quoted(folder)}"']
        for entry in entries:
            # curl has no second address for a file.
            lines.append(f'url = "{_quoted(entry.urls[0])}"')
            lines.append("remote-name" if folder else f'output = "{_quoted(entry.path)}"')
        yield lines


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_WRITERS: dict[Form, Callable[[Sequence[_Entry]], Iterator[str]]] = {
    "aria2": _aria2,
    "wget": _wget,
    "curl": _curl,
}
