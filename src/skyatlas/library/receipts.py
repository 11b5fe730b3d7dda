"""This file writes and reads the receipt beside each file, as JSON.

Invariant: a receipt is written whole or not at all, after its file has its final name; it never
holds a secret.
"""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.errors import Unwritable
from skyatlas.model import Product, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUFFIX = ".provenance.json"
"""`NAME.fits` has its receipt in `NAME.fits.provenance.json`."""

_FORM = 1
"""Version of the document; raised when a reader of the old form would misread it."""


def write_receipt(receipt: Receipt, context: Mapping[str, Any]) -> Path:
    """Write the receipt beside its file. `context` is what the file was fetched for: the query."""
    product = receipt.product
    document = {
        "skyatlas_receipt": _FORM,
        "file": {
            "name": receipt.path.name,
            "size": receipt.size,
            "sha256": receipt.sha256,
            "mtime_ns": receipt.mtime_ns,
            "verified": list(receipt.verified),
            "unpacked": receipt.unpacked.name if receipt.unpacked else None,
        },
        "product": {
            field.name: getattr(product, field.name)
            for field in fields(Product)
            if field.name != "provenance"
        },
        "observation": dict(product.provenance),
        "retrieval": {
            "url": receipt.url,
            "answered_url": receipt.answered_url,
            "started": receipt.started,
            "ended": receipt.ended,
            "etag": receipt.etag,
            "last_modified": receipt.last_modified,
            "content_type": receipt.content_type,
            "status": receipt.status,
            "sandbox": receipt.made_up,
        },
        "query": dict(context),
        "versions": dict(receipt.versions),
    }
    path = receipt.path.with_name(receipt.path.name + SUFFIX)
    write_json(path, document)
    return path


def read_receipt(path: Path) -> Receipt | None:
    """Read the receipt at `path` (with its suffix); None where it is none or is damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["skyatlas_receipt"] != _FORM:
            return None
        file, retrieval = document["file"], document["retrieval"]
        said = document["product"] | {"mirrors": tuple(document["product"].get("mirrors", ()))}
        product = Product(**said, provenance=document["observation"])
        return Receipt(
            path=path.with_name(file["name"]),
            product=product,
            size=file["size"],
            sha256=file["sha256"],
            url=retrieval["url"],
            answered_url=retrieval["answered_url"],
            started=retrieval["started"],
            ended=retrieval["ended"],
            verified=tuple(file["verified"]),
            etag=retrieval["etag"],
            last_modified=retrieval["last_modified"],
            content_type=retrieval["content_type"],
            mtime_ns=file["mtime_ns"],
            unpacked=path.with_name(file["unpacked"]) if file["unpacked"] else None,
            versions=document["versions"],
            status=retrieval["status"],
            made_up=retrieval["sandbox"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def receipt_of(path: Path) -> Receipt | None:
    """The receipt of a file: beside it, or beside the packed file that it was unpacked from."""
    for name in (path.name, f"{path.name}.Z"):
        receipt = read_receipt(path.with_name(name + SUFFIX))
        if receipt is not None and path.name in (receipt.path.name, name.removesuffix(".Z")):
            return receipt
    return None


def told(receipt: Receipt) -> tuple[str, ...]:
    """The provenance in a few lines for people."""
    product, facts = receipt.product, receipt.product.provenance
    whose = " ".join(
        str(facts[name]) for name in ("proposal_id", "obs_creator_name") if name in facts
    )
    rights = " ".join(
        str(facts[name]) for name in ("data_rights", "obs_release_date") if name in facts
    )
    whence = f"{product.archive} {product.product_id}".strip() or receipt.url
    if receipt.made_up:
        whence = f"the sandbox's {whence} (made up; no telescope saw it)"
    state = "as fetched" if is_whole(receipt) else "CHANGED since it was fetched"
    lines = (
        ("from", f"{whence}, {receipt.answered_url}"),
        ("programme and PI", whose),
        ("data rights", rights),
        ("reference", str(facts.get("bib_reference", ""))),
        ("fetched", f"{receipt.ended}, {state}"),
        ("sha256", receipt.sha256),
        ("verified", ", ".join(receipt.verified)),
    )
    return tuple(f"{title}: {text}" for title, text in lines if text)


def receipts_in(folder: Path) -> Iterator[Receipt]:
    """All receipts of a folder and of those below it, by path."""
    for path in sorted(folder.rglob(f"*{SUFFIX}")) if folder.is_dir() else ():
        receipt = read_receipt(path)
        if receipt is not None:
            yield receipt


def is_whole(receipt: Receipt) -> bool:
    """Whether the file is still there as it was left: size and modification time (no hashing)."""
    try:
        state = receipt.path.stat()
    except OSError:
        return False
    there = state.st_size == receipt.size and state.st_mtime_ns == receipt.mtime_ns
    return there and (receipt.unpacked is None or receipt.unpacked.is_file())


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document through a temporary file. Raises Unwritable."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(document, indent=1, ensure_ascii=False, default=_plain)
    try:
        try:
            temporary.write_text(text + "\n", encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}") from error


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a receipt")
