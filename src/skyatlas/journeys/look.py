"""This file tells the journey of a look at files: what is it, what is in it, how does it look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def plot(what: Any, ax: Any = None) -> Any:
    """Draw a file or what `read` gave; returns the matplotlib Figure (or the Axes given)."""
    from skyatlas import plots

    data = read(what) if isinstance(what, str | Path) or hasattr(what, "readable") else what
    return plots.figure_of(data) if ax is None else plots.draw(data, ax)


def _path(what: str | Path | Receipt) -> Path:
    return Path(what) if isinstance(what, str | Path) else what.readable
