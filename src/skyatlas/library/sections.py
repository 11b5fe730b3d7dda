"""This file writes a JSON document of a few long sections from records that come in any order.

Invariant: what is in memory does not grow with the document; what is long waits on the disk.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from skyatlas.errors import Unwritable
from skyatlas.library.documents import as_bytes, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_IN_MEMORY = 1024 * 1024
"""Bytes of a section that need no file of their own."""
_BATCH = 5000
"""Records that are handed on at once."""
_PIECE = 256 * 1024


class Sections:
    """The sections of one document; to be used in `with`."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        """The disk of `folder` is where long sections wait: it will hold the document as well."""
        self._folder = folder
        self._files = {
            name: SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder))  # noqa: SIM115 (see close)
            for name in names
        }
        self._batches: dict[str, list[str]] = {name: [] for name in names}
        self._count = 0

    def put(self, section: str, name: str, record: Mapping[str, Any]) -> None:
        """Add a record. A name comes once per section. Raises Unwritable."""
        self._batches[section].append(f"{text_of(name)}: {text_of(record)}")
        self._count += 1
        if self._count % _BATCH == 0:
            self._flush()

    def pieces(self, beginning: Mapping[str, Any]) -> Iterator[bytes]:
        """The document: what is given, then the sections that have records, one record per line."""
        self._flush()
        parts = [as_bytes(f'"{name}": {text_of(value)}') for name, value in beginning.items()]
        yield b"{\n" + b",\n".join(parts)
        for name, file in self._files.items():
            if file.tell() == 0:
                continue
            yield f',\n"{name}": {{\n'.encode()
            file.seek(len(",\n"))
            while piece := file.read(_PIECE):
                yield piece
            yield b"}"
        yield b"}\n"

    def _flush(self) -> None:
        try:
            for name, batch in self._batches.items():
                if batch:
                    self._files[name].write(as_bytes(",\n" + ",\n".join(batch)))
                    batch.clear()
        except OSError as error:
            raise Unwritable(f"{self._folder} cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()
