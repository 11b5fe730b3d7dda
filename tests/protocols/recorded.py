"""This file holds a recorded answer as the door would give it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """An answer that somebody has recorded."""

    content: bytes
    url: str = "https://archive.example/recorded"
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        raise ValueError
