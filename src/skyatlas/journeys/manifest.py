"""This file tells of each file of a fetch what became of it, in the words that MAST's users know.

Invariant: every file of the plan has its row, also those that a stop left behind. Source: the
manifest of astroquery.mast's `download_products`: Local Path, Status, Message, URL.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from skyatlas.errors import Unwritable
from skyatlas.library.documents import write_whole
from skyatlas.model import Product, Receipt
from skyatlas.net.redaction import redact

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.model import Failure

__all__ = ["NAME", "Row", "rows", "table", "write"]

NAME = "manifest.csv"
COLUMNS = ("Local Path", "Status", "Message", "URL")


class Row(NamedTuple):
    """What became of one file."""

    path: str
    status: str
    """COMPLETE: it came, whole. SKIPPED: it was here already and is kept. ERROR: it is not here."""
    message: str
    url: str


def rows(
    folder: Path, outcomes: Iterable[Receipt | Failure], left: Iterable[Product] = ()
) -> Iterator[Row]:
    """A row for each outcome, and for each product that a stop left without one."""
    for outcome in outcomes:
        if isinstance(outcome, Receipt):
            kept = outcome.status == "kept"
            words = "kept: it was here already" if kept else ""
            yield Row(str(outcome.path), "SKIPPED" if kept else "COMPLETE", words, outcome.url)
        else:
            yield _error(folder, outcome.product, str(outcome.error))
    for product in left:
        yield _error(folder, product, "it did not come before the stop; fetch it again")


def table(found: Sequence[Row]) -> Table:
    """The rows as a table with MAST's column names; texts."""
    from astropy.table import Table

    return Table([[str(row[at]) for row in found] for at in range(len(COLUMNS))], names=COLUMNS)


def write(folder: Path, found: Iterable[Row]) -> Path:
    """Write them into `manifest.csv`, beside what it says of earlier fetches.

    A file that was fetched again has its new row; one that is gone since then has none. Raises
    Unwritable, also where another file has the name: it is left alone.
    """
    path = folder / NAME
    new = list(found)
    urls = {row.url for row in new}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row for row in _written(path) if row.url not in urls)
    writer.writerows(new)
    write_whole(path, (text.getvalue().encode("utf-8", "surrogateescape"),))
    return path


def _written(path: Path) -> list[Row]:
    """What it says of earlier fetches. Raises Unwritable where it is none of ours."""
    head, old = None, []
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            lines = csv.reader(file)
            head = next(lines, None)
            old = [Row(*line) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, TypeError, csv.Error):
        head = None
    if head != list(COLUMNS):
        raise Unwritable(f"{path} is there and is no manifest of a fetch: move it away to have one")
    return [row for row in old if row.status == "ERROR" or Path(row.path).exists()]


def _error(folder: Path, product: Product, message: str) -> Row:
    """The path is where the file would be; the folder alone where its name is not known."""
    place = folder / product.folder / (product.name or "")
    return Row(str(place), "ERROR", " ".join(message.split()), redact(product.url))
