"""This file holds an image that is too large to be held: a FITS file whose rows are drawn as asked.

Invariant: a byte is the same whoever asks for whatever around it; few rows are kept at a time.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_ROWS = 32  # drawn together
_KEPT = 24  # times so many rows are kept
_BLOCK = 2880
_TILE = 512  # pixels after which the noise comes again


class Drawn:
    """A primary image of float32, shape (ny, nx), of the image surveys' sky.

    `cards` are put into its header; `seeing` and `scale` are arcsec.
    """

    def __init__(
        self,
        name: str,
        wcs: WCS,
        shape: tuple[int, int],
        *,
        seed: int,
        seeing: float,
        scale: float,
        zero_point: float,
        noise: float,
        cards: tuple[tuple[str, object, str], ...] = (),
    ) -> None:
        self.wcs, self.shape, self._seed, self._noise = wcs, shape, seed, noise
        self._light = {"seeing": seeing, "scale": scale, "zero_point": zero_point}
        self._header = _header(wcs, shape, cards)
        self._name = name
        self._length = len(self._header) + -(-4 * shape[0] * shape[1] // _BLOCK) * _BLOCK
        self._rows = lru_cache(maxsize=_KEPT)(self._drawn)
        self._grain = chance(seed, "drawn", name).normal(0.0, noise, size=(_TILE, _TILE))

    def __len__(self) -> int:
        """Bytes of the file."""
        return self._length

    @property
    def etag(self) -> str:
        """Of the file, without having drawn it."""
        digest = hashlib.blake2b(f"{self._name} {self._seed}".encode(), digest_size=16)
        return f'"{digest.hexdigest()}"'

    @property
    def data_start(self) -> int:
        """The first byte of the pixels."""
        return len(self._header)

    def __getitem__(self, span: slice, /) -> bytes:
        """The bytes from start to stop."""
        start, stop, _ = span.indices(self._length)
        found = [self._header[start:stop]]
        head, block = len(self._header), 4 * self.shape[1] * _ROWS
        first, last = max(start - head, 0), max(stop - head, 0)
        for number in range(first // block, -(-last // block)):
            drawn = self._rows(number)
            found.append(drawn[max(first - number * block, 0) : last - number * block])
        missing = (stop - start) - sum(map(len, found))
        return b"".join((*found, bytes(missing)))  # the last block is filled with zeros

    def pixels(self, low: int, high: int) -> Floats:
        """Rows from low to before high, as they are before they become float32."""
        import numpy as np

        from skyatlas.sandbox.survey_sky import paint

        wcs = self.wcs.deepcopy()
        wcs.wcs.crpix = [wcs.wcs.crpix[0], wcs.wcs.crpix[1] - low]
        counts = paint(
            wcs, (high - low, self.shape[1]), seed=self._seed, background=0.0, **self._light
        )
        rows, columns = np.arange(low, high) % _TILE, np.arange(self.shape[1]) % _TILE
        counts += self._grain[np.ix_(rows, columns)]
        return counts

    def _drawn(self, number: int) -> bytes:
        low, high = number * _ROWS, min((number + 1) * _ROWS, self.shape[0])
        return self.pixels(low, high).astype(">f4").tobytes() if low < high else b""


def _header(wcs: WCS, shape: tuple[int, int], cards: tuple[tuple[str, object, str], ...]) -> bytes:
    from astropy.io import fits

    header = fits.Header()
    header["SIMPLE"], header["BITPIX"], header["NAXIS"] = True, -32, 2
    header["NAXIS1"], header["NAXIS2"] = shape[1], shape[0]
    header.update(wcs.to_header())
    for word, value, comment in cards:
        header[word] = (value, comment)
    text: str = header.tostring()
    return text.encode("ascii")
