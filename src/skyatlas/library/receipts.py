"""This file writes and reads the receipt beside each file, as JSON.

Invariant: a receipt is written whole or not at all, after its file has its final name; it never
holds a secret.
"""

from __future__ import annotations

import json
import os
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from skyatlas.library.documents import as_bytes, text_of, write_whole
from skyatlas.model import Product, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUFFIX = ".provenance.json"
"""`NAME.fits` has its receipt in `NAME.fits.provenance.json`."""

_FORM = 1
"""Version of the document; raised when a reader of the old form would misread it."""

_PRODUCT = tuple(field.name for field in fields(Product) if field.name != "provenance")
_product = attrgetter(*_PRODUCT)


def write_receipt(receipt: Receipt, context: Mapping[str, Any]) -> Path:
    """Write the receipt beside its file. `context` is what the file was fetched for: the query.

    One section of the document per line. Raises Unwritable.
    """
    product = receipt.product
    sections = {
        "file": {
            "name": receipt.path.name,
            "size": receipt.size,
            "sha256": receipt.sha256,
            "mtime_ns": receipt.mtime_ns,
            "verified": receipt.verified,
            "unpacked": receipt.unpacked.name if receipt.unpacked else None,
        },
        "product": dict(zip(_PRODUCT, _product(product), strict=True)),
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
    lines = ",\n".join(f'"{title}": {text_of(section)}' for title, section in sections.items())
    path = f"{receipt.path}{SUFFIX}"
    write_whole(path, (as_bytes(f'{{"skyatlas_receipt": {_FORM},\n{lines}}}\n'),))
    return Path(path)


def read_receipt(path: Path) -> Receipt | None:
    """Read the receipt at `path` (with its suffix); None where it is none or is damaged."""
    try:
        document = json.loads(path.read_bytes())
        if document["skyatlas_receipt"] != _FORM:
            return None
        file, retrieval = document["file"], document["retrieval"]
        said = document["product"]
        said |= {name: tuple(said.get(name, ())) for name in ("mirrors", "sources")}
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
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def forget(receipt: Receipt) -> None:
    """Remove a file, what was unpacked from it, and its receipt; what is gone already is fine."""
    for path in (receipt.unpacked, receipt.path, Path(f"{receipt.path}{SUFFIX}")):
        if path is not None:
            path.unlink(missing_ok=True)


def receipt_of(path: Path) -> Receipt | None:
    """The receipt of a file: beside it, or beside the packed file that it was unpacked from."""
    for name in (path.name, f"{path.name}.Z", f"{path.name}.zip", f"{path.stem}.zip"):
        receipt = read_receipt(path.with_name(name + SUFFIX))
        if receipt is not None and path in (receipt.path, receipt.unpacked):
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


def receipts_in(
    folder: Path, in_hand: Mapping[str, Receipt] = MappingProxyType({})
) -> Iterator[Receipt]:
    """All receipts of a folder and of those below it, by path.

    Those `in_hand`, by the path of their file, are not read again.
    """
    for name in names_in(folder):
        path = folder / name
        receipt = in_hand.get(os.fspath(path)) or read_receipt(Path(f"{path}{SUFFIX}"))
        if receipt is not None:
            yield receipt


def names_in(folder: str | Path, within: str = "") -> Iterator[str]:
    """The files with a receipt in the folder and below it: relative, with `/`, by path.

    Only names are read, nothing else of any file: that is quick also for 100,000 on a network.
    """
    names, folders = [], set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.add(entry.name)
                elif entry.name.endswith(SUFFIX):
                    names.append(entry.name)
    except OSError:  # gone, or not ours to read
        return
    for name in sorted([*names, *folders]):
        if name in folders:
            yield from names_in(os.path.join(folder, name), f"{within}{name}/")  # noqa: PTH118
        else:
            yield within + name.removesuffix(SUFFIX)


def name_within(folder: Path, path: Path) -> str:
    """The path relative to the folder, with `/`. Raises ValueError where it is not within."""
    text, start = os.fspath(path), os.path.join(folder, "")  # noqa: PTH118 (quick)
    if text.startswith(start):
        return text[len(start) :].replace(os.sep, "/")
    return path.relative_to(folder).as_posix()


def is_whole(receipt: Receipt) -> bool:
    """Whether the file is still there as it was left: size and modification time (no hashing)."""
    try:
        state = receipt.path.stat()
    except OSError:
        return False
    there = state.st_size == receipt.size and state.st_mtime_ns == receipt.mtime_ns
    return there and (receipt.unpacked is None or receipt.unpacked.is_file())
