"""This file knows the missions that MAST has a search of their own for, and asks for their columns.

What MAST says of the columns is remembered for a month. Source: astroquery.mast.MastMissions
(2026-11), its recorded answers, and outerspace.stsci.edu/display/MASTDOCS (search forms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from skyatlas.errors import ArchiveError, BadInput, Unreadable

if TYPE_CHECKING:
    from skyatlas.archive import Door

__all__ = ["HST", "JWST", "MISSIONS", "Columns", "Mission", "columns_of", "mission_of"]

SEARCH = "https://mast.stsci.edu/search"
_LIST = f"{SEARCH}/util/api/v0.1/column_list"
_KIND = "mast columns"
"""What the memory calls the entries."""
_MONTH = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Mission:
    """A mission's own search: the columns that a question and an answer need."""

    name: str
    """As it stands in addresses."""
    collection: str
    """obs_collection."""
    key: str
    """The name of a data set."""
    needed: tuple[str, ...]
    """Columns that are asked for besides those that MAST shows by default."""
    filters: Mapping[str, str]
    """A filter of a Query → the column that it is for."""

    def url(self, what: str) -> str:
        """Where the search, or another part of it, is."""
        return f"{SEARCH}/{self.name}/api/v0.1/{what}"


HST = Mission(
    "hst",
    "HST",
    "sci_data_set_name",
    (
        "sci_instrument_config", "sci_obs_type", "sci_spectrum_start", "sci_spectrum_end",
        "sci_spectral_res", "sci_pixel_res", "sci_status", "sci_stop_time", "sci_asn_id",
        "sci_bandwidth", "sci_mtflag", "sci_operating_mode",
    ),
    {
        "instrument": "sci_instrument_config", "program": "sci_pep_id", "pi": "sci_pi_last_name",
        "target_name": "sci_targname", "start": "sci_start_time", "end": "sci_stop_time",
        "rights": "sci_status",
    },
)  # fmt: skip
JWST = Mission(
    "jwst",
    "JWST",
    "fileSetName",
    (
        "targname", "date_end", "effexptm", "expstart", "expend", "title", "pi_name", "category",
        "visit_id", "subarray", "s_region", "filter", "grating",
    ),
    {
        "instrument": "instrume", "program": "program", "pi": "pi_name", "target_name": "targprop",
        "start": "date_obs", "end": "date_end", "rights": "access",
    },
)  # fmt: skip
MISSIONS: Mapping[str, Mission] = {mission.name: mission for mission in (HST, JWST)}


@dataclass(frozen=True, slots=True)
class Columns:
    """What MAST said of a mission's columns; nothing where it did not answer."""

    known: Mapping[str, Mapping[str, str]]
    """By name: "kind" ("string", "float", "datetime" …), "default" and "queryable" (yes or no)."""

    def asked(self, mission: Mission, more: Sequence[str]) -> list[str]:
        """What to ask for: MAST's own choice, what ObsCore needs, and `more`."""
        chosen = [name for name, column in self.known.items() if column["default"] == "yes"]
        wanted = [name for name in (mission.key, *mission.needed, *more) if name in self.known]
        # Distances and positions come by themselves, and only with targets.
        return [n for n in dict.fromkeys((*chosen, *wanted)) if n not in ("ang_sep", "search_pos")]

    def has(self, name: str) -> bool:
        """Whether MAST has the column, as far as is known."""
        return not self.known or name in self.known

    def column(self, name: str, mission: Mission) -> str:
        """A column that can be asked by, as MAST writes it; raises BadInput."""
        if not self.known:
            return name
        for known, column in self.known.items():
            if known.casefold() == name.casefold() and column["queryable"] == "yes":
                return known
        close = get_close_matches(name, [n for n in self.known if self._can_be_asked(n)], n=3)
        guess = f"; did you mean {' or '.join(close)}?" if close else ""
        raise BadInput(f"MAST's search of {mission.collection} has no column {name!r}{guess}")

    def _can_be_asked(self, name: str) -> bool:
        return self.known[name]["queryable"] == "yes"


def mission_of(table: str | None) -> Mission:
    """The mission that a Query's `table` names; raises BadInput."""
    found = MISSIONS.get((table or "").casefold())
    if found is None:
        known = ", ".join(MISSIONS)
        raise BadInput(f"MAST has no table {table!r} for this; there are: {known}")
    return found


def columns_of(mission: Mission, door: Door) -> Columns:
    """What can be asked; where MAST does not say, nothing is known and everything permitted."""
    kept = door.memory.get(_KIND, mission.name)
    if kept is not None and kept.age < _MONTH:
        return Columns(kept.value)
    try:
        known = _read(door, mission)
    except ArchiveError:
        # The search itself tells whether MAST is there. An old list is better than none.
        return Columns(kept.value if kept is not None else {})
    door.memory.put(_KIND, mission.name, known)
    return Columns(known)


def _read(door: Door, mission: Mission) -> dict[str, dict[str, str]]:
    reply = door.ask(_LIST, params={"mission": mission.name})
    try:
        return described(reply.json())
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(
            f"MAST's list of the columns of {mission.collection} is not understood: {error!r}",
            archive="mast",
            url=_LIST,
        ) from error


def described(listed: Any) -> dict[str, dict[str, str]]:
    """What matters of MAST's list; KeyError or TypeError where it is none."""
    return {
        str(one["column_name"]): {
            "kind": str(one["qual_type"]),
            "default": str(one["default_output"]),
            "queryable": str(one["queryable"]),
        }
        for one in listed
    }
