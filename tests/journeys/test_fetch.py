"""This file brings files home from the sandbox: whole and documented, or a named failure."""

from __future__ import annotations

import hashlib
import json
import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from skyatlas import archives as registry
from skyatlas import library
from skyatlas.archive import Ask
from skyatlas.errors import BadInput, Corrupt, Refused, Unwritable
from skyatlas.journeys.fetch import Plan, listed, outcome_json
from skyatlas.model import Product, Why
from skyatlas.sandbox import ACCOUNTS
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from skyatlas.observations import Observations
    from skyatlas.sandbox import Sandbox, World

NGC_1068 = (40.669629, -0.013281)
PI = ACCOUNTS[0]


def files_asked(box: Sandbox) -> list[str]:
    return [a.url.rsplit("/", 1)[1] for a in box.requests if "/dataPortal/file/" in a.url]


@pytest.fixture
def muse(atlas: Session) -> Observations:
    return atlas.search(NGC_1068, instrument="MUSE", kind="cube", calib_level="1..", public=True)


def test_a_product_comes_home_with_its_provenance(
    atlas: Session, muse: Observations, world: World, tmp_path: Path
) -> None:
    fetched = atlas.fetch(muse, tmp_path)
    (receipt,) = fetched.receipts
    item = world.items[receipt.product.product_id]
    assert receipt.path == tmp_path / item.filename
    assert receipt.path.read_bytes() == item.make()
    assert receipt.sha256 == hashlib.sha256(item.make()).hexdigest()
    assert not list(tmp_path.glob("*.part*"))
    beside = json.loads((tmp_path / f"{item.filename}.provenance.json").read_text())
    row = muse.table[0]
    for name in (
        "instrument_name", "proposal_id", "obs_creator_name", "calib_level", "t_min", "t_max",
        "data_rights", "obs_collection", "facility_name", "obs_release_date",
    ):  # fmt: skip
        assert beside["observation"][name] == row[name], name
    assert beside["retrieval"]["url"].startswith("https://dataportal.eso.org/dataPortal/file/")
    assert beside["query"]["asked"][0].startswith("SELECT * FROM ivoa.ObsCore")
    assert beside["versions"]["skyatlas"]
    assert library.read_receipt(tmp_path / f"{item.filename}.provenance.json") == receipt


def test_the_folder_has_one_provenance_with_the_acknowledgement_it_needs(
    atlas: Session, muse: Observations, tmp_path: Path
) -> None:
    atlas.fetch(muse, tmp_path)
    other = atlas.search(NGC_1068, instrument="HAWKI", calib_level="1..", public=True)
    fetched = atlas.fetch(other, tmp_path)
    document = json.loads((tmp_path / "provenance.json").read_text())
    files = [name for name in document["entity"] if name.startswith("file:")]
    assert len(files) == len(muse) + len(other)
    (thanks,) = document["entity"]["skyatlas:folder"]["skyatlas:acknowledgement"]
    programs = {*muse["proposal_id"], *other["proposal_id"]}
    assert all(program in thanks for program in programs)
    assert fetched.acknowledgements == {"eso": thanks}
    names = set(document["entity"]) | set(document["activity"]) | set(document["agent"])
    for relation in ("wasGeneratedBy", "used", "wasDerivedFrom", "wasAssociatedWith", "hadMember"):
        for link in document[relation].values():
            ends = [value for key, value in link.items() if key != "prov:type"]
            assert set(ends) <= names, relation


def test_the_provenance_is_read_by_the_reference_library(
    atlas: Session, muse: Observations, tmp_path: Path
) -> None:
    from prov.model import ProvActivity, ProvAgent, ProvDocument, ProvEntity

    atlas.fetch(muse, tmp_path)
    document = ProvDocument.deserialize(str(tmp_path / "provenance.json"), format="json")
    assert len(list(document.get_records(ProvEntity))) == 3  # the file, its source, the folder
    assert len(list(document.get_records(ProvActivity))) == 1
    agents = {str(agent.identifier) for agent in document.get_records(ProvAgent)}
    assert agents == {"archive:eso", "program:094.B-0321(A)", "skyatlas:software"}


