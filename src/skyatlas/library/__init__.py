"""This room keeps what is on disk: a receipt beside every file, and one provenance per folder."""

from skyatlas.library.prov import write_provenance
from skyatlas.library.receipts import SUFFIX, is_whole, read_receipt, receipts_in, write_receipt

__all__ = [
    "SUFFIX",
    "is_whole",
    "read_receipt",
    "receipts_in",
    "write_provenance",
    "write_receipt",
]
