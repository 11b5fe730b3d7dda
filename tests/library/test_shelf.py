"""What a folder holds is what its receipts and files say, whatever the index says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from skyatlas import library
from skyatlas.library import Shelf
from skyatlas.library.index import NAME, Index, Line, mark
from skyatlas.model import Receipt

Leave = Callable[..., Receipt]


def shelve(shelf: Shelf, receipt: Receipt) -> Receipt:
    shelf.add(receipt)
    return receipt


def holds(shelf: Shelf, receipt: Receipt, *, made_up: bool = False) -> bool:
    """Both questions must have the same answer."""
    key = receipt.product.key
    found = shelf.find(key, made_up=made_up)
    assert shelf.has(key, made_up=made_up) is (found is not None)
    return found is not None


def test_what_was_added_is_found_with_all_that_its_receipt_says(
    leave: Leave, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    receipt = shelve(shelf, leave(tmp_path, "night/a.fits", facts={"t_min": 57000.25}))
    found = shelf.find(receipt.product.key, made_up=False)
    assert found == receipt
    assert found.product.provenance == {"t_min": 57000.25}
    assert found.product.mirrors == ("https://mirror.example/file",)
    assert shelf.known == 1
    assert shelf.find("example:b.fits", made_up=False) is None
    assert not shelf.has("example:b.fits", made_up=False)


def test_what_another_shelf_added_since_is_found(leave: Leave, tmp_path: Path) -> None:
    mine, yours = Shelf(tmp_path), Shelf(tmp_path)
    assert mine.known == yours.known == 0
    for number in range(3):
        assert holds(mine, shelve(yours, leave(tmp_path, f"yours {number}.fits")))
        assert holds(yours, shelve(mine, leave(tmp_path, f"mine {number}.fits")))
    assert mine.known == yours.known == 6


ADD = """
import sys
from dataclasses import replace
from pathlib import Path
from skyatlas.library import Shelf, receipts_in, write_receipt
there, folder = map(Path, sys.argv[1:])
receipts = [replace(one, path=folder / one.path.name) for one in receipts_in(there)]
shelf = Shelf(folder)
assert shelf.known == 0
print("ready", flush=True)
sys.stdin.readline()
for receipt in receipts:
    write_receipt(receipt, {})
    shelf.add(receipt)
