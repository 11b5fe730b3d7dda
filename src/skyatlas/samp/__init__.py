"""This package sends tables, images and spectra to the desktop tools that run: TOPCAT, Aladin, DS9.

Invariant: who took it is known, since every tool is asked for an answer; silence is a refusal.
Source: SAMP 1.3 and its list of MTypes (wiki.ivoa.net/twiki/bin/view/IVOA/SampMTypes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from skyatlas.errors import ArchiveError, BadInput, Broken, Unreachable
from skyatlas.samp.hub import Hub
from skyatlas.threads import side_by_side

__all__ = ["Kind", "Sent", "listeners", "point", "send"]

Kind = Literal["table", "image", "spectrum"]

_MESSAGES: Mapping[tuple[str, bool], tuple[str, ...]] = {
    # (kind, whether it is FITS): each tool gets the first of these that it takes.
    ("table", False): ("table.load.votable",),
    ("table", True): ("table.load.fits",),
    ("image", True): ("image.load.fits",),
    ("spectrum", False): ("spectrum.load.ssa-generic", "table.load.votable"),
    ("spectrum", True): ("spectrum.load.ssa-generic", "table.load.fits"),
}
_POINT = "coord.pointAt.sky"
_EVERYBODY = "all"
PATIENCE = 60.0
"""Seconds that a tool may take to load something."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Who took what."""

    name: str
    """What was sent."""
    taken: tuple[str, ...]
    """Names of the tools that loaded it."""
    refused: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Why others did not, by their names."""

    def __str__(self) -> str:
        taken = f"{self.name} was sent to {', '.join(self.taken)}"
        return "; ".join((taken, *self.refused.values()))


def listeners(kind: Kind, to: str | None = None, *, fits: bool | None = None) -> list[str]:
    """The tools that would take something of this kind. `to` as in `send`.

    Raises BadInput, as `send` would: ask before a search whose answer is to be sent.
    """
    with Hub() as hub:
        names = hub.clients()
        return [names[client] for client in _found(hub, names, to, kind, _messages(kind, fits))]


def send(
    kind: Kind, where: str | Path, name: str, *, to: str | None = None, patience: float = PATIENCE
) -> Sent:
    """Have tools load a file, or what is at a URL. `name` is what they show.

    `to` is part of a tool's name ("topcat", "aladin", "ds9"); None or "all" is every tool that
    takes it. Tables are VOTables or FITS, images and cubes FITS, spectra either. `patience`:
    seconds that a tool may take.

    Raises
    ------
    BadInput
        No hub, no such tool, or none that takes this; there is no such file. Nothing was sent:
        the sentence says who is there, and what to start.
    Unreachable, Broken
        No tool answered in time; those that did could not load it.
    """
    url, fits = _address(where)
    facts: dict[str, Any] = {"url": url, "name": name}
    given: dict[str, dict[str, Any]] = {
        "table": {"table-id": url},
        "image": {"image-id": url},
        "spectrum": {"spectrum-id": url, "table-id": url, "meta": _meta(url, name, fits=fits)},
    }
    return _told(facts | given[kind], name, to, kind, _messages(kind, fits), patience)


def point(ra: float, dec: float, *, to: str | None = None, patience: float = 10.0) -> Sent:
    """Have tools look at a position, degrees ICRS. `to` and errors as in `send`."""
    facts = {"ra": repr(float(ra)), "dec": repr(float(dec))}
    return _told(facts, f"{ra:.6f} {dec:+.6f}", to, "position", (_POINT,), patience)


def _told(
    facts: Mapping[str, Any],
    name: str,
    to: str | None,
    kind: str,
    messages: tuple[str, ...],
    patience: float,
) -> Sent:
    with Hub() as hub:
        names = hub.clients()
        found = _found(hub, names, to, kind, messages)

    def tell(one: tuple[str, str]) -> ArchiveError | None:
        client, message = one
        try:
            with Hub() as own:  # a registration is for one thread
                _check(names[client], own.call(client, names[client], message, facts, patience))
        except (Broken, Unreachable) as error:
            return error
        return None

    errors = dict(zip(found, side_by_side(tell, list(found.items()), len(found)), strict=True))
    wrong = {names[client]: error for client, error in errors.items() if error is not None}
    taken = tuple(names[client] for client, error in errors.items() if error is None)
    if not taken:
        raise next(iter(wrong.values()))
    return Sent(name, taken, {who: str(error) for who, error in wrong.items()})


def _found(
    hub: Hub, names: Mapping[str, str], to: str | None, kind: str, messages: tuple[str, ...]
) -> dict[str, str]:
    """The message that each tool gets, by its identifier. Raises BadInput where there is none."""
    there = ", ".join(sorted(names.values())) or "no tool"
    word = "" if to is None or to.casefold() == _EVERYBODY else to.casefold()
    named = [client for client, name in names.items() if word in name.casefold()]
    if not named:
        start = f"start {to}" if word else "start TOPCAT, Aladin or DS9"
        are = "are" if len(names) > 1 else "is"
        raise BadInput(f"{to or 'no tool'} is not connected to SAMP ({there} {are}); {start}")
    found: dict[str, str] = {}
    for message in reversed(messages):
        found |= dict.fromkeys(hub.takers(message).intersection(named), message)
    if not found:
        who = ", ".join(sorted(names[client] for client in named))
        takers = frozenset[str]().union(*map(hub.takers, messages))
        others = ", ".join(sorted(names[one] for one in takers if one in names))
        hint = f"send it to {others}" if others else "start a tool that does"
        raise BadInput(f"{who} does not take {kind}s; {hint}")
    return {client: found[client] for client in names if client in found}


def _check(tool: str, told: Mapping[str, Any]) -> None:
    """Raise Broken where a tool says that it could not."""
    if str(told.get("samp.status", "samp.error")) in ("samp.ok", "samp.warning"):
        return
    error = told.get("samp.error")
    words = str(error.get("samp.errortxt", "")) if isinstance(error, dict) else ""
    lines = words.strip().splitlines() or ["it does not say why"]
    raise Broken(f"{tool} could not load it ({lines[0]})", archive=tool)


def _messages(kind: Kind, fits: bool | None) -> tuple[str, ...]:
    """What may be said; where it is not known whether it is FITS, all of it."""
    forms = (False, True) if fits is None else (fits,)
    found = [one for form in forms for one in _MESSAGES.get((kind, form), ())]
    if not found:
        raise BadInput(f"an {kind} can be sent as FITS only")
    return tuple(dict.fromkeys(found))


def _address(where: str | Path) -> tuple[str, bool]:
    """The URL of a file, and whether it is FITS."""
    if isinstance(where, str) and where.startswith(("http://", "https://", "file:")):
        return where, not where.casefold().endswith((".xml", ".vot", ".votable"))
    path = Path(where).resolve()
    try:
        with path.open("rb") as stream:
            start = stream.read(512)
    except OSError as error:
        raise BadInput(f"{where} cannot be sent: {error.strerror}") from error
    return path.as_uri(), not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _meta(url: str, name: str, *, fits: bool) -> dict[str, str]:
    """What a spectrum's message says about it, by utypes of SSA."""
    media = "application/fits" if fits else "application/x-votable+xml"
    return {"Access.Reference": url, "Access.Format": media, "Target.Name": name}
