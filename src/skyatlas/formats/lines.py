"""This file reads 1-D images whose header (or a second array) gives the spectral axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.errors import FormatError
from skyatlas.formats import layers
from skyatlas.formats.axes import SpectralAxis, spectral_axis
from skyatlas.formats.cards import Cards
from skyatlas.formats.medium import medium_of_cards
from skyatlas.formats.samples import Samples, as_floats, spectrum_from

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import HDUList
    from numpy.typing import NDArray

    from skyatlas.dataset import Spectrum


def spectrum_in_image(hdus: HDUList) -> Spectrum | None:
    """Return the spectrum in a file whose science array has one axis longer than 1."""
    science = layers.science_layer(hdus)
    if science is None or sum(length > 1 for length in science.shape) != 1:
        return None
    cards = Cards(hdus[0].header, science.hdu.header)
    axis = _axis(hdus, science, cards)
    if axis is None:
        found = cards.text("CTYPE1") or "no CTYPE1"
        raise FormatError(
            f"{science.name} is a row of {max(science.shape)} numbers without a spectral axis"
            f" ({found}); skyatlas cannot tell what it is."
        )
    sigma = layers.sigma_beside(hdus, science)
    return spectrum_from(
        Samples(
            axis=axis.values,
            flux=layers.pixels_of(science).reshape(-1),
            axis_unit_text=axis.unit_text,
            flux_unit_text=cards.text("BUNIT"),
            medium=axis.medium,
            cards=cards,
            name=science.name,
            sigma=None if sigma is None else sigma.reshape(-1),
            flagged=layers.mask_beside(hdus, science, cards).reshape(-1),
        )
    )


def _axis(hdus: HDUList, science: layers.Layer, cards: Cards) -> SpectralAxis | None:
    import numpy as np

    number = next(k for k, length in enumerate(reversed(science.shape), 1) if length > 1)
    length = max(science.shape)
    # An array of wavelengths is the axis, whatever the header says: AAOmega writes log-rebinned
    # spectra with the cards of the linear ones.
    array = layers.beside(hdus, science, layers.WAVELENGTH)
    if array is None:
        return spectral_axis(cards, length, number)
    said = Cards(array.hdu.header)
    values = as_floats(layers.pixels_of(array)).reshape(-1)
    if cards.get("LOGSCALE") is True:  # AAOmega's 2dfdr: the array holds log10
        values = np.power(10.0, values)
    _refuse_contradiction(values, spectral_axis(cards, length, number), array.name)
    return SpectralAxis(
        values=values,
        unit_text=said.text("BUNIT") or cards.text(f"CUNIT{number}"),
        medium=medium_of_cards(said) or medium_of_cards(cards),
    )


def _refuse_contradiction(
    values: NDArray[np.float64], header: SpectralAxis | None, name: str
) -> None:
    """Refuse an array that is not even roughly the axis of the header: one of them is not said."""
    if header is None:
        return
    middle, other = float(values[len(values) // 2]), float(header.values[len(values) // 2])
    if not 0.5 <= middle / (other or 1.0) <= 2:
        raise FormatError(
            f"{name} is about {middle:g} where the header's axis is {other:g}; they contradict each"
            " other, perhaps by a logarithm that is not declared."
        )
