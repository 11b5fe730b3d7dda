"""This file fills disks and makes them read-only: a clear error, and nothing is lost by it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Judge, Run
from steady_server import SteadyServer, many_files

from skyatlas import archives
from skyatlas.errors import Unwritable
from skyatlas.journeys.fetch import Fetched, Plan, fetch
from skyatlas.model import Product
from skyatlas.session import Session

SIZE = 3
"""MiB of the small disk."""
PAGE = 4_096
"""Bytes; a disk in memory gives room by the page."""


class Disk:
    """A small disk of its own, in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self) -> None:
        self.path.mkdir()
        _root("mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "small", str(self.path))

    def become(self, options: str) -> None:
        """Read-only, writable again, larger."""
        _root("mount", "-o", f"remount,{options}", str(self.path))

    def leave_free(self, size: int) -> Path:
        """Fill the disk but for so many bytes; the file that does it."""
        ballast = self.path / ".ballast"
        ballast.write_bytes(b"\1" * (shutil.disk_usage(self.path).free - size))
        return ballast


def _root(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    small = Disk(tmp_path / "disk")
    try:
        small.mount()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("small disks can be mounted by root on Linux only")
    yield small
    _root("umount", "--lazy", str(small.path))


@pytest.fixture
def server() -> Iterator[SteadyServer]:
    """Six files; three of them fit on the disk."""
    with SteadyServer(many_files(6, 800e3, 810e3, seed=7)) as one:
        yield one


@pytest.fixture
def uneven() -> Iterator[SteadyServer]:
    """Six files, together too much; of four that come at once some are whole before it is full."""
    small, large = many_files(3, 90e3, 110e3, seed=7), many_files(6, 1_200e3, 1_210e3, seed=8)
    mixed = dict(zip(large, [*small.values(), *list(large.values())[3:]], strict=True))
    with SteadyServer(mixed) as one:
        yield one


def brought(products: list[Product], folder: Path) -> Fetched:
    with Session() as session:
        return fetch(Plan(tuple(products)), folder, archives.archive, session.door)


def by_folder(server: SteadyServer, *folders: str, sized: bool = False) -> list[Product]:
    """Every file, dealt out to the folders in turn."""
    return [
        Product(
            f"{server.url}/{name}",
            folder=folders[number % len(folders)],
            size=len(data) if sized else None,
        )
        for number, (name, data) in enumerate(server.files.items())
    ]


def names_in(products: list[Product], folder: str) -> list[str]:
    return [p.url.rpartition("/")[2] for p in products if p.folder == folder]


def assert_that_only_this_folder_failed(
    fetched: Fetched, products: list[Product], folder: str, words: str
) -> None:
    assert [f.product for f in fetched.failures] == [p for p in products if p.folder == folder]
    assert len(fetched.receipts) == len(products) - len(fetched.failures)
    for failure in fetched.failures:
        assert isinstance(failure.error, Unwritable)
        assert words in str(failure.error)
        assert folder in str(failure.error)


def test_a_full_disk_keeps_what_fits_and_the_next_run_brings_the_rest(
    disk: Disk, uneven: SteadyServer, tmp_path: Path
) -> None:
    server = uneven
    listing, folder = tmp_path / "list.txt", disk.path / "files"
    listing.write_text(server.listing())
    judge = Judge(folder, server.files)
    with Run(listing, folder, tmp_path / "home") as run:
        ended = run.end()
    assert ended.code == 5, ended
    assert "Traceback" not in ended.talk
    whole, failed = ended.with_status("fetched"), ended.with_status("failed")
    assert whole
    assert failed
    assert len(whole) + len(failed) == len(server.files)
    assert all("make room" in file["why"] for file in failed)
    assert not judge.faults()
    disk.become("size=16m")
    before = server.asked
    with Run(listing, folder, tmp_path / "home") as run:
        again = run.end()
    assert again.code == 0, again
    assert not judge.all_faults()
    assert {file["path"] for file in again.with_status("kept")} == {file["path"] for file in whole}
    asked_again = {name for name, count in (server.asked - before).items() if count}
    assert asked_again == {file["url"].rpartition("/")[2] for file in failed}


@pytest.mark.parametrize("sized", [False, True], ids=["sizes unknown", "sizes known"])
def test_a_full_disk_under_one_folder_does_not_stop_the_others(
    disk: Disk, server: SteadyServer, tmp_path: Path, sized: bool
) -> None:
    ballast = disk.leave_free(300_000)
    products = by_folder(server, "disk", "fine", sized=sized)
    fetched = brought(products, tmp_path)
    assert_that_only_this_folder_failed(fetched, products, "disk", "make room")
    judge = Judge(disk.path, {name: server.files[name] for name in names_in(products, "disk")})
    assert not judge.faults()
    fine = {name: server.files[name] for name in names_in(products, "fine")}
    assert not Judge(tmp_path / "fine", fine).all_faults()
    ballast.unlink()
    again = brought(products, tmp_path)
    assert again.complete
    assert sum(r.status == "kept" for r in again.receipts) == len(fine)
    assert not judge.all_faults()


@pytest.mark.parametrize("pages", range(5))
def test_a_disk_with_room_for_a_file_but_not_for_its_papers_loses_nothing(
    disk: Disk, server: SteadyServer, tmp_path: Path, pages: int
) -> None:
    (product, *_) = by_folder(server, "")
    name, size = next((name, len(data)) for name, data in server.files.items())
    judge = Judge(disk.path, {name: server.files[name]})
    ballast = disk.leave_free(-(-size // PAGE) * PAGE + pages * PAGE)
    fetched = brought([product], disk.path)
    assert len(fetched.receipts) + len(fetched.failures) == 1
    assert all(isinstance(failure.error, Unwritable) for failure in fetched.failures)
    assert not judge.faults()
    ballast.unlink()
    assert brought([product], disk.path).complete
    assert not judge.all_faults()


def test_room_is_counted_on_the_disk_that_a_file_goes_to(
    disk: Disk, server: SteadyServer, tmp_path: Path
) -> None:
    (tmp_path / "large").mkdir()
    (disk.path / "elsewhere").symlink_to(tmp_path / "large")
    products = by_folder(server, "elsewhere", sized=True)
    assert sum(p.size or 0 for p in products) > SIZE * 1_048_576
    assert brought(products, disk.path).complete
    assert not Judge(tmp_path / "large", server.files).all_faults()


def test_a_read_only_disk_under_one_folder_does_not_stop_the_others(
    disk: Disk, server: SteadyServer, tmp_path: Path
) -> None:
    disk.become("ro")
    products = by_folder(server, "disk", "fine")
    fetched = brought(products, tmp_path)
    assert_that_only_this_folder_failed(fetched, products, "disk", "Read-only")
    assert list(disk.path.iterdir()) == []
    disk.become("rw")
    again = brought(products, tmp_path)
    assert again.complete
    assert not Judge(
        disk.path, {n: server.files[n] for n in names_in(products, "disk")}
    ).all_faults()


def test_a_read_only_destination_is_a_clear_error_for_every_file(
    disk: Disk, server: SteadyServer, tmp_path: Path
) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text(server.listing())
    disk.become("ro")
    with Run(listing, disk.path, tmp_path / "home") as run:
        ended = run.end()
    assert ended.code == 5, ended
    assert "Traceback" not in ended.talk
    assert len(ended.with_status("failed")) == len(server.files)
    assert all("Read-only" in file["why"] for file in ended.files)


def test_what_is_whole_on_a_read_only_disk_is_kept(
    disk: Disk, server: SteadyServer, tmp_path: Path
) -> None:
    products = by_folder(server, "")[:3]
    assert brought(products, disk.path).complete
    disk.become("ro")
    again = brought(products, disk.path)
    assert [r.status for r in again.receipts] == ["kept"] * 3


def test_a_file_that_is_larger_than_this_process_may_write_is_a_clear_error(
    tmp_path: Path,
) -> None:
    limit = 400_000
    code = f"""
import resource, runpy
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
runpy.run_module("skyatlas", run_name="__main__", alter_sys=True)
"""
    listing, folder = tmp_path / "list.txt", tmp_path / "files"
    files = many_files(2, 100e3, 300e3, seed=8)
    files |= {"large.fits": next(iter(many_files(1, 1e6, 1.1e6, seed=9).values()))}
    with SteadyServer(files) as server:
        listing.write_text(server.listing())
        with Run(listing, folder, tmp_path / "home", ("-c", code)) as run:
            ended = run.end()
        assert ended.code == 5, ended
        (failed,) = ended.with_status("failed")
        assert failed["url"].endswith("large.fits")
        assert "File too large" in failed["why"]
        assert not Judge(folder, server.files).faults()
        with Run(listing, folder, tmp_path / "home") as run:
            assert run.end().code == 0
        assert not Judge(folder, server.files).all_faults()