def test_what_is_there_is_kept_without_asking(
    box: Sandbox, atlas: Session, muse: Observations, tmp_path: Path
) -> None:
    first = atlas.fetch(muse, tmp_path)
    before = len(files_asked(box))
    (again,) = atlas.fetch(muse, tmp_path).receipts
    assert again.status == "kept"
    assert again.sha256 == first.receipts[0].sha256
    assert len(files_asked(box)) == before


def test_a_file_that_was_touched_since_is_fetched_again(
    atlas: Session, muse: Observations, world: World, tmp_path: Path
) -> None:
    (receipt,) = atlas.fetch(muse, tmp_path).receipts
    receipt.path.write_bytes(b"rotten")
    (again,) = atlas.fetch(muse, tmp_path).receipts
    assert again.status == "fetched"
    assert again.path.read_bytes() == world.items[again.product.product_id].make()


def test_a_packed_raw_frame_is_unpacked_beside_its_original(
    atlas: Session, world: World, tmp_path: Path
) -> None:
    from astropy.io import fits

    found = atlas.search(NGC_1068, instrument="XSHOOTER", calib_level="0", public=True, limit=1)
    (receipt,) = atlas.fetch(found, tmp_path).receipts
    assert receipt.path.name.endswith(".fits.Z")
    assert receipt.path.read_bytes() == world.items[receipt.product.product_id].make()
    assert receipt.unpacked == tmp_path / receipt.path.name.removesuffix(".Z")
    with fits.open(receipt.readable, checksum=True) as hdus:
        assert hdus[0].header["INSTRUME"]


# Scenario 7: HTML saved as data.
def test_a_login_page_is_never_a_file(
    box: Sandbox, atlas: Session, muse: Observations, tmp_path: Path
) -> None:
    box.fault("html", "/dataPortal/file/")
    fetched = atlas.fetch(muse, tmp_path)
    (failure,) = fetched.failures
    assert failure.error
    assert not fetched.receipts
    assert not list(tmp_path.glob("*.fits*"))


# Scenario 25: a truncated .fits.Z.
def test_a_truncated_packed_file_is_corrupt_even_if_its_length_agrees(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    found = atlas.search(NGC_1068, instrument="XSHOOTER", calib_level="0", public=True, limit=1)
    box.fault("wrong-length=700", "/dataPortal/file/")
    fetched = atlas.fetch(found, tmp_path)
    assert isinstance(fetched.failures[0].error, Corrupt)
    assert not list(tmp_path.glob("*.fits*"))


# Scenario 24: path traversal through Content-Disposition.
def test_a_file_name_cannot_leave_the_folder(
    box: Sandbox, atlas: Session, muse: Observations, tmp_path: Path
) -> None:
    box.fault("bad-name=../../outside.fits", "/dataPortal/file/")
    inside = tmp_path / "a" / "b"
    (receipt,) = atlas.fetch(muse, inside).receipts
    assert receipt.path.parent == inside
    assert receipt.path.name == "outside.fits"
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and inside not in p.parents]
    assert outside == []


