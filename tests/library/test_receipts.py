"""A receipt is whole or it is none, and what was written once can always be read."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skyatlas import library
from skyatlas.errors import Unwritable
from skyatlas.library.documents import write_json, write_whole
from skyatlas.model import Receipt

Leave = Callable[..., Receipt]


def beside(receipt: Receipt) -> Path:
    return Path(f"{receipt.path}{library.SUFFIX}")


def test_a_receipt_is_read_as_it_was_written(leave: Leave, tmp_path: Path) -> None:
    facts = {"proposal_id": "094.B-0321(A)", "t_min": 57000.1, "obs_creator_name": "Müller, É."}
    receipt = leave(tmp_path, "NGC 1068 “K”.fits.Z", unpacked="NGC 1068 “K”.fits", facts=facts)
    read = library.read_receipt(beside(receipt))
    assert read == receipt
    assert read.product.provenance == facts
    assert read.product.mirrors == receipt.product.mirrors
    assert read.versions == {"skyatlas": "1"}
    assert json.loads(beside(receipt).read_text())["query"] == {"asked": ["a question"]}


def test_a_receipt_has_a_line_for_each_section(leave: Leave, tmp_path: Path) -> None:
    text = beside(leave(tmp_path, "a.fits", facts={"obs_creator_name": "Müller"})).read_text()
    titles = [line.split('"')[1] for line in text.splitlines()]
    assert titles == list(json.loads(text))
    assert "Müller" in text


def test_receipts_of_the_first_layout_are_read(leave: Leave, tmp_path: Path) -> None:
    receipt = leave(tmp_path, "a.fits", facts={"calib_level": 2})
    document = json.loads(beside(receipt).read_text())
    del document["product"]["mirrors"]
    beside(receipt).write_text(json.dumps(document, indent=1, ensure_ascii=False))
    read = library.read_receipt(beside(receipt))
    assert read
    assert read.product.mirrors == ()
    assert read.product.provenance == {"calib_level": 2}
    assert library.is_whole(read)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '{"skyatlas_receipt": 2}', '{"skyatlas_receipt": 1}',
     "[" * 100_000,
     '{"skyatlas_receipt": 1, "file": [], "product": [], "observation": 0, "retrieval": 0}'],
)  # fmt: skip
def test_what_is_no_receipt_counts_as_none(text: str, leave: Leave, tmp_path: Path) -> None:
    receipt = leave(tmp_path, "a.fits")
    beside(receipt).write_text(text)
    assert library.read_receipt(beside(receipt)) is None
    assert list(library.receipts_in(tmp_path)) == []
    assert library.Shelf(tmp_path).known == 0


def test_a_name_that_is_no_utf8_has_a_receipt_and_a_provenance_that_are(
    leave: Leave, tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(b"observ\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    receipt = leave(folder, os.fsdecode(b"caf\xe9.fits"))
    shelf = library.Shelf(tmp_path)
    assert shelf.find(receipt.product.key, made_up=False) == receipt
    library.write_provenance(tmp_path, shelf.receipts(), {})
    for document in (beside(receipt), tmp_path / "provenance.json", tmp_path / ".skyatlas-index"):
        document.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "provenance.json").read_text())["activity"]


def test_threads_that_write_one_document_never_mix_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    start = threading.Barrier(4)
    whole: list[bool] = []

    def write(mine: str) -> None:
        start.wait()
        for _ in range(50):
            write_json(path, {"mine": mine * 5000})
            whole.append(len(set(json.loads(path.read_text())["mine"])) == 1)

    threads = [threading.Thread(target=write, args=(mine,)) for mine in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert whole == [True] * 200
    assert [one.name for one in tmp_path.iterdir()] == ["document.json"]


def test_a_document_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "document.json"
    write_whole(path, [b"old"])

    def pieces() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, pieces())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_document_that_cannot_be_written_says_which(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    for path in (tmp_path / "missing" / "a.json", tmp_path / "taken"):
        with pytest.raises(Unwritable, match=path.name):
            write_whole(path, [b"new"])
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
