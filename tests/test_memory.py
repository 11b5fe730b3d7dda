"""This file holds that what outlives a crash is whole or not there, and never an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyatlas.memory import Memory


@pytest.mark.parametrize("on_disk", [True, False])
def test_what_was_put_is_there_until_it_is_dropped(tmp_path: Path, on_disk: bool) -> None:
    memory = Memory(tmp_path / "deep" / "memory" if on_disk else None)
    assert memory.get("jobs", "a question") is None
    memory.put("jobs", "a question", {"url": "https://example.org/async/1"})
    kept = memory.get("jobs", "a question")
    assert kept is not None
    assert kept.value == {"url": "https://example.org/async/1"}
    assert 0 <= kept.age < 60
    assert memory.get("services", "a question") is None
    memory.drop("jobs", "a question")
    memory.drop("jobs", "a question")
    assert memory.get("jobs", "a question") is None


def test_another_process_finds_it(tmp_path: Path) -> None:
    Memory(tmp_path).put("jobs", "key", [1, 2])
    kept = Memory(tmp_path).get("jobs", "key")
    assert kept is not None
    assert kept.value == [1, 2]


@pytest.mark.parametrize("rot", [b"", b"{", b"[]", b'{"key": "other", "value": 1, "when": 1}'])
def test_a_rotten_entry_is_no_entry(tmp_path: Path, rot: bytes) -> None:
    memory = Memory(tmp_path)
    memory.put("jobs", "key", 1)
    (entry,) = (tmp_path / "jobs").iterdir()
    entry.write_bytes(rot)
    assert memory.get("jobs", "key") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memory = Memory(tmp_path / "file")
    memory.put("jobs", "key", 1)
    memory.drop("jobs", "key")
    assert memory.get("jobs", "key") is None
