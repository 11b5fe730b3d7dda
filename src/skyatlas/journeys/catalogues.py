"""This file reads catalogues to draw over images: tables of others and saved searches.

Whatever a file is, it becomes an astropy Table first; `plots.catalogue_of` finds the places in it.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas import plots
from skyatlas.errors import BadInput, MissingExtra
from skyatlas.observations import Observations

if TYPE_CHECKING:
    from astropy.table import Table

FORMATS = {
    ".csv": "ascii.csv",
    ".ecsv": "ascii.ecsv",
    ".fit": "fits",
    ".fits": "fits",
    ".gz": "fits",
    ".tbl": "ascii.ipac",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
}
"""Ending → astropy's word for the format."""


def of(what: object, label: str | None = None) -> plots.Catalogue | None:
    """The sources in a file, an astropy Table or the answer to a search; None for None.

    Files are CSV, ECSV, VOTable, FITS, IPAC, Parquet and searches saved as JSON, by their ending.
    `label` is the column with the words beside each. Raises `BadInput` for what cannot be read, and
    where no columns are RA and Dec.
    """
    if what is None or isinstance(what, plots.Catalogue):
        return what
    if isinstance(what, str | Path):
        return plots.catalogue_of(_table(Path(what)), Path(what).name, label)
    table: Any = what.table if isinstance(what, Observations) else what
    if not hasattr(table, "colnames"):
        raise BadInput(f"A {type(what).__name__} is no catalogue; give a table or a file of one.")
    return plots.catalogue_of(table, label=label)


def _table(path: Path) -> Table:
    ending = path.suffix.lower()
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    if ending not in (*FORMATS, ".json", ".parquet"):
        raise BadInput(
            f"{path.name} is no catalogue by its ending; there are .csv, .ecsv, .vot, .fits, .tbl,"
            " .parquet, and .json for a saved search."
        )
    try:
        return _read(path, ending)
    except (OSError, ValueError, TypeError, LookupError) as error:
        why = " ".join(str(error).split())[:150]
        raise BadInput(f"{path.name} cannot be read as a table: {why}") from error


def _read(path: Path, ending: str) -> Table:
    from astropy.table import Table

    if ending == ".json":
        return Observations.from_json(json.loads(path.read_text(encoding="utf-8"))).table
    if ending == ".parquet":
        try:
            from pyarrow import parquet
        except ImportError as error:
            raise MissingExtra("Parquet needs pyarrow: pip install 'skyatlas[parquet]'") from error
        return Table(parquet.read_table(path).to_pydict())
    with warnings.catch_warnings():
        # What is odd in the catalogues of others is not what is looked at here.
        warnings.simplefilter("ignore")
        return Table.read(path, format=FORMATS[ending])
