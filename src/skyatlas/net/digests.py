"""This file compares a file with the digests that were promised; no digest is no claim."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

__all__ = ["Digests", "promised_digests"]

_LENGTHS = {"crc32": 4, "md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
"""Algorithms, with the length of their digests in bytes.

CRC-32C and CRC-64/NVME, which S3 knows too, are not in Python's library.
"""
_ENTRY = re.compile(r"([A-Za-z0-9\-]+)=:?([A-Za-z0-9+/]+=*):?")
_PIECE = 1024 * 1024


class Digests:
    """Running digests of the bytes of one file: always sha256, the others where promised."""

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        self._running: dict[str, _Running] = {"sha256": hashlib.sha256()}
        for algorithm in algorithms:
            if algorithm != "sha256":
                self._running[algorithm] = _running(algorithm)

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        for running in self._running.values():
            running.update(data)

    @property
    def sha256(self) -> str:
        """Of the bytes so far, hexadecimal."""
        return self._running["sha256"].digest().hex()

    def disagreeing(self, promised: Mapping[str, bytes], path: Path) -> list[str]:
        """The algorithms that give other digests than `promised`.

        The file at `path` is read where an algorithm was not known when its bytes came.
        """
        late = {name: _running(name) for name in promised if name not in self._running}
        if late:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    for running in late.values():
                        running.update(piece)
        own = self._running | late
        return [name for name, digest in promised.items() if own[name].digest() != digest]


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
        if name in headers:
            for algorithm, text in _ENTRY.findall(headers[name]):
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
            found[_name(algorithm)] = bytes.fromhex(text)
        except ValueError:
            _add(found, algorithm, text)
    return {name: digest for name, digest in found.items() if len(digest) == _LENGTHS.get(name)}


class _Running(Protocol):
    """What hashlib's objects can do, as far as it is needed."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    """CRC-32 (ISO 3309) with the manners of hashlib; big-endian, as S3 writes it."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4)


def _running(algorithm: str) -> _Running:
    if algorithm == "crc32":
        return _Crc32()
    return hashlib.new(algorithm, usedforsecurity=False)


def _name(algorithm: str) -> str:
    return algorithm.lower().replace("-", "")


def _add(found: dict[str, bytes], algorithm: str, text: str) -> None:
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except ValueError:  # binascii.Error is one; so is a letter that is not ASCII
        return
    found[_name(algorithm)] = digest
