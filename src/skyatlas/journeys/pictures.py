"""This file gathers what a picture needs: bands in order, sources, the target, tiles of a sheet.

What is drawn comes from files, and what is said of them from their cards and their receipts; a
target is marked by itself only where the file was cut around it.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas import library, plots, words
from skyatlas.dataset import Image
from skyatlas.errors import AtlasError, BadInput
from skyatlas.formats import read
from skyatlas.journeys import catalogues
from skyatlas.model import Target
from skyatlas.plots.words import filters_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from skyatlas.model import Receipt

SURE = ("jpg", "jpeg", "png")
"""Endings of colour pictures."""
PAPERS = frozenset({"provenance.json", "calibrations.json", "manifest.csv"})
"""What lies in a folder beside the files that were fetched."""
DOTS = 300
"""Dots along a side of a tile."""


def colour(
    paths: Sequence[Path], overlay: object = None, mark: plots.Mark | None = None
) -> tuple[Figure, str]:
    """Draw three files as red, green and blue, and say which is which in one line.

    They are put in order of wavelength, red first, where the receipt or the filter of each is
    known; else they are taken as they were given. Raises `BadInput` where they are not three
    images, and as `plots.plot_colour` does.
    """
    if len(paths) != 3:
        raise BadInput(f"A colour picture is made of 3 images, red first; here are {len(paths)}.")
    found = [(path, _image(path)) for path in paths]
    lengths = [_wavelength(path, image.meta) for path, image in found]
    how = "in the order in which they were given"
    if None not in lengths and len(set(lengths)) == 3:
        order = sorted(range(3), key=lambda index: lengths[index] or 0.0, reverse=True)
        found, how = [found[index] for index in order], "by wavelength"
    figure = plots.colour_figure(
        [image for _, image in found],
        bands=[_band(path) for path, _ in found],
        overlay=catalogues.of(overlay),
        mark=mark,
    )
    names = zip(("red", "green", "blue"), found, strict=True)
    return figure, f"{', '.join(f'{name} {path.name}' for name, (path, _) in names)} ({how})"


def sheets(files: Sequence[Path]) -> Iterator[Figure]:
    """Draw files as pages of small pictures, page after page; see `files_in` for folders.

    Raises `BadInput` where there is nothing to draw.
    """
    if not files:
        raise BadInput("There are no files to draw.")
    pages = -(-len(files) // plots.PAGE)
    for number in range(pages):
        part = files[number * plots.PAGE : (number + 1) * plots.PAGE]
        title = f"page {number + 1} of {pages}" if pages > 1 else ""
        yield plots.sheet((_tile(file) for file in part), len(part), title)


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The files, and of each folder what is in it and below it, without receipts and papers."""
    return [file for path in paths for file in _files(path)]


def mark_of(place: object, name: str = "") -> plots.Mark | None:
    """The mark at a position, in words or as a SkyCoord or Target; None where it is no position.

    Raises `BadInput` for a position that cannot be read.
    """
    if isinstance(place, plots.Mark):
        return place
    target = place if isinstance(place, Target) else words.position(place)
    if target is None or target.ra is None or target.dec is None:
        return None
    return plots.Mark(target.ra, target.dec, name or target.name or target.asked)


def target_of(path: Path) -> plots.Mark | None:
    """The target that a file was cut around, by the receipt beside it; None for all others.

    What an archive says of a whole image is where the telescope pointed, not where the target is.
    """
    receipt = library.receipt_of(path)
    facts = _facts(receipt)
    if receipt is None or "cutout" not in facts:
        return None
    try:
        ra, dec = float(facts["s_ra"]), float(facts["s_dec"])
    except (KeyError, TypeError, ValueError):
        return None
    return plots.Mark(ra, dec, receipt.product.target or str(facts.get("target_name") or ""))


def _image(path: Path) -> Image:
    data = read(path)
    if not isinstance(data, Image):
        raise BadInput(f"{path.name} is no image, but a {type(data).__name__}.")
    return data


def _facts(receipt: Receipt | None) -> Mapping[str, Any]:
    return receipt.product.provenance if receipt is not None else {}


def _band(path: Path) -> str:
    """The band of a piece of a survey, as its receipt says it; "" for other files."""
    return str(_facts(library.receipt_of(path)).get("band") or "")


def _wavelength(path: Path, cards: Mapping[str, Any]) -> float | None:
    """Metres, in the middle of the band; None where neither receipt nor filter says it."""
    facts = _facts(library.receipt_of(path))
    low, high = facts.get("em_min"), facts.get("em_max")
    if isinstance(low, int | float) and isinstance(high, int | float):
        return (low + high) / 2
    for said in (str(facts.get("band") or ""), filters_of(cards)):
        for name in (said, re.split(r"[\s._,]", said)[0]):
            try:
                band = words.band(name) if name else None
            except BadInput:
                continue
            if band is not None and band.low is not None and band.high is not None:
                return (band.low + band.high) / 2
    return None


def _files(path: Path) -> list[Path]:
    """The file itself, or the files of a folder and of those below it without their papers."""
    if not path.is_dir():
        return [path]
    return [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.name not in PAPERS
        and not file.name.endswith(library.SUFFIX)
    ]


def _tile(path: Path) -> plots.Tile:
    try:
        if path.suffix.lower().lstrip(".") in SURE:
            return plots.Tile(path.name, _picture(path))
        return plots.Tile(path.name, read(path))
    except (AtlasError, OSError) as error:
        return plots.Tile(path.name, str(error).removeprefix(f"{path.name}: "))


def _picture(path: Path) -> NDArray[np.uint8]:
    """A colour picture, small: shape (ny, nx, 3). Raises `BadInput` where it is none."""
    import numpy as np
    from PIL import Image as Pictures
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Pictures.open(path) as opened:
            warnings.simplefilter("ignore", Pictures.DecompressionBombWarning)
            opened.draft("RGB", (DOTS, DOTS))  # JPEG: read no more than is shown
            opened.thumbnail((DOTS, DOTS))
            return np.asarray(opened.convert("RGB"))
    except UnidentifiedImageError as error:
        raise BadInput("no picture, whatever its name says") from error
    except (OSError, SyntaxError, ValueError, Pictures.DecompressionBombError) as error:
        raise BadInput(f"a damaged picture: {error}") from error
