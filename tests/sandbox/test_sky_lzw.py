"""This file tests that our .Z files are what `compress` would have written."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.sandbox.lzw import compress


def _unpacked(data: bytes) -> bytes:
    import uncompresspy

    with uncompresspy.open(BytesIO(data), "rb") as file:
        return file.read()


def _samples() -> list[bytes]:
    noise = np.random.default_rng(3).integers(0, 256, 400_000, dtype=np.uint8).tobytes()
    return [b"A", b"AB", b"A" * 100_000, noise, bytes(range(256)) * 50, noise[:300]]


@pytest.mark.parametrize("number", range(6))
def test_gunzip_unpacks_what_was_compressed(number: int) -> None:
    if shutil.which("gunzip") is None:
        pytest.skip("no gunzip here")
    data = _samples()[number]
    done = subprocess.run(["gunzip", "-c"], input=compress(data), capture_output=True, check=True)
    assert done.stdout == data


@pytest.mark.parametrize("number", range(6))
def test_uncompresspy_unpacks_what_was_compressed(number: int) -> None:
    data = _samples()[number]
    assert _unpacked(compress(data)) == data


@given(st.binary(min_size=1, max_size=3000))
def test_any_bytes_survive(data: bytes) -> None:
    assert _unpacked(compress(data)) == data
