"""This file writes one image as FITS: pixels, where they lie on the sky, their errors and mask.

Invariant: what is written reads back as the same image. A WCS that a header cannot hold is found
out by reading it back, and is said in a HISTORY card, never written wrong.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from skyatlas.formats.cards import Cards
from skyatlas.formats.opening import quiet
from skyatlas.formats.wcs_cards import SKY, sky_cards

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from astropy.io.fits import Card, Header
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

STRUCTURE = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|NEXTEND|EXTNAME|EXTVER|INHERIT"
    r"|BSCALE|BZERO|BLANK|BUNIT|TFIELDS|CHECKSUM|DATASUM|DATAMIN|DATAMAX|SDQFLAGS|COMMENT|HISTORY"
    r"|NPIX\d|PIXVALUE|LT[VM]\d(_\d)?|END|"
)
"""Cards that are about the old array, or are written anew; astropy hides those of tiles itself."""
BOILERPLATE = ("FITS (Flexible Image", "and Astrophysics', volume 376")
"""What CFITSIO adds to every file."""


def image_bytes(
    image: Image, cards: Mapping[str, Any] | None = None, history: Sequence[str] = ()
) -> bytes:
    """Return a FITS file of an image, with checksums.

    The primary HDU has the pixels (in their type), the WCS with distortions, BUNIT, the header
    cards of `image.meta` and then `cards` (a value, or a value and a comment; None leaves one out)
    and `history`. Where there are errors they are the extension ERR, and where pixels are masked
    that are numbers, DQ has 1 for them; then the primary HDU is named SCI. Cards that no FITS
    header can hold are left out.
    """
    from astropy.io import fits

    with quiet():
        sky, tables, lost = sky_cards(image)
        header = sky.copy()
        if image.unit_text:
            header["BUNIT"] = image.unit_text
        for card in (*_kept(image), *_given(cards or {})):
            header.set(card.keyword, card.value, card.comment)
        for line in (*_lines(image, "HISTORY"), *history, *([lost] if lost else [])):
            header.add_history(_ascii(line))
        beside = [
            fits.ImageHDU(values, _beside(sky, unit), name=name, ver=1)
            for name, values, unit in _layers(image)
        ]
        primary = fits.PrimaryHDU(_storable(image.pixels), header)
        if beside:
            primary.header.set("EXTNAME", "SCI", "pixels; ERR: errors; DQ: 1 = not to be used")
        stream = io.BytesIO()
        hdus = fits.HDUList([primary, *beside, *tables])
        hdus.update_extend()
        for hdu in hdus:  # no clock in the comments: the same image is the same file
            hdu.add_checksum(when="sum of this HDU")
        hdus.writeto(stream, output_verify="silentfix+ignore")
    return stream.getvalue()


def _layers(image: Image) -> Iterator[tuple[str, NDArray[Any], str]]:
    import numpy as np

    if image.sigma is not None:
        yield "ERR", image.sigma, image.unit_text
    if (image.mask & np.isfinite(image.pixels)).any():
        yield "DQ", image.mask.astype(np.uint8), ""


def _storable(pixels: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8)
    return pixels.astype(np.float32) if pixels.dtype == np.float16 else pixels


def _beside(sky: Header, unit: str) -> Header:
    header = sky.copy()
    if unit:
        header["BUNIT"] = unit
    return header


def _kept(image: Image) -> Iterator[Card]:
    """The cards of the image's own header that are still true."""
    for keyword, value in image.meta.items():
        if not STRUCTURE.fullmatch(keyword) and not SKY.fullmatch(keyword):
            comment = image.meta.comment(keyword) if isinstance(image.meta, Cards) else ""
            if (card := _card(keyword, value, comment)) is not None:
                yield card


def _given(cards: Mapping[str, Any]) -> Iterator[Card]:
    for keyword, said in cards.items():
        value, comment = said if isinstance(said, tuple) else (said, "")
        if value is not None and (card := _card(keyword, value, comment)) is not None:
            yield card


def _card(keyword: str, value: Any, comment: str) -> Card | None:
    """A card, with HIERARCH where the keyword is long; None where FITS cannot hold it."""
    from astropy.io.fits import Card, VerifyError

    name = keyword.upper()
    if not re.fullmatch(r"[A-Z0-9_-]{1,8}", name):
        name = f"HIERARCH {keyword}"
    for words in (comment, ""):
        try:
            card = Card(name, _ascii(value) if isinstance(value, str) else value, _ascii(words))
            card.verify("exception")
            if len(str(card)) % 80 == 0:
                return card
        except (ValueError, VerifyError, TypeError):
            continue
    return None


def _lines(image: Image, keyword: str) -> list[str]:
    said = image.meta.get(keyword)
    lines = str(said).splitlines() if said else []
    return [line for line in lines if line.strip() and not line.strip().startswith(BOILERPLATE)]


def _ascii(text: str) -> str:
    """Header text is ASCII (FITS standard 4.0, section 4.1.2): ″ and é become what they can."""
    from unicodedata import normalize

    plain = normalize("NFKD", text.replace("″", '"').replace("′", "'").replace("–", "-"))
    return "".join(c for c in plain.replace("\n", " ") if " " <= c <= "~")
