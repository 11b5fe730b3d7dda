"""This room keeps what is on disk: a receipt beside every file, and one provenance per folder."""

from skyatlas.library.prov import write_provenance
from skyatlas.library.receipts import (
    SUFFIX,
    forget,
    is_whole,
    read_receipt,
    receipt_of,
    receipts_in,
    told,
    write_receipt,
)
from skyatlas.library.shelf import Shelf
from skyatlas.library.trees import write_trees

__all__ = [
    "SUFFIX",
    "Shelf",
    "forget",
    "is_whole",
    "read_receipt",
    "receipt_of",
    "receipts_in",
    "told",
    "write_provenance",
    "write_receipt",
    "write_trees",
]
