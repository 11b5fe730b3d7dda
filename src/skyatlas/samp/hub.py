"""This file talks to the SAMP hub that the user's tools keep running: who is there, and messages.

Invariant: nothing is sent but to the hub that the user's own lock file names, and no call waits for
ever. Source: SAMP 1.3, Standard Profile. It is XML-RPC, which Python has; the client of pyvo asks a
web site first whether there is an internet, opens a server, and has no time-outs.
"""

from __future__ import annotations

import http.client
import math
import os
import time
import xmlrpc.client
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname
from xml.parsers.expat import ExpatError

from skyatlas.errors import BadInput, Broken, Unreachable

__all__ = ["Hub"]

_QUICK = 10.0
"""Seconds that a hub may take for what it knows itself."""
_EARLY = 0.5
"""Seconds by which a hub's clock may be ahead of ours."""
_START = "start TOPCAT or Aladin (their hub comes with them), and try again"


class Hub:
    """One registration at the hub, for as long as the `with` block runs. For one thread."""

    def __init__(self) -> None:
        """Raises BadInput where no hub is running: nothing was sent, and only the user can help."""
        self._file, told = _lock_file()
        self._url, self._secret = told["samp.hub.xmlrpc.url"], told["samp.secret"]
        self._key = self._itself = ""

    def __enter__(self) -> Self:
        try:
            told = self._call("register", self._secret)
        except Unreachable as error:
            raise BadInput(
                f"no SAMP hub answers at {self._url}, which {self._file} names (a tool that ended "
                f"badly leaves that file behind); {_START}"
            ) from error
        self._key = str(told["samp.private-key"])
        self._itself = str(told.get("samp.hub-id", ""))
        facts = {"samp.name": "skyatlas", "samp.description.text": "sends what it found"}
        self._call("declareMetadata", self._key, facts)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(Unreachable, Broken):  # it is gone already, and forgets us by itself
            self._call("unregister", self._key)

    def clients(self) -> dict[str, str]:
        """Names of all others, each its own, by identifier; the hub itself is none of them."""
        told = self._call("getRegisteredClients", self._key)
        found: dict[str, str] = {}
        for client in told:
            if client != self._itself:
                name = self._name(client)
                found[client] = f"{name} ({client})" if name in found.values() else name
        return found

    def takers(self, message: str) -> frozenset[str]:
        """Identifiers of those who take this kind of message."""
        return frozenset(self._call("getSubscribedClients", self._key, message))

    def call(
        self, client: str, name: str, message: str, facts: Mapping[str, Any], patience: float
    ) -> Mapping[str, Any]:
        """Send a message, and wait for its answer. Raises Unreachable and Broken.

        `name` is the client's, for messages; `patience` is in seconds, at least 1.
        """
        seconds = max(1, math.ceil(patience))
        said = {"samp.mtype": message, "samp.params": dict(facts)}
        words = (self._key, client, said, str(seconds))
        started = time.monotonic()
        try:
            told = self._call("callAndWait", *words, patience=seconds + _QUICK)
        except Broken as error:
            # A time-out is a fault like any other, which each hub tells in words of its own.
            if time.monotonic() - started < seconds - _EARLY:
                raise
            raise Unreachable(
                f"{name} did not answer within {seconds} s; it may be loading still", archive=name
            ) from error
        return told if isinstance(told, dict) else {}

    def _name(self, client: str) -> str:
        try:
            return str(self._call("getMetadata", self._key, client).get("samp.name") or client)
        except Broken:  # it has left meanwhile
            return client

    def _call(self, method: str, *words: Any, patience: float | None = None) -> Any:
        transport = _Transport(_QUICK if patience is None else patience)
        with xmlrpc.client.ServerProxy(self._url, transport) as hub:
            try:
                return getattr(hub.samp.hub, method)(*words)
            except xmlrpc.client.Fault as error:
                lines = str(error.faultString).splitlines() or ["no reason"]
                raise Broken(
                    f"the SAMP hub refused {method} ({lines[-1]})", archive="samp"
                ) from error
            except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
                raise Unreachable(
                    f"the SAMP hub at {self._url} did not answer ({error})", archive="samp"
                ) from error
            except (ExpatError, xmlrpc.client.Error, ValueError) as error:
                raise Broken(
                    f"what answers at {self._url} is no SAMP hub ({error})", archive="samp"
                ) from error


class _Transport(xmlrpc.client.Transport):
    """XML-RPC with a time-out, which Python's own has not."""

    def __init__(self, patience: float) -> None:
        super().__init__()
        self._patience = patience

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = self._patience
        return connection


def _lock_file() -> tuple[Path, dict[str, str]]:
    """Where the hub's lock file is, and what it says. Raises BadInput."""
    # SAMP_HUB is SAMP's own variable, like HOME: not a setting of ours.
    said = os.environ.get("SAMP_HUB", "")
    path = Path.home() / ".samp"
    if said:
        url = urlsplit(said.removeprefix("std-lockurl:"))
        if not said.startswith("std-lockurl:") or url.scheme != "file":
            raise BadInput(
                f"SAMP_HUB is {said!r}, which skyatlas cannot use; it must start with "
                "std-lockurl:file:// or be unset"
            )
        path = Path(url2pathname(unquote(url.path)))
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BadInput(f"no tool with a SAMP hub is running; {_START}") from error
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    told = {key.strip(): value.strip() for key, _, value in pairs}
    if not told.get("samp.secret") or not told.get("samp.hub.xmlrpc.url", "").startswith("http"):
        raise BadInput(f"{path} is no lock file of a SAMP hub; remove it, {_START}")
    return path, told
