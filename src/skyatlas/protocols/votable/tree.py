"""This file holds what a VOTable document says beside its rows: a tree of its elements.

Invariant: names are without prefix or namespace, and rows are never in the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Node:
    """An element."""

    name: str
    """Local name: TABLE for votable:TABLE."""
    facts: dict[str, str]
    """Attributes."""
    inside: list[Node] = field(default_factory=list)
    text: str = ""
    """Its own text, without white space at the ends."""

    def said(self, name: str) -> str:
        """An attribute, "" where it is not there."""
        return self.facts.get(name, "").strip()

    def named(self) -> str:
        """What it calls itself: by name, or by ID."""
        return self.said("name") or self.said("ID")

    def all(self, name: str) -> list[Node]:
        """Its children of that name."""
        return [node for node in self.inside if node.name == name]

    def first_text(self, name: str) -> str:
        """The text of the first child of that name; "" where there is none."""
        return next((node.text for node in self.inside if node.name == name), "")

    def walk(self) -> Iterator[tuple[Node, tuple[Node, ...]]]:
        """Everything inside, in document order, each with those that it stands in."""
        waiting: list[tuple[Node, tuple[Node, ...]]] = [(self, ())]
        while waiting:
            node, above = waiting.pop()
            if above:
                yield node, above
            path = (*above, node)
            waiting.extend((child, path) for child in reversed(node.inside))
