"""This file is the way to TAP: ask in ADQL, upload, learn what there is, write ObsCore's ADQL.

Invariant: the caller learns whether the answer was cut, and a question that was sent as a job is
never lost. Sources: TAP 1.1, DALI 1.1, UWS 1.1, TAPRegExt 1.0, ObsCore 1.1.
"""

from __future__ import annotations

from skyatlas.protocols.tap.asking import Prefer, ask
from skyatlas.protocols.tap.obscore import (
    NUMBER,
    UPLOAD,
    not_asked,
    obscore_adql,
    quote,
    upload_of,
)
from skyatlas.protocols.tap.services import Known, TapService, known
from skyatlas.protocols.tap.tables import columns_of, obstap, tables_of

__all__ = [
    "NUMBER",
    "UPLOAD",
    "Known",
    "Prefer",
    "TapService",
    "ask",
    "columns_of",
    "known",
    "not_asked",
    "obscore_adql",
    "obstap",
    "quote",
    "tables_of",
    "upload_of",
]
