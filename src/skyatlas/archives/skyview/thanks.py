"""This file words the thanks for images of SkyView: its own sentence, then those of the surveys.

The sentences are in `thanks.toml`, each with the page to check it at.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

from skyatlas.archives.skyview.surveys import families

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skyatlas.model import Product

__all__ = ["acknowledgement"]

_OWN, _OTHERS = "SkyView", "others"


def acknowledgement(products: Iterable[Product]) -> str:
    """One text for all surveys of these images; "" without any image."""
    named = {str(one.provenance.get("obs_collection") or one.obs_id) for one in products}
    if not named:
        return ""
    text = files("skyatlas.archives.skyview").joinpath("thanks.toml").read_text("utf-8")
    said = tomllib.loads(text)
    family_of = {one.name: family.name for family in families() for one in family.surveys}
    worded = {family: key for key, sentence in said.items() for family in sentence["families"]}
    whose = {name: worded.get(family_of.get(name, ""), _OTHERS) for name in sorted(named)}
    texts = [said[key]["text"] for key in said if key == _OWN or key in whose.values()]
    others = [name for name, key in whose.items() if key == _OTHERS]
    return " ".join(texts).format(", ".join(others))
