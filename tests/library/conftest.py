"""Real files with real receipts, as a fetch leaves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from skyatlas import library
from skyatlas.model import Product, Receipt

Leave = Callable[..., Receipt]


@pytest.fixture
def leave() -> Leave:
    """Leave a file and its receipt in a folder; the product is called as the file."""

    def leave_one(
        folder: Path,
        name: str,
        *,
        product_id: str | None = None,
        made_up: bool = False,
        unpacked: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Receipt:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"the bytes of " + name.encode("utf-8", "surrogateescape"))
        if unpacked:
            path.with_name(unpacked).write_bytes(b"unpacked")
        state = path.stat()
        url = f"https://archive.example/{product_id or 'file'}"
        receipt = Receipt(
            path=path,
            product=Product(
                url=url,
                archive="example",
                product_id=product_id or path.name,
                mirrors=("https://mirror.example/file",),
                provenance=facts or {},
            ),
            size=state.st_size,
            sha256="00" * 32,
            url=url,
            answered_url=url,
            started="2026-11-21T05:00:00Z",
            ended="2026-11-21T05:00:01Z",
            verified=("length", "fits structure"),
            mtime_ns=state.st_mtime_ns,
            unpacked=path.with_name(unpacked) if unpacked else None,
            versions={"skyatlas": "1"},
            made_up=made_up,
        )
        library.write_receipt(receipt, {"asked": ["a question"]})
        return receipt

    return leave_one
