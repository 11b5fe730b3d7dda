"""This file turns MJD into ESO's dates and back, to the millisecond, without astropy."""

from __future__ import annotations

from datetime import datetime, timedelta

_ZERO = datetime(1858, 11, 17)  # noqa: DTZ001  MJD 0; every date here is UTC without saying so
_DAY_MS = 86_400_000


def snap(mjd: float) -> float:
    """The same moment, cut to whole milliseconds: what a dp_id can say."""
    return round(mjd * _DAY_MS) / _DAY_MS


def iso(mjd: float) -> str:
    """MJD (UTC) as "2013-08-27T01:05:24.328"."""
    moment = _ZERO + timedelta(milliseconds=round(mjd * _DAY_MS))
    return moment.isoformat(timespec="milliseconds")


def zulu(mjd: float) -> str:
    """MJD (UTC) as the archive's tables write a timestamp: "2014-08-27T04:03:31.840Z"."""
    return f"{iso(mjd)}Z"


def mjd_of(text: str) -> float:
    """MJD (UTC) of an ISO 8601 date; raises ValueError where it is none."""
    moment = datetime.fromisoformat(text.strip().rstrip("Z"))
    return (moment.replace(tzinfo=None) - _ZERO) / timedelta(days=1)
