"""This file tells the journey of a look at files: what is it, what is in it, how does it look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from skyatlas.dataset import (
        Contents,
        Cube,
        Image,
        LightCurve,
        Spectrum,
        SpectrumList,
        TargetPixels,
    )
    from skyatlas.model import Receipt


def read(
    what: str | Path | Receipt,
) -> Image | Cube | Spectrum | SpectrumList | LightCurve | TargetPixels:
    """Open a file: FITS images, cubes, spectra, light curves and target pixels, also packed.

    Raises FormatError.
    """
    from skyatlas.formats import read as read_file

    return read_file(_path(what))


def describe(what: str | Path | Receipt) -> Contents:
    """Say what a file is, whatever it is; with a receipt beside it, also where it came from."""
    from skyatlas import library
    from skyatlas.dataset import Contents
    from skyatlas.formats import describe as describe_file

    path = _path(what)
    contents = describe_file(path)
    receipt = library.receipt_of(path)
    return Contents(contents.kind, (*contents.lines, *(library.told(receipt) if receipt else ())))


def plot(
    what: Any,
    ax: Any = None,
    *,
    overlay: object = None,
    label: str | None = None,
    mark: object = True,
) -> Any:
    """Draw a file or what `read` gave; returns the matplotlib Figure (or the Axes given).

    `overlay` is a catalogue to draw over an image: an astropy Table, the answer to a search, or a
    file of either; `label` is its column with words for each source. `mark` is a place to mark: a
    position in words, a SkyCoord or a Target; True marks the target of a file that was cut around
    one, None marks nothing. Raises `BadInput` for a name: `skyatlas.resolve` says where it is.
    """
    from skyatlas import plots
    from skyatlas.journeys import catalogues, pictures

    is_file = isinstance(what, str | Path) or hasattr(what, "readable")
    data = read(what) if is_file else what
    if mark is True:
        mark = pictures.target_of(_path(what)) if is_file else None
    elif mark is not None and (mark := pictures.mark_of(asked := mark)) is None:
        raise BadInput(
            f"{asked!r} is no position; skyatlas.resolve({asked!r}) finds that of a name."
        )
    over: Any = {"overlay": catalogues.of(overlay, label), "mark": mark}
    return plots.figure_of(data, **over) if ax is None else plots.draw(data, ax, **over)


def _path(what: str | Path | Receipt) -> Path:
    return Path(what) if isinstance(what, str | Path) else what.readable
