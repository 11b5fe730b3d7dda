"""This file knows the surveys of which SkyView makes images, and how to look for new ones.

Invariant: a name is SkyView's own, every blank kept; what nobody says about a survey stays unsaid.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from skyatlas import words
from skyatlas.errors import Unreadable
from skyatlas.stamp import Survey, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from skyatlas.archive import Door
    from skyatlas.memory import Memory

__all__ = ["FORM", "UNSAID", "Family", "families", "known", "named", "refresh"]

FORM = "https://skyview.gsfc.nasa.gov/current/cgi/basicform.pl"
UNSAID = (0.0, math.inf)
"""The ends of a band that is not said, or that a map (of reddening, say) has not: any."""
_MEMORY = "skyview surveys"
"""Kind of memory entry: the form's names as [group, name]."""
_FEWEST = 20
"""Names; a page with fewer is not the form, which lists more than 200."""
_GROUPS = (
    ("gamma", "gamma-ray"),
    ("x-ray|rosat|swiftbat", "x-ray"),
    ("uv", "uv"),
    ("optical", "optical"),
    ("infrared|iras|^ir", "infrared"),
    ("radio", "radio"),
)
"""What the headings of the form's groups say about the waveband: pattern, VODataService's word."""


@dataclass(frozen=True, slots=True)
class Family:
    """Surveys that belong together, as `surveys.toml` has them."""

    name: str
    surveys: tuple[Survey, ...]
    usual: bool
    """Whether they are looked for where nobody names a survey."""


@cache
def families() -> tuple[Family, ...]:
    """All that is in `surveys.toml`."""
    text = files("skyatlas.archives.skyview").joinpath("surveys.toml").read_text("utf-8")
    return tuple(_family(entry) for entry in tomllib.loads(text)["family"])


def known(memory: Memory | None = None) -> tuple[Survey, ...]:
    """The surveys, in SkyView's order; as the form had them where `refresh` has read it."""
    listed = [survey for family in families() for survey in family.surveys]
    kept = memory.get(_MEMORY, FORM) if memory is not None else None
    if kept is None:
        return tuple(listed)
    ours = {survey.name: survey for survey in listed}
    return tuple(ours.get(name) or _new(group, name) for group, name in kept.value)


def named(name: str, memory: Memory) -> Survey | None:
    """The survey of that name, however it is written: one that the form has, or once had."""
    return next((one for one in (*known(memory), *known()) if one.word == plain(name)), None)


def refresh(door: Door) -> tuple[str, ...]:
    """Read SkyView's form and remember its names; sentences on what is new and what is gone.

    Raises Unreadable where the page is not the form, and what the door raises; then what was
    remembered stays.
    """
    before = {survey.name for survey in known(door.memory)}
    reply = door.ask(FORM)
    form = _Form()
    form.feed(reply.text)
    now = dict.fromkeys((group, name) for group, name in form.names)
    if len(now) < _FEWEST:
        raise Unreadable(
            f"SkyView's form lists {len(now)} surveys, which cannot be all; look at {FORM}",
            archive="skyview",
            url=reply.url,
            status=reply.status_code,
        )
    door.memory.put(_MEMORY, FORM, [list(pair) for pair in now])
    names = [name for _, name in now]
    return (
        *(f"SkyView has a new survey: {name}" for name in names if name not in before),
        *(f"SkyView has no survey {name} any more" for name in sorted(before - set(names))),
    )


def _family(entry: Mapping[str, Any]) -> Family:
    def survey(name: str, title: str, band: str, scale: float | None = None) -> Survey:
        return Survey(
            name=name,
            title=title,
            archive="skyview",
            bands={"": _ends(band)},
            scale=scale,
            waveband=entry["waveband"],
            coverage=entry["coverage"],
            pixels="resampled",
        )

    surveys = tuple(survey(*row) for row in entry["rows"])
    return Family(entry["name"], surveys, entry.get("usual", False))


def _ends(band: str) -> tuple[float, float]:
    if not band:
        return UNSAID
    read = words.band(band)
    return (
        UNSAID[0] if read.low is None else read.low,
        UNSAID[1] if read.high is None else read.high,
    )


def _new(group: str, name: str) -> Survey:
    """A survey of which only the form's name and heading are known."""
    fit: Iterable[str] = (word for pattern, word in _GROUPS if re.search(pattern, group.lower()))
    unsaid = Survey(name, name, "skyview", {"": UNSAID}, pixels="resampled")
    return replace(unsaid, waveband=next(iter(fit), ""))


class _Form(HTMLParser):
    """Collects the options of the lists of surveys; those of overlays repeat them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[tuple[str, str]] = []
        self._group = ""
        self._option: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        said = {name.lower(): value or "" for name, value in attrs}
        if tag == "select":
            self._close()
            mine = said.get("name", "").lower() == "survey"
            heading = said.get("id", "")
            self._group = heading if mine and not heading.startswith("overlay") else ""
        elif tag == "option" and self._group:
            self._close()
            self._option = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("option", "select"):
            self._close()
        if tag == "select":
            self._group = ""

    def handle_data(self, data: str) -> None:
        if self._option is not None:
            self._option.append(data)

    def _close(self) -> None:
        name = "".join(self._option or ()).strip()
        if name and self._group:
            self.names.append((self._group, name))
        self._option = None
