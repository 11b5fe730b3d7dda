"""This file knows what a folder holds, by product, also while other processes add to it.

Invariant: the receipts are the truth. What the index says is checked against the file system
before it is believed, and a receipt that is handed out was read from its own document.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from skyatlas.library.index import Index, Line, mark
from skyatlas.library.receipts import (
    SUFFIX,
    is_whole,
    name_within,
    names_in,
    read_receipt,
    receipts_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skyatlas.model import Receipt

__all__ = ["Shelf"]


class Shelf:
    """The files of a folder and of those below it. Threads may share one.

    Nothing is read before the first question. Then the names are walked, and only the receipts
    that the index does not know are read. A folder that is missing or read-only is no error.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = os.path.join(folder, "")  # noqa: PTH118 (pathlib drops the last slash)
        self._index = Index(os.fspath(folder))
        self._lines: dict[str, tuple[Line, ...]] = {}
        """By the mark of the product; several where the folder has it several times."""
        self._lock = Lock()
        self._opened = False

    @property
    def known(self) -> int:
        """How many products have a receipt here, whether or not their files are whole."""
        with self._lock:
            self._look()
            return len(self._lines)

    def find(self, key: str, *, made_up: bool) -> Receipt | None:
        """The receipt of this product (`Product.key`) whose file is whole, or None.

        Whole: size and modification time are those of the receipt, and what was unpacked is there.
        `made_up` tells the sandbox's files from the real ones: neither is taken for the other.
        """
        for line in self._said(key):
            receipt = read_receipt(Path(f"{self._prefix}{line.path}{SUFFIX}"))
            if receipt is None or receipt.product.key != key or receipt.made_up is not made_up:
                continue
            if is_whole(receipt):
                return receipt
        return None

    def has(self, key: str, *, made_up: bool) -> bool:
        """Whether `find` will find it; a tenth of its price where the index tells the truth."""
        said = self._said(key)
        return any(line.made_up is made_up and self._is_true(line) for line in said) or (
            bool(said) and self.find(key, made_up=made_up) is not None
        )

    def add(self, receipt: Receipt) -> None:
        """Tell all who share the folder; after `write_receipt`. The file is in or below the folder.

        Raises ValueError where it is not.
        """
        line = self._line(receipt)
        with self._lock:
            self._look()
            self._learn(line)
            self._index.append((line,))

    def receipts(self, in_hand: Iterable[Receipt] = ()) -> Iterator[Receipt]:
        """All receipts, by path; those that the caller has in hand are not read again."""
        return receipts_in(self.folder, {os.fspath(one.path): one for one in in_hand})

    def _said(self, key: str) -> tuple[Line, ...]:
        """What the index says about the product, the newest first."""
        with self._lock:
            self._look()
            return self._lines.get(mark(key), ())

    def _look(self) -> None:
        if not self._opened:
            self._open()
        for line in self._index.news():
            self._learn(line)

    def _open(self) -> None:
        """Walk the names after the index was read, so that no line is ahead of its receipt."""
        known = {line.path: line for line in self._index.news()}
        unknown = []
        for name in names_in(self.folder):
            line = known.pop(name, None)
            if line is None:
                receipt = read_receipt(Path(f"{self._prefix}{name}{SUFFIX}"))
                if receipt is None:
                    continue
                line = self._line(receipt, name)
                unknown.append(line)
            self._learn(line)
        self._index.append(unknown)
        self._opened = True

    def _learn(self, line: Line) -> None:
        others = self._lines.get(line.mark, ())
        if others:  # a product may lie in several places; one place has one line
            others = tuple(other for other in others if other.path != line.path)
        self._lines[line.mark] = (line, *others)

    def _line(self, receipt: Receipt, name: str | None = None) -> Line:
        return Line(
            mark=mark(receipt.product.key),
            path=name or name_within(self.folder, receipt.path),
            size=receipt.size,
            mtime_ns=receipt.mtime_ns,
            made_up=receipt.made_up,
            unpacked=receipt.unpacked.name if receipt.unpacked else None,
        )

    def _is_true(self, line: Line) -> bool:
        """Whether the file has the size and time that the line says, and a receipt beside it."""
        path = f"{self._prefix}{line.path}"
        try:
            state = os.stat(path)  # noqa: PTH116
            there = (state.st_size, state.st_mtime_ns) == (line.size, line.mtime_ns)
            return (
                there
                and os.stat(f"{path}{SUFFIX}").st_size > 0  # noqa: PTH116 (0 after a power cut)
                and (line.unpacked is None or Path(path).with_name(line.unpacked).is_file())
            )
        except (OSError, ValueError):  # ValueError: junk that is no path
            return False
