"""This file says which publisher and service a request has reached, and what is there.

Invariant: links in answers lead to the publisher's own host, whatever mirror was asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from skyatlas.sandbox import region, vo_holdings
from skyatlas.sandbox.publisher import Publisher, VoService
from skyatlas.sandbox.vo_holdings import DataSet, Source


@dataclass(frozen=True, slots=True)
class Place:
    """One service of one publisher, in one world."""

    publisher: Publisher
    service: VoService
    seed: int

    def has(self, habit: str) -> bool:
        """Whether the service has that habit."""
        return habit in self.service.habits

    @property
    def items(self) -> list[DataSet]:
        """The data sets that the service serves."""
        every = vo_holdings.items(self.publisher, self.seed)
        return [item for item in every if item.row["obs_collection"] in self.service.collections]

    @property
    def sources(self) -> list[Source]:
        """The sources of the catalogues that the service serves."""
        return [
            source
            for collection in self.publisher.collections
            if collection.kind == "catalogue" and collection.name in self.service.collections
            for source in vo_holdings.sources(collection, self.seed)
        ]


def outline(item: DataSet) -> tuple[region.Shape, ...]:
    """Where on the sky a data set is."""
    return region.parse(str(item.row["s_region"]))
