"""This file writes `provenance.json`: what is in a folder, where it came from, whom to thank.

Invariant: made anew from the receipts each time, so it says what is there now. Sources: W3C
PROV-JSON (member submission 2013); IVOA Provenance Data Model 1.0 for the words `voprov:`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.library.documents import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from skyatlas.model import Receipt

NAME = "provenance.json"

_PREFIXES = {
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "voprov": "http://www.ivoa.net/documents/ProvenanceDM/ns/voprov/",
    "obscore": "http://www.ivoa.net/documents/ObsCore/",
    "file": "file:",
    "archive": "urn:skyatlas:archive:",
    "fetch": "urn:skyatlas:fetch:",
    "program": "urn:skyatlas:program:",
    "skyatlas": "urn:skyatlas:",
}


def write_provenance(
    folder: Path, receipts: Sequence[Receipt], acknowledgements: Mapping[str, str]
) -> Path:
    """Describe the folder's files by their receipts.

    `acknowledgements` gives, per archive, the sentence that it asks for.
    """
    document = _document(folder, receipts)
    document["entity"]["skyatlas:folder"] = {
        "prov:type": _name("prov:Collection"),
        "skyatlas:acknowledgement": [text for text in acknowledgements.values() if text],
    }
    path = folder / NAME
    write_json(path, document)
    return path


def _document(folder: Path, receipts: Sequence[Receipt]) -> dict[str, Any]:
    parts: dict[str, dict[str, Any]] = {
        name: {}
        for name in (
            "entity",
            "activity",
            "agent",
            "wasGeneratedBy",
            "used",
            "wasDerivedFrom",
            "wasAttributedTo",
            "wasAssociatedWith",
            "hadMember",
        )
    }
    if receipts:
        parts["agent"]["skyatlas:software"] = {"prov:type": _name("prov:SoftwareAgent")}
    for receipt in receipts:
        _describe(folder, receipt, parts)
    filled = {name: part for name, part in parts.items() if part}
    return {"prefix": _PREFIXES, "entity": {}, **filled}


def _describe(folder: Path, receipt: Receipt, parts: dict[str, dict[str, Any]]) -> None:
    product = receipt.product
    file = f"file:{receipt.path.relative_to(folder).as_posix()}"
    source = f"archive:{product.archive or 'web'}/{product.product_id or receipt.url}"
    activity = f"fetch:{receipt.sha256[:16]}"
    agent = f"archive:{product.archive or 'web'}"
    facts = {f"obscore:{name}": _value(value) for name, value in product.provenance.items()}
    parts["entity"][file] = {
        "prov:type": _name("voprov:DatasetEntity"),
        "skyatlas:size": receipt.size,
        "skyatlas:sha256": receipt.sha256,
        "skyatlas:verified": list(receipt.verified),
        "skyatlas:sandbox": receipt.made_up,
    }
    parts["entity"][source] = {"prov:location": receipt.url, **facts}
    parts["activity"][activity] = {
        "prov:startTime": receipt.started,
        "prov:endTime": receipt.ended,
        "prov:type": _name("skyatlas:fetch"),
        **{f"skyatlas:version_{name}": text for name, text in receipt.versions.items()},
    }
    parts["agent"][agent] = {"prov:type": _name("prov:Organization")}
    number = len(parts["used"])
    parts["used"][f"_:u{number}"] = {"prov:activity": activity, "prov:entity": source}
    parts["wasGeneratedBy"][f"_:g{number}"] = {"prov:entity": file, "prov:activity": activity}
    parts["wasDerivedFrom"][f"_:d{number}"] = {
        "prov:generatedEntity": file,
        "prov:usedEntity": source,
    }
    parts["wasAssociatedWith"][f"_:a{number}"] = {
        "prov:activity": activity,
        "prov:agent": "skyatlas:software",
    }
    parts["wasAttributedTo"][f"_:p{number}"] = {"prov:entity": source, "prov:agent": agent}
    parts["hadMember"][f"_:m{number}"] = {
        "prov:collection": "skyatlas:folder",
        "prov:entity": file,
    }
    _attribute(source, receipt, parts)
    if receipt.unpacked is not None:
        unpacked = f"file:{receipt.unpacked.relative_to(folder).as_posix()}"
        parts["entity"][unpacked] = {"prov:type": _name("voprov:DatasetEntity")}
        parts["wasDerivedFrom"][f"_:z{number}"] = {
            "prov:generatedEntity": unpacked,
            "prov:usedEntity": file,
            "prov:type": _name("skyatlas:unpacked"),
        }


def _attribute(source: str, receipt: Receipt, parts: dict[str, dict[str, Any]]) -> None:
    """Whose data they are: the programme and its principal investigator."""
    program = receipt.product.provenance.get("proposal_id")
    if program is None:
        return
    agent = f"program:{program}"
    parts["agent"][agent] = {
        "prov:type": _name("skyatlas:ObservingProgramme"),
        "skyatlas:pi": receipt.product.provenance.get("obs_creator_name", ""),
    }
    number = len(parts["wasAttributedTo"])
    parts["wasAttributedTo"][f"_:t{number}"] = {"prov:entity": source, "prov:agent": agent}


def _name(qualified: str) -> dict[str, str]:
    """A qualified name as a value, in PROV-JSON's way."""
    return {"$": qualified, "type": "prov:QUALIFIED_NAME"}


def _value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else value
