"""This file makes a product of a row of MAST's list of files, and of an observation's own file.

Invariant: `obsid`, the number by which files are asked for, and `obs_id`, the name for people,
stand in different places; sizes are estimates, for MAST's are wrong at times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from skyatlas.archives.mast.choice import Row, is_member, kind_of
from skyatlas.archives.mast.rows import FILES, address
from skyatlas.model import Product

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = [
    "Observation",
    "is_public",
    "main_file",
    "observations",
    "product",
]

_PROVENANCE = (
    "obs_collection",
    "obs_id",
    "obs_publisher_did",
    "dataproduct_type",
    "calib_level",
    "target_name",
    "s_ra",
    "s_dec",
    "t_min",
    "t_max",
    "t_exptime",
    "em_min",
    "em_max",
    "facility_name",
    "instrument_name",
    "proposal_id",
    "obs_title",
    "obs_creator_name",
    "obs_release_date",
    "data_rights",
    "provenance_name",
    "sequence_number",
    "filters",
    "project",
)
"""What a receipt says about the observation: ObsCore's names, then MAST's own."""
_RIGHTS = {"PUBLIC": "public", "EXCLUSIVE_ACCESS": "proprietary", "RESTRICTED": "secure"}
"""MAST's dataRights in ObsCore's words (ObsCore 1.1, 4.12)."""
_SEMANTICS = {
    "PREVIEW": "#preview",
    "THUMBNAIL": "#thumbnail",
    "AUXILIARY": "#auxiliary",
    "INFO": "#auxiliary",
    "CALIBRATION": "#calibration",
}
_TYPES = {
    ".fits": "application/fits",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".html": "text/html",
}


@dataclass(frozen=True, slots=True)
class Observation:
    """A row of a search, as far as its files need it."""

    obsid: str
    """The number by which MAST lists its files; "" where it is not known."""
    obs_id: str
    target: str
    """The caller's own words."""
    target_name: str
    """The observer's."""
    uri: str
    """dataURL: the one file that stands for the observation, or ""."""
    url: str
    """Where that file is, or ""."""
    facts: Mapping[str, Any]
    """For the receipts; what MAST did not say is left out."""


def observations(rows: Table) -> Iterator[Observation]:
    """The observations of a table, each once, with the first target that it answers."""
    from skyatlas.obscore import plain_values

    names = ("obsid", "target", "dataURL", "access_url", *_PROVENANCE)
    columns = {name: plain_values(rows[name]) for name in names if name in rows.colnames}
    seen = set()
    for values in zip(*columns.values(), strict=True):
        row = {
            name: value for name, value in zip(columns, values, strict=True) if value is not None
        }
        one = _observation(row)
        key = one.obsid or one.url
        if key and key not in seen:
            seen.add(key)
            yield one


def _observation(row: Mapping[str, Any]) -> Observation:
    known, url = row.get("obsid"), str(row.get("access_url", ""))
    uri = str(row.get("dataURL", ""))
    if not uri and url.startswith(FILES):
        uri = unquote(url.removeprefix(FILES))
    return Observation(
        obsid=str(int(known)) if isinstance(known, float) else str(known or "").strip(),
        obs_id=str(row.get("obs_id", "")),
        target=str(row.get("target", "")),
        target_name=str(row.get("target_name", "")),
        uri=uri,
        url=address(uri) or url,
        facts={name: row[name] for name in _PROVENANCE if name in row},
    )


def product(row: Row, parent: Observation | None) -> Product:
    """The file of a row that MAST listed for the observation `parent` (None: it is not known)."""
    uri = str(row["dataURI"])
    name = str(row.get("productFilename") or "") or _last(uri)
    kind, subgroup = kind_of(row), str(row.get("productSubGroupDescription") or "")
    member = is_member(row, parent)
    size = row.get("size")
    return Product(
        url=address(uri) or uri,
        archive="mast",
        product_id=uri,
        obs_id=str(row.get("obs_id") or (parent.obs_id if parent else "")),
        target=parent.target if parent else "",
        name=name,
        size=int(size) if isinstance(size, int | float) and size > 0 else None,
        content_type=_type(name),
        semantics=_SEMANTICS.get(kind, "#progenitor" if member else "#this"),
        category=f"{kind or 'FILE'}.{subgroup}" if subgroup else kind,
        provenance=_facts(row, parent),
    )


def main_file(one: Observation) -> Product:
    """The file at an observation's dataURL, where no list of its files is at hand."""
    name = _last(one.uri)
    return Product(
        url=one.url,
        archive="mast",
        product_id=one.uri,
        obs_id=one.obs_id,
        target=one.target,
        name=name or None,
        content_type=_type(name),
        provenance={**one.facts, **({"obsid": one.obsid} if one.obsid else {})},
    )


def is_public(found: Product) -> bool:
    """Whether anybody may have the file; so it is where MAST does not say."""
    return str(found.provenance.get("data_rights", "public")) == "public"


def _facts(row: Row, parent: Observation | None) -> dict[str, Any]:
    """The observation's facts, and over them what MAST says of this file alone."""
    said = {
        name: row[name]
        for name in ("obs_collection", "calib_level", "dataproduct_type", "proposal_id", "filters")
        if row.get(name) not in (None, "")
    }
    rights = row.get("dataRights")
    if rights:
        said["data_rights"] = _RIGHTS.get(str(rights), "proprietary")
    for name in ("description", "productSubGroupDescription", "prvversion"):
        if row.get(name):
            said[name] = row[name]
    if row.get("obsID") is not None:
        said["obsid"] = str(row["obsID"])
    return {**(parent.facts if parent else {}), **said}


def _last(uri: str) -> str:
    return uri.rpartition("/")[2]


def _type(name: str) -> str:
    _, dot, ending = name.lower().rpartition(".")
    return _TYPES.get(dot + ending, "")
