"""This file holds spectra: one, and several of one file; nothing is converted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from astropy.units import UnitBase
    from numpy.typing import NDArray

    from skyatlas.samp import Sent

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One 1-D spectrum, n samples, as the file holds it."""

    axis: Floats
    """Shape (n,): wavelength, frequency, energy or velocity in `axis_unit`."""
    flux: Floats
    """Shape (n,), in `flux_unit`."""
    sigma: Floats | None
    """Shape (n,): one standard deviation in `flux_unit`, or None."""
    mask: Booleans
    """Shape (n,): True = not to be used."""
    axis_unit: UnitBase | None
    flux_unit: UnitBase | None
    axis_unit_text: str
    flux_unit_text: str
    medium: Literal["air", "vacuum"] | None
    """What the wavelengths are in; None where the file does not say."""
    frame: str | None
    """Velocity reference as the file says it (SPECSYS): "BARYCENT", "HELIOCEN", "TOPOCENT" …"""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Header cards of the file, primary first."""
    name: str = ""
    """Which one of several: an order, an arm, a fibre."""

    def __len__(self) -> int:
        return len(self.axis)

    def broadcast(self, to: str | None = None, *, cache: Path | None = None) -> Sent:
        """Send it to the desktop tools that run: see `skyatlas.samp.send` for `to` and errors.

        It goes as a VOTable with units and utypes, from the folder `cache` (None: the user's).
        """
        from skyatlas.samp import files, send

        name = self.name or str(self.meta.get("OBJECT", "")) or "spectrum"
        path = files.of_spectrum(self, name, cache)
        return send("spectrum", path, name, to=to)


class SpectrumList(Sequence[Spectrum]):
    """Several spectra of one file: orders, arms, segments, fibres."""

    def __init__(self, spectra: Sequence[Spectrum]) -> None:
        self._spectra = tuple(spectra)

    @overload
    def __getitem__(self, index: int) -> Spectrum: ...
    @overload
    def __getitem__(self, index: slice) -> SpectrumList: ...
    def __getitem__(self, index: int | slice) -> Spectrum | SpectrumList:
        if isinstance(index, slice):
            return SpectrumList(self._spectra[index])
        return self._spectra[index]

    def __len__(self) -> int:
        return len(self._spectra)

    def __iter__(self) -> Iterator[Spectrum]:
        return iter(self._spectra)

    def __repr__(self) -> str:
        return f"SpectrumList({len(self)} spectra)"
