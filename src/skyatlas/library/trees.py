"""This file writes `calibrations.json`: which calibration belongs to which frame of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.library.receipts import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from skyatlas.model import Association

NAME = "calibrations.json"


def write_trees(folder: Path, trees: Sequence[Association]) -> Path:
    """Write the trees as the archive gave them. Raises Unwritable."""
    path = folder / NAME
    write_json(path, {"associations": [_tree_json(tree) for tree in trees]})
    return path


def _tree_json(node: Association) -> dict[str, Any]:
    return {
        "category": node.category,
        "files": [{"product_id": name, "category": kind} for name, kind in node.files],
        "complete": node.complete,
        "certified": node.certified,
        **({"mode": node.mode} if node.mode else {}),
        **({"messages": list(node.messages)} if node.messages else {}),
        **({"needs": [_tree_json(child) for child in node.needs]} if node.needs else {}),
    }
