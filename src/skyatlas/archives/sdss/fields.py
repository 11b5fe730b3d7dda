"""This file finds the fields of SDSS's camera, and says which piece of the sky each of them shows.

Invariant: a footprint is the field's own rectangle on the sky (2048 columns across the scan, 1489
rows along it), not the box of right ascension and declination around it. Degrees, ICRS. Source of
the columns: PhotoTables.sql in github.com/sciserver/sqlloader, read on 2026-11-21.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skyatlas.archives.sdss import skyserver
from skyatlas.archives.sdss.boxes import boxes
from skyatlas.archives.sdss.releases import BANDS, CAMERA
from skyatlas.archives.sdss.skyserver import Row, known
from skyatlas.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from skyatlas.archive import Door
    from skyatlas.archives.sdss.releases import Release
    from skyatlas.model import Note

    Vectors = NDArray[np.float64]

__all__ = ["REACH", "Field", "near", "question", "vectors"]

_ALONG = CAMERA["rows"] * CAMERA["scale"] / 3600.0
"""Degrees along the scan."""
_ACROSS = CAMERA["columns"] * CAMERA["scale"] / 3600.0
"""Degrees across the scan."""
REACH = math.hypot(_ALONG, _ACROSS) / 2 + 0.005
"""Degrees from a field's middle to its corner, with room for the middle that the table rounds."""
_AT_ONCE = 20
"""Places in one question, which goes in the address: SkyServer reads no body (3.5 kB)."""
_COLUMNS = (
    "f.run", "f.rerun", "f.camcol", "f.field", "f.ra", "f.dec", "f.quality", "f.score",
    "f.primaryArea", *(f"f.mjd_{band}" for band in BANDS), "r.node", "r.incl",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field: five images of the same piece of the sky."""

    run: int
    rerun: int
    camcol: int
    field: int
    ra: float
    """Of its middle."""
    dec: float
    node: float
    """Where the great circle of its scan meets the equator, degrees of right ascension."""
    incl: float
    """The inclination of that circle, degrees."""
    score: float
    """0 (bad) to 1."""
    quality: int | None
    primary: float
    """Square degrees for which it is the survey's own choice."""
    read: tuple[float | None, ...]
    """MJD (TAI) at which its first row was read, by `BANDS`."""

    @property
    def name(self) -> str:
        """As its files are called: "001000-1-0100"."""
        return f"{self.run:06d}-{self.camcol}-{self.field:04d}"

    @property
    def row(self) -> dict[str, int]:
        """What its paths are made of."""
        return {
            "run": self.run, "rerun": self.rerun, "camcol": self.camcol, "field": self.field,
        }  # fmt: skip

    @property
    def region(self) -> str:
        """Its footprint as STC-S."""
        x, y, z = self._corners().T
        ras, decs = np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))
        pairs = (f"{ra:.6f} {dec:.6f}" for ra, dec in zip(ras, decs, strict=True))
        return f"POLYGON ICRS {' '.join(pairs)}"

    def shows(self, points: Vectors) -> NDArray[np.bool_]:
        """Which of these unit vectors, shape (n, 3), lie on it: shape (n,)."""
        middle, along, across = self._frame()
        depth = points @ middle
        ahead = depth > 0.5
        depth = np.where(ahead, depth, 1.0)
        x, y = points @ along / depth, points @ across / depth
        return (
            ahead
            & (np.abs(x) <= math.tan(math.radians(_ALONG / 2)))
            & (np.abs(y) <= math.tan(math.radians(_ACROSS / 2)))
        )

    def _frame(self) -> tuple[Vectors, Vectors, Vectors]:
        """Unit vectors to its middle, along the scan, and across it (to the circle's pole).

        A camera column scans a circle of constant distance from the great circle of the run.
        """
        node, incl = math.radians(self.node), math.radians(self.incl)
        pole = np.array(
            (math.sin(node) * math.sin(incl), -math.cos(node) * math.sin(incl), math.cos(incl))
        )
        middle = vectors(self.ra, self.dec)
        along = np.cross(pole, middle)
        along /= np.linalg.norm(along)
        return middle, along, np.cross(middle, along)

    def _corners(self) -> Vectors:
        middle, along, across = self._frame()
        x, y = (math.tan(math.radians(size / 2)) for size in (_ALONG, _ACROSS))
        corners = np.array(
            [
                middle + i * x * along + j * y * across
                for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
        )
        lengths: Vectors = np.linalg.norm(corners, axis=1)[:, None]
        return np.asarray(corners / lengths)


def vectors(ra: Vectors | float, dec: Vectors | float) -> Vectors:
    """Unit vectors of places (degrees), the last axis x, y, z."""
    lon, lat = np.radians(ra), np.radians(dec)
    return np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=-1)


def near(
    door: Door, release: Release, circles: Sequence[tuple[float, float, float]]
) -> Iterator[tuple[list[int], list[Field] | Note]]:
    """For some of the circles (ra, dec, radius) at a time: their indices, and all their fields.

    Fields near the circles are among them too; a Note says that an answer was cut. Raises what
    SkyServer's failures are.
    """
    for start in range(0, len(circles), _AT_ONCE):
        some = list(range(start, min(start + _AT_ONCE, len(circles))))
        wide = [(ra, dec, radius + REACH) for ra, dec, radius in (circles[n] for n in some)]
        rows = skyserver.sql(door, release, question(wide))
        # Each once, should a run stand twice in its table.
        yield some, list(dict.fromkeys(_field(row, release) for row in rows))
        for note in skyserver.cut(rows):
            yield some, note


def question(circles: Sequence[tuple[float, float, float]]) -> str:
    """The SQL for the fields whose middles lie in the circles."""
    return (  # numbers and names of columns only
        f"SELECT {', '.join(_COLUMNS)} FROM Field AS f JOIN Run AS r ON r.run = f.run "  # noqa: S608
        f"WHERE {boxes(circles, 'f.ra', 'f.dec')}"
    )


def _field(row: Row, release: Release) -> Field:
    try:
        return Field(
            run=int(known(row, "run")),
            rerun=int(known(row, "rerun")),
            camcol=int(known(row, "camcol")),
            field=int(known(row, "field")),
            ra=float(known(row, "ra")) % 360.0,
            dec=float(known(row, "dec")),
            node=float(known(row, "node")),
            incl=float(known(row, "incl")),
            score=float(known(row, "score") or 0.0),
            quality=known(row, "quality"),
            primary=float(known(row, "primaryArea") or 0.0),
            read=tuple(known(row, f"mjd_{band}") for band in BANDS),
        )
    except (TypeError, ValueError) as error:
        raise Unreadable(
            f"SkyServer's answer is not understood: a field has {sorted(row)[:12]}, not what it "
            f"is made of ({error})",
            archive="sdss",
            url=release.sql,
        ) from error
