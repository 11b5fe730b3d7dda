"""This file runs a SAMP hub and desktop tools for the tests: pyvo's hub, and pyvo's clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest


class Tool:
    """A desktop tool: notes what it is told, and reads the file before it answers."""

    def __init__(self, hub: Any, name: str, *messages: str, answer: str = "samp.ok") -> None:
        self.got: list[tuple[str, dict[str, Any], bytes]] = []
        """(message, facts, bytes of the file)."""
        self._answer = answer
        from pyvo.samp import SAMPIntegratedClient

        self._client = SAMPIntegratedClient(name=name, addr="127.0.0.1")
        self._client.connect(hub=hub)
        for message in messages:
            self._client.bind_receive_call(message, self._take)

    def _take(
        self, key: str, sender: str, number: str, message: str, facts: dict[str, Any], extra: Any
    ) -> None:
        path = url2pathname(urlsplit(facts.get("url", "")).path)
        self.got.append((message, facts, Path(path).read_bytes() if path else b""))
        if self._answer == "silence":
            return
        reply: dict[str, Any] = {"samp.status": self._answer, "samp.result": {}}
        if self._answer == "samp.error":
            reply["samp.error"] = {"samp.errortxt": "Too many columns\nTraceback"}
        self._client.reply(number, reply)

    def close(self) -> None:
        self._client.disconnect()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pyvo_samp = pytest.importorskip("pyvo.samp", reason="this pyvo has no SAMP hub")
    monkeypatch.setattr(pyvo_samp.conf, "use_internet", False)
    # A busy tool may not be ready for 10 tries of 10 ms; then the hub loses the message.
    monkeypatch.setattr(pyvo_samp.conf, "n_retries", 1000)
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'samp.lock').as_uri()}")
    one = pyvo_samp.SAMPHubServer(web_profile=False, addr="127.0.0.1")
    one.start()
    yield one
    one.stop()


@pytest.fixture
def tool(hub: Any) -> Iterator[Callable[..., Tool]]:
    tools: list[Tool] = []

    def start(name: str, *messages: str, answer: str = "samp.ok") -> Tool:
        tools.append(Tool(hub, name, *messages, answer=answer))
        return tools[-1]

    yield start
    for one in tools:
        one.close()
