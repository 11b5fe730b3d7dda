"""This package makes new light curves of old ones: relative, joined, of pixels, of others' types.

A light curve is never changed; no cadence is dropped but where it is said, and times keep all their
digits. `skyatlas.dataset` calls it: it knows no file.
"""

from skyatlas.timeseries.apertures import inside, median_frame, single_columns, summed
from skyatlas.timeseries.choosing import chosen, relative, rows
from skyatlas.timeseries.conversion import lightkurve_of, timeseries_of
from skyatlas.timeseries.stitching import stitched

__all__ = [
    "chosen",
    "inside",
    "lightkurve_of",
    "median_frame",
    "relative",
    "rows",
    "single_columns",
    "stitched",
    "summed",
    "timeseries_of",
]
