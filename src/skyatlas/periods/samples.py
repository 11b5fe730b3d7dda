"""This file makes relative fluxes of light curves: the good cadences of one target, in time order.

Every part (a sector, a quarter) is divided by its own median: missions do not promise that the
fluxes of two parts can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skyatlas.dataset import LightCurve
from skyatlas.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

GAP = 0.5
"""Days without a cadence after which nothing is said about the level of the flux."""
SLOW = 10
"""Cadences without which a curve from the ground, with one cadence a night, has a gap."""
OF_A_DAY = 12
"""Samples from which the scatter of a day is known."""
MINUTE = 1 / 1440
"""Days."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The n good cadences of a target, or their means in bins, in the order of time."""

    time: Floats
    """Shape (n,): days, on `time_scale`, minus `time_offset`."""
    flux: Floats
    """Shape (n,): 1 is the usual light of the star; less is fainter, also from magnitudes."""
    number: Integers
    """Shape (n,): cadences in each sample."""
    part: Integers
    """Shape (n,): which light curve it is from."""
    stretch: Integers
    """Shape (n,): counts up over every gap and every part."""
    time_offset: float
    time_scale: str | None
    name: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    @property
    def step(self) -> float:
        """The usual days from one sample to the next."""
        import numpy as np

        return float(np.median(np.diff(self.time))) if len(self) > 1 else 0.0

    @property
    def span(self) -> float:
        """Days from the first to the last."""
        return float(self.time[-1] - self.time[0])


def samples_of(curves: LightCurve | Sequence[LightCurve]) -> Samples:
    """Return the good cadences of one target's light curves as relative fluxes.

    Raises `BadInput` where there are none, for several targets or time scales, and for a part whose
    median flux is not positive (differences of images: they have no star to be a part of).
    """
    import numpy as np

    parts = [curves] if isinstance(curves, LightCurve) else list(curves)
    check_together(parts)
    first = parts[0]
    times, fluxes, numbers = [], [], []
    for number, curve in enumerate(parts):
        good = ~curve.mask & np.isfinite(curve.time) & np.isfinite(curve.flux)
        if good.any():
            times.append(curve.time[good] + (curve.time_offset - first.time_offset))
            fluxes.append(replace(curve, mask=~good).normalised().flux[good])
            numbers.append(np.full(int(good.sum()), number))
    if not times:
        raise BadInput(f"The light curve of {first.name or 'this target'} has no good cadence.")
    time = np.concatenate(times)
    order = np.argsort(time, kind="stable")
    time, part = time[order], np.concatenate(numbers)[order]
    return Samples(
        time=time,
        flux=np.concatenate(fluxes)[order],
        number=np.ones(len(time), dtype=np.int64),
        part=part,
        stretch=_stretches(time, part),
        time_offset=first.time_offset,
        time_scale=first.time_scale,
        name=first.name,
        notes=(f"{_count(len(times), 'part')} divided by its median",),
    )


def check_together(curves: Sequence[LightCurve]) -> None:
    """Raise `BadInput` unless these are one target's curves, on one time scale."""
    if not curves:
        raise BadInput("There is no light curve in the list.")
    # "TIC 1" of one author is "TIC1" of another.
    found = {"".join(curve.name.split()).upper(): curve.name for curve in curves if curve.name}
    names = sorted(found.values())
    if len(names) > 1:
        raise BadInput(
            f"The light curves are of {len(names)} targets ({', '.join(names[:4])}"
            f"{' …' if len(names) > 4 else ''}): take those of one at a time."
        )
    scales = {curve.time_scale for curve in curves}
    if len(scales) > 1:
        said = ", ".join(sorted(str(scale or "not stated") for scale in scales))
        raise BadInput(f"The light curves have different time scales ({said}): convert one first.")


def fold(time: Floats, period: float, epoch: float) -> Floats:
    """Return the phases of times, shape (n,), from −0.5 to 0.5: 0 at the epoch, 1 a period.

    All three in days, `epoch` minus the same offset as `time`. Raises `BadInput` for a period that
    is not a positive number.
    """
    import numpy as np

    if not (np.isfinite(period) and period > 0):
        raise BadInput(f"A period of {period} d makes no sense; give more than 0 days.")
    cycles = (np.asarray(time, dtype=np.float64) - epoch) / period
    return np.asarray(cycles - np.floor(cycles + 0.5))


def binned(samples: Samples, minutes: float) -> Samples:
    """Return the means of samples in bins of so many minutes, that do not reach over gaps.

    Samples that are as far apart as the bins are returned as they are.
    """
    import numpy as np

    width = minutes * MINUTE
    if len(samples) < 2 or samples.step > 0.75 * width:
        return samples
    places = np.floor((samples.time - samples.time[0]) / width).astype(np.int64)
    new = (np.diff(places) != 0) | (np.diff(samples.stretch) != 0) | (np.diff(samples.part) != 0)
    starts = np.concatenate([[0], np.flatnonzero(new) + 1])
    number = np.add.reduceat(samples.number, starts)
    return replace(
        samples,
        time=np.add.reduceat(samples.time * samples.number, starts) / number,
        flux=np.add.reduceat(samples.flux * samples.number, starts) / number,
        number=number,
        part=samples.part[starts],
        stretch=samples.stretch[starts],
        notes=(*samples.notes, f"means of {minutes:.0f} minutes"),
    )


def noise_of(samples: Samples) -> Floats:
    """Return one standard deviation of each sample, shape (n,), from how its day scatters.

    It is never less than that of its whole stretch: a spacecraft that trembled for a day does not
    make the days around it better.
    """
    import numpy as np

    noise = np.empty(len(samples))
    for one in np.unique(samples.stretch):
        here = np.flatnonzero(samples.stretch == one)
        whole = _scatter(samples.flux[here])
        number = np.floor(samples.time[here] - samples.time[here[0]])
        days = np.split(here, np.flatnonzero(np.diff(number)) + 1)
        local = [_scatter(samples.flux[day]) if len(day) >= OF_A_DAY else 0.0 for day in days]
        for place, day in enumerate(days):
            # What begins in the evening is not in the median of its day.
            noise[day] = max(whole, *local[max(0, place - 1) : place + 2])
        usual = float(np.median(samples.number[here]))
        noise[here] *= np.sqrt(usual / samples.number[here])
    return np.maximum(noise, 1e-12)


def _scatter(flux: Floats) -> float:
    import numpy as np

    return 1.4826 * float(np.median(np.abs(flux - np.median(flux))))


def is_magnitude(curve: LightCurve) -> bool:
    """Whether less is brighter."""
    if curve.flux_unit is None:
        return False
    return "mag" in {str(base) for base in getattr(curve.flux_unit, "bases", [curve.flux_unit])}


def _stretches(time: Floats, part: Integers) -> Integers:
    import numpy as np

    steps = np.diff(time)
    longest = max(GAP, SLOW * float(np.median(steps))) if len(steps) else GAP
    return np.concatenate([[0], np.cumsum((steps > longest) | (np.diff(part) != 0))])


def _count(number: int, noun: str) -> str:
    return f"each of {number} {noun}s" if number > 1 else "flux"
