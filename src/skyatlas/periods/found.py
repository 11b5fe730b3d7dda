"""This file holds what a search for periods gives: one period, how sure it is, and the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

    Method = Literal["bls", "ls"]

BELIEVED = 7.1
"""Signal-to-noise from which the Kepler mission took a transit seriously (Jenkins et al. 2002)."""


@dataclass(frozen=True, slots=True, eq=False)
class Periodogram:
    """The power of m periods, and what was measured at the best of them.

    Times are days on the light curve's own scale, minus its own offset. Depths are parts of the
    star's light: 0.001 is 1000 ppm.
    """

    method: Method
    """"bls": Box Least Squares (Kovács et al. 2002); "ls": Lomb-Scargle (Scargle 1982)."""
    period: Floats
    """Shape (m,): days, ascending."""
    power: Floats
    """Shape (m,): bls: signal-to-noise of the deepest box, white noise taken for granted; ls: part
    of the variance that a sine explains, 0 … 1."""
    best: float
    """Days."""
    error: float
    """One standard deviation of `best`, in days."""
    epoch: float
    """bls: the middle of the first transit in the data; ls: the first maximum of the sine."""
    epoch_error: float
    duration: float | None
    """Days from the middle of ingress to the middle of egress; None for a sine."""
    depth: float
    """bls: depth of the transit; ls: half of the sine's range."""
    depth_error: float
    snr: float
    """`depth` / `depth_error`; noise that lasts longer than a cadence is counted."""
    events: int | None
    """Transits of which there are data; None for a sine."""
    alone: bool
    """Whether one transit is most of the signal, so that the period may be a coincidence."""
    time_offset: float
    time_scale: str | None
    name: str = ""
    """The target."""
    notes: tuple[str, ...] = ()
    """What was done to the fluxes before the search."""

    @property
    def believed(self) -> bool:
        """Whether several transits, or a sine, have a signal-to-noise of 7.1 or more."""
        return self.snr >= BELIEVED and not self.alone

    def __str__(self) -> str:
        """In one line, with units."""
        what, when = ("depth", "epoch") if self.method == "bls" else ("half range", "maximum")
        parts = [
            f"period {with_error(self.best, self.error)} d",
            f"{when} {clock(self.time_offset)}{with_error(self.epoch, self.epoch_error)}",
            f"{what} {with_error(1e6 * self.depth, 1e6 * self.depth_error)} ppm",
        ]
        if self.duration is not None:
            parts.append(f"duration {24 * self.duration:.2f} h")
        if self.events is not None:
            parts.append(f"{self.events} transits")
        doubt = " (one transit is most of it: may be no period)" if self.alone else ""
        if self.snr < BELIEVED:
            doubt = f" (below {BELIEVED}: may be noise)"
        return ", ".join([*parts, f"signal-to-noise {self.snr:.1f}{doubt}"])


def clock(offset: float) -> str:
    """Return what stands before a time that has this offset from the Julian date: "BTJD "."""
    names = {2457000.0: "BTJD ", 2454833.0: "BKJD ", 2400000.5: "MJD ", 0.0: "JD "}
    return names.get(offset, f"JD − {offset:.10g} = ")


def with_error(value: float, error: float) -> str:
    """Return "6.2682 ± 0.0004": the error with one figure, or two where it begins with 1."""
    import math

    if not (math.isfinite(error) and error > 0):
        return f"{value:.6g}"
    figure, _, exponent = f"{error:.0e}".partition("e")
    digits = max(0, (figure == "1") - int(exponent))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
