"""This file reads what a whole document says: failed or cut, parameters, services.

Invariant: a failure is found wherever it is said. Sources: DALI 1.1 section 4.4; Simple Cone Search
1.03 section 2.3 (an INFO or PARAM named Error); DataLink 1.1 section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

from skyatlas.protocols.votable.layout import DTYPES, field_of
from skyatlas.protocols.votable.results import Descriptor, Field
from skyatlas.protocols.votable.tree import Node


@dataclass(frozen=True, slots=True)
class Status:
    """What the document says about itself."""

    overflow: bool = False
    error: str | None = None


def status_of(root: Node) -> Status:
    """Look at every QUERY_STATUS, and at the older ways of saying ERROR, wherever they stand.

    Old services (and NED) say OK in QUERY_STATUS and put an INFO or PARAM named Error beside it.
    """
    overflow, error = False, None
    for node, above in root.walk():
        name, value = node.named().lower(), node.said("value")
        if node.name == "INFO" and name == "query_status":
            overflow = overflow or value.upper() == "OVERFLOW"
            if value.upper() == "ERROR":
                error = node.text or node.first_text("DESCRIPTION") or "no reason given"
        elif _says_error(node, above):
            error = error or value or node.text or "no reason given"
    return Status(overflow, error)


def _says_error(node: Node, above: tuple[Node, ...]) -> bool:
    if "error" not in (node.said("name").lower(), node.said("ID").lower()):
        return False
    if node.name == "INFO":
        return True
    # A PARAM may also be an uncertainty: then it has a number, or is one of a group.
    number = node.said("datatype") in DTYPES and node.said("datatype") not in (
        "char",
        "unicodeChar",
    )
    return node.name == "PARAM" and not number and above[-1].name != "GROUP"


def infos_of(root: Node) -> tuple[tuple[str, str], ...]:
    """(name, value) of every INFO, in document order."""
    return tuple((n.named(), n.said("value")) for n, _ in root.walk() if n.name == "INFO")


def params_of(root: Node, table: Node) -> tuple[Field, ...]:
    """PARAMs of the table, of the resources that it stands in (the nearest first), and of all."""
    above = next((path for node, path in root.walk() if node is table), (root,))
    places = (table, *reversed(above))
    params = [node for place in places for node in place.all("PARAM")]
    params.extend(node for old in root.all("DEFINITIONS") for node in old.all("PARAM"))
    return tuple(field_of(node) for node in params)


def descriptors_of(root: Node) -> tuple[Descriptor, ...]:
    """The services that the document describes, wherever their resources stand."""
    return tuple(
        _descriptor(node)
        for node, _ in root.walk()
        if node.name == "RESOURCE" and node.said("utype").lower() == "adhoc:service"
    )


def _descriptor(resource: Node) -> Descriptor:
    said = {node.said("name").lower(): node.said("value") for node in resource.all("PARAM")}
    groups = [node for node in resource.all("GROUP") if node.said("name") == "inputParams"]
    return Descriptor(
        id=resource.said("ID"),
        access_url=said.get("accessurl", ""),
        standard_id=said.get("standardid", ""),
        resource_identifier=said.get("resourceidentifier", ""),
        content_type=said.get("contenttype", ""),
        description=resource.first_text("DESCRIPTION"),
        inputs=tuple(
            field_of(node) for group in groups for node, _ in group.walk() if node.name == "PARAM"
        ),
    )
