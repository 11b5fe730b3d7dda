"""This file says where our table and astropy's of the same document differ.

What we do differently on purpose (decision 15) is allowed here, by name, and nothing else.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from astropy.io.votable import parse
from astropy.table import Table


def astropys(body: bytes) -> Table:
    """The results table as astropy reads it."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = parse(BytesIO(body), verify="ignore")
        every = [(r, table) for r in document.resources for table in r.tables]
        results = [table for r, table in every if (r.type or "results") == "results"]
        chosen = (results or [table for _, table in every])[0]
        return chosen.to_table(use_names_over_ids=True)


def differences(ours: Table, theirs: Table) -> list[str]:
    """In words; nothing where they agree."""
    if ours.colnames != theirs.colnames or len(ours) != len(theirs):
        return [f"{ours.colnames} × {len(ours)}, not {theirs.colnames} × {len(theirs)}"]
    found = []
    for name in ours.colnames:
        found += [f"{name}: {one}" for one in _of_column(ours[name], theirs[name])]
    return found


def _of_column(ours: Any, theirs: Any) -> list[str]:
    found = []
    unit = str(theirs.unit or "")  # unit="" is no unit for us, and dimensionless for astropy
    if str(ours.unit or "") != unit:
        found.append(f"unit {ours.unit}, not {unit}")
    if (ours.description or "").split() != (theirs.description or "").split():
        found.append(f"description {ours.description!r}, not {theirs.description!r}")
    text = theirs.dtype.kind in "US"
    if ours.dtype != (np.dtype(object) if text else theirs.dtype):  # texts are objects with us
        found.append(f"dtype {ours.dtype}, not {theirs.dtype}")
    shown, hidden = np.ma.getdata(ours), np.ma.getmaskarray(ours)
    others, covered = np.ma.getdata(theirs), np.ma.getmaskarray(theirs)
    if shown.shape != others.shape:
        if others.shape != (len(shown), 1):  # arraysize="1" is a scalar with us
            return [*found, f"shape {shown.shape}, not {others.shape}"]
        others, covered = others[:, 0], covered[:, 0]
    if (covered & ~hidden).any():  # an empty integer is masked in every version with us
        found.append(f"{(covered & ~hidden).sum()} cells are not masked")
    if any(value not in (0, "") for value in others[hidden & ~covered].ravel().tolist()):
        found.append("cells are masked that have a value")
    width = others.dtype.itemsize // 4 if others.dtype.kind == "U" else None
    pairs = zip(shown[~hidden].tolist(), others[~hidden].tolist(), strict=True)
    wrong = [f"{a!r}, not {b!r}" for a, b in pairs if not _equal(a, b, width)]
    return found + wrong[:1]


def _equal(ours: Any, theirs: Any, width: int | None) -> bool:
    if isinstance(ours, np.ndarray):
        # Elements of cells that vary have the declared type with us, float64 or int64 with astropy.
        ours, theirs = np.ma.asarray(ours), np.ma.asarray(theirs)
        return ours.shape == theirs.shape and bool(
            np.all(ours == theirs.astype(ours.dtype)) if ours.size else True
        )
    if isinstance(theirs, str):
        return ours[:width] == theirs  # astropy cuts what is longer than declared
    return ours == theirs or (ours != ours and theirs != theirs)
