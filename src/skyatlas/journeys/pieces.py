"""This file cuts: pieces out of images that are here, and out of remote ones by ranges of bytes.

Invariant: pixels are copied where one image holds the whole piece, and only else interpolated;
which of the two, and of what, is in the facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import AtlasError, FormatError
from skyatlas.model import Note, Why

if TYPE_CHECKING:
    from skyatlas.dataset import Image
    from skyatlas.model import Product, Receipt
    from skyatlas.net.street import Street

__all__ = ["Piece", "of_images", "of_ranges"]


_WITH_CARE = "with care: resampled; fluxes of apertures hold, noise of neighbours is correlated"


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that was made."""

    body: bytes
    """FITS."""
    facts: Mapping[str, Any]
    """For the receipt, under the names of `Stamp.facts`."""
    ways: tuple[str, ...]
    """How it was verified while it was made."""


def of_images(product: Product, receipts: Sequence[Receipt]) -> Piece:
    """Cut a product's rectangle out of whole images. Raises FormatError where they cannot be."""
    from skyatlas import mosaics
    from skyatlas.dataset import Image
    from skyatlas.formats import read
    from skyatlas.formats.writing import image_bytes

    images: list[Image] = []
    for receipt in receipts:
        image = read(receipt.readable)
        if not isinstance(image, Image) or image.wcs is None:
            raise FormatError(f"{receipt.path.name} is no image that knows where it is on the sky")
        images.append(image)
    box = _rectangle(product)
    facts: dict[str, Any] = {
        "frames": [{"url": receipt.url, "sha256": receipt.sha256} for receipt in receipts]
    }
    for image, receipt in zip(images, receipts, strict=True):
        piece = mosaics.cut(image, *box)
        if piece is not None:
            facts["pixels"] = "original"
            body = image_bytes(piece, _cards(product), [f"cut from {receipt.path.name}"])
            return Piece(body, facts, ("sources verified",))
    whole = mosaics.mosaic(images, *box)
    facts["coverage"] = round(whole.coverage, 4)
    if product.provenance.get("pixels") != "resampled":  # one image was thought to hold it all
        facts |= {"pixels": "resampled", "photometry": _WITH_CARE}
    history = [f"put together of {receipt.path.name}" for receipt in receipts]
    return Piece(image_bytes(whole.image, _cards(product), history), facts, ("sources verified",))


def of_ranges(products: Sequence[Product], street: Street) -> list[Piece | Note | AtlasError]:
    """Cut the rectangles of products out of one remote file; why not, where one cannot be cut."""
    from skyatlas.formats.remote import Outside, Place, RemoteImage
    from skyatlas.net.ranges import Ranges
    from skyatlas.net.redaction import redact

    (url,) = {product.sources[0] for product in products}
    places = [Place(*_rectangle(product)) for product in products]
    try:
        with Ranges(street, url) as source:
            found = RemoteImage(source, redact(url)).cut(places)
            told = {"etag": source.etag, "last_modified": source.last_modified}
            facts = {"source": {"url": redact(url), **told, "size": source.size}}
    except AtlasError as error:
        return [error] * len(products)
    return [
        Note(Why.ASSUMED, f"nothing of {product.obs_id or product.name} is there: {one.words}")
        if isinstance(one, Outside)
        else Piece(
            one.body,
            {**facts, "cut_from": one.words},
            ("ranges of one version of the file", *(("whole piece",) if one.whole else ())),
        )
        for one, product in zip(found, products, strict=True)
    ]


def _rectangle(product: Product) -> tuple[float, float, float, float]:
    """Right ascension, declination, width, height; degrees."""
    about = product.provenance
    names = ("cutout_ra", "cutout_dec", "cutout_width", "cutout_height")
    ra, dec, width, height = (float(about[name]) for name in names)
    return ra, dec, width, height


def _cards(product: Product) -> dict[str, Any]:
    """What the header of a piece says besides what its sources say."""
    about = product.provenance
    return {
        "OBJECT": (about.get("target_name", ""), "Target of the cutout"),
        "SURVEY": (about.get("survey", ""), "Survey of the image"),
        "FILTER": (about.get("band", ""), "Band"),
    }
