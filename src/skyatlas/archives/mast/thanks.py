"""This file words the thanks that MAST asks for, for exactly the missions of some files.

The sentences are in `thanks.toml`, each with its source.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from skyatlas.model import Product

__all__ = ["acknowledgement"]

_PRODUCTS_OF_OTHERS = "HLSP"
"""The collection of what astronomers made of a mission's data; the mission is in `project`."""


class _Sentence(NamedTuple):
    missions: Sequence[str]
    text: str
    programs: str
    source: str


def acknowledgement(products: Iterable[Product]) -> str:
    """One sentence for each mission, in MAST's words; "" where no mission is known."""
    programs: dict[str, set[str]] = {}
    for product in products:
        mission = _mission(product.provenance)
        if mission:
            known = programs.setdefault(mission, set())
            if product.provenance.get("proposal_id"):
                known.add(str(product.provenance["proposal_id"]))
    of: dict[str, set[str]] = {}
    others = []
    by_mission = {one: name for name, said in _sentences().items() for one in said.missions}
    for mission, known in sorted(programs.items()):
        name = by_mission.get(mission)
        if name is None:
            others.append(mission)
        else:
            of.setdefault(name, set()).update(known)
    texts = [_worded(_sentences()[name], sorted(known)) for name, known in of.items()]
    if others:
        texts.append(_sentences()["others"].text.format(_listed(others)))
    return " ".join(texts)


def _mission(facts: Mapping[str, object]) -> str:
    collection = str(facts.get("obs_collection", ""))
    return str(facts.get("project", "")) if collection == _PRODUCTS_OF_OTHERS else collection


def _worded(sentence: _Sentence, programs: Sequence[str]) -> str:
    if not programs or not sentence.programs:
        return sentence.text
    return f"{sentence.text} {sentence.programs.format(_listed(programs))}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


@cache
def _sentences() -> Mapping[str, _Sentence]:
    text = files("skyatlas.archives.mast").joinpath("thanks.toml").read_text(encoding="utf-8")
    return {name: _Sentence(**said) for name, said in tomllib.loads(text).items()}
