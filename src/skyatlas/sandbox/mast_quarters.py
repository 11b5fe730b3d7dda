"""This file knows when Kepler looked where: its quarters, and the campaigns of K2.

Times are BKJD (BJD − 2454833, TDB). Spans and the times in file names: Kepler Data Release Notes.
"""

from __future__ import annotations

from dataclasses import dataclass

BKJD = 2454833.0
"""JD of BKJD 0."""
LONG = 0.02043359821692
"""Days between two long exposures; 30 short ones make one."""


@dataclass(frozen=True, slots=True)
class Span:
    """A quarter, a month of one, or a campaign."""

    name: str
    """"Q2", "C1"."""
    number: int
    stamp: str
    """The time in the names of its files: "2009259160929"; of K2 the campaign: "c01"."""
    start: float
    """BKJD."""
    stop: float

    @property
    def k2(self) -> bool:
        """Whether two of the reaction wheels had failed by then."""
        return self.name.startswith("C")


_QUARTERS = """
2009131105131  120.53  130.27   2009166043257  131.51  164.99   2009259160929  169.51  258.48
2009350155506  260.21  349.51   2010078095331  352.37  442.21   2010174085026  443.48  538.17
2010265121752  539.44  629.31   2010355172524  630.17  719.56   2011073133259  735.35  802.35
2011177032512  808.51  905.94   2011271113734  906.84 1000.28   2012004120508 1001.20 1098.34
2012088054726 1099.40 1182.03   2012179063303 1182.73 1273.07   2012277125453 1274.13 1371.34
2013011073258 1373.48 1471.15   2013098041711 1472.09 1557.97   2013131215648 1559.22 1591.01
"""


def quarters() -> tuple[Span, ...]:
    """Kepler's eighteen, Q0 to Q17."""
    words = _QUARTERS.split()
    return tuple(
        Span(f"Q{n}", n, words[3 * n], float(words[3 * n + 1]), float(words[3 * n + 2]))
        for n in range(18)
    )


MONTH = Span("Q2", 2, "2009231120729", 200.28, 230.66)
"""The second month of Q2, in which Kepler-10 was read every minute."""
CAMPAIGN = Span("C1", 1, "c01", 1977.28, 2059.93)


def step(short: bool) -> float:
    """Days from one cadence to the next."""
    return LONG / 30 if short else LONG


def count(span: Span, *, short: bool = False) -> int:
    """How many cadences it has."""
    return round((span.stop - span.start) / step(short))
