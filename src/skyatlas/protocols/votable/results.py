"""This file holds what is found in an answer: the results table and what is said about it.

Invariant: these are plain values; they know neither where they came from nor in which form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.table import Table


@dataclass(frozen=True, slots=True)
class Field:
    """A FIELD or PARAM as the document describes it; "" where it does not say."""

    name: str
    """Its name, or its ID where it has no name."""
    id: str = ""
    datatype: str = ""
    arraysize: str = ""
    unit: str = ""
    """As the document spells it."""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    description: str = ""
    ref: str = ""
    """A PARAM's ref: the ID of the FIELD whose values go in here (DataLink 1.1, section 4.1)."""
    value: str = ""
    """A PARAM's value, as text."""
    options: tuple[str, ...] = ()
    """VALUES: the texts that are allowed."""
    low: str = ""
    """VALUES: MIN, as text."""
    high: str = ""
    """VALUES: MAX, as text."""
    column: str = ""
    """A FIELD's column in `Results.table`: its name, with a number where names repeat."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A service that a document describes (DataLink 1.1, section 4): where, and with what."""

    id: str
    """What `service_def` in a DataLink row refers to."""
    access_url: str
    standard_id: str = ""
    """For example "ivo://ivoa.net/std/SODA#sync-1.0"."""
    resource_identifier: str = ""
    content_type: str = ""
    description: str = ""
    inputs: tuple[Field, ...] = ()
    """The parameters that it takes, with what is known of their values."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The results table of an answer, and what the answer says about it."""

    table: Table
    """All columns are `MaskedColumn`s; texts are `str` in object columns, "" where empty."""
    overflow: bool = False
    """The service says that it cut the answer. FITS and Parquet cannot say it: always False there;
    who asked compares the number of rows with what it asked for."""
    fields: tuple[Field, ...] = ()
    """One per column of `table`, in their order."""
    params: tuple[Field, ...] = ()
    """PARAMs of the table, of its resource and of the document."""
    descriptors: tuple[Descriptor, ...] = ()
    infos: tuple[tuple[str, str], ...] = ()
    """(name, value) of every INFO, in document order."""


class Malformed(Exception):
    """The bytes are not what they should be; says why. Never leaves this package."""
