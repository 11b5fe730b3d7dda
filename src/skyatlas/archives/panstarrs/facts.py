"""This file holds what PS1 is: its bands, its words, its thanks; all from `surveys.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from skyatlas.stamp import Survey

__all__ = ["COLLECTION", "FACILITY", "INSTRUMENT", "ps1", "thanks"]

COLLECTION, FACILITY, INSTRUMENT = "PS1", "Pan-STARRS1", "GPC1"
"""MAST's word for the collection; the telescope; its one camera."""


@cache
def ps1() -> Survey:
    """The survey, its bands in metres."""
    said = _file()["ps1"]
    return Survey(
        name="ps1",
        title=said["title"],
        archive="panstarrs",
        bands={band: (low * 1e-9, high * 1e-9) for band, (low, high) in said["bands"].items()},
        scale=said["scale"],
        waveband=said["waveband"],
        usual=tuple(said["usual"]),
        coverage=said["coverage"],
        pixels="original",
    )


def thanks() -> str:
    """The sentence that the survey's authors ask for."""
    return str(_file()["thanks"]["text"])


@cache
def _file() -> Mapping[str, Any]:
    text = files("skyatlas.archives.panstarrs").joinpath("surveys.toml")
    return tomllib.loads(text.read_text(encoding="utf-8"))
