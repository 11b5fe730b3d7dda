"""This file asks PS1 which images there are of places: many places in one POST.

Invariant: an answer is given to the place that it was asked for, and a place without a line is one
that PS1 has not looked at. Source: PS1 Image Cutout Service at outerspace.stsci.edu, read on
2026-11-21, and the recorded answer about skycell 2643.000.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.archives.panstarrs.skycells import Place, Skycell, skycell
from skyatlas.errors import Unreadable

if TYPE_CHECKING:
    from skyatlas.archive import Door, Reply

__all__ = ["FILENAMES", "SITE", "Image", "images_at"]

SITE = "https://ps1images.stsci.edu"
FILENAMES = f"{SITE}/cgi-bin/ps1filenames.py"
_AT_ONCE = 500
"""Places in a POST; no limit is written down."""
_COLUMNS = ("projcell", "subcell", "ra", "dec", "filter", "mjd", "type", "filename", "shortname")
"""In the first line; `badflag` follows, or not, on an older server."""
_SAME = 1e-6
"""Degrees by which a place may come back different: some digits are cut off."""


@dataclass(frozen=True, slots=True)
class Image:
    """A stack or a warp of a skycell in one band."""

    cell: Skycell
    band: str
    kind: str
    """The service's word: "stack", "warp" …"""
    mjd: float | None
    """When a warp was taken; None for a stack, which the service dates 0."""
    path: str
    """On the server: "/rings.v3.skycell/1329/005/….fits"."""
    bad: bool = False
    """Flagged by the service as not to be used."""

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.rpartition("/")[2]

    @property
    def url(self) -> str:
        """Of the whole image."""
        return SITE + self.path

    @property
    def obs_id(self) -> str:
        """ "rings.v3.skycell.1329.005.stk.r"."""
        return self.name.removesuffix(".fits").removesuffix(".unconv")


def images_at(
    door: Door, places: Sequence[Place], *, bands: str, kinds: Sequence[str] = ("stack",)
) -> list[tuple[Image, ...]]:
    """For each place the images that PS1 thinks best for it; () where it has not looked.

    `bands` are letters of "grizy". Raises Unreadable for a page in place of a list, and for one
    that makes no sense; and what the door raises.
    """
    found: dict[Place, dict[str, Image]] = {place: {} for place in places}
    asked = list(found)
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        lines = "".join(f"{float(ra)!r} {float(dec)!r}\n" for ra, dec in some)
        reply = door.ask(
            FILENAMES,
            data={"filters": bands, "type": ",".join(kinds)},
            files={"file": ("places.txt", lines.encode())},
        )
        for place, image in _read(reply):
            for mine in _meant(place, some, found, reply):
                found[mine][image.path] = image
    return [tuple(found[place].values()) for place in places]


def _read(reply: Reply) -> list[tuple[Place, Image]]:
    lines = [line.split() for line in reply.text.splitlines() if line.strip()]
    if reply.text.lstrip().startswith("<"):
        raise _unreadable(reply, "a web page came; the service may be out of order")
    if not lines or tuple(lines[0][: len(_COLUMNS)]) != _COLUMNS:
        raise _unreadable(reply, "its first line does not name the columns")
    try:
        return [_image(dict(zip(lines[0], line, strict=True))) for line in lines[1:]]
    except (ValueError, KeyError) as error:
        raise _unreadable(reply, str(error)) from error


def _image(row: Mapping[str, str]) -> tuple[Place, Image]:
    cell = skycell(int(row["projcell"]), int(row["subcell"]))
    if cell is None:
        raise ValueError(f"there is no skycell {row['projcell']}.{row['subcell']}")
    if not row["filename"].startswith("/"):
        raise ValueError(f"{row['filename']!r} is no path")
    mjd = float(row["mjd"])
    image = Image(
        cell,
        row["filter"],
        row["type"],
        mjd if mjd > 0.0 else None,
        row["filename"],
        row.get("badflag", "0") != "0",
    )
    # Right ascensions below 0 have been seen.
    return (float(row["ra"]) % 360.0, float(row["dec"])), image


def _meant(
    place: Place, some: Sequence[Place], found: Mapping[Place, object], reply: Reply
) -> list[Place]:
    """The places that a line is about."""
    if place in found:
        return [place]
    near = [mine for mine in some if _close(place, mine)]
    if not near:
        raise _unreadable(reply, f"it has a line for {place[0]} {place[1]}, which was not asked")
    return near


def _close(one: Place, other: Place) -> bool:
    apart = (one[0] - other[0] + 180.0) % 360.0 - 180.0
    across = apart * math.cos(math.radians(other[1]))
    return abs(across) < _SAME and abs(one[1] - other[1]) < _SAME


def _unreadable(reply: Reply, why: str) -> Unreadable:
    return Unreadable(
        f"cannot read PS1's list of images: {why}",
        archive="panstarrs",
        url=reply.url,
        status=reply.status_code,
    )
