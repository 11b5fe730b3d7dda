"""This file brings MAST's files home from the sandbox: folders, manifest, tokens, copies."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from astropy.table import vstack
from steady_server import SteadyServer, fits_file

from skyatlas import library
from skyatlas.archive import Ask
from skyatlas.archives.mast.rows import FILES, caom
from skyatlas.errors import BadInput
from skyatlas.journeys.fetch import Fetched, Plan
from skyatlas.model import Product, Why
from skyatlas.observations import Observations
from skyatlas.sandbox import MAST_TOKENS
from skyatlas.sandbox.mast_holdings import files, observations
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from skyatlas.model import Failure, Receipt
    from skyatlas.sandbox import Sandbox
    from skyatlas.sandbox.mast_item import MastObservation

SEED = 1
NGC_1068 = (40.669629, -0.013281)
RAW = Ask(only=(("extension", ("_raw.fits",)),))
"""Small files of HST, two of each observation."""


def of(*held: MastObservation) -> Observations:
    """What a search would have found."""
    table = caom([{**one.row, "obsid": one.obsid} for one in held])
    table["target"] = ["NGC 1068"] * len(table)
    return Observations(table)


def held(collection: str, *, exclusive: bool = False) -> list[MastObservation]:
    return [
        one
        for one in observations(SEED).values()
        if one.collection == collection and one.exclusive is exclusive and one.files
    ]


@pytest.fixture
def hubble() -> Observations:
    return of(*held("HST"))


@pytest.fixture
def pi(box: Sandbox) -> Iterator[Session]:
    """A session of somebody whose token is in the environment."""
    environment = {"MAST_API_TOKEN": MAST_TOKENS[0].secret}
    with Session(Settings(sandbox=box.url, environment=environment)) as session:
        yield session


def asked(box: Sandbox) -> Counter[str]:
    """How often each file was asked for at MAST, by URI."""
    return Counter(
        parse_qs(urlsplit(one.url).query)["uri"][0]
        for one in box.requests
        if one.url.startswith(FILES)
    )


def told(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def statuses(folder: Path) -> Counter[str]:
    return Counter(row["Status"] for row in told(folder))


def assert_genuine(fetched: Fetched) -> None:
    for receipt in fetched.receipts:
        file, _ = files(SEED)[receipt.product.product_id]
        assert receipt.path.read_bytes() == file.make()


def plan_of(atlas: Session, found: Observations, count: int = 10) -> Plan:
    """So many raw frames."""
    plan = atlas.plan(found, RAW)
    assert len(plan.products) >= count
    return Plan(plan.products[:count], context=plan.context)


# Folders and the manifest.


def test_masts_layout_and_manifest_are_those_that_its_users_know(
    atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    fetched = atlas.fetch(plan_of(atlas, hubble, 4), tmp_path, layout="mast")
    assert_genuine(fetched)
    for receipt in fetched.receipts:
        product = receipt.product
        assert receipt.path == tmp_path / "mastDownload" / "HST" / product.obs_id / str(
            product.name
        )
    table = fetched.manifest()
    assert table.colnames == ["Local Path", "Status", "Message", "URL"]
    assert set(table["Status"]) == {"COMPLETE"}
    assert [Path(path) for path in table["Local Path"]] == [one.path for one in fetched.receipts]
    assert [dict(row) for row in told(tmp_path)] == [
        {name: str(row[name]) for name in table.colnames} for row in table
    ]


def test_files_that_are_kept_are_in_the_manifest_too(
    atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    atlas.fetch(plan_of(atlas, hubble, 2), tmp_path, layout="mast")
    atlas.fetch(plan_of(atlas, hubble, 4), tmp_path, layout="mast")
    assert [row["Status"] for row in told(tmp_path)] == ["SKIPPED"] * 2 + ["COMPLETE"] * 2
    assert told(tmp_path)[0]["Message"].startswith("kept")


def test_the_manifest_keeps_what_earlier_fetches_brought_as_long_as_it_is_there(
    atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    products = plan_of(atlas, hubble, 3).products
    atlas.fetch(Plan(products[:2]), tmp_path, layout="mast")
    Path(told(tmp_path)[0]["Local Path"]).unlink()
    atlas.fetch(Plan(products[2:]), tmp_path, layout="mast")
    assert [Path(row["Local Path"]).name for row in told(tmp_path)] == [
        one.name for one in products[1:]
    ]


@pytest.mark.parametrize("theirs", [b"\xff\x00;nothing\nof ours", b"", b"Local Path,Status\n"])
def test_a_manifest_of_somebody_else_is_left_alone(
    atlas: Session, hubble: Observations, tmp_path: Path, theirs: bytes
) -> None:
    (tmp_path / "manifest.csv").write_bytes(theirs)
    fetched = atlas.fetch(plan_of(atlas, hubble, 1), tmp_path, layout="mast")
    assert fetched.complete
    assert [note.why for note in fetched.notes] == [Why.UNDOCUMENTED]
    assert (tmp_path / "manifest.csv").read_bytes() == theirs
    assert (tmp_path / "provenance.json").is_file()


def test_a_plain_fetch_writes_no_manifest_and_makes_no_folders(
    atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    fetched = atlas.fetch(plan_of(atlas, hubble, 1), tmp_path)
    assert fetched.receipts[0].path.parent == tmp_path
    assert not (tmp_path / "manifest.csv").exists()


def test_a_layout_that_makes_no_sense_is_refused_before_anybody_is_asked(
    box: Sandbox, atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="layout"):
        atlas.fetch(hubble, tmp_path, layout="flat")
    assert box.requests == []


# Scenario 2: one dropped connection aborts the batch, and the manifest is lost.
def test_a_dropped_connection_in_file_3_of_10_loses_nothing(
    box: Sandbox, atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    plan = plan_of(atlas, hubble)
    box.fault("reset", str(plan.products[2].name), count=1)
    fetched = atlas.fetch(plan, tmp_path, layout="mast")
    assert len(fetched.receipts) == 10
    assert_genuine(fetched)
    assert statuses(tmp_path) == {"COMPLETE": 10}


def test_a_file_that_never_comes_is_one_row_of_the_manifest(
    box: Sandbox, atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    plan = plan_of(atlas, hubble)
    third = plan.products[2]
    box.fault("html", str(third.name))
    fetched = atlas.fetch(plan, tmp_path, layout="mast")
    assert len(fetched.receipts) == 9
    assert [failure.product.product_id for failure in fetched.failures] == [third.product_id]
    assert statuses(tmp_path) == {"COMPLETE": 9, "ERROR": 1}
    (row,) = [row for row in told(tmp_path) if row["Status"] == "ERROR"]
    assert row["URL"] == third.url
    assert row["Local Path"].endswith(f"mastDownload/HST/{third.obs_id}/{third.name}")
    assert "web page" in row["Message"]
    box.heal()
    assert fetched.retry().complete
    assert statuses(tmp_path) == {"COMPLETE": 10}


class Impatient:
    """Presses Ctrl-C after three files."""

    def __init__(self) -> None:
        self.ended = 0

    def at(self, state: object) -> None:
        """Does not look."""

    def end(self, outcome: Receipt | Failure) -> None:
        self.ended += 1
        if self.ended == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("parting", [1.0, -1.0], ids=["in time", "too late to hear of the rest"])
def test_after_ctrl_c_the_manifest_has_what_came_and_what_did_not(
    atlas: Session,
    hubble: Observations,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parting: float,
) -> None:
    monkeypatch.setattr("skyatlas.journeys.fetch._PARTING", parting)
    plan = plan_of(atlas, hubble)
    with pytest.raises(KeyboardInterrupt):
        atlas.fetch(plan, tmp_path, layout="mast", progress=Impatient())
    counts = statuses(tmp_path)
    assert counts["COMPLETE"] >= 3
    assert counts.total() == 10
    for row in told(tmp_path):
        assert Path(row["Local Path"]).is_file() >= (row["Status"] == "COMPLETE")
    fetched = atlas.fetch(plan, tmp_path, layout="mast")
    assert fetched.complete
    assert statuses(tmp_path)["ERROR"] == 0
    assert statuses(tmp_path)["SKIPPED"] >= counts["COMPLETE"]


# Scenario 14: Retry-After of a 429 is ignored.
def test_the_wait_that_mast_asks_for_is_kept(
    box: Sandbox, atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    plan = plan_of(atlas, hubble, 1)
    box.fault("429=2", "Download/file", count=1)
    fetched = atlas.fetch(plan, tmp_path)
    assert fetched.complete
    first, second = [one.time for one in box.requests if one.url.startswith(FILES)]
    assert second - first >= 2


# Scenario 21: two products of one name.
def test_two_files_of_one_name_both_come_home_and_the_receipts_tell_them_apart(
    atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    one, other = plan_of(atlas, hubble, 3).products[::2]
    assert one.obs_id != other.obs_id
    same = Plan((replace(one, name="same.fits"), replace(other, name="same.fits")))
    for layout in ("plain", "mast"):
        folder = tmp_path / layout
        fetched = atlas.fetch(same, folder, layout=layout)
        assert fetched.complete
        assert_genuine(fetched)
        paths = {receipt.path for receipt in fetched.receipts}
        assert len(paths) == 2
        for receipt in fetched.receipts:
            beside = library.receipt_of(receipt.path)
            assert beside is not None
            assert beside.product.product_id == receipt.product.product_id
        kept = atlas.fetch(same, folder, layout=layout)
        assert {receipt.path for receipt in kept.receipts} == paths
        assert {receipt.status for receipt in kept.receipts} == {"kept"}
    assert {path.name for path in paths} == {"same.fits"}  # of MAST's layout, the last


# Scenario 22: duplicates are downloaded twice.
def test_a_guide_star_file_that_many_observations_list_is_fetched_once(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    guide = next(
        (file, owners)
        for file, owners in files(SEED).values()
        if len(owners) > 1 and file.subgroup.startswith("GS-") and not owners[0].exclusive
    )
    file, owners = guide
    ask = Ask(only=(("productFilename", (file.filename,)),))
    plan = atlas.plan(of(*owners), ask)
    (product,) = plan.products
    assert (product.product_id, product.obs_id) == (file.uri, plan.products[0].obs_id)
    assert [note.count for note in plan.notes if "several" in note.text] == [1]
    assert_genuine(atlas.fetch(plan, tmp_path))
    assert asked(box) == {file.uri: 1}


# Scenario 23: a whole file is held in memory.
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told in kB there")
def test_a_large_file_is_never_in_memory(tmp_path: Path) -> None:
    script = """
