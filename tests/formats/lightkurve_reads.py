"""This script has lightkurve read every file of a folder, and writes what it gives to an npz file.

It runs in a process of its own: to import lightkurve warns, and warnings are errors in the tests.
"""

import contextlib
import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import lightkurve as lk  # noqa: E402
import numpy as np  # noqa: E402
from lightkurve.utils import LightkurveError  # noqa: E402

WITHOUT_QUALITY = ("hlsp_k2sff", "test-sparcs")
"""Readers that do not take a bit mask."""


def plain(values):
    values = getattr(values, "value", values)
    values = np.ma.filled(values, np.nan) if np.ma.isMaskedArray(values) else np.asarray(values)
    return values.astype(values.dtype.newbyteorder("="))


def parts(path, bitmask):
    options = {} if path.name.startswith(WITHOUT_QUALITY) else {"quality_bitmask": bitmask}
    data = lk.read(str(path), **options)
    found = {"time": plain(data.time), "jd1": data.time.jd1, "jd2": data.time.jd2}
    found["scale"] = np.array(data.time.scale)
    for name in ("flux", "flux_err", "quality"):
        with contextlib.suppress(AttributeError, KeyError):
            found[name] = plain(getattr(data, name))
    found["unit"] = np.array(str(getattr(data.flux, "unit", "") or ""))
    return found


everything, refused = {}, {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        for bitmask in ("none", "default"):
            for key, values in parts(path, bitmask).items():
                everything[f"{path.name}|{bitmask}|{key}"] = values
    except LightkurveError as problem:
        refused[path.name] = f"{type(problem).__name__}: {problem}"
np.savez(sys.argv[2], refused=np.array(json.dumps(refused)), **everything)
