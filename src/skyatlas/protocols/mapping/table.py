"""This file turns a service's answer into an ObsCore table, and says how each column was come by.

Invariant: every column is given, guessed or missing, in words in `table.meta["mapping"]`; nothing
that the service said is lost (`native`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from skyatlas.protocols.mapping.draft import SCHEMA, Draft, plain_texts
from skyatlas.protocols.mapping.fields import signs
from skyatlas.protocols.mapping.guesses import guess
from skyatlas.protocols.mapping.native import records

if TYPE_CHECKING:
    from astropy.table import MaskedColumn, Table

    from skyatlas.protocols.service import Answer, Service
    from skyatlas.protocols.votable import Descriptor

_ICRS = re.compile(r"(?i)icrs|fk5|j2000|unknown")
"""Frames whose coordinates are taken as ICRS."""


def obscore_of(answer: Answer, service: Service, query: Any = 0) -> Table:
    """The ObsCore table of an answer by SIA 1, SIA 2, SSA, cone search or TAP.

    Besides ObsCore's columns it has `native` (JSON of all native fields that did not go in
    unchanged), `datalink` (where to ask for the row's links; masked where the service has none)
    and `query` (the index of the question that each row answers: a number, or one per row).
    """
    draft = Draft(answer.results)
    _given(draft, service)
    _in_icrs(draft)
    guess(draft, service)
    table = draft.table(service.archive, query)
    datalinks = _datalinks(draft, answer.results.descriptors)
    table["native"] = _column(records(answer.table, draft.unchanged), "The archive's other fields")
    table["datalink"] = _column(datalinks, "Where to ask for the row's links (DataLink)")
    mapping = {name: draft.how.get(name, "missing") for name in SCHEMA}
    table.meta = {"asked": list(answer.asked), "mapping": mapping}
    return table


def _given(draft: Draft, service: Service) -> None:
    table = signs("scs" if service.protocol == "scs" else "any")
    for name in SCHEMA:
        if name in draft.how:
            continue
        listed = table.get(name, ())
        if service.protocol != "scs":
            listed = (f"column {name}", *listed)
        any(draft.give(name, source) for source in draft.sheet.find(listed))


def _in_icrs(draft: Draft) -> None:
    """Spectra may be placed in another frame (SSA 1.1, CoordSys); FK5 J2000 is within 25 mas."""
    frame = draft.clue("frame")
    names = {text for text in plain_texts(frame.values) if text} if frame else set()
    other = sorted(name for name in names if not _ICRS.match(name))
    if other:
        for name in ("s_ra", "s_dec"):
            draft.lack(name, f"the service gives it in {', '.join(other)}")


def _datalinks(draft: Draft, descriptors: tuple[Descriptor, ...]) -> list[str | None]:
    """For each row the URL of its links: the row's own, or one made by the descriptor."""
    urls, formats = draft.texts("access_url"), draft.texts("access_format")
    own = [
        url if url and "content=datalink" in (form or "").lower().replace(" ", "") else None
        for url, form in zip(urls.tolist(), formats.tolist(), strict=True)
    ]
    for descriptor in descriptors:
        if descriptor.standard_id.lower().startswith("ivo://ivoa.net/std/datalink"):
            made = _described(draft, descriptor)
            return [mine or other for mine, other in zip(own, made, strict=True)]
    return own


def _described(draft: Draft, descriptor: Descriptor) -> list[str | None]:
    rows: list[str | None] = [None] * draft.sheet.rows
    given = next((entry for entry in descriptor.inputs if entry.name.upper() == "ID"), None)
    field = next((f for f in draft.sheet.fields if given and f.id and f.id == given.ref), None)
    if field is None or not descriptor.access_url:
        return rows
    fixed = "".join(
        f"&{quote(entry.name)}={quote(entry.value, safe='')}"
        for entry in descriptor.inputs
        if entry is not given and entry.value and not entry.ref
    )
    base = descriptor.access_url.rstrip("?&")
    base += "&ID=" if "?" in base else "?ID="
    return [
        base + quote(text, safe="") + fixed if text else None
        for text in plain_texts(draft.sheet.table[field.column])
    ]


def _column(texts: list[str | None] | list[str], description: str) -> MaskedColumn:
    from astropy.table import MaskedColumn

    filled = [text or "" for text in texts]
    data = np.array(filled, dtype=str) if filled else np.array([], dtype="U1")
    return MaskedColumn(data, mask=data == "", description=description)
