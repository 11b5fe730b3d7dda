"""This file holds time series of one source: light curves and the pixels around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skyatlas.dataset.images import Image

if TYPE_CHECKING:
    import numpy as np
    from astropy.timeseries import TimeSeries
    from astropy.units import UnitBase
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FluxColumn:
    """One of the columns of a light curve that hold a flux."""

    unit: UnitBase | None
    unit_text: str
    sigma: str = ""
    """The column that holds its standard deviation; "" where none does."""


@dataclass(frozen=True, slots=True, eq=False)
class LightCurve:
    """One time series of one source, n cadences, in the order of the file."""

    time: Floats
    """Shape (n,): days, on `time_scale`, minus `time_offset`; NaN where a cadence has none."""
    time_scale: str | None
    """"tdb", "utc" … or None where the file does not say."""
    time_offset: float
    """Days to add to `time` to get a Julian date: 2457000 (BTJD, TESS), 2454833 (BKJD, Kepler)."""
    flux: Floats
    """Shape (n,), in `flux_unit`."""
    sigma: Floats | None
    """Shape (n,): one standard deviation in `flux_unit`, or None."""
    quality: NDArray[Any] | None
    """Shape (n,): the file's own flags, bit by bit as its author defines them; None: no flags."""
    mask: Booleans
    """Shape (n,): True = not to be used: no number, or flags that its author advises against."""
    flux_unit: UnitBase | None
    flux_unit_text: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Header cards of the file, primary first."""
    name: str = ""
    """The target as the file says it: "TIC 261136679"."""
    mission: str = ""
    """"TESS", "Kepler", "K2" …"""
    author: str = ""
    """Who made it: "SPOC", "QLP", "K2SFF" …"""
    part: str = ""
    """"sector 1", "quarter 3", "campaign 5"; several joined: "sectors 1, 2"."""
    cadence: float | None = None
    """Seconds from one cadence to the next, as the file says it, else the median step."""
    flux_name: str = ""
    """The column that `flux` is: "PDCSAP_FLUX"."""
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Every column of the file, shape (n, …), values and types as they are there."""
    fluxes: Mapping[str, FluxColumn] = field(default_factory=dict)
    """Which of `columns` hold a flux: what `of` takes; the one that is meant comes first."""
    flagged: Booleans | None = None
    """Shape (n,): the part of `mask` that comes from flags; None: nobody flagged anything."""

    def __len__(self) -> int:
        return len(self.time)

    @property
    def good(self) -> LightCurve:
        """The same without the masked cadences."""
        from skyatlas.timeseries import rows

        return rows(self, ~self.mask)

    def of(self, column: str) -> LightCurve:
        """The same with another column as flux, error and unit along: `.of("SAP_FLUX")`.

        Its values are the file's. Raises `BadInput`, with the names in `fluxes`, for any other.
        """
        from skyatlas.timeseries import chosen

        return chosen(self, column)

    def normalised(self) -> LightCurve:
        """The same with the flux over its median of the good cadences, without a unit.

        Magnitudes become relative fluxes; deviations (ppm) are added to 1. Raises `BadInput` where
        the median is not positive, or there is none.
        """
        from skyatlas.timeseries import relative

        return relative(self)

    @staticmethod
    def stitched(curves: Iterable[LightCurve]) -> LightCurve:
        """One light curve of several sectors, quarters or campaigns of one target.

        Each is normalised by its own median; cadences are in order of time, on the scale and offset
        of the earliest. `part` is "sectors 1, 4"; `meta` is the earliest's; `fluxes` is empty:
        choose with `of` before. Raises `BadInput` for different targets, for times that cannot be
        put on one scale, and where there is nothing to stitch.
        """
        from skyatlas.timeseries import stitched

        return stitched(curves)

    def to_timeseries(self) -> TimeSeries:
        """As `astropy.timeseries.TimeSeries`: time (two-part Julian dates, no digit is lost), flux,
        flux_err, quality, mask.

        Cadences without a time are left out, masked ones are not. Raises `BadInput` where the file
        does not say its time scale.
        """
        from skyatlas.timeseries import timeseries_of

        return timeseries_of(self)

    def to_lightkurve(self) -> Any:
        """As `lightkurve.LightCurve`, of the good cadences, as lightkurve's own readers do.

        Raises `MissingExtra` where lightkurve is missing, `BadInput` as `to_timeseries`.
        """
        from skyatlas.timeseries import lightkurve_of

        return lightkurve_of(self)


@dataclass(frozen=True, slots=True, eq=False)
class TargetPixels:
    """The pixels around one source over time: n cadences of ny × nx pixels."""

    time: Floats
    """Shape (n,), as in `LightCurve`."""
    time_scale: str | None
    time_offset: float
    flux: NDArray[Any]
    """Shape (n, ny, nx), in `flux_unit`; the file's own type."""
    sigma: NDArray[Any] | None
    """Shape (n, ny, nx), or None."""
    quality: NDArray[Any] | None
    """Shape (n,)."""
    mask: Booleans
    """Shape (n,): True = a cadence not to be used."""
    aperture: NDArray[np.int64] | None
    """Shape (ny, nx): the mission's bits (1: collected, 2: in the optimal aperture), or None."""
    wcs: WCS | None
    """Celestial WCS of the pixels, or None."""
    flux_unit: UnitBase | None
    flux_unit_text: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    mission: str = ""
    author: str = ""
    part: str = ""
    cadence: float | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)

    def light_curve(self, aperture: Any = None) -> LightCurve:
        """The sum of the pixels in an aperture: shape (ny, nx), True or not 0 = in; or "all".

        None is the mission's optimal aperture (bit 2); `BadInput` where the file has none. Pixels
        without a number count as nothing; errors are added in quadrature.
        """
        from skyatlas.timeseries import inside, single_columns, summed

        taken = inside(self, aperture)
        flux, sigma = summed(self, taken)
        return LightCurve(
            time=self.time,
            time_scale=self.time_scale,
            time_offset=self.time_offset,
            flux=flux,
            sigma=sigma,
            quality=self.quality,
            mask=self.mask | (flux != flux),  # NaN
            flux_unit=self.flux_unit,
            flux_unit_text=self.flux_unit_text,
            meta=self.meta,
            name=self.name,
            mission=self.mission,
            author=self.author,
            part=self.part,
            cadence=self.cadence,
            flux_name=f"sum of {int(taken.sum())} pixels",
            columns=single_columns(self.columns),
        )

    def image(self) -> Image:
        """The median of the good cadences, same unit, with the WCS of the pixels."""
        from skyatlas.timeseries import median_frame

        frame = median_frame(self)
        return Image(
            pixels=frame,
            wcs=self.wcs,
            unit=self.flux_unit,
            unit_text=self.flux_unit_text,
            sigma=None,
            mask=frame != frame,  # NaN
            meta=self.meta,
            name=f"median of {int((~self.mask).sum())} cadences",
        )
