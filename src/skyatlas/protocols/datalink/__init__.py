"""This package reads DataLink: what belongs to a dataset, and what can be done with it.

Invariant: a row that is an error is a row, never an exception. Source: IVOA DataLink 1.1 (2023);
documents of 1.0 are read too.
"""

from skyatlas.protocols.datalink.asking import ask, links_at, opened
from skyatlas.protocols.datalink.document import Link, Links, document_of, is_document, links_of
from skyatlas.protocols.datalink.products import products_of, wanted
from skyatlas.protocols.datalink.terms import is_a

__all__ = ["Link", "Links", "ask", "document_of", "is_a", "is_document", "links_at",
           "links_of", "opened", "products_of", "wanted"]  # fmt: skip
