"""This file turns what was drawn into files as delivered: sealed FITS, PNG, PDF and tar.

Invariant: no clock and no machine shows in the bytes; the same input gives the same file.
"""

from __future__ import annotations

import struct
import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from astropy.io import fits
    from numpy.typing import NDArray

_ROOM = 64  # letters of an 80-letter card that are left beside "= '' / " and padding
Card = tuple[str, object, str]
"""(keyword, value, comment)."""


def write_cards(header: fits.Header, cards: Iterable[Card]) -> None:
    """Put the cards at the end of `header`; long ESO keywords become HIERARCH cards.

    A comment that does not fit beside its value is left out.
    """
    for keyword, value, comment in cards:
        word = f"HIERARCH {keyword}" if " " in keyword else keyword
        fits_in = len(word) + len(str(value)) + len(comment) <= _ROOM
        header[word] = (value, comment if fits_in else "")


def plain(hdus: Sequence[Any]) -> bytes:
    """A FITS file without checksums, as telescopes write them."""
    from astropy.io import fits

    out = BytesIO()
    fits.HDUList(list(hdus)).writeto(out)
    return out.getvalue()


def sealed(hdus: Sequence[Any], when: str) -> bytes:
    """A FITS file with CHECKSUM and DATASUM in every HDU, dated `when` (ISO 8601).

    Written twice: the sums of a tile-compressed HDU belong to the table that it is on disk.
    """
    from astropy.io import fits

    draft = BytesIO(plain(hdus))
    with fits.open(draft, disable_image_compression=True) as opened:
        for hdu in opened:
            hdu.add_checksum(when=f"HDU checksum updated {when}")
        final = BytesIO()
        opened.writeto(final)
    return final.getvalue()


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A grey PNG of shape (rows, columns), the first row on top."""
    rows, columns = pixels.shape
    lines = b"".join(b"\0" + pixels[row].tobytes() for row in range(rows))
    return b"".join((
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(lines, 6)),
        _chunk(b"IEND", b""),
    ))  # fmt: skip


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def grey(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Pixels stretched to 0..255, the first FITS row at the bottom."""
    import numpy as np

    low, high = np.percentile(values, [5, 99.5])
    scaled = np.clip((values - low) / max(float(high - low), 1e-30), 0.0, 1.0)
    shades: NDArray[np.uint8] = (255 * np.sqrt(scaled)).astype(np.uint8)
    return shades[::-1]


def curve(values: NDArray[Any], rows: int = 120, columns: int = 400) -> NDArray[np.uint8]:
    """A plain drawing of a spectrum: dark on light, one column per bin."""
    import numpy as np

    bins = np.array([float(np.median(part)) for part in np.array_split(values, columns)])
    low, high = float(bins.min()), float(bins.max())
    heights = ((bins - low) / max(high - low, 1e-30) * (rows - 1)).astype(int)
    drawing = np.full((rows, columns), 255, dtype=np.uint8)
    drawing[rows - 1 - heights, np.arange(columns)] = 0
    return drawing


def pdf(text: str) -> bytes:
    """A page of PDF 1.4 that says one line."""
    safe = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    drawing = f"BT /F1 12 Tf 72 720 Td ({safe}) Tj ET".encode("latin-1", "replace")
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
    bodies = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page + b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out_table = b"xref\n0 6\n0000000000 65535 f \n" + table
    return out + out_table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)


def tar(files: Mapping[str, bytes]) -> bytes:
    """A tar file; every member is dated 1970."""
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, BytesIO(body))
    return out.getvalue()
