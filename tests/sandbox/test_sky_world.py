"""This file tests that the sandbox's ESO archive is consistent in itself and like the real one."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from astropy.io import fits

from skyatlas.sandbox.eso_holdings import CROWD, MISSING
from skyatlas.sandbox.item import ACCOUNTS, Association, Item, World
from skyatlas.sandbox.rows import NEVER, NOWHERE
from skyatlas.sandbox.sky import distance
from skyatlas.sandbox.world import make_world

NGC_1068 = (40.669629, -0.013281)


@cache
def world() -> World:
    return make_world(1)


def of(table: str | None) -> list[Item]:
    return [item for item in world().items.values() if item.table == table]


def products() -> list[Item]:
    return of("ivoa.ObsCore")


def near(items: list[Item], ra: str, dec: str, degrees: float) -> list[Item]:
    return [i for i in items if distance((i.row[ra], i.row[dec]), NGC_1068) < degrees]  # type: ignore[arg-type]


def nodes(tree: Association) -> Iterator[tuple[int, Association]]:
    todo = [(1, tree)]
    while todo:
        depth, node = todo.pop()
        yield depth, node
        todo += [(depth + 1, child) for child in node.children]


def test_the_same_seed_makes_the_same_world_and_the_same_bytes() -> None:
    again = make_world(1)
    assert list(again.items) == list(world().items)
    assert again.raw2raw == world().raw2raw
    seen: set[tuple[object, ...]] = set()
    for item in world().items.values():
        assert again.items[item.dp_id].row == item.row
        assert again.items[item.dp_id].links == item.links
        sort = (item.table, item.filename.rsplit(".")[-1], item.row.get("instrument_name"))
        if sort not in seen:
            seen.add(sort)
            assert again.items[item.dp_id].make() == item.make()


def test_another_seed_makes_another_world() -> None:
    assert set(make_world(2).items) != set(world().items)


def test_the_archive_is_about_as_large_as_it_says() -> None:
    crowd = [item for item in of("dbo.raw") if item.row["object"] == "SGR A"]
    assert len(crowd) == CROWD > 1200
    assert 250 <= len(products()) + len(of("dbo.raw")) - len(crowd) <= 650


@pytest.mark.parametrize(
    ("table", "recorded", "count"),
    [
        ("ivoa.ObsCore", "query_coll_vvv_sgra.csv", 54),
        ("dbo.raw", "query_main_sgra.csv", 62),
    ],
)
def test_rows_use_the_columns_of_the_real_tables(
    table: str, recorded: str, count: int, shared_data: Path
) -> None:
    with (shared_data / "responses" / "astroquery_eso" / recorded).open() as file:
        columns = set(next(csv.reader(file))) - {""}
    assert len(columns) == count
    used: set[str] = set()
    for item in of(table):
        used |= set(item.row)
    assert used <= columns
    assert len(used) > 0.7 * count


def test_rows_are_written_as_the_real_ones() -> None:
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    for item in products():
        row = item.row
        assert row["access_url"] == (
            f"http://archive.eso.org/datalink/links?ID=ivo://eso.org/ID?{item.dp_id}"
        )
        assert stamp.fullmatch(str(row["obs_release_date"]))
        assert 1e-7 < float(str(row["em_min"])) < float(str(row["em_max"])) < 1e-5
        assert (row["snr"] is not None) == (row["dataproduct_type"] == "spectrum")
        assert str(row["s_region"]).startswith(
            "POSITION J2000 " if row["dataproduct_type"] == "spectrum" else "POLYGON J2000 "
        )
    for item in of("dbo.raw"):
        row = item.row
        assert row["access_url"] == f"https://dataportal.eso.org/dataPortal/file/{item.dp_id}"
        assert stamp.fullmatch(str(row["release_date"]))
        assert str(row["date_obs"])[:-1] == item.dp_id.partition(".")[2]


def test_calibration_frames_carry_the_real_archives_bogus_position() -> None:
    lost = [item for item in of("dbo.raw") if item.row["ra"] == NOWHERE == item.row["dec"]]
    assert lost
    assert {item.row["dp_cat"] for item in lost} == {"CALIB"}
    assert all("s_region" not in item.row for item in lost)


def test_ngc_1068_has_one_of_everything() -> None:
    found = near(products(), "s_ra", "s_dec", 0.2)
    kinds = Counter((i.row["instrument_name"], i.row["dataproduct_type"]) for i in found)
    for wanted in (
        ("XSHOOTER", "spectrum"), ("MUSE", "cube"), ("MUSE", "image"), ("HAWKI", "image"),
        ("SINFONI", "cube"), ("UVES", "spectrum"), ("HARPS", "spectrum"), ("VIRCAM", "image"),
        ("VIRCAM", "measurements"), ("SPHERE", "image"),
    ):  # fmt: skip
        assert kinds[wanted], wanted
    raw = near(of("dbo.raw"), "ra", "dec", 0.3)
    assert {"XSHOOTER", "MUSE", "FORS2", "SINFONI"} <= {i.row["instrument"] for i in raw}
    assert {"SCIENCE", "ACQUISITION"} <= {i.row["dp_cat"] for i in raw}
    assert {i.filename.rsplit(".", 1)[1] for i in raw} == {"Z", "fz"}


def test_programmes_have_both_formats_and_a_quote() -> None:
    programmes = {str(item.row["proposal_id"]) for item in products()}
    assert {"112.25R7.001", "0112.C-0999(A)", "094.B-0321(A)"} <= programmes
    assert "091.B-0088(B)" in programmes
    assert any("O'BRIEN" in str(item.row["obs_creator_name"]) for item in products())
    assert any("O'BRIEN" in str(item.row["pi_coi"]) for item in of("dbo.raw"))


def test_what_is_proprietary_is_released_in_the_far_future_and_somebody_may_see_it() -> None:
    closed = [item for item in world().items.values() if item.proprietary]
    assert closed
    for item in closed:
        assert {NEVER} >= {
            item.row[name] for name in ("obs_release_date", "release_date") if name in item.row
        }
        assert any(item.program in account.programs for account in ACCOUNTS)
    assert not any(
        NEVER in item.row.values() for item in world().items.values() if not item.proprietary
    )


def test_hidden_rows_belong_to_the_guaranteed_time_programme() -> None:
    hidden = [item for item in world().items.values() if item.hidden]
    assert {item.program for item in hidden} == {"0112.C-0999(A)"}
    assert {item.row["instrument_name"] for item in hidden if item.table == "ivoa.ObsCore"} == {
        "SPHERE",
        "NIRPS",
    }


def test_links_exist_but_for_one_lost_and_one_closed() -> None:
    lost, closed = [], []
    for item in products():
        for link in item.links:
            other = world().items.get(link.dp_id)
            if other is None:
                lost.append(link.dp_id)
            elif other.proprietary and not item.proprietary:
                closed.append(other.program)
    assert lost == [MISSING]
    assert closed == ["112.25R7.001"]


def test_every_product_says_what_it_was_made_of_and_most_have_previews() -> None:
    for item in products():
        semantics = Counter(link.semantics for link in item.links)
        assert semantics["#progenitor"] >= 1
        needs = item.row["dataproduct_type"] != "measurements" and "WHITE" not in item.category
        assert semantics["#preview"] == int(needs)
        aided = item.row["obs_collection"] == "HARPS" or (
            item.row["instrument_name"] == "MUSE" and item.row["dataproduct_type"] == "cube"
        )
        assert semantics["#auxiliary"] == int(aided)


def test_what_lies_beside_a_product_is_what_its_name_says() -> None:
    starts = {".png": b"\x89PNG", ".pdf": b"%PDF", ".tar": b"ADP"}
    seen: set[str] = set()
    for item in of(None):
        ending = Path(item.filename).suffix
        if ending in starts and ending not in seen:
            seen.add(ending)
            body = item.make()
            assert body.startswith((starts[ending], b"HARPS."))
    assert seen == set(starts)


def test_a_preview_opens_as_an_image() -> None:
    from matplotlib import image

    for kind in ("spectrum", "image", "cube"):
        link = next(
            link
            for item in products()
            for link in item.links
            if item.row["dataproduct_type"] == kind and link.semantics == "#preview"
        )
        pixels = image.imread(BytesIO(world().items[link.dp_id].make()), format="png")
        assert min(pixels.shape[:2]) >= 100
        assert pixels.min() < pixels.max()


def test_a_harps_tar_holds_readable_fits_files() -> None:
    import tarfile

    item = next(item for item in of(None) if item.filename.endswith(".tar"))
    with tarfile.open(fileobj=BytesIO(item.make())) as archive:
        names = archive.getnames()
        assert [name.rsplit("_", 3)[1] for name in names] == ["ccf", "bis"]
        body = archive.extractfile(names[0])
        assert body is not None
        with fits.open(body, checksum=True) as hdus:
            assert hdus[0].data.argmin() == 80


def test_every_science_frame_has_a_tree_and_nothing_else_has() -> None:
    science = {item.dp_id for item in of("dbo.raw") if item.row["dp_cat"] == "SCIENCE"}
    assert set(world().raw2raw) == science
    assert set(world().raw2master) < science
    lacking = science - set(world().raw2master)
    assert {world().items[name].row["instrument"] for name in lacking} == {"FORS2"}


def test_trees_are_nested_and_all_their_calibrations_are_public_files() -> None:
    for trees, least in ((world().raw2raw, 4), (world().raw2master, 3)):
        for name, tree in trees.items():
            assert [file for _, file in tree.files] == [name]
            assert tree.match == ""
            for depth, node in nodes(tree):
                assert depth <= least
                if depth > 1:
                    assert node.files
                    assert node.match == "calib_plan"
                    assert not any(world().items[file].proprietary for _, file in node.files)
    deepest = max(depth for tree in world().raw2raw.values() for depth, _ in nodes(tree))
    assert deepest == 4


def test_frames_share_calibrations() -> None:
    used: Counter[str] = Counter()
    for tree in world().raw2raw.values():
        used.update({file for depth, node in nodes(tree) if depth > 1 for _, file in node.files})
    assert used.most_common(1)[0][1] > 100


def test_one_tree_is_incomplete_and_says_why_and_one_is_not_certified() -> None:
    trees = world().raw2raw.values()
    (incomplete,) = [tree for tree in trees if not tree.complete]
    assert "STD" in incomplete.messages[0]
    assert "STD" not in {child.category for child in incomplete.children}
    (fresh,) = [tree for tree in trees if not tree.certified]
    assert fresh.messages


def test_footprints_at_the_poles_and_at_ra_0_are_there() -> None:
    wide = [item for item in products() if item.row["obs_collection"] == "VHS"]
    assert len(wide) == 4
    vertices = [[float(x) for x in str(item.row["s_region"]).split()[2:]] for item in wide]
    assert any(max(v[::2]) - min(v[::2]) > 300.0 and abs(v[1]) < 30.0 for v in vertices)
    assert any(min(v[1::2]) > 88.0 for v in vertices)
    assert any(max(v[1::2]) < -88.0 for v in vertices)
