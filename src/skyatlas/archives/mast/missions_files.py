"""This file lists the files of data sets that a mission's own search found.

Invariant: a file comes once, under the URI that MAST's portal calls it by too, so that both ways
bring the same file. Source: astroquery.mast.MastMissions and its recorded answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from skyatlas.archives.mast import choice, copies, files
from skyatlas.archives.mast.missions_columns import MISSIONS
from skyatlas.archives.mast.rows import FILES, address
from skyatlas.errors import ArchiveError, Unreadable
from skyatlas.model import Note, Product, Why
from skyatlas.obscore import plain_values

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.archive import Ask, Door
    from skyatlas.archives.mast.missions_columns import Mission

__all__ = ["products"]

_AT_ONCE = 1000
"""Data sets in one request; MAST refuses more."""
_KINDS = {"AUX": "AUXILIARY", "PREVIEW": "PREVIEW", "OTHER": "INFO"}
"""MAST's categories here → the portal's productType; the rest is SCIENCE."""
_FACTS = (
    "obs_collection", "obs_id", "obs_publisher_did", "dataproduct_type", "target_name", "s_ra",
    "s_dec", "t_min", "t_max", "t_exptime", "em_min", "em_max", "facility_name", "instrument_name",
    "proposal_id", "obs_title", "obs_creator_name", "obs_release_date", "data_rights", "mission",
)  # fmt: skip
"""What a receipt says about the data set."""

Row = Mapping[str, Any]


def products(rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note]:
    """The files that `ask` chooses, each once; without a wish those calibrated farthest.

    Calibrated, uncalibrated and auxiliary files are told apart by MAST's `category`. What MAST
    does not list is a Note.
    """
    found: dict[str, Product] = {}
    empty = 0
    for mission_name, datasets in _datasets(rows).items():
        mission, names = MISSIONS[mission_name], list(datasets)
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            try:
                listed = _listed(mission, some, door)
            except ArchiveError as error:
                words = f"MAST did not list the files of {len(some)} data sets ({error})"
                yield Note(Why.UNANSWERED, words, len(some))
                continue
            empty += sum(name not in listed for name in some)
            for name, own in listed.items():
                for row in choice.chosen(_judged(own), datasets.get(name), ask):
                    one = _product(mission, row, datasets.get(name))
                    found.setdefault(one.product_id, one)
    if empty:
        yield Note(Why.ASSUMED, f"{empty} data sets have no files", empty)
    yield from _closed(found, door)
    for told in copies.with_copies(list(found.values()), door, ask.cloud):
        yield told if isinstance(told, Note) else _with_portal(told)


def _with_portal(one: Product) -> Product:
    """The portal's address of the same file is the last resort."""
    return replace(one, mirrors=(*one.mirrors, *filter(None, [address(one.product_id)])))


def _closed(found: Mapping[str, Product], door: Door) -> Iterator[Note]:
    closed = sum(not files.is_public(one) for one in found.values())
    if closed and not door.logged_in(FILES):
        yield Note(
            Why.PROPRIETARY,
            f"{closed} files are still in their exclusive-access period: they come only with the "
            "token of somebody who may have them (`skyatlas login mast`)",
            closed,
        )


def _datasets(rows: Table) -> dict[str, dict[str, files.Observation]]:
    """The data sets of a table by mission and by name without regard to case, each once."""
    known = [name for name in ("target", *_FACTS) if name in rows.colnames]
    columns = {name: plain_values(rows[name]) for name in known}
    found: dict[str, dict[str, files.Observation]] = {}
    for number, name in enumerate(plain_values(rows["mission"])):
        said = {key: values[number] for key, values in columns.items()}
        facts = {key: value for key, value in said.items() if value is not None}
        dataset = str(facts.get("obs_id", ""))
        if name not in MISSIONS or not dataset:
            continue
        target = str(facts.pop("target", ""))
        observer = str(facts.get("target_name", ""))
        one = files.Observation("", dataset, target, observer, "", "", facts)
        found.setdefault(name, {}).setdefault(dataset.casefold(), one)
    return found


def _listed(mission: Mission, names: Sequence[str], door: Door) -> dict[str, list[Row]]:
    """MAST's rows by data set."""
    url = mission.url("post_list_products")
    body = json.dumps({"dataset_ids": list(names)})
    reply = door.ask(url, data=body, headers={"Content-Type": "application/json"})
    spooled = getattr(reply, "spooled", None)
    try:
        answer = json.load(spooled) if spooled is not None else json.loads(reply.content)
        listed = answer["products"]
        if listed and isinstance(listed[0], list):
            listed = listed[0]  # as astroquery found it at times
        found: dict[str, list[Row]] = {}
        for row in listed:
            found.setdefault(str(row["dataset"]).strip().casefold(), []).append(row)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(
            f"MAST's list of files is not understood: {error!r}", archive="mast", url=url
        ) from error
    return found


def _judged(rows: Sequence[Row]) -> list[Row]:
    """The rows in the portal's words, with the best of them recommended."""
    best = _best(rows)
    return [
        {
            **row,
            "productFilename": row.get("filename"),
            "productType": _KINDS.get(_category(row), "SCIENCE"),
            "productSubGroupDescription": str(row.get("file_suffix") or "").lstrip("_").upper(),
            "productGroupDescription": choice.RECOMMENDED if _category(row) in best else None,
            "obs_id": _owner(row),
            "dataRights": _rights(row.get("access")),
        }
        for row in rows
    ]


def _rights(access: Any) -> str:
    """The portal's word; MAST's words for what is not public are not documented here."""
    word = str(access or "").strip().upper()
    return word if word in ("", "PUBLIC") else "EXCLUSIVE_ACCESS"


def _owner(row: Row) -> str:
    """The data set, or the exposure that it was made of: names of files begin with it."""
    dataset, name = str(row.get("dataset") or "").strip(), str(row.get("filename") or "")
    return dataset if name.casefold().startswith(dataset.casefold()) else name.rpartition("_")[0]


def _category(row: Row) -> str:
    return str(row.get("category") or "").strip().upper()


def _best(rows: Sequence[Row]) -> frozenset[str]:
    """HST: what is calibrated; JWST: the highest stage that is there ("3", "2B" …)."""
    categories = {_category(row) for row in rows}
    stages = sorted(category for category in categories if category[:1].isdigit())
    return frozenset({"CALIBRATED", *stages[-1:]} & categories)


def _product(mission: Mission, row: Row, parent: files.Observation | None) -> Product:
    name = str(row.get("filename") or str(row.get("uri", "")).rpartition("/")[2])
    uri = f"mast:{mission.collection}/product/{name}"
    listed = files.product({**row, "dataURI": uri}, parent)
    asked = str(row.get("uri") or name)
    url = f"{mission.url('retrieve_product')}?product_name={quote(asked, safe='')}"
    return replace(listed, url=url, name=name)
