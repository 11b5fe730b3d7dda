"""This file says how long we wait for what; nothing waits for ever."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the door waits for what; seconds and bytes."""

    connect: float = 10.0
    silence: float = 60.0
    """Longest wait for the next byte."""
    total: float = 300.0
    """For one question, all its tries together; waiting between them is not counted."""
    file: float = 86_400.0
    """For one try of one file; the next goes on where it ended."""
    tries: int = 4
    longest_wait: float = 120.0
    """A longer `Retry-After` is not waited for: Busy is raised at once."""
    largest: int = 2 * 1024**3
    """Bytes of an answer; files do not come this way."""
