"""Whatever stands in an index, its good lines are read, and nothing else is believed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.library.index import NAME, Index, Line, mark

TEXT = st.text(st.characters(exclude_categories=()))
"""Any: with tabs, ends of lines, quotes, and the surrogates of bytes that are no UTF-8."""
LINES = st.builds(
    Line,
    mark=TEXT,
    path=TEXT,
    size=st.integers(0, 2**63),
    mtime_ns=st.integers(-(2**63), 2**63),
    made_up=st.booleans(),
    unpacked=st.none() | TEXT,
)
A = Line(mark("a"), "a.fits", 1, 2, False, None)
B = Line(mark("b"), "night/b.fits.Z", 3, 4, True, "b.fits")


@given(added=st.lists(st.lists(LINES), max_size=5), junk=st.lists(st.binary(max_size=40)))
def test_no_junk_between_them_hides_a_line(added: list[list[Line]], junk: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        reader = Index(folder)
        read = list(reader.news())
        for number, lines in enumerate(added):
            writer = Index(folder)
            list(writer.news())  # as its shelf does before it adds
            writer.append(lines)
            read += reader.news()
            if number < len(junk):
                with (Path(folder) / NAME).open("ab") as file:
                    file.write(junk[number])
                read += reader.news()
        assert read == [line for lines in added for line in lines]
        assert list(Index(folder).news()) == read


@pytest.mark.parametrize(
    "junk",
    [
        b"\n",
        b"[]\n",
        b"{}\n",
        b"null\n",
        b"[" * 100_000 + b"\n",
        b"\xff\xfe\x00\n",
        b'["m", "path", 1, 2, false]\n',
        b'["m", "path", 1, 2, false, null, null]\n',
        b'["m", null, 1, 2, false, null]\n',
        b'["m", "path", 1.5, 2, false, null]\n',
        b'["m", "path", true, 2, false, null]\n',
        b'["m", "path", 1, 2, 0, null]\n',
        b'["m", "path", 1, 2, false, 7]\n',
        b'["m", "path", 1, 2, fal\n',
        b"0" * 5000 + b"\n",
        b"1" * 5000 + b"\n",
    ],
)
def test_a_line_that_is_none_of_ours_is_skipped(junk: bytes, tmp_path: Path) -> None:
    Index(str(tmp_path)).append([A])
    with (tmp_path / NAME).open("ab") as file:
        file.write(junk)
    Index(str(tmp_path)).append([B])
    assert list(Index(str(tmp_path)).news()) == [A, B]


def test_a_line_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    writer, reader = Index(str(tmp_path)), Index(str(tmp_path))
    writer.append([A, B])
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(b"")
    read = []
    for end in range(len(whole)):
        with (tmp_path / NAME).open("ab") as file:
            file.write(whole[end : end + 1])
        read += reader.news()
    assert read == [A, B]


def test_one_s_own_lines_are_not_read_again(tmp_path: Path) -> None:
    index = Index(str(tmp_path))
    index.append([A])
    index.append([B])
    assert list(index.news()) == []


def test_the_lines_of_others_are_read_also_where_one_s_own_came_after_them(tmp_path: Path) -> None:
    mine, yours = Index(str(tmp_path)), Index(str(tmp_path))
    mine.append([A])
    yours.append([B])
    mine.append([A])
    assert B in list(mine.news())


def test_an_index_that_was_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    reader = Index(str(tmp_path))
    Index(str(tmp_path)).append([A])
    assert list(reader.news()) == [A]
    other = tmp_path / "other"
    other.mkdir()
    Index(str(other)).append([B, A, B])
    (other / NAME).replace(tmp_path / NAME)
    assert list(reader.news()) == [B, A, B]
    (tmp_path / NAME).write_bytes(b"")
    Index(str(tmp_path)).append([A])
    assert list(reader.news()) == [A]


def test_an_index_that_was_deleted_and_began_anew_is_read_from_its_beginning(
    tmp_path: Path,
) -> None:
    reader = Index(str(tmp_path))
    Index(str(tmp_path)).append([A])
    assert list(reader.news()) == [A]
    (tmp_path / NAME).unlink()
    assert list(reader.news()) == []
    Index(str(tmp_path)).append([B, A, B])  # some file systems give it the same inode
    assert list(reader.news()) == [B, A, B]


def test_an_index_that_cannot_be_read_or_written_is_none(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    index = Index(str(tmp_path))
    index.append([A])
    assert list(index.news()) == []
    missing = Index(str(tmp_path / "missing"))
    missing.append([A])
    assert list(missing.news()) == []


def test_very_many_lines_are_added_whole(tmp_path: Path) -> None:
    lines = [A._replace(path=f"{number}.fits") for number in range(2500)]
    index = Index(str(tmp_path))
    index.append(lines)
    assert list(Index(str(tmp_path)).news()) == lines
    assert list(index.news()) == []
