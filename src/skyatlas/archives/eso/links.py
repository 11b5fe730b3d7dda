"""This file follows ESO's DataLink: from an observation's row to its files.

Invariant: every row of a document becomes a product, a note, or is not what was asked for; a row
without an address never becomes a product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from skyatlas.archives.eso.rows import DID, FILES, LINKS
from skyatlas.errors import ArchiveError
from skyatlas.model import Note, Product, Why
from skyatlas.obscore import said
from skyatlas.protocols.datalink import Link, links_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skyatlas.archive import Ask, Door

PROVENANCE = (
    "obs_collection",
    "obs_id",
    "obs_publisher_did",
    "obs_creator_did",
    "dataproduct_type",
    "dataproduct_subtype",
    "calib_level",
    "o_calib_status",
    "target_name",
    "s_ra",
    "s_dec",
    "t_min",
    "t_max",
    "t_exptime",
    "em_min",
    "em_max",
    "em_res_power",
    "facility_name",
    "instrument_name",
    "proposal_id",
    "obs_title",
    "obs_creator_name",
    "obs_release_date",
    "data_rights",
    "bib_reference",
    "release_description",
)
"""What a receipt says about the observation, under ObsCore's names."""


def dp_id_of(row: Any) -> str:
    """The archive's identifier of a row's file."""
    own = said(row, "dp_id")
    if own:
        return str(own)
    did = str(said(row, "obs_publisher_did") or "")
    return did.removeprefix(DID) if did.startswith(DID) else ""


def file_of(row: Any, *, dp_id: str | None = None) -> Product:
    """The file of a row, at the data portal; no question is asked."""
    identifier = dp_id or dp_id_of(row)
    size = said(row, "access_estsize")
    return Product(
        url=FILES + identifier,
        archive="eso",
        product_id=identifier,
        obs_id=str(said(row, "obs_id") or ""),
        target=str(said(row, "target") or ""),
        size=int(size) * 1000 if size is not None else None,  # kbyte
        content_type="application/fits",
        provenance=provenance_of(row),
    )


def provenance_of(row: Any) -> Mapping[str, Any]:
    """What is known of the observation; what the archive did not say is left out."""
    known = {name: said(row, name) for name in PROVENANCE}
    return {name: value for name, value in known.items() if value is not None}


def document(row: Any, door: Door) -> list[Link] | ArchiveError:
    """The links of a Phase 3 row, or why they cannot be read."""
    try:
        return links_of(door.ask(LINKS, params={"ID": DID + dp_id_of(row)}), archive="eso")
    except ArchiveError as error:
        return error


def follow(row: Any, links: list[Link] | ArchiveError, ask: Ask) -> Iterator[Product | Note]:
    """The files that a Phase 3 row links to, as far as they are asked for."""
    dp_id = dp_id_of(row)
    if isinstance(links, ArchiveError):
        # The science file's address is known without DataLink; its companions are not.
        yield Note(Why.UNANSWERED, f"the links of {dp_id} could not be read ({links})")
        if _wanted("#this", ask):
            yield file_of(row, dp_id=dp_id)
        return
    for link in links:
        if link.error_message:
            yield _remark(link, ask)
        elif link.access_url and _wanted(link.semantics, ask):
            yield _product(link, row)


def progenitors(links: list[Link] | ArchiveError) -> list[str]:
    """The dp_ids of the raw frames that a Phase 3 product was made of."""
    if isinstance(links, ArchiveError):
        return []
    return [
        _dp_id(link)
        for link in links
        if link.semantics == "#progenitor" and link.access_url and not link.error_message
    ]


def _remark(link: Link, ask: Ask) -> Note:
    """An error row: a gap in the answer only where it is about something that was asked for."""
    what = f"the {link.semantics or 'file'} of {link.id.removeprefix(DID)}"
    if _wanted(link.semantics or "#this", ask):
        return Note(Why.UNANSWERED, f"{what} cannot be had: {link.error_message}")
    return Note(Why.ASSUMED, f"{what} (not asked for) could not be had: {link.error_message}")


def _wanted(semantics: str, ask: Ask) -> bool:
    asked = {
        "#this": True,
        "#auxiliary": ask.ancillary,
        "#preview": ask.previews,
        "#preview-image": ask.previews,
        "#thumbnail": ask.previews,
        "#progenitor": ask.progenitors,
    }
    return asked.get(semantics, False)


def _product(link: Link, row: Any) -> Product:
    dp_id = _dp_id(link)
    # A progenitor's address is its own DataLink document; its file is at the data portal.
    url = FILES + dp_id if "/datalink/" in str(link.access_url) else str(link.access_url)
    facts = dict(provenance_of(row))
    if link.more.get("eso_origfile"):
        facts["origfile"] = link.more["eso_origfile"]
    return Product(
        url=url,
        archive="eso",
        product_id=dp_id,
        obs_id=str(said(row, "obs_id") or ""),
        target=str(said(row, "target") or ""),
        size=link.content_length,
        size_exact=link.content_length is not None,
        content_type="" if "datalink" in link.content_type else link.content_type,
        semantics=link.semantics,
        category=link.more.get("eso_category", ""),
        provenance=facts,
    )


def _dp_id(link: Link) -> str:
    address = unquote(str(link.access_url))
    if DID in address:
        return address.split(DID, 1)[1].split("&", 1)[0]
    return address.rsplit("/file/", 1)[-1].rsplit("/", 1)[-1]
