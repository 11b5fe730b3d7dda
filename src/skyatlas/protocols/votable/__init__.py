"""This file is the front of the package that turns the bytes of an answer into a table.

Invariant: an error document, an overflow or a page of HTML is never taken for an empty table; and
nothing is raised but Broken (the service says so), Unreadable (the bytes say so) and MissingExtra.

    answer → document  (status, params, descriptors)
           → scanning → elements → tree · base64
                      → tabledata → cells   ┐
                      → binary → places     ┴→ columns → layout
           → fits · parquet                  → columns

Sources: VOTable 1.5 (2025); DALI 1.1, section 4.4 (QUERY_STATUS); VOParquet 1.0 (note, 2025).
Why an own reader, and where it differs from astropy's: decision 15.
"""

from __future__ import annotations

from skyatlas.protocols.votable.answer import results_in, results_of
from skyatlas.protocols.votable.results import Descriptor, Field, Results

__all__ = ["Descriptor", "Field", "Results", "results_in", "results_of"]
