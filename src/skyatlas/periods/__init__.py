"""This room finds periods in light curves: transits by boxes, rotation and pulsation by sines.

Nothing is asked of anybody and nothing is drawn; what was done to the fluxes is said in `notes`.
"""

from skyatlas.periods.found import Periodogram
from skyatlas.periods.samples import Samples, fold, samples_of
from skyatlas.periods.searching import dip, periodogram
from skyatlas.periods.trends import flattened

__all__ = ["Periodogram", "Samples", "dip", "flattened", "fold", "periodogram", "samples_of"]