import resource, sys
import skyatlas
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
skyatlas.fetch([sys.argv[1] + "/small.fits"], sys.argv[2], progress=False)
before = most()
fetched = skyatlas.fetch([sys.argv[1] + "/large.fits"], sys.argv[2], progress=False)
print(fetched.receipts[0].size, most() - before)
"""
    size = 300 * 1000 * 1000
    rows = size // 2880
    head = fits_file(0, Random(1))[:2880].replace(
        f"{'NAXIS2':8}= {1:>20}".encode(), f"{'NAXIS2':8}= {rows:>20}".encode()
    )
    served = {"small.fits": fits_file(9000, Random(1)), "large.fits": head + bytes(rows * 2880)}
    with SteadyServer(served) as server:
        done = subprocess.run(
            [sys.executable, "-c", script, server.url, str(tmp_path)],
            check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    came, kilobytes = map(int, done.stdout.split())
    assert came == len(served["large.fits"])
    assert kilobytes < 60_000


# Tokens.


def test_files_of_the_exclusive_access_period_come_with_the_token_alone(
    box: Sandbox, atlas: Session, pi: Session, tmp_path: Path
) -> None:
    secret = of(*held("HST", exclusive=True)[:1])
    plan = atlas.plan(secret)
    closed = [note for note in plan.notes if note.why is Why.PROPRIETARY]
    assert [note.count for note in closed] == [len(plan.products)]
    fetched = atlas.fetch(plan, tmp_path / "stranger")
    assert not fetched.receipts
    assert all(failure.needs_login for failure in fetched.failures)
    with_token = pi.plan(secret)
    assert not [note for note in with_token.notes if note.why is Why.PROPRIETARY]
    fetched = pi.fetch(with_token, tmp_path / "pi")
    assert fetched.complete
    assert_genuine(fetched)


# Second sources.


def test_where_mast_does_not_give_a_file_its_copy_comes_without_the_token(
    box: Sandbox, pi: Session, hubble: Observations, tmp_path: Path
) -> None:
    plan = plan_of(pi, hubble, 2)
    assert all(product.mirrors for product in plan.products)
    box.fault("503", "Download/file")
    fetched = pi.fetch(plan, tmp_path)
    assert fetched.complete
    assert_genuine(fetched)
    bucket = "https://s3.amazonaws.com/stpubdata/"
    assert all(receipt.answered_url.startswith(bucket) for receipt in fetched.receipts)
    assert all(receipt.url.startswith(FILES) for receipt in fetched.receipts)
    at_mast = [one for one in box.requests if one.url.startswith(FILES)]
    at_bucket = [one for one in box.requests if one.url.startswith(bucket)]
    assert at_mast
    assert all(one.headers.get("authorization") for one in at_mast)
    assert at_bucket
    assert not any(one.headers.get("authorization") for one in at_bucket)
    assert not any(MAST_TOKENS[0].secret in str(dict(one.headers)) for one in at_bucket)


def test_copies_are_not_asked_for_where_nobody_wants_them(
    box: Sandbox, atlas: Session, hubble: Observations
) -> None:
    plan = atlas.plan(hubble, replace(RAW, cloud=False))
    assert not any(product.mirrors for product in plan.products)
    assert not [one for one in box.requests if "path_lookup" in one.url]


# What is chosen.


def test_members_of_an_association_are_documented_in_the_folder(
    atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    plan = atlas.plan(hubble[:1], Ask(progenitors=True))
    fetched = atlas.fetch(plan, tmp_path)
    assert fetched.complete
    (tree,) = json.loads((tmp_path / "calibrations.json").read_text())["associations"]
    homes = {receipt.product.product_id for receipt in fetched.receipts}
    assert {file["product_id"] for file in tree["files"]} <= homes
    members = [file["product_id"] for one in tree["needs"] for file in one["files"]]
    assert set(members) <= homes
    assert len(members) >= 2


def test_rows_of_a_missions_own_search_and_of_the_portal_are_each_listed_by_their_own(
    box: Sandbox, atlas: Session, hubble: Observations
) -> None:
    own = atlas.search(NGC_1068, archives="mast", table="hst", public=True)
    assert len(own) > 0
    both = Observations(vstack([hubble[:2].table, own.table], metadata_conflicts="silent"))
    before = len(box.requests)
    plan = atlas.plan(both, RAW)
    paths = {urlsplit(one.url).path for one in box.requests[before:]}
    assert "/api/v0/invoke" in paths
    assert any("list_products" in path for path in paths)
    assert len(plan.products) > len(atlas.plan(hubble[:2], RAW).products)


def test_an_archive_without_a_list_of_files_refuses_a_choice(box: Sandbox, atlas: Session) -> None:
    found = atlas.search("NGC 1068", archives="eso", instrument="HARPS", public=True)
    before = len(box.requests)
    with pytest.raises(BadInput, match=r"eso has no list of files.*--only.*leave that out"):
        atlas.plan(found, RAW)
    assert len(box.requests) == before


def test_a_column_that_mast_does_not_have_is_refused_and_case_does_not_count(
    box: Sandbox, atlas: Session, hubble: Observations
) -> None:
    with pytest.raises(BadInput, match=r"'colour'.*there are: productType"):
        atlas.plan(hubble, Ask(only=(("colour", ("red",)),)))
    assert box.requests == []
    only = (("PRODUCTSUBGROUPDESCRIPTION", ("raw",)),)
    assert {one.category for one in atlas.plan(hubble, Ask(only=only)).products} == {"SCIENCE.RAW"}


def test_the_receipt_tells_programme_instrument_and_rights(
    atlas: Session, hubble: Observations, tmp_path: Path
) -> None:
    fetched = atlas.fetch(plan_of(atlas, hubble, 1), tmp_path)
    (receipt,) = fetched.receipts
    beside = library.read_receipt(Path(f"{receipt.path}{library.SUFFIX}"))
    assert beside is not None
    facts = beside.product.provenance
    assert facts["instrument_name"].startswith(("ACS", "WFC3"))
    assert (facts["data_rights"], facts["obs_collection"]) == ("public", "HST")
    assert facts["obsid"].isdecimal()
    assert not facts["obs_id"].isdecimal()
    assert facts["proposal_id"] in fetched.acknowledgements["mast"]


def test_a_product_of_nobody_is_still_laid_out(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    file = next(file for file, owners in files(SEED).values() if file.cloud)
    url = f"https://s3.amazonaws.com/stpubdata{file.cloud}"
    fetched = atlas.fetch([Product(url=url)], tmp_path, layout="{archive}/{target}/{filename}")
    assert fetched.receipts[0].path.parent == tmp_path / "unknown" / "unknown"
    assert box.requests
