"""This file answers as SIA 2.0: images and cubes as ObsCore rows.

A parameter that comes several times is an alternative; different parameters must all fit. An error
has the status 400, or 200 where that is the service's habit. Source: SIA 2.0, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from skyatlas.sandbox import region, vo_asked
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.obscore import NEEDED, STANDARD
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_asked import Interval, Region, interval, shape
from skyatlas.sandbox.vo_holdings import DataSet
from skyatlas.sandbox.vo_links import service_descriptors
from skyatlas.sandbox.vo_place import Place, outline
from skyatlas.sandbox.vo_table import Answer, Field, failed, respond

_MORE = ("obs_title", "s_pixel_scale", "obs_release_date", "data_rights", "proposal_id")
_INTERVALS = {
    "BAND": ("em_min", "em_max"),
    "TIME": ("t_min", "t_max"),
    "FOV": ("s_fov", "s_fov"),
    "SPATRES": ("s_resolution", "s_resolution"),
    "SPECRP": ("em_res_power", "em_res_power"),
    "EXPTIME": ("t_exptime", "t_exptime"),
    "TIMERES": ("t_resolution", "t_resolution"),
}
"""Parameter, and the columns that it constrains."""
_WORDS = {
    "COLLECTION": "obs_collection",
    "FACILITY": "facility_name",
    "INSTRUMENT": "instrument_name",
    "DPTYPE": "dataproduct_type",
    "TARGET": "target_name",
    "FORMAT": "access_format",
}
_STATES = {"I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX", "POLI", "POLA"}

Test = Callable[[DataSet], bool]


def query(_state: State, asked: Asked, place: Place) -> Response:
    """The images and cubes that fit, as a VOTable."""
    try:
        wanted = _wanted(asked)
        most = vo_asked.limit(asked, place.service)
    except ValueError as error:
        return failed(f"UsageFault: {error}", 200 if place.has("error-200") else 400)
    found = [item for item in place.items if all(test(item) for test in wanted)]
    names = [name for name in (*NEEDED, *_MORE) if name in STANDARD]
    rows = [[asked.cell(item.row.get(name)) for name in names] for item in found[:most]]
    return respond(
        Answer(
            [_field(name) for name in names],
            rows,
            overflow=len(found) > most,
            after=service_descriptors(asked, place) if place.has("datalink") else "",
        )
    )


def _field(name: str) -> Field:
    column = STANDARD[name]
    return Field(
        name,
        column.datatype,
        column.unit,
        column.ucd,
        column.utype,
        xtype=column.xtype,
        description=column.description,
        ident=name if name == "obs_publisher_did" else "",
    )


def _wanted(asked: Asked) -> list[Test]:
    """One test per parameter; raises ValueError where one makes no sense."""
    vo_asked.no_upload(asked)
    vo_asked.response_format(asked)
    if asked.one("REQUEST", "query").lower() != "query":
        raise ValueError(f"REQUEST={asked.one('REQUEST')} is not supported; use query")
    tests: list[Test] = []
    if regions := [shape("POS", text) for text in _given(asked, "POS")]:
        tests.append(_On(regions))
    for name, (low, high) in _INTERVALS.items():
        if spans := [interval(name, text) for text in _given(asked, name)]:
            tests.append(_Meets(spans, low, high))
    for name, column in _WORDS.items():
        if words := _given(asked, name):
            tests.append(_Is(column, {_word(name, word) for word in words}, str))
    if levels := _given(asked, "CALIB"):
        tests.append(_Is("calib_level", {_level(text) for text in levels}, str))
    if identifiers := _given(asked, "ID"):
        # Identifiers are compared without case, all other words with it (SIA 2.0, section 2.1).
        tests.append(_Is("obs_publisher_did", {text.lower() for text in identifiers}, _lower))
    if states := [text.upper() for text in _given(asked, "POL")]:
        tests.append(_polarised(states))
    return tests


def _given(asked: Asked, name: str) -> list[str]:
    return [text.strip() for text in asked.all(name) if text.strip()]


def _lower(value: object) -> str:
    return str(value).lower()


def _word(name: str, word: str) -> str:
    if name == "DPTYPE" and word not in {"image", "cube"}:
        raise ValueError(f"DPTYPE={word} is not supported; use image or cube")
    return word


def _level(text: str) -> str:
    if text not in {"0", "1", "2", "3", "4"}:
        raise ValueError(f"CALIB={text} is not 0, 1, 2, 3 or 4")
    return text


@dataclass(frozen=True, slots=True)
class _On:
    """Whether a data set touches one of the regions."""

    regions: list[Region]

    def __call__(self, item: DataSet) -> bool:
        return any(region.intersects(one, outline(item)) for one in self.regions)


@dataclass(frozen=True, slots=True)
class _Meets:
    """Whether two columns span something of one of the intervals."""

    spans: list[Interval]
    low: str
    high: str

    def __call__(self, item: DataSet) -> bool:
        return vo_asked.meets(self.spans, item.row.get(self.low), item.row.get(self.high))


@dataclass(frozen=True, slots=True)
class _Is:
    """Whether a column has one of the values, as `read` writes it."""

    column: str
    values: set[str]
    read: Callable[[object], str]

    def __call__(self, item: DataSet) -> bool:
        return self.read(item.row.get(self.column)) in self.values


def _polarised(states: list[str]) -> Test:
    if unknown := sorted(set(states) - _STATES):
        raise ValueError(f"POL={unknown[0]} is no polarisation state")

    def test(item: DataSet) -> bool:
        return any(f"/{state}/" in str(item.row.get("pol_states")) for state in states)

    return test
