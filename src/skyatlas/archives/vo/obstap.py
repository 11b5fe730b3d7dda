"""This file asks a TAP service's ObsCore table about many positions in one request.

Source: ObsCore 1.1 (2017), TAP 1.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.protocols.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skyatlas.archive import Door
    from skyatlas.model import Query


def ask(door: Door, service: Service, queries: Sequence[Query]) -> Answer:
    """The rows of all queries, which share their filters. Raises an ArchiveError leaf."""
    raise NotImplementedError
