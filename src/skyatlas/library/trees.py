"""This file writes `calibrations.json`: which calibration belongs to which frame of a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skyatlas.library.documents import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from skyatlas.model import Association

NAME = "calibrations.json"


def write_trees(folder: Path, trees: Sequence[Association]) -> Path:
    """Write the trees as the archive gave them, beside those of earlier fetches. Raises Unwritable.

    A frame whose tree was asked for again has the new one.
    """
    path = folder / NAME
    known = {_frames(tree): tree for tree in _written(path)}
    known |= {_frames(made): made for made in map(_tree_json, trees)}
    write_json(path, {"associations": list(known.values())})
    return path


def _written(path: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["associations"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _frames(tree: dict[str, Any]) -> tuple[str, ...]:
    """What a tree is about: the frames at its root, and the mode."""
    return (tree.get("mode", ""), *(file["product_id"] for file in tree["files"]))


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
