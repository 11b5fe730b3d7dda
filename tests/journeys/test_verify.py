"""This file damages fetched files in every way, and has them found and repaired."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "net"))

from fault_server import FaultServer, File, Line, body

from skyatlas import library
from skyatlas.errors import BadInput, Unwritable
from skyatlas.journeys.compare import compared
from skyatlas.journeys.fetch import Plan, fetch
from skyatlas.journeys.repair import repaired
from skyatlas.journeys.verify import State, Verified, rehash, verify
from skyatlas.model import Product, Receipt
from skyatlas.net.door import StreetDoor
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from skyatlas.observations import Observations
    from skyatlas.sandbox import Sandbox

NGC_1068 = (40.669629, -0.013281)
FILES = "https://dataportal.eso.org/dataPortal/file/"


@pytest.fixture
def found(atlas: Session) -> Observations:
    return atlas.search(NGC_1068, instrument="HAWKI", calib_level="1..", public=True)


@pytest.fixture
def home(atlas: Session, found: Observations, tmp_path: Path) -> list[Receipt]:
    """Receipts of several products in `tmp_path`."""
    receipts = list(atlas.fetch(found, tmp_path).receipts)
    assert len(receipts) > 1
    return receipts


@pytest.fixture
def packed(atlas: Session, tmp_path: Path) -> Receipt:
    """A raw frame, .fits.Z, with the .fits beside it."""
    raw = atlas.search(NGC_1068, instrument="FORS2", calib_level="0", public=True, limit=1)
    (receipt,) = atlas.fetch(raw, tmp_path).receipts
    assert receipt.unpacked is not None
    return receipt


def flip(path: Path) -> bytes:
    """Change one bit and leave the date, as a bad disk does; the bytes that are there now."""
    state = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    return bytes(data)


def edit(path: Path, data: bytes = b"my own work") -> None:
    """Write to a file as people do: it gets another date."""
    later = path.stat().st_mtime_ns + 10**9
    path.write_bytes(data)
    os.utime(path, ns=(later, later))


def states(verified: Verified) -> list[State]:
    return [finding.state for finding in verified.findings]


def mended(atlas: Session, folder: Path, *, remote: bool = False) -> Verified:
    before = verify(folder)
    if remote:
        before = compared(before, atlas.door)
    return repaired(before, atlas.fetch, made_up=True)


def asked_for(box: Sandbox, method: str) -> int:
    return sum(one.method == method and "/dataPortal/file/" in one.url for one in box.requests)


class Counted:
    """Progress as numbers."""

    def __init__(self) -> None:
        self.files = self.size = self.read_so_far = self.ends = 0

    def begin(self, files: int, size: int) -> None:
        self.files, self.size = files, size

    def read(self, size: int) -> None:
        self.read_so_far += size

    def end(self) -> None:
        self.ends += 1


def test_untouched_files_are_whole_and_nobody_is_asked(
    box: Sandbox, home: list[Receipt], packed: Receipt, tmp_path: Path
) -> None:
    before = len(box.requests)
    progress = Counted()
    verified = verify(tmp_path, progress=progress)
    assert verified.whole
    assert states(verified) == [State.WHOLE] * (len(home) + 1)
    assert (verified.unknown, verified.parts) == ((), ())
    assert len(box.requests) == before
    assert progress.files == len(home) + 1
    assert progress.read_so_far == progress.size > 0
    assert progress.ends == 1
    assert all(map(rehash, home))


def test_one_flipped_bit_under_the_same_size_and_date_is_found(
    home: list[Receipt], tmp_path: Path
) -> None:
    flip(home[0].path)
    assert library.is_whole(home[0])  # what no look at size and date can see
    assert not rehash(home[0])
    verified = verify(tmp_path)
    assert not verified.whole
    (bad,) = (finding for finding in verified.findings if not finding.fine)
    assert (bad.path, bad.state) == (home[0].path, State.ROTTED)
    assert "sha256" in bad.why


def test_a_file_cut_by_the_disk_is_rotted_and_one_that_was_written_to_is_edited(
    home: list[Receipt], tmp_path: Path
) -> None:
    state = home[0].path.stat()
    os.truncate(home[0].path, 100)
    os.utime(home[0].path, ns=(state.st_atime_ns, state.st_mtime_ns))
    edit(home[1].path)
    by_path = {finding.path: finding for finding in verify(tmp_path).findings}
    assert by_path[home[0].path].state is State.ROTTED
    assert f"100 bytes instead of {home[0].size:,}" in by_path[home[0].path].why
    assert by_path[home[1].path].state is State.EDITED


def test_a_touched_file_is_fine_and_its_receipt_gets_the_new_date(
    home: list[Receipt], tmp_path: Path
) -> None:
    document = Path(f"{home[0].path}{library.SUFFIX}")
    query = json.loads(document.read_text())["query"]
    os.utime(home[0].path, ns=(1, 1))
    assert not library.is_whole(home[0])
    verified = verify(tmp_path)
    assert verified.whole
    assert verified.count(State.TOUCHED) == 1
    fresh = library.read_receipt(document)
    assert fresh is not None
    assert library.is_whole(fresh)
    assert json.loads(document.read_text())["query"] == query
    assert verify(tmp_path).count(State.TOUCHED) == 0


def test_missing_and_unknown_files_and_parts_are_told_apart(
    home: list[Receipt], packed: Receipt, tmp_path: Path
) -> None:
    home[0].path.unlink()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "notes.txt").write_text("mine")
    (tmp_path / "X~1234.part").write_bytes(b"half")
    (tmp_path / "X~1234.part.json").write_text("{}")
    verified = verify(tmp_path)
    assert verified.count(State.MISSING) == 1
    assert verified.unknown == (tmp_path / "sub" / "notes.txt",)
    assert verified.parts == (tmp_path / "X~1234.part",)


@pytest.mark.parametrize("text", ["", "{", '{"skyatlas_receipt": 99}'])
def test_a_damaged_receipt_is_no_proof_of_a_whole_file(
    atlas: Session, home: list[Receipt], text: str, tmp_path: Path
) -> None:
    Path(f"{home[0].path}{library.SUFFIX}").write_text(text)
    verified = verify(tmp_path)
    assert not verified.whole
    (bad,) = (finding for finding in verified.findings if not finding.fine)
    assert (bad.path, bad.state) == (home[0].path, State.UNREADABLE)
    assert verified.unknown == ()
    (bad,) = (finding for finding in mended(atlas, tmp_path).findings if not finding.fine)
    assert "not repaired" in bad.why
    assert home[0].path.exists()


def test_an_unpacked_file_that_is_gone_or_different_is_found_and_made_again(
    box: Sandbox, atlas: Session, packed: Receipt, tmp_path: Path
) -> None:
    assert packed.unpacked is not None
    good = packed.unpacked.read_bytes()
    before = asked_for(box, "GET")
    for damage in (flip, Path.unlink, lambda path: path.write_bytes(good + b"\0")):
        damage(packed.unpacked)
        assert states(verify(tmp_path)) == [State.UNPACKED]
        (finding,) = mended(atlas, tmp_path).findings
        assert finding.state is State.REPAIRED
        assert packed.unpacked.read_bytes() == good
        assert verify(tmp_path).whole
    assert asked_for(box, "GET") == before  # the packed original is enough
    kept = sorted(path.name for path in tmp_path.glob("*.edited*"))
    assert kept == [f"{packed.unpacked.name}.edited", f"{packed.unpacked.name}.edited.2"]


def test_a_folder_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        verify(tmp_path / "nowhere")


def test_rotted_and_missing_files_are_fetched_again_under_their_names(
    atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    good = {one.path: one.path.read_bytes() for one in home}
    flip(home[0].path)
    home[1].path.unlink()
    verified = mended(atlas, tmp_path)
    assert verified.whole
    assert verified.count(State.REPAIRED) == 2
    assert {path: path.read_bytes() for path in good} == good
    assert not list(tmp_path.glob("*.damaged*"))
    assert verify(tmp_path).count(State.WHOLE) == len(home)


def test_what_was_not_damaged_is_not_fetched_again(
    box: Sandbox, atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    flip(home[0].path)
    before = asked_for(box, "GET")
    mended(atlas, tmp_path)
    assert asked_for(box, "GET") == before + 1
    mended(atlas, tmp_path)
    assert asked_for(box, "GET") == before + 1


def test_an_edited_file_is_kept_beside_the_repaired_one(
    atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    good = home[0].path.read_bytes()
    for name in (".edited", ".edited.2"):
        edit(home[0].path)
        verified = mended(atlas, tmp_path)
        (finding,) = (one for one in verified.findings if one.state is State.REPAIRED)
        kept = home[0].path.with_name(home[0].path.name + name)
        assert kept.name in finding.why
        assert kept.read_bytes() == b"my own work"
        assert home[0].path.read_bytes() == good


def test_a_repair_that_fails_loses_nothing(
    box: Sandbox, atlas: Session, home: list[Receipt], packed: Receipt, tmp_path: Path
) -> None:
    rotten = flip(home[0].path)
    edit(home[1].path)
    assert packed.unpacked is not None
    plain = packed.unpacked.read_bytes()
    flip(packed.path)
    box.fault("html", "/dataPortal/file/")
    verified = mended(atlas, tmp_path)
    bad = {one.path: one for one in verified.findings if not one.fine}
    assert set(bad) == {home[0].path, home[1].path, packed.path}
    assert all("not repaired" in one.why and one.failure for one in bad.values())
    # Bytes known to be wrong have lost their name; the edited file has it back.
    assert not home[0].path.exists()
    assert home[0].path.with_name(home[0].path.name + ".damaged").read_bytes() == rotten
    assert home[1].path.read_bytes() == b"my own work"
    assert packed.unpacked.read_bytes() == plain
    box.heal()
    assert mended(atlas, tmp_path).whole
    assert not list(tmp_path.glob("*.damaged*"))


def test_work_on_the_unpacked_file_survives_the_repair_of_its_original(
    atlas: Session, packed: Receipt, tmp_path: Path
) -> None:
    assert packed.unpacked is not None
    good = packed.unpacked.read_bytes()
    flip(packed.path)
    assert mended(atlas, tmp_path).whole
    assert packed.unpacked.read_bytes() == good
    assert not list(tmp_path.glob("*.edited*"))
    edit(packed.unpacked)
    flip(packed.path)
    assert mended(atlas, tmp_path).whole
    assert packed.unpacked.read_bytes() == good
    kept = packed.unpacked.with_name(packed.unpacked.name + ".edited")
    assert kept.read_bytes() == b"my own work"


def test_ctrl_c_in_the_middle_of_a_repair_puts_an_edited_file_back(
    atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    edit(home[0].path)

    def stopped(plan: Plan, folder: Path) -> object:
        assert not home[0].path.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repaired(verify(tmp_path), stopped, made_up=True)  # type: ignore[arg-type]
    assert home[0].path.read_bytes() == b"my own work"


def test_a_folder_that_cannot_be_written_is_a_reason(
    atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    flip(home[0].path)

    def full(plan: Plan, folder: Path) -> object:
        raise Unwritable("the disk is full")

    verified = repaired(verify(tmp_path), full, made_up=True)  # type: ignore[arg-type]
    (bad,) = (one for one in verified.findings if not one.fine)
    assert "the disk is full" in bad.why


def test_files_in_sub_folders_go_back_to_their_places(atlas: Session, tmp_path: Path) -> None:
    dp_id = "ADP.2015-05-23T21:16:36.244"
    product = Product(f"{FILES}{dp_id}", archive="eso", product_id=dp_id, folder="a/b")
    (receipt,) = atlas.fetch(Plan((product,), context={"asked": ["by hand"]}), tmp_path).receipts
    assert receipt.path.parent == tmp_path / "a" / "b"
    for folder in (tmp_path, tmp_path / "a", tmp_path / "a" / "b"):
        flip(receipt.path)
        assert mended(atlas, folder).whole
        assert rehash(receipt)
        document = json.loads(Path(f"{receipt.path}{library.SUFFIX}").read_text())
        assert document["product"]["folder"] == "a/b"
        assert document["query"] == {"asked": ["by hand"]}
    assert sorted(path.name for path in tmp_path.rglob("provenance.json")) == ["provenance.json"]


def test_a_moved_folder_is_repaired_where_it_is_now(
    atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for one in home:
        for path in (one.path, Path(f"{one.path}{library.SUFFIX}")):
            shutil.copy(path, there)  # without dates
    assert verify(there).count(State.TOUCHED) == len(home)
    flip(there / home[0].path.name)
    assert mended(atlas, there).whole
    assert rehash(home[0])
    assert (there / home[0].path.name).read_bytes() == home[0].path.read_bytes()


def test_a_repair_says_that_the_archive_has_other_bytes_by_now(
    box: Sandbox, atlas: Session, tmp_path: Path, world: object
) -> None:
    product = Product(f"{FILES}ADP.2015-05-23T21:16:36.244", name="x.fits")
    (receipt,) = atlas.fetch([product], tmp_path).receipts
    document = Path(f"{receipt.path}{library.SUFFIX}")
    document.write_text(document.read_text().replace(receipt.sha256, "0" * 64))
    verified = mended(atlas, tmp_path)
    assert verified.whole
    assert "not those of then" in verified.findings[0].why


def test_the_sandbox_repairs_only_what_it_made_up(
    atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    good = home[0].path.read_bytes()
    flip(home[0].path)
    verified = repaired(verify(tmp_path), atlas.fetch, made_up=False)
    (bad,) = (one for one in verified.findings if not one.fine)
    assert "--sandbox" in bad.why
    assert home[0].path.exists()
    document = Path(f"{home[0].path}{library.SUFFIX}")
    document.write_text(document.read_text().replace('"sandbox": true', '"sandbox": false'))
    assert not mended(atlas, tmp_path).whole
    assert home[0].path.read_bytes() != good


def test_an_address_whose_secret_was_not_kept_cannot_be_asked(
    box: Sandbox, atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    document = Path(f"{home[0].path}{library.SUFFIX}")
    url = home[0].product.url
    document.write_text(
        document.read_text().replace(f'"url": "{url}"', f'"url": "{url}?k=REDACTED"')
    )
    flip(home[0].path)
    (bad,) = (one for one in mended(atlas, tmp_path, remote=True).findings if not one.fine)
    assert "secret" in bad.why
    assert home[0].path.exists()
    assert not any("REDACTED" in one.url for one in box.requests)


def test_the_archive_is_asked_one_small_question_a_file(
    box: Sandbox, atlas: Session, home: list[Receipt], tmp_path: Path
) -> None:
    flip(home[0].path)
    files = asked_for(box, "GET")
    verified = compared(verify(tmp_path), atlas.door)
    assert asked_for(box, "GET") == files
    assert asked_for(box, "HEAD") == len(home) - 1  # not about what has to be fetched anyway
    told = {one.path: one.at_archive for one in verified.findings}
    assert told.pop(home[0].path) == ""
    assert set(told.values()) == {"same"}


ETAG, DATE = '"a"', "Fri, 15 Jul 2016 08:22:40 GMT"
OTHER, LATER = '"b"', "Sat, 16 Jul 2016 08:22:40 GMT"


@pytest.fixture
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as one:
        yield one


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        ({"etag": ETAG}, {"etag": ETAG}, "same"),
        ({"etag": ETAG}, {"etag": f"W/{ETAG}"}, "same"),
        ({"etag": '"a-gzip"'}, {"etag": ETAG}, "same"),
        ({"etag": ETAG}, {"etag": OTHER}, "changed"),
        ({"etag": ETAG, "last_modified": DATE}, {"etag": OTHER, "last_modified": DATE}, "same"),
        ({"etag": ETAG, "last_modified": DATE}, {"etag": OTHER, "last_modified": LATER}, "changed"),
        ({"last_modified": DATE}, {"last_modified": DATE}, "same"),
        ({"last_modified": DATE}, {"last_modified": LATER}, "changed"),
        ({"last_modified": DATE}, {"last_modified": DATE, "content_length": 6}, "changed"),
        ({"last_modified": DATE}, {"last_modified": DATE, "content_length": 0}, "same"),
        ({"last_modified": DATE},
         {"last_modified": DATE, "content_length": 6, "content_encoding": "gzip"}, "same"),
        ({}, {"content_length": 6}, "changed"),
        ({}, {}, "cannot tell"),
        ({"etag": ETAG}, {}, "cannot tell"),
        ({"etag": ETAG}, {"etag": ETAG, "content_type": "text/html"}, "cannot tell"),
        ({}, {"status": 404}, "gone"),
        ({}, {"status": 410}, "gone"),
        ({}, {"status": 405}, "cannot tell"),
        ({}, {"status": 401}, "no answer"),
    ],
)  # fmt: skip
def test_what_the_headers_say_is_the_verdict(
    then: dict[str, object], now: dict[str, object], verdict: str, door: StreetDoor, tmp_path: Path
) -> None:
    def headers(line: Line) -> None:
        said = {"content_length": 5, **now}
        line.head(int(str(said.pop("status", 200))), **said)

    with FaultServer() as server:
        url = server.on("/x.dat", body(b"bytes", **then), headers)
        fetch(Plan((Product(url),)), tmp_path, lambda name: pytest.fail(name), door)
        (finding,) = compared(verify(tmp_path), door).findings
        assert finding.at_archive == verdict
        assert finding.fine is (verdict != "changed")
        assert [one.method for one in server.seen] == ["GET", "HEAD"]


def test_offline_nobody_answers_and_the_file_stays_whole(
    home: list[Receipt], box: Sandbox, tmp_path: Path
) -> None:
    with Session(Settings(sandbox=box.url, offline=True)) as offline:
        verified = compared(verify(tmp_path), offline.door)
    assert verified.whole
    assert {one.at_archive for one in verified.findings} == {"no answer"}


def test_a_new_file_of_the_archive_leaves_the_old_one_beside_it(
    door: StreetDoor, tmp_path: Path
) -> None:
    old, new = File(b"old bytes", etag='"old"'), File(b"new bytes", etag='"new"')

    def head(line: Line) -> None:
        line.head(200, content_length=len(new.data), etag=new.etag)

    def again(plan: Plan, folder: Path) -> object:
        return fetch(plan, folder, lambda name: pytest.fail(name), door)

    with FaultServer() as server:
        url = server.on("/x.dat", old, head, new)
        again(Plan((Product(url),)), tmp_path)
        changed = compared(verify(tmp_path), door)
        assert states(changed) == [State.CHANGED]
        (finding,) = repaired(changed, again, made_up=False).findings  # type: ignore[arg-type]
    assert finding.state is State.REPAIRED
    assert (tmp_path / "x.dat").read_bytes() == b"new bytes"
    assert (tmp_path / "x.dat.superseded").read_bytes() == b"old bytes"
    assert "x.dat.superseded" in finding.why


def test_a_file_that_the_archive_only_dates_anew_is_not_kept_twice(
    door: StreetDoor, tmp_path: Path
) -> None:
    def head(line: Line) -> None:
        line.head(200, content_length=5, etag='"new"')

    def again(plan: Plan, folder: Path) -> object:
        return fetch(plan, folder, lambda name: pytest.fail(name), door)

    with FaultServer() as server:
        url = server.on("/x.dat", File(b"bytes"), head, File(b"bytes", etag='"new"'))
        again(Plan((Product(url),)), tmp_path)
        changed = compared(verify(tmp_path), door)
        assert repaired(changed, again, made_up=False).whole  # type: ignore[arg-type]
    assert not list(tmp_path.glob("*.superseded"))
