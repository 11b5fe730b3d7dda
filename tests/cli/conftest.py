"""This file lets the tests type at the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from skyatlas.cli import main

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox


@dataclass(frozen=True)
class Said:
    """What a command gave: exit code, data (stdout), talk (stderr)."""

    code: int
    data: str
    talk: str


class Typing(Protocol):
    """Type words after `skyatlas`."""

    def __call__(self, *words: object) -> Said: ...


@pytest.fixture
def skyatlas(capfd: pytest.CaptureFixture[str]) -> Typing:
    """The command line, nothing set."""

    def run(*words: object) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        data, talk = capfd.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        assert "Traceback" not in talk
        return Said(int(code), data, talk)

    return run


@pytest.fixture
def at_sandbox(skyatlas: Typing, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Typing:
    """The command line where SKYATLAS_SANDBOX points at a sandbox."""
    monkeypatch.setenv("SKYATLAS_SANDBOX", box.url)
    return skyatlas
