"""This file lays files out in folders: all in one, as MAST does, or as a template says.

Invariant: whatever an archive calls its targets, instruments and observations, a file stays in
the folder that it was asked into, and a layout never changes a file's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from skyatlas.errors import BadInput
from skyatlas.net.disposition import safe_name

if TYPE_CHECKING:
    from skyatlas.journeys.fetch import Plan
    from skyatlas.model import Product

__all__ = ["MAST", "PLAIN", "check", "laid_out"]

PLAIN = "plain"
"""Where the archive puts it: for most, all files in one folder."""
MAST = "mast"
"""As MAST's own bundles and astroquery.mast: mastDownload/COLLECTION/OBSERVATION/FILE."""
_MAST = "mastDownload/{collection}/{obs_id}/{filename}"
_FILE = "{filename}"
_UNKNOWN = "unknown"
_WORD = re.compile(r"\{([^{}]*)\}")


def _fact(name: str) -> Callable[[Product], str]:
    return lambda product: str(product.provenance.get(name) or "")


_WORDS: Mapping[str, Callable[[Product], str]] = {
    "archive": lambda product: product.archive,
    "target": lambda product: product.target,
    "obs_id": lambda product: product.obs_id,
    "collection": lambda product: _fact("obs_collection")(product) or product.archive,
    "instrument": _fact("instrument_name"),
    "program": _fact("proposal_id"),
    "kind": _fact("dataproduct_type"),
    "level": lambda product: str(product.provenance.get("calib_level", "")),
}
"""What a template may name, and where it stands."""


def laid_out(plan: Plan, layout: str) -> Plan:
    """The same plan, with the folder of each file as the layout says.

    A layout is "plain", "mast", or a template such as "{archive}/{target}/{instrument}/{filename}";
    what an archive did not say is "unknown" in it. Raises BadInput.
    """
    if layout == PLAIN:
        return plan
    parts = _parts(layout)
    products = (replace(one, folder=_folder(parts, one)) for one in plan.products)
    return replace(plan, products=tuple(products))


def check(layout: str) -> None:
    """Raise BadInput where it is no layout."""
    if layout != PLAIN:
        _parts(layout)


def _parts(layout: str) -> tuple[str, ...]:
    """The template's folders. Raises BadInput."""
    template = _MAST if layout == MAST else layout
    *folders, last = template.split("/")
    if last != _FILE:
        raise BadInput(
            f"the layout {template!r} does not end with {_FILE}; write plain, mast, or for example "
            "'{archive}/{target}/{instrument}/{filename}'"
        )
    for folder in folders:
        fixed = _WORD.sub("x", folder)
        drive = PureWindowsPath(fixed).drive
        if not fixed or drive or safe_name(fixed, windows=False) != fixed:
            raise BadInput(
                f"the layout {template!r} cannot make a folder {folder!r}: it must lead down from "
                "the folder of the files"
            )
        unknown = [word for word in _WORD.findall(folder) if word not in _WORDS]
        if unknown or "{" in fixed or "}" in fixed:
            raise BadInput(
                f"the layout {template!r} has {unknown[0] if unknown else folder!r}; in braces may "
                f"stand: {', '.join(_WORDS)}, and at the end filename"
            )
    return tuple(folders)


def _folder(parts: tuple[str, ...], product: Product) -> str:
    """A relative folder; each part is one safe name, whatever an archive's words hold."""
    names = (_WORD.sub(lambda word: _one_name(_WORDS[word[1]](product)), part) for part in parts)
    return str(PurePosixPath(*(safe_name(name) or _UNKNOWN for name in names)))


def _one_name(text: str) -> str:
    """An archive's word as a part of one name: "WFC3/UVIS" is no folder with another in it."""
    return safe_name(re.sub(r"[/\\]+", "-", text).strip("-")) or _UNKNOWN
