"""This file packs bytes as `compress` may, and looks whether the same bytes come out."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyatlas.lzw import unpacked


def packed(data: bytes, widest: int = 16, *, clears: bool = True, every: int = 0) -> bytes:
    """What compress(1) writes with `-b widest`, and with CLEAR after `every` codes."""
    out = bytearray(b"\x1f\x9d" + bytes([widest | clears << 7]))
    first_free = 257 if clears else 256
    place = 0
    while place < len(data):
        book: dict[bytes, int] = {}
        codes: list[int] = []
        while place < len(data) and not (clears and every and len(codes) == every):
            end = place + 1
            while end < len(data) and data[place : end + 1] in book:
                end += 1
            codes.append(book.get(data[place:end], data[place]))
            if first_free + len(book) < 2**widest:
                book[data[place : end + 1]] = first_free + len(book)
            place = end
        more = place < len(data)
        out += laid_out(codes + [256] * more, max(widest, 10), clears=clears, more=more)
    return bytes(out)


def laid_out(codes: list[int], widest: int, *, clears: bool, more: bool) -> bytes:
    """The codes as bytes; groups are filled up where the width changes, or `more` codes follow."""
    out = bytearray()
    for width in range(9, widest + 1):
        count = 2 ** (width - 1) + (width == 9 and not clears)
        run = codes if width == widest else codes[:count]
        codes = codes[len(run) :]
        run = run + [0] * (-len(run) % 8 if codes or more else 0)
        for place in range(0, len(run), 8):
            group = run[place : place + 8]
            bits = sum(code << number * width for number, code in enumerate(group))
            out += bits.to_bytes(-(-len(group) * width // 8), "little")
    return bytes(out)


def together(data: bytes) -> bytes:
    return b"".join(unpacked(io.BytesIO(data)))


def noise(size: int, spread: float = 3) -> bytes:
    """A bias frame, more or less."""
    random = np.random.default_rng(size)
    return random.normal(1000, spread, size // 2).astype(">i2").tobytes()


@pytest.mark.parametrize("widest", range(9, 17))
@pytest.mark.parametrize("clears", [True, False])
def test_what_was_packed_comes_out(widest: int, clears: bool) -> None:
    for data in (b"", b"a", b"ab" * 5, noise(60_000), bytes(100_000), bytes(range(256)) * 40):
        assert together(packed(data, widest, clears=clears)) == data


@pytest.mark.parametrize("every", [1, 2, 7, 8, 9, 255, 256, 257, 700, 5000])
def test_an_emptied_dictionary_begins_anew(every: int) -> None:
    for data in (noise(1000 + 6 * every), bytes(20 * every)):
        assert together(packed(data, every=every)) == data


@pytest.mark.skipif(shutil.which("gzip") is None, reason="there is no gzip here")
@pytest.mark.parametrize("options", [{}, {"widest": 9}, {"widest": 12}, {"clears": False}])
@pytest.mark.parametrize("every", [0, 300, 5000])
def test_gzip_says_the_same(tmp_path: Path, options: dict[str, int], every: int) -> None:
    path = tmp_path / "x.Z"
    data = noise(200_000)
    path.write_bytes(packed(data, every=every, **options))
    ran = subprocess.run(["gzip", "-dc", path], capture_output=True, check=True)
    assert ran.stdout == data == together(path.read_bytes())


@settings(max_examples=200, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=3000),
        st.lists(st.sampled_from([b"a", b"ab", b"\0" * 50]), max_size=300).map(b"".join),
    ),
    widest=st.integers(9, 16),
    clears=st.booleans(),
    every=st.integers(0, 600),
)
def test_any_bytes_come_out_as_they_went_in(
    data: bytes, widest: int, clears: bool, every: int
) -> None:
    assert together(packed(data, widest, clears=clears, every=every)) == data


@settings(max_examples=300, deadline=None)
@given(flags=st.integers(0, 255), data=st.binary(max_size=3000))
def test_any_bytes_unpack_or_are_refused(flags: int, data: bytes) -> None:
    try:
        together(b"\x1f\x9d" + bytes([flags]) + data)
    except ValueError:
        return


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_cut_file_gives_the_beginning(data: st.DataObject) -> None:
    whole = noise(4000)
    file = packed(whole, every=400)
    cut = data.draw(st.integers(3, len(file)))
    assert whole.startswith(together(file[:cut]))


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\x1f\x9d",
        b"\x1f\x8b\x90abc",
        b"\x1f\x9d\x88abc",  # eight bits at most
        b"\x1f\x9d\x91abc",  # seventeen
        b"\x1f\x9d\xb0abc",  # an undefined flag
        b"\x1f\x9d\x90\x01\x03",  # the first code is 257
        b"\x1f\x9d\x90\x61\x04\x06",  # 97, then 258: 257 is the last that there can be
    ],
)
def test_what_no_compressor_writes_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|single byte|dictionary"):
        together(wrong)


def test_a_small_file_that_holds_a_huge_one_comes_in_pieces() -> None:
    sizes = [len(piece) for piece in unpacked(io.BytesIO(packed(bytes(2_500_000))))]
    assert sum(sizes) == 2_500_000
    assert max(sizes) <= 1024 * 1024


def test_real_raw_frames_come_out(shared_data: Path) -> None:
    for path in sorted(shared_data.glob("*/lzw.fits.Z")):
        with path.open("rb") as file:
            assert b"".join(unpacked(file)).startswith(b"SIMPLE  =")