"""


def test_processes_that_add_at_the_same_time_lose_no_line(leave: Leave, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    watching = Shelf(folder)
    assert watching.known == 0
    receipts, running = [], []
    for process in range(4):
        there = tmp_path / str(process)
        receipts += [leave(there, f"{process} {number}.fits") for number in range(100)]
        command = [sys.executable, "-c", ADD, str(there), str(folder)]
        running.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    for one in running:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for receipt in receipts:
        receipt.path.rename(folder / receipt.path.name)
    for one in running:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in running:
        one.communicate()
        assert one.returncode == 0
    lines = [line for line in (folder / NAME).read_text().splitlines() if line]
    assert len(lines) == len(set(lines)) == len(receipts)
    assert all(holds(watching, receipt) for receipt in receipts)
    assert watching.known == len(receipts)


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize(
    "harm",
    [
        lambda receipt: receipt.path.unlink(),
        lambda receipt: receipt.path.write_bytes(b"shorter"),
        lambda receipt: os.utime(receipt.path, ns=(0, receipt.mtime_ns + 1)),
        lambda receipt: receipt.unpacked.unlink(),
        lambda receipt: Path(f"{receipt.path}{library.SUFFIX}").unlink(),
        lambda receipt: Path(f"{receipt.path}{library.SUFFIX}").write_bytes(b""),
    ],
    ids=["deleted", "cut", "touched", "unpacked deleted", "receipt deleted", "receipt empty"],
)
def test_a_file_that_is_not_as_its_receipt_says_is_not_found(
    leave: Leave, tmp_path: Path, harm: Callable[[Receipt], None], reopened: bool
) -> None:
    shelf = Shelf(tmp_path)
    receipt = shelve(shelf, leave(tmp_path, "a.fits.Z", unpacked="a.fits"))
    other = shelve(shelf, leave(tmp_path, "b.fits"))
    assert holds(shelf, receipt)
    harm(receipt)
    shelf = Shelf(tmp_path) if reopened else shelf
    assert not holds(shelf, receipt)
    assert holds(shelf, other)


def test_what_the_sandbox_made_up_is_never_found_for_the_real_thing_nor_the_other_way_round(
    leave: Leave, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    made_up = shelve(shelf, leave(tmp_path, "made up.fits", product_id="x", made_up=True))
    assert not holds(shelf, made_up, made_up=False)
    real = shelve(shelf, leave(tmp_path, "real.fits", product_id="x"))
    for one in (shelf, Shelf(tmp_path)):
        assert one.find(real.product.key, made_up=False) == real
        assert one.find(real.product.key, made_up=True) == made_up


def test_a_product_that_lies_in_two_places_is_found_while_one_is_whole(
    leave: Leave, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    first = shelve(shelf, leave(tmp_path, "first/a.fits", product_id="x"))
    second = shelve(shelf, leave(tmp_path, "second/a.fits", product_id="x"))
    second.path.unlink()
    for one in (shelf, Shelf(tmp_path)):
        assert one.find(first.product.key, made_up=False) == first
        assert one.has(first.product.key, made_up=False)
    first.path.unlink()
    assert not holds(shelf, first)


def test_a_file_that_was_fetched_again_is_found_by_its_newest_receipt(
    leave: Leave, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    shelve(shelf, leave(tmp_path, "a.fits", unpacked="unpacked.fits"))
    again = shelve(shelf, leave(tmp_path, "a.fits"))
    (tmp_path / "unpacked.fits").unlink()
    for one in (shelf, Shelf(tmp_path)):
        assert one.find(again.product.key, made_up=False) == again
        assert one.known == 1


def test_a_receipt_that_somebody_replaced_counts_and_not_what_the_index_says_about_it(
    leave: Leave, tmp_path: Path
) -> None:
    old = shelve(Shelf(tmp_path), leave(tmp_path, "a.fits", made_up=True))
    new = leave(tmp_path, "a.fits", unpacked="new.fits")  # and the index is not told
    shelf = Shelf(tmp_path)
    assert holds(shelf, new)
    assert not holds(shelf, old, made_up=True)
    leave(tmp_path, "a.fits", product_id="another")
    assert not holds(Shelf(tmp_path), new)


def test_the_last_word_about_a_file_counts(leave: Leave, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    made_up = shelve(shelf, leave(tmp_path, "a.fits", made_up=True))
    real = replace(made_up, made_up=False)  # the same bytes, size and time
    library.write_receipt(real, {})
    shelf.add(real)
    for one in (shelf, Shelf(tmp_path)):
        assert holds(one, real)
        assert not holds(one, made_up, made_up=True)


@pytest.mark.parametrize("path", ["", "..", "a\0b", "a.fits", "missing/a.fits"])
@pytest.mark.parametrize("unpacked", ["", "a\0b", "a/b", ".."])
def test_a_line_that_nobody_of_us_wrote_harms_nothing(
    leave: Leave, tmp_path: Path, path: str, unpacked: str
) -> None:
    shelf = Shelf(tmp_path)
    receipt = shelve(shelf, leave(tmp_path, "a.fits"))
    key = "example:what nobody fetched"
    line = Line(mark(key), path, receipt.size, receipt.mtime_ns, False, unpacked)
    Index(str(tmp_path)).append([line])
    for one in (shelf, Shelf(tmp_path)):
        assert one.find(key, made_up=False) is None
        assert one.has(key, made_up=False) is False


def test_files_that_were_copied_in_are_found_with_and_without_their_index(
    leave: Leave, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    receipts = [leave(there, f"{name}/{name}.fits") for name in "abc"]
    assert Shelf(there).known == 3
    moved = shutil.copytree(there, tmp_path / "with")
    bare = shutil.copytree(there, tmp_path / "without", ignore=shutil.ignore_patterns(NAME))
    below = shutil.copytree(there, tmp_path / "here" / "below").parent
    for folder in (moved, bare, below):
        assert all(holds(Shelf(folder), receipt) for receipt in receipts)
        assert (folder / NAME).read_bytes().count(b"\n") == 3
        found = Shelf(folder).find(receipts[0].product.key, made_up=False)
        assert found
        assert found.path.is_relative_to(folder)


def test_opening_reads_only_the_receipts_that_the_index_does_not_know(
    leave: Leave, tmp_path: Path
) -> None:
    shelve(Shelf(tmp_path), leave(tmp_path, "known.fits"))
    unknown = leave(tmp_path, "unknown.fits")
    (tmp_path / f"known.fits{library.SUFFIX}").write_text("had it been read, it would be gone")
    shelf = Shelf(tmp_path)
    assert shelf.known == 2
    assert holds(shelf, unknown)
    assert shelf.find("example:known.fits", made_up=False) is None


def test_the_index_of_a_folder_may_say_more_than_there_is(leave: Leave, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    gone = [shelve(shelf, leave(tmp_path, f"{number}.fits")) for number in range(3)]
    stays = shelve(shelf, leave(tmp_path, "stays.fits"))
    for receipt in gone:
        receipt.path.unlink()
        Path(f"{receipt.path}{library.SUFFIX}").unlink()
    shelf = Shelf(tmp_path)
    assert shelf.known == 1
    assert holds(shelf, stays)
    assert not any(holds(shelf, receipt) for receipt in gone)


def test_the_index_may_be_deleted_at_any_time(leave: Leave, tmp_path: Path) -> None:
    mine, yours = Shelf(tmp_path), Shelf(tmp_path)
    first = shelve(mine, leave(tmp_path, "first.fits"))
    assert holds(yours, first)
    (tmp_path / NAME).unlink()
    assert holds(mine, first)
    second = shelve(mine, leave(tmp_path, "second.fits"))
    for shelf in (mine, yours, Shelf(tmp_path)):
        assert holds(shelf, first)
        assert holds(shelf, second)


def test_a_folder_that_is_not_there_yet_is_empty(leave: Leave, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    shelf = Shelf(folder)
    assert shelf.known == 0
    assert list(shelf.receipts()) == []
    assert not folder.exists()
    assert holds(shelf, shelve(shelf, leave(folder, "a.fits")))


def test_a_folder_in_which_no_index_can_be_written_is_read_all_the_same(
    leave: Leave, tmp_path: Path
) -> None:
    (tmp_path / NAME).mkdir()  # a read-only folder does not stop the tests of an administrator
    before = leave(tmp_path, "before.fits")
    shelf = Shelf(tmp_path)
    since = shelve(shelf, leave(tmp_path, "since.fits"))
    for one in (shelf, Shelf(tmp_path)):
        assert holds(one, before)
        assert holds(one, since)


def test_a_file_outside_the_folder_has_no_place_on_its_shelf(leave: Leave, tmp_path: Path) -> None:
    receipt = leave(tmp_path / "elsewhere", "a.fits")
    with pytest.raises(ValueError, match="elsewhere"):
        Shelf(tmp_path / "here").add(receipt)


def test_a_relative_folder_is_found_again(
    leave: Leave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (Path(), Path("data"), Path("./data/../data")):
        shelf = Shelf(folder)
        receipt = shelve(shelf, leave(folder, "a.fits"))
        assert holds(shelf, receipt)
        assert [one.path for one in shelf.receipts()][-1] == receipt.path


def test_threads_may_share_a_shelf(leave: Leave, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    start = threading.Barrier(8)
    found: list[bool] = []

    def add(mine: int) -> None:
        start.wait()
        for number in range(20):
            receipt = shelve(shelf, leave(tmp_path, f"{mine} {number}.fits"))
            found.append(holds(shelf, receipt))

    threads = [threading.Thread(target=add, args=(mine,)) for mine in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 160
    assert shelf.known == Shelf(tmp_path).known == 160


def test_receipts_come_by_path_and_those_in_hand_are_not_read_again(
    leave: Leave, tmp_path: Path
) -> None:
    names = ["b.fits", "a/z.fits", "a.fits", "a/b/c.fits"]
    receipts = {name: leave(tmp_path, name) for name in names}
    kept = replace(receipts["b.fits"], status="kept")
    found = list(Shelf(tmp_path).receipts([kept]))
    assert [one.path.relative_to(tmp_path).as_posix() for one in found] == [
        "a/b/c.fits",
        "a/z.fits",
        "a.fits",
        "b.fits",
    ]
    assert found[-1] is kept
    assert found[:-1] == [receipts[name] for name in ("a/b/c.fits", "a/z.fits", "a.fits")]
