"""This file turns a Query into the conditions of a mission's search.

Invariant: a condition lets pass everything that is wanted; what could lose a row is not sent, and
judged by the house. MAST's words: `low..high`, `>=`, `*` for anything, `!` for not, commas for or.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from skyatlas.archives.mast.missions_columns import HST
from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from skyatlas.archives.mast.missions_columns import Columns, Mission
    from skyatlas.model import Interval, Query

__all__ = ["conditions", "is_possible", "is_whole"]

_PROGRAM = re.compile(r"(?i)(?:(?:GO|GTO|DD|ERS|SNAP|CAL|COM)[ -]?)?0*(\d+)")
_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)
_TYPES = {"image": "IMAGE", "spectrum": "SPECTRUM", "timeseries": "PHOTOMETRY"}
"""dataproduct_type → sci_obs_type."""

Condition = dict[str, str]


def conditions(mission: Mission, query: Query, columns: Columns) -> list[Condition]:
    """What to send; raises BadInput for words that this search cannot take.

    What the house judges too (times, rights) is sent only where it makes the answer shorter: at a
    place times are not, since a data set that does not say its time is wanted.
    """
    of = mission.filters
    needed = (
        (of["instrument"], _instruments(mission, query.instruments)),
        (of["program"], _programs(query.programs)),
        (of["pi"], _pi(query.pi)),
        (of["target_name"], _plain(query.target_name or "", "a target's name")),
        *((name, _value(name, value)) for name, value in query.parameters),
    )
    placed = query.target is not None and query.target.ra is not None
    helpful = (
        (of["rights"], "PUBLIC" if query.public else ""),
        *_of_kind(mission, query),
        *([] if placed else _times(mission, query.time)),
    )
    return [
        *({columns.column(name, mission): value} for name, value in needed if value),
        *({name: value} for name, value in helpful if value and columns.has(name)),
    ]


def is_possible(mission: Mission, query: Query) -> bool:
    """Whether the mission can have what is asked for at all."""
    names = {name.casefold() for name in query.collections}
    if names and mission.name not in names:
        return False
    return not (mission is HST and query.kinds) or bool(query.kinds & _TYPES.keys())


def is_whole(query: Query) -> bool:
    """Whether MAST judges all filters, so that its rows are as many as are wanted."""
    return query.time is None and query.band is None and query.calib_level is None


def _instruments(mission: Mission, words: Sequence[str]) -> str:
    """HST's with their detectors ("WFC3/UVIS"); JWST's search knows the instrument alone."""
    if mission is not HST:
        return ",".join(_plain(word.partition("/")[0], "an instrument") for word in words)
    return ",".join(
        word if "/" in word or "*" in word else f"{word},{word}/*"
        for word in (_plain(word.upper(), "an instrument") for word in words)
    )


def _programs(words: Sequence[str]) -> str:
    numbers = []
    for word in words:
        found = _PROGRAM.fullmatch(word.strip())
        if found is None:
            raise BadInput(
                f"{word!r} is no number of a programme of HST or JWST; write 12345 or GO-12345"
            )
        numbers.append(found[1])
    return ",".join(numbers)


def _pi(name: str | None) -> str:
    """Part of a name; HST's search has last names alone, which come first."""
    last = (name or "").partition(",")[0].strip()
    return f"*{last}*" if last else ""


def _plain(word: str, what: str) -> str:
    if "," in word or word.startswith("!"):
        raise BadInput(f"{word!r} as {what}: in MAST's search a comma means or, ! means not")
    return word.strip()


def _of_kind(mission: Mission, query: Query) -> Iterator[tuple[str, str]]:
    if mission is HST and query.kinds:
        yield "sci_obs_type", ",".join(_TYPES[kind] for kind in sorted(query.kinds & _TYPES.keys()))


def _times(mission: Mission, time: Interval | None) -> Iterator[tuple[str, str]]:
    if time is not None and time.high is not None:
        yield mission.filters["start"], f"<={_date(time.high)}"
    if time is not None and time.low is not None:
        yield mission.filters["end"], f">={_date(time.low)}"


def _date(mjd: float) -> str:
    """MJD (UTC) as MAST writes dates."""
    try:
        moment = _MJD_ZERO + timedelta(days=mjd)
    except OverflowError:
        raise BadInput(f"MJD {mjd:g} is beyond all dates that MAST can be asked for") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _value(name: str, value: str) -> str:
    if not value.strip():
        raise BadInput(f"MAST's column {name} needs a value: {name}=VALUE")
    return value
