"""This file writes the JSON documents of a folder, each whole or not at all."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from skyatlas.errors import Unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OURS = os.urandom(4).hex()
"""Tells our temporary files from those of another machine that shares the disk."""


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document with indentation: pleasant to read, slow. Raises Unwritable."""
    text = json.dumps(document, indent=1, ensure_ascii=False, default=_plain)
    write_whole(path, (as_bytes(text), b"\n"))


def write_whole(path: str | Path, pieces: Iterable[bytes]) -> None:
    """Write the pieces through a temporary file that nobody else writes to. Raises Unwritable.

    There is no fsync: a document that a power cut takes is written again (a receipt after its file
    is fetched again), and a wait for the disk per small file costs more than all else together.
    """
    folder = os.path.dirname(path)  # noqa: PTH120 (pathlib takes ten times as long)
    temporary = os.path.join(folder, f".skyatlas-{_OURS}-{os.getpid()}-{get_ident()}")  # noqa: PTH118
    try:
        try:
            _write(temporary, pieces)
            os.replace(temporary, path)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise
    except OSError as error:
        raise Unwritable(
            f"{path} cannot be written ({error.strerror}): make room or choose another folder"
        ) from error


def _write(path: str, pieces: Iterable[bytes]) -> None:
    handle = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666
    )
    try:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


def as_bytes(text: str) -> bytes:
    """JSON text in UTF-8.

    File names that are no UTF-8 have lone surrogates in Python; these become JSON's own escapes.
    """
    return text.encode("utf-8", "backslashreplace")


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a receipt")


text_of = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
"""A value as JSON on one line, by the encoder that is written in C (one that indents is not)."""
