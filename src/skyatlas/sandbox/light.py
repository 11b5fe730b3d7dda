"""This file knows how the sandbox's sources shine: lines at redshifts, stars at their places.

It is the truth that tests measure against. Wavelengths are nanometres, in vacuum unless `air` is
asked for; positions are degrees ICRS; magnitudes are arbitrary but consistent between files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.sandbox.item import NamedObject
from skyatlas.sandbox.sky import GALAXIES, NEBULAE, OBJECTS, chance, distance, shifted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LIGHT_SPEED = 299792.458  # km/s

# Rest wavelengths in vacuum, nm (NIST Atomic Spectra Database; H2: Roueff et al. 2019), strength.
LINES: tuple[tuple[str, float, float], ...] = (
    ("Ly alpha", 121.567, 9.0),
    ("C IV", 154.949, 4.0),
    ("C III]", 190.873, 2.0),
    ("Mg II", 279.875, 2.0),
    ("[O II]", 372.848, 2.0),
    ("H gamma", 434.169, 0.8),
    ("H beta", 486.269, 1.5),
    ("[O III]", 496.030, 3.0),
    ("[O III]", 500.824, 9.0),
    ("[N II]", 654.986, 1.5),
    ("H alpha", 656.461, 6.0),
    ("[N II]", 658.527, 4.5),
    ("[S II]", 671.829, 1.4),
    ("[S II]", 673.267, 1.2),
    ("[S III]", 953.321, 3.0),
    ("He I", 1083.331, 3.5),
    ("Pa beta", 1282.159, 1.6),
    ("[Fe II]", 1644.002, 1.2),
    ("Pa alpha", 1875.613, 3.0),
    ("H2 1-0 S(1)", 2121.834, 1.0),
    ("Br gamma", 2166.120, 1.3),
)
# The same for stars: depths below the continuum.
DIPS: tuple[tuple[str, float, float], ...] = (
    ("Ca II K", 393.477, 0.75),
    ("Ca II H", 396.959, 0.70),
    ("H gamma", 434.169, 0.45),
    ("H beta", 486.269, 0.50),
    ("Mg I b", 518.505, 0.45),
    ("Na I D2", 589.158, 0.55),
    ("Na I D1", 589.756, 0.50),
    ("H alpha", 656.461, 0.60),
    ("Ca II", 850.035, 0.40),
    ("Ca II", 854.444, 0.55),
    ("Ca II", 866.452, 0.50),
    ("Pa beta", 1282.159, 0.30),
    ("Br gamma", 2166.120, 0.35),
)


def to_air(vacuum: Floats | float) -> Floats | float:
    """Wavelength in standard air of one in vacuum, both nm: Ciddor 1996, Appl. Opt. 35, 1566."""
    squared = (1000.0 / vacuum) ** 2  # wavenumber squared, per square micrometre
    return vacuum / (1.0 + 0.05792105 / (238.0185 - squared) + 0.00167917 / (57.362 - squared))


def shines(target: NamedObject) -> bool:
    """Whether it is extended and has emission lines; else it is a star with absorption lines."""
    return target.object_type in GALAXIES | NEBULAE


def lines_of(target: NamedObject, low: float, high: float, air: bool) -> list[tuple[str, float]]:
    """(name, nm) of the lines of `target` from `low` to `high`, at its redshift."""
    chosen = LINES if shines(target) else DIPS
    seen = [(name, _observed(rest, target.redshift, air)) for name, rest, _ in chosen]
    return [(name, place) for name, place in seen if low <= place <= high]


def _observed(rest: float, redshift: float, air: bool) -> float:
    vacuum = rest * (1.0 + redshift)
    return float(to_air(vacuum)) if air else vacuum


def lines(waves: Floats, target: NamedObject, resolution: float, air: bool) -> Floats:
    """Lines over a continuum of 1, shape (n,): positive for emission, negative for absorption.

    Gaussians, as wide as the source's turbulence and the instrument's resolving power together.
    """
    import numpy as np

    total = np.zeros_like(waves)
    emission = shines(target)
    speed = 1500.0 if target.object_type == "QSO" else 200.0 if emission else 20.0  # km/s, sigma
    sigma = float(np.hypot(speed, LIGHT_SPEED / resolution / 2.355))
    for _, rest, strength in LINES if emission else DIPS:
        place = _observed(rest, target.redshift, air)
        width = place * sigma / LIGHT_SPEED
        first, last = np.searchsorted(waves, [place - 6 * width, place + 6 * width])
        near = waves[first:last]
        height = strength if emission else -strength
        total[first:last] += height * np.exp(-0.5 * ((near - place) / width) ** 2)
    return total


def continuum(waves: Floats, target: NamedObject) -> Floats:
    """A smooth continuum around 1, shape (n,): galaxies fall to the red, stars have a hump."""
    slope = 0.7 if shines(target) else 0.3
    return (waves / float(waves[len(waves) // 2])) ** -slope


@dataclass(frozen=True, slots=True)
class Star:
    """A star of a field."""

    ra: float
    dec: float
    magnitude: float


def stars_near(target: NamedObject, seed: int) -> tuple[Star, ...]:
    """The stars of the field of `target`, the same for every instrument: half a degree around."""
    random = chance(seed, "stars", target.name)
    place = (target.ra, target.dec)
    found: list[Star] = []
    for count, half in ((220, 0.55), (60, 0.06), (12, 0.008)):
        offsets = random.uniform(-half, half, size=(count, 2))
        magnitudes = 12.0 + 7.0 * random.power(2.0, size=count)
        for (east, north), magnitude in zip(offsets, magnitudes, strict=True):
            ra, dec = shifted(place, float(east), float(north))
            found.append(Star(ra, dec, float(magnitude)))
    return tuple(found)


def neighbours(target: NamedObject) -> tuple[NamedObject, ...]:
    """Other named objects within a degree: they are in the pictures too."""
    here = (target.ra, target.dec)
    return tuple(
        other
        for other in OBJECTS
        if other.name != target.name and distance(here, (other.ra, other.dec)) < 1.0
    )
