"""This file writes `provenance.json`: what is in a folder, where it came from, whom to thank.

Invariant: made anew from the receipts each time, so it says what is there now. Sources: W3C
PROV-JSON (member submission 2013); IVOA Provenance Data Model 1.0 for the words `voprov:`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.library.documents import write_whole
from skyatlas.library.receipts import name_within
from skyatlas.library.sections import Sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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

_SECTIONS = (
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


def write_provenance(
    folder: Path, receipts: Iterable[Receipt], acknowledgements: Mapping[str, str]
) -> Path:
    """Describe the folder's files by their receipts, one record per line. Raises Unwritable.

    The receipts are used one by one and not kept, however many there are. `acknowledgements` gives,
    per archive, the sentence that it asks for; it is read after the last receipt, so that whoever
    yields the receipts may fill it on the way.
    """
    path = folder / NAME
    with Sections(folder, _SECTIONS) as sections:
        account = _Account(folder, sections)
        for receipt in receipts:
            account.describe(receipt)
        account.close([text for text in acknowledgements.values() if text])
        write_whole(path, sections.pieces({"prefix": _PREFIXES}))
    return path


def _name(qualified: str) -> dict[str, str]:
    """A qualified name as a value, in PROV-JSON's way."""
    return {"$": qualified, "type": "prov:QUALIFIED_NAME"}


_ORGANIZATION = {"prov:type": _name("prov:Organization")}
_DATASET = {"prov:type": _name("voprov:DatasetEntity")}
_FETCH = {"prov:type": _name("skyatlas:fetch")}
_PROGRAMME = {"prov:type": _name("skyatlas:ObservingProgramme")}
_UNPACKED = {"prov:type": _name("skyatlas:unpacked")}


class _Account:
    """What is told about the files of one folder, receipt by receipt."""

    def __init__(self, folder: Path, sections: Sections) -> None:
        self._folder = folder
        self._put = sections.put
        self._agents: dict[str, dict[str, Any]] = {}
        self._sources: set[int] = set()
        """Hashes of the sources that have an entity: the texts of 100,000 would need 20 MB."""
        self._links = 0

    def describe(self, receipt: Receipt) -> None:
        product = receipt.product
        name = name_within(self._folder, receipt.path)
        file, activity = f"file:{name}", f"fetch:{name}"
        agent = f"archive:{product.archive or 'web'}"
        source = f"{agent}/{product.product_id or receipt.url}"
        self._put("entity", file, _file(receipt))
        self._put("activity", activity, _activity(receipt))
        self._agents[agent] = _ORGANIZATION
        self._link("used", "activity", activity, "entity", source)
        self._link("wasGeneratedBy", "entity", file, "activity", activity)
        self._link("wasDerivedFrom", "generatedEntity", file, "usedEntity", source)
        self._link("wasAssociatedWith", "activity", activity, "agent", "skyatlas:software")
        self._link("hadMember", "collection", "skyatlas:folder", "entity", file)
        if receipt.unpacked is not None:
            unpacked = f"file:{name_within(self._folder, receipt.unpacked)}"
            self._put("entity", unpacked, _DATASET)
            self._link("wasDerivedFrom", "generatedEntity", unpacked, "usedEntity", file, _UNPACKED)
        if hash(source) not in self._sources:
            self._sources.add(hash(source))
            self._describe_source(source, agent, receipt)

    def close(self, thanks: list[str]) -> None:
        """What can be said only after the last receipt."""
        collection = {"prov:type": _name("prov:Collection"), "skyatlas:acknowledgement": thanks}
        self._put("entity", "skyatlas:folder", collection)
        if self._agents:
            self._agents["skyatlas:software"] = {"prov:type": _name("prov:SoftwareAgent")}
        for agent, facts in self._agents.items():
            self._put("agent", agent, facts)

    def _describe_source(self, source: str, agent: str, receipt: Receipt) -> None:
        """The archive's product: what it shows, whose archive, programme and PI it comes from."""
        facts = receipt.product.provenance
        said = {f"obscore:{name}": value for name, value in facts.items()}
        self._put("entity", source, {"prov:location": receipt.url, **said})
        self._link("wasAttributedTo", "entity", source, "agent", agent)
        if "proposal_id" in facts:
            program = f"program:{facts['proposal_id']}"
            self._agents[program] = {**_PROGRAMME, "skyatlas:pi": facts.get("obs_creator_name", "")}
            self._link("wasAttributedTo", "entity", source, "agent", program)

    def _link(
        self,
        relation: str,
        role: str,
        one: str,
        other_role: str,
        other: str,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        self._links += 1
        ends = {f"prov:{role}": one, f"prov:{other_role}": other}
        self._put(relation, f"_:n{self._links}", {**ends, **more} if more else ends)


def _file(receipt: Receipt) -> dict[str, Any]:
    return {
        **_DATASET,
        "skyatlas:size": receipt.size,
        "skyatlas:sha256": receipt.sha256,
        "skyatlas:verified": receipt.verified,
        "skyatlas:sandbox": receipt.made_up,
    }


def _activity(receipt: Receipt) -> dict[str, Any]:
    return {
        "prov:startTime": receipt.started,
        "prov:endTime": receipt.ended,
        **_FETCH,
        **{f"skyatlas:version_{name}": text for name, text in receipt.versions.items()},
    }
