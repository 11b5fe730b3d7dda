"""This file guesses ObsCore columns that a service does not give from what it does give.

Invariant: a guess fills gaps only and says what it was made from.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from skyatlas.errors import BadInput
from skyatlas.protocols.mapping import measures
from skyatlas.protocols.mapping.draft import plain_texts
from skyatlas.protocols.mapping.outline import diameters, outlines
from skyatlas.words.spectral import band

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skyatlas.model import Interval
    from skyatlas.protocols.mapping.draft import Draft
    from skyatlas.protocols.service import Service

    Numbers = NDArray[np.float64]

_CALIBRATED = {"absolute": 2.0, "calibrated": 2.0, "relative": 2.0, "normalized": 2.0,
               "uncalibrated": 1.0}  # fmt: skip
"""SSA 1.1 table 7 (FluxAxis.Calibration), and ObsCore's calib_level for it."""


def guess(draft: Draft, service: Service) -> None:
    """Fill what can be guessed."""
    _images(draft)
    _wavelengths(draft)
    _times(draft)
    _kind(draft, service)
    _calibration(draft)
    _identity(draft, service)


def _images(draft: Draft) -> None:
    """Size and outline of SIA 1's images."""
    naxis, scale, cd = (draft.clue(name) for name in ("naxis", "scale", "cd"))
    if naxis is None or (scale is None and cd is None):
        return
    rows = draft.sheet.rows
    nothing = np.full((rows, 4), np.nan)
    pixels = _pairs(draft.sheet.vectors(naxis.field))
    matrix = draft.sheet.vectors(cd.field) if cd else nothing
    degrees = _pairs(draft.sheet.vectors(scale.field) if scale else nothing)
    if scale is not None:
        degrees = measures.converted(degrees.ravel(), scale.unit, "deg").reshape(-1, 2)
    # A column of the matrix is what one pixel does.
    steps = np.hypot(matrix[:, :2], matrix[:, 2:])
    degrees = np.where(np.isnan(degrees), steps, degrees)
    size = diameters(pixels, degrees)
    source = f"{naxis.field.name} and {scale.field.name if scale else cd and cd.field.name}"
    draft.guess("s_fov", np.where((size > 0) & (size < 360), size, np.nan), f"{source}: diagonal")
    drawn = outlines(draft.numbers("s_ra"), draft.numbers("s_dec"), pixels, degrees, matrix)
    words = f"the centre, {source}" + (f", {cd.field.name}" if cd and scale else "")
    draft.guess("s_region", _objects(drawn), words)
    draft.guess("s_pixel_scale", np.abs(degrees[:, 0]) * 3600.0, source)


def _wavelengths(draft: Draft) -> None:
    if "em_min" in draft.columns and "em_max" in draft.columns:
        # Frequencies and energies rise where wavelengths fall.
        first, second = draft.numbers("em_min"), draft.numbers("em_max")
        draft.columns["em_min"] = np.fmin(first, second)
        draft.columns["em_max"] = np.fmax(first, second)
    middle, extent = draft.clue("spectral_location"), draft.clue("spectral_extent")
    if middle is not None:
        words = middle.field.name
        centre = measures.numbers(middle.values)
        half = np.zeros(draft.sheet.rows)
        if extent is not None and extent.unit == middle.unit:
            wide = measures.numbers(extent.values) / 2.0
            half = np.where(np.isnan(wide) | (wide >= centre), 0.0, wide)
            words += f" ± half of {extent.field.name}"
        # In the native unit, which may be one of frequency, and only then in metres.
        ends = [draft.metres(replace(middle, values=centre + way * half)) for way in (-1.0, 1.0)]
        _edges(draft, np.fmin(*ends), np.fmax(*ends), words)
        _resolving_power(draft, draft.metres(middle))
    name = draft.clue("band_name")
    if name is not None:
        texts = plain_texts(name.values)
        bands = {text: _band(text) for text in set(texts) if text}
        low, high = (
            np.array([getattr(bands.get(text or ""), edge, None) for text in texts], dtype=float)
            for edge in ("low", "high")
        )
        _edges(draft, low, high, f"the band's name in {name.field.name}")


def _edges(draft: Draft, low: Numbers, high: Numbers, words: str) -> None:
    """Guess the ends of the band, but none that lies beyond what is known of the other end."""
    shortest, longest = draft.numbers("em_min"), draft.numbers("em_max")
    draft.guess("em_min", np.where(low > longest, np.nan, low), words)
    draft.guess("em_max", np.where(high < shortest, np.nan, high), words)


def _resolving_power(draft: Draft, centre: Numbers) -> None:
    finest = draft.clue("spectral_resolution")
    if finest is None:
        return
    step = measures.wavelengths(finest.values, finest.unit)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(step > 0, centre / step, np.nan)
    draft.guess("em_res_power", power, f"the middle wavelength by {finest.field.name}")


@functools.lru_cache(maxsize=1024)
def _band(text: str) -> Interval | None:
    """The band of that name, from bands.toml; None where there is none such."""
    try:
        return band(text)
    except BadInput:
        return None


def _times(draft: Draft) -> None:
    half = np.nan_to_num(draft.numbers("t_exptime")) / 86400.0 / 2.0
    middle = draft.clue("date")
    if middle is not None:
        date = measures.dates(middle.values, middle.unit, middle.field.xtype)
        words = f"{middle.field.name}, the middle of the exposure"
        if half.any():
            words += ", ± half of the exposure time"
        draft.guess("t_min", date - half, words)
        draft.guess("t_max", date + half, words)
    if "t_min" in draft.columns and half.any():
        length = np.where(half > 0, 2.0 * half, np.nan)
        draft.guess("t_max", draft.numbers("t_min") + length, "t_min and the exposure time")


def _kind(draft: Draft, service: Service) -> None:
    protocol = {"ssa": "spectrum", "scs": "measurements", "sia": "image"}.get(service.protocol)
    if protocol is None:
        return
    rows = draft.sheet.rows
    kinds = np.full(rows, protocol, dtype=object)
    words = f"the protocol ({service.protocol})"
    naxes, naxis = draft.clue("naxes"), draft.clue("naxis")
    if service.protocol == "sia" and naxis is not None and naxes is not None:
        deep = draft.sheet.vectors(naxis.field)[:, 2]
        # A third axis of one pixel makes no cube.
        kinds[(measures.numbers(naxes.values) >= 3) & ~(deep <= 1)] = "cube"
        words += f" and {naxes.field.name}"
    draft.guess("dataproduct_type", kinds, words)


def _calibration(draft: Draft) -> None:
    flux = draft.clue("flux_calibration")
    if flux is not None:
        levels = [
            _CALIBRATED.get((text or "").lower(), np.nan) for text in plain_texts(flux.values)
        ]
        draft.guess("calib_level", np.array(levels, dtype=np.float64), flux.field.name)
    length = draft.clue("length")
    if length is not None:
        points = measures.numbers(length.values)
        draft.guess("em_xel", np.where(points > 0, points, np.nan), length.field.name)


def _identity(draft: Draft, service: Service) -> None:
    draft.guess("obs_publisher_did", draft.texts("access_url"), "access_url")
    if service.title:
        title = np.full(draft.sheet.rows, service.title, dtype=object)
        draft.guess("obs_collection", title, "the service's title")


def _pairs(found: Numbers) -> Numbers:
    """The first two numbers; a single one counts for both axes."""
    return np.where(np.isnan(found[:, :2]), found[:, :1], found[:, :2])


def _objects(cells: list[str | None]) -> NDArray[np.object_]:
    made = np.empty(len(cells), dtype=object)
    made[:] = cells
    return made
