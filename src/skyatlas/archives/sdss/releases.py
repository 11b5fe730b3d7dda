"""This file knows where each data release of SDSS keeps its files, and where it is asked.

Invariant: a file has all the addresses at which it may be, the likeliest first; nothing about paths
is in code. The data are `releases.toml` and `instruments.toml`, each with its source.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skyatlas.model import Product, Query

__all__ = [
    "BANDS", "CAMERA", "SPECTROGRAPHS", "TELESCOPES", "Release", "acknowledgement", "release",
    "release_of", "strangers",
]  # fmt: skip

PARAMETER = "data_release"
"""The parameter by which people choose one: 17, "DR17"."""


def _read(name: str) -> Mapping[str, Any]:
    text = files("skyatlas.archives.sdss").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


_INSTRUMENTS = _read("instruments.toml")
CAMERA: Mapping[str, Any] = _INSTRUMENTS["camera"]
SPECTROGRAPHS: Mapping[str, Mapping[str, Any]] = _INSTRUMENTS["spectrographs"]
TELESCOPES: Mapping[str, str] = _INSTRUMENTS["telescopes"]
"""APOGEE's names of telescopes → ours."""
BANDS: Mapping[str, tuple[float, float]] = {
    band: (low * 1e-9, high * 1e-9) for band, (low, high) in CAMERA["bands"].items()
}
"""The filters' half-power points, metres."""


@dataclass(frozen=True, slots=True)
class Release:
    """One data release."""

    number: int
    date: str
    """ISO 8601."""
    paths: Mapping[str, Sequence[str]]
    """"frames", "legacy_lite" … → templates of addresses, the likeliest first."""
    templates: Mapping[str, str]
    legacy: frozenset[str]
    """`run2d` of the first spectrograph's reductions."""

    @property
    def name(self) -> str:
        """As people say it: "DR17"."""
        return f"DR{self.number}"

    @property
    def sql(self) -> str:
        """Where SQL is asked."""
        return self.templates["sql"].format(number=self.number)

    @property
    def crossid(self) -> str:
        """Where positions are uploaded."""
        return self.templates["crossid"].format(number=self.number)

    @property
    def jpeg(self) -> str:
        """Where colour pictures are cut."""
        return self.templates["jpeg"].format(number=self.number)

    @property
    def has_sdss5(self) -> bool:
        """Whether SDSS-V's spectra can be asked for: the table spAll, as DR19 and DR20 have it."""
        return "sdss5_lite" in self.paths and self.number > 18

    @property
    def has_apogee(self) -> bool:
        """Whether it is known to have the table apogeeStar, and where its files are."""
        return "apogee_star" in self.paths

    def frame(self, band: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Addresses of a field's image in a band; `row` has run, rerun, camcol and field."""
        return self._addresses("frames", self.templates["frame"], band=band, **row)

    def spectrum(self, row: Mapping[str, Any], *, full: bool = False) -> tuple[str, ...]:
        """Addresses of a spectrum, with its exposures where `full`.

        `row` has run2d and mjd, with plate and fiberID, or with field and catalogid (SDSS-V).
        """
        size = "full" if full else "lite"
        if row.get("catalogid"):
            return self._addresses(f"sdss5_{size}", "", **row, group=int(row["field"]) // 1000)
        which = "legacy" if str(row["run2d"]) in self.legacy else "boss"
        return self._addresses(f"{which}_{size}", self.templates["plate"], **row)

    def star(self, row: Mapping[str, Any], *, aspcap: bool = False) -> tuple[str, ...]:
        """Addresses of APOGEE's spectrum of a star; of the one that ASPCAP fitted where `aspcap`.

        `row` has telescope, location_id, file and apogee_id of SkyServer's apogeeStar, and its
        field as `apogee_field`.
        """
        words = _words_of_star(row)
        kind = "apogee_aspcap" if aspcap else "apogee_star"
        paths = [one for one in self.paths.get(kind, ()) if words["file"] or "{file}" not in one]
        # SkyServer's file mostly is called as all are: that is one address, not two.
        return tuple(
            dict.fromkeys(f"{self.templates['files']}/{one.format(**words)}" for one in paths)
        )

    def _addresses(self, kind: str, tail: str, **row: Any) -> tuple[str, ...]:
        whole = [f"{folder}/{tail}" if tail else folder for folder in self.paths.get(kind, ())]
        return tuple(f"{self.templates['files']}/{one.format(**row)}" for one in whole)


def _words_of_star(row: Mapping[str, Any]) -> Mapping[str, str]:
    """What stands in the paths of a star, safe in an address; names have a plus in them."""
    said = {
        name: quote(str(row.get(name) or "").strip(), safe="+")
        for name in ("telescope", "location_id", "apogee_field", "file", "apogee_id")
    }
    file = said["file"] if said["file"].endswith(".fits") else ""
    field = said["apogee_field"]
    own = said["telescope"] == "apo1m" and file.count("-") > 1
    return {
        "telescope": said["telescope"],
        "file": file,
        "field": field,
        "location": field if said["location_id"] in ("", "0", "1") else said["location_id"],
        "star": file.removesuffix(".fits").split("-", 2)[2] if own else said["apogee_id"],
        "prefix": "as" if said["telescope"].startswith("lco") else "ap",
    }


@cache
def _releases() -> Mapping[int, Release]:
    known = _read("releases.toml")
    templates = {name: text for name, text in known.items() if isinstance(text, str)}
    legacy = frozenset(known["legacy"])
    return {
        one["number"]: Release(
            one["number"],
            str(one["date"]),
            {name: tuple(value) for name, value in one.items() if isinstance(value, list)},
            templates,
            legacy,
        )
        for one in known["release"]
    }


def release(number: int | str | None = None) -> Release:
    """A data release by its number (17, "17", "DR17"); None for the usual one. Raises BadInput."""
    every = _releases()
    if number is None:
        return every[_read("releases.toml")["default"]]
    word = str(number).strip().casefold().removeprefix("dr")
    if not word.isdecimal() or int(word) not in every:
        raise BadInput(
            f"{number!r} is no data release of SDSS that can be asked; there are "
            f"{min(every)} to {max(every)}"
        )
    return every[int(word)]


def release_of(query: Query) -> Release:
    """The data release that a query is put to. Raises BadInput where there is no such release."""
    said = {name.casefold(): value for name, value in query.parameters}
    return release(said.get(PARAMETER))


def strangers(query: Query) -> tuple[str, ...]:
    """The query's parameters that mean nothing to SDSS; they are other archives'."""
    return tuple(name for name, _ in query.parameters if name.casefold() != PARAMETER)


def acknowledgement(products: Sequence[Product]) -> str:
    """What SDSS asks authors to write, once for each of its phases; "" for no products."""
    known = _read("releases.toml")
    phase = {one["number"]: one["thanks"] for one in known["release"]}
    numbers = {
        release(product.provenance.get(PARAMETER)).number for product in products
    }  # fmt: skip
    return " ".join(dict.fromkeys(known["thanks"][phase[number]] for number in sorted(numbers)))
