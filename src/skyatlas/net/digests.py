"""This file compares a file with the digests that were promised; no digest is no claim."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from skyatlas.errors import Corrupt

__all__ = ["check_digests", "promised_digests"]

_KNOWN = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
"""Algorithms, with the length of their digests in bytes."""
_ENTRY = re.compile(r"([A-Za-z0-9\-]+)=:?([A-Za-z0-9+/]+=*):?")


def promised_digests(
    headers: Mapping[str, str], checksum: str | None, *, whole: bool
) -> dict[str, bytes]:
    """Digests of the whole file by algorithm, from the answer's headers and the archive's words.

    `headers` with names in lower case. `whole`: the answer was the whole file, not a range of it;
    Content-MD5 (RFC 1864) and Content-Digest speak of what was sent, Digest (RFC 3230) and
    Repr-Digest (RFC 9530) of the file.
    """
    found: dict[str, bytes] = {}
    for name in ("digest", "repr-digest", *(("content-digest",) if whole else ())):
        for algorithm, text in _ENTRY.findall(headers.get(name, "")):
            _add(found, algorithm, text)
    for name, value in headers.items():
        if name.startswith("x-amz-checksum-"):
            # A value with "-N" is a digest of digests of an upload in parts.
            _add(found, name.removeprefix("x-amz-checksum-"), value)
    if whole and "content-md5" in headers:
        _add(found, "md5", headers["content-md5"])
    if checksum:
        algorithm, _, text = checksum.partition(":")
        try:
            found[algorithm.lower().replace("-", "")] = bytes.fromhex(text)
        except ValueError:
            _add(found, algorithm, text)
    return {name: digest for name, digest in found.items() if len(digest) == _KNOWN.get(name)}


def check_digests(path: Path, promised: Mapping[str, bytes], sha256: str = "") -> tuple[str, ...]:
    """The algorithms that agreed. `sha256` (hexadecimal) spares reading for that one.

    Raises Corrupt where one does not.
    """
    own: dict[str, bytes] = {"sha256": bytes.fromhex(sha256)} if sha256 else {}
    for algorithm, digest in promised.items():
        if algorithm not in own:
            with path.open("rb") as file:
                own[algorithm] = hashlib.file_digest(file, algorithm).digest()
        if own[algorithm] != digest:
            raise Corrupt(
                f"the {algorithm} of {path.name} is not the one that the archive gave; "
                "fetch it again"
            )
    return tuple(promised)


def _add(found: dict[str, bytes], algorithm: str, text: str) -> None:
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        return
    found[algorithm.lower().replace("-", "")] = digest