# Scenario 18: a DataLink error row kills the batch.
def test_a_broken_link_is_reported_and_the_rest_comes_home(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(
        NGC_1068, instrument="XSHOOTER", program="094.B-0321", calib_level="1..", public=True
    )
    fetched = atlas.fetch(found, tmp_path, ask=Ask(progenitors=True, ancillary=True))
    assert {r.product.product_id for r in fetched.receipts} > set(found["dp_id"])
    broken = [note for note in fetched.notes if note.why is Why.UNANSWERED]
    assert len(broken) == 1
    assert "could not be had" in broken[0].text or "cannot be had" in broken[0].text
    assert not fetched.complete
    # One progenitor belongs to somebody: that is a refusal that says that a login may help.
    assert [failure.needs_login for failure in fetched.failures] == [True]


def test_ancillary_files_and_previews_come_when_asked_for(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(NGC_1068, instrument="HARPS", calib_level="1..", public=True)
    plain = atlas.plan(found)
    more = atlas.plan(found, Ask(ancillary=True, previews=True))
    assert {p.semantics for p in plain.products} == {"#this"}
    assert {p.semantics for p in more.products} == {"#this", "#auxiliary", "#preview"}
    fetched = atlas.fetch(more, tmp_path)
    assert not fetched.failures
    assert any(r.path.suffix == ".tar" for r in fetched.receipts)


# Scenario 20: Raw2Master silently falls back to Raw2Raw.
def test_a_fallback_to_raw_calibrations_is_noticed(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(NGC_1068, instrument="FORS2", calib_level="0", public=True)
    plan = atlas.plan(found, Ask(calibrations="processed"))
    fallbacks = [note for note in plan.notes if note.why is Why.FALLBACK]
    assert len(fallbacks) == len(found)
    assert {tree.mode for tree in plan.trees} == {"raw"}
    xshooter = atlas.search(NGC_1068, instrument="XSHOOTER", calib_level="0", public=True, limit=2)
    plan = atlas.plan(xshooter, Ask(calibrations="processed"))
    assert not [note for note in plan.notes if note.why is Why.FALLBACK]
    assert {tree.mode for tree in plan.trees} == {"processed"}


def test_a_fault_that_swaps_the_mode_is_noticed(box: Sandbox, atlas: Session) -> None:
    found = atlas.search(NGC_1068, instrument="XSHOOTER", calib_level="0", public=True, limit=1)
    box.fault("mode-fallback")
    plan = atlas.plan(found, Ask(calibrations="processed"))
    assert [note.why for note in plan.notes if note.why is Why.FALLBACK] == [Why.FALLBACK]


def test_shared_calibrations_are_asked_for_in_one_request_and_fetched_once(
    box: Sandbox, atlas: Session, world: World, tmp_path: Path
) -> None:
    found = atlas.search(NGC_1068, instrument="FORS2", calib_level="0", public=True)
    assert len(found) > 1
    fetched = atlas.fetch(found, tmp_path, ask=Ask(calibrations="raw"))
    assert not fetched.failures
    asked = files_asked(box)
    assert len(asked) == len(set(asked))
    assert sum("/calselector/" in a.url for a in box.requests) == 1
    shared = [
        r for r in fetched.receipts if len(r.product.provenance.get("calibrates", ())) == len(found)
    ]
    assert shared
    kept = json.loads((tmp_path / "calibrations.json").read_text())
    trees = kept["associations"]
    assert [tree["files"][0]["product_id"] for tree in trees] == list(found["dp_id"])
    for tree, dp_id in zip(trees, found["dp_id"], strict=True):
        assert tree["needs"][0]["category"] == world.raw2raw[str(dp_id)].children[0].category


def test_calibrations_are_fetched_without_a_token(
    box: Sandbox, pi_atlas: Session, tmp_path: Path
) -> None:
    found = pi_atlas.search(NGC_1068, program=PI_PROGRAM, calib_level="0", limit=1)
    fetched = pi_atlas.fetch(found, tmp_path, ask=Ask(calibrations="raw"))
    assert not fetched.failures
    for asked in box.requests:
        if "/dataPortal/file/" in asked.url:
            science = asked.url.endswith(str(found["dp_id"][0]))
            assert ("authorization" in asked.headers) is science


PI_PROGRAM = "112.25R7.001"


def test_a_proprietary_file_needs_a_login_and_says_so(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(NGC_1068, program=PI_PROGRAM, calib_level="1..", limit=1)
    fetched = atlas.fetch(found, tmp_path)
    (failure,) = fetched.failures
    assert isinstance(failure.error, Refused)
    assert failure.needs_login
    assert "skyatlas login eso" in str(failure.error)
    assert outcome_json(fetched)["files"][0]["status"] == "refused"


def test_a_login_that_is_not_permitted_is_told_from_no_login(box: Sandbox, tmp_path: Path) -> None:
    visitor = ACCOUNTS[1]
    environment = {
        "SKYATLAS_ESO_USERNAME": visitor.username,
        "SKYATLAS_ESO_PASSWORD": visitor.password,
    }
    with Session(Settings(sandbox=box.url, environment=environment)) as atlas:
        found = atlas.search(NGC_1068, program=PI_PROGRAM, calib_level="1..", limit=1)
        (failure,) = atlas.fetch(found, tmp_path).failures
    assert isinstance(failure.error, Refused)
    assert not failure.needs_login
    assert failure.status == "refused"
    assert "permitted" in str(failure.error)


# Scenario 10: a token that expires in mid-batch.
def test_a_token_that_expires_in_mid_batch_is_renewed_silently(
    box: Sandbox, pi_atlas: Session, tmp_path: Path
) -> None:
    found = pi_atlas.search(NGC_1068, program=PI_PROGRAM, calib_level="1..")
    assert len(found) >= 4
    box.fault("expired-token=2", "/dataPortal/file/")
    fetched = pi_atlas.fetch(found, tmp_path)
    assert not fetched.failures
    assert len(fetched.receipts) == len(found)
    assert sum("/sso/oidc/token" in a.url for a in box.requests) > 1


# Scenario 11: credentials in URL, log, cache, receipt, exception.
def test_a_secret_is_nowhere(
    box: Sandbox, pi_atlas: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    found = pi_atlas.search(NGC_1068, program=PI_PROGRAM, calib_level="1..", limit=2)
    (tmp_path / "answer.json").write_text(json.dumps(found.to_json()))
    pi_atlas.fetch(found, tmp_path)
    box.fault("503", "/dataPortal/file/")
    box.fault("html", "/sso/")
    (tmp_path / "failures").write_text(
        "\n".join(repr(f.error) for f in pi_atlas.fetch(found, tmp_path / "b").failures)
    )
    with pytest.raises(Exception) as raised:  # noqa: PT011 (whatever it is, it must hold no secret)
        pi_atlas.login("eso", PI.username, PI.password)
    words = ["".join(traceback.format_exception(raised.value)), caplog.text, repr(pi_atlas)]
    words += [path.read_text(errors="replace") for path in tmp_path.rglob("*.json")]
    words += [(tmp_path / "failures").read_text()]
    tokens = {
        a.headers["authorization"].split()[1] for a in box.requests if "authorization" in a.headers
    }
    assert tokens
    secrets = {PI.password, quote(PI.password), quote_plus(PI.password), *tokens}
    for secret in secrets:
        for text in words:
            assert secret not in text


# Scenario 12: a token sent to the redirect's target.
def test_a_token_stays_with_its_host_on_a_redirect(
    box: Sandbox, pi_atlas: Session, tmp_path: Path
) -> None:
    found = pi_atlas.search(NGC_1068, program=PI_PROGRAM, calib_level="1..", limit=1)
    box.fault("redirect", "/dataPortal/file/")
    pi_atlas.fetch(found, tmp_path)
    elsewhere = [a for a in box.requests if "elsewhere.eso.org" in a.url]
    assert elsewhere
    assert all("authorization" not in a.headers and "cookie" not in a.headers for a in elsewhere)


def test_failures_can_be_tried_again(box: Sandbox, atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(NGC_1068, instrument="HAWKI", calib_level="1..", public=True)
    box.fault("html", f"/dataPortal/file/{found['dp_id'][0]}")
    fetched = atlas.fetch(found, tmp_path)
    assert (len(fetched.receipts), len(fetched.failures)) == (len(found) - 1, 1)
    box.heal()
    again = fetched.retry()
    assert not again.failures
    assert [r.product.product_id for r in again.receipts] == [found["dp_id"][0]]


def test_a_broken_line_goes_on_where_it_broke(
    box: Sandbox, atlas: Session, muse: Observations, world: World, tmp_path: Path
) -> None:
    box.fault("reset=1000000", "/dataPortal/file/", count=1)
    (receipt,) = atlas.fetch(muse, tmp_path).receipts
    assert receipt.path.read_bytes() == world.items[receipt.product.product_id].make()
    ranges = [a.headers.get("range") for a in box.requests if "/dataPortal/file/" in a.url]
    assert ranges[0] is None
    assert (ranges[1] or "").startswith("bytes=")


def test_a_disk_that_is_too_small_is_said_before_starting(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    huge = Product("https://dataportal.eso.org/dataPortal/file/X", size=10**18)
    with pytest.raises(Unwritable, match="free"):
        atlas.fetch(Plan((huge,)), tmp_path)
    assert files_asked(box) == []


def test_a_folder_that_cannot_be_made_is_said(atlas: Session, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unwritable, match="cannot be made"):
        atlas.fetch(["https://dataportal.eso.org/dataPortal/file/X"], tmp_path / "file" / "data")


def test_a_list_of_files_is_read_line_by_line() -> None:
    plan = listed("# mine\nhttps://a.b/c.fits\n\nhttps://a.b/d d.fits sha256:00ff\n")
    assert [(p.url, p.name, p.checksum) for p in plan.products] == [
        ("https://a.b/c.fits", None, None),
        ("https://a.b/d", "d.fits", "sha256:00ff"),
    ]
    with pytest.raises(BadInput, match="line 1"):
        listed("ftp://a.b/c")


def test_a_wrong_checksum_in_the_list_is_corrupt(
    atlas: Session, muse: Observations, tmp_path: Path
) -> None:
    url = f"https://dataportal.eso.org/dataPortal/file/{muse['dp_id'][0]}"
    fetched = atlas.fetch(listed(f"{url} x.fits sha256:{'0' * 64}"), tmp_path)
    assert isinstance(fetched.failures[0].error, Corrupt)
    assert not (tmp_path / "x.fits").exists()


@pytest.mark.parametrize("what", [3, ["not a url"], None])
def test_what_cannot_be_fetched_is_refused(atlas: Session, tmp_path: Path, what: object) -> None:
    with pytest.raises(BadInput, match="cannot fetch"):
        atlas.fetch(what, tmp_path)


def test_what_the_sandbox_made_up_says_so_and_is_never_kept_for_the_real_thing(
    atlas: Session, muse: Observations, tmp_path: Path
) -> None:
    from skyatlas.journeys.fetch import fetch
    from skyatlas.journeys.look import describe
    from skyatlas.net.door import StreetDoor

    (receipt,) = atlas.fetch(muse, tmp_path).receipts
    assert receipt.made_up
    assert "made up" in str(describe(receipt))
    document = json.loads((tmp_path / "provenance.json").read_text())
    assert document["entity"][f"file:{receipt.path.name}"]["skyatlas:sandbox"] is True
    # The real archive would have to be asked; offline that is a failure, never the made-up file.
    real = fetch(atlas.plan(muse), tmp_path, registry.archive, StreetDoor(offline=True))
    assert not real.receipts
    assert len(real.failures) == 1


# Scenario 22: duplicates downloaded twice.
def test_a_file_that_two_products_share_is_planned_once(atlas: Session) -> None:
    found = atlas.search(
        NGC_1068, instrument="MUSE", program="094.B-0321", calib_level="1..", public=True
    )
    plan = atlas.plan(found, Ask(ancillary=True))
    ids = [product.product_id for product in plan.products]
    assert set(found["dp_id"]) <= set(ids)  # the white-light image is also the cube's companion
    assert len(ids) == len(set(ids))


def test_a_search_of_an_own_table_is_no_more_complete_than_any_other(atlas: Session) -> None:
    assert atlas.search(NGC_1068, table="ist.xshooter").complete is None
    assert atlas.search(NGC_1068, table="ssap").complete is None


def test_trees_of_earlier_fetches_into_the_folder_are_kept(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(NGC_1068, instrument="FORS2", calib_level="0", public=True)
    for number in (0, 1, 0):
        atlas.fetch(found[number : number + 1], tmp_path, ask=Ask(calibrations="raw"))
    trees = json.loads((tmp_path / "calibrations.json").read_text())["associations"]
    assert [tree["files"][0]["product_id"] for tree in trees] == list(found["dp_id"][:2])


def test_links_are_read_once_and_one_that_cannot_be_read_is_its_own_note(
    box: Sandbox, atlas: Session
) -> None:
    found = atlas.search(
        NGC_1068, instrument="XSHOOTER", program="094.B-0321", calib_level="1..", public=True
    )
    assert len(found) == 3
    box.fault("tap-error", "/datalink/", count=1)
    plan = atlas.plan(found, Ask(calibrations="raw"))
    assert sum("/datalink/" in asked.url for asked in box.requests) == len(found)
    assert {p.product_id for p in plan.products if p.semantics == "#this"} == set(found["dp_id"])
    assert any(p.semantics == "#calibration" for p in plan.products)
    (note,) = (note for note in plan.notes if "links of" in note.text)
    assert note.why is Why.UNANSWERED
