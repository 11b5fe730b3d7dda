"""This file finds the copies of MAST's public files in the cloud, as second addresses.

Invariant: a copy is asked for only where MAST's own file does not come, and without credentials:
they belong to MAST's hosts. Source: outerspace.stsci.edu/display/MASTDOCS/Public+AWS+Data (the
bucket stpubdata needs no account); the look-up and its bound of 40 are astroquery's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from skyatlas.archives.mast.files import is_public
from skyatlas.errors import ArchiveError, Unreadable
from skyatlas.model import Note, Product, Why

if TYPE_CHECKING:
    from skyatlas.archive import Door

__all__ = ["BUCKET", "LOOKUP", "with_copies"]

LOOKUP = "https://mast.stsci.edu/api/v0.1/path_lookup/"
BUCKET = "https://s3.amazonaws.com/stpubdata"
_AT_ONCE = 40
"""URIs in one question; of more MAST says 414, the address being too long."""
FEW = 200
"""Files for which it is asked without being told to: five questions."""


def with_copies(
    products: Sequence[Product], door: Door, wanted: bool | None
) -> Iterator[Product | Note]:
    """The products, with the addresses of their copies as far as they are wanted.

    `wanted` is `Ask.cloud`. A look-up that fails costs no file: it is a note.
    """
    asked = [
        one.product_id for one in products if is_public(one) and one.product_id.startswith("mast:")
    ]
    if wanted is False or (wanted is None and len(asked) > FEW):
        yield from products
        return
    keys: dict[str, str] = {}
    try:
        for start in range(0, len(asked), _AT_ONCE):
            keys.update(_lookup(asked[start : start + _AT_ONCE], door))
    except ArchiveError as error:
        # Somebody who asked for copies must know that a part of the wish was not granted.
        why = Why.UNANSWERED if wanted else Why.ASSUMED
        missing = len(asked) - len(keys)
        words = f"MAST did not tell where copies of some files are ({error})"
        yield Note(why, f"{words}; these come from MAST alone: {missing}", missing)
    for one in products:
        key = keys.get(one.product_id)
        yield replace(one, mirrors=(f"{BUCKET}/{quote(key)}",)) if key else one


def _lookup(uris: Sequence[str], door: Door) -> Iterator[tuple[str, str]]:
    """(URI, key in the bucket) of those that have a copy."""
    answer = door.ask(LOOKUP, params={"uri": list(uris), "use_cloud_path": "true"})
    try:
        said = answer.json()
        paths = [(uri, (said.get(uri) or {}).get("path")) for uri in uris]
    except (ValueError, AttributeError) as error:
        words = "MAST's list of copies is not what it was: no JSON object of URIs"
        raise Unreadable(words, archive="mast", url=LOOKUP) from error
    for uri, path in paths:
        if isinstance(path, str) and path.strip("/"):
            yield uri, path.lstrip("/")
