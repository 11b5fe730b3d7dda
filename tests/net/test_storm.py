"""This file fetches through every fault by name, then through a storm of all of them by seed.

Whatever happens on the way, a file is bit-identical or it is a named failure; none is ever wrong.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from storm import Storm
from storm_faults import FAULTS
from storm_files import Case
from storm_line import DIGESTS, NAMES
from storm_run import Verdict, judge, no_archive, product_of, run, storm_door

from skyatlas.errors import (
    AtlasError,
    Broken,
    Busy,
    Corrupt,
    Incomplete,
    Refused,
    Unreachable,
    Unreadable,
)
from skyatlas.journeys.fetch import Fetched, Plan, fetch
from skyatlas.model import Product

TRANSFERS = int(os.environ.get("STORM_TRANSFERS", "200"))
"""How many transfers the everyday storm has; the full one has 1,000."""
SIZE = 50_000

PASSES = (
    *("slow", "reset", "reset-at-once", "cut", "cut-silently", "cut-chunked", "no-last-chunk"),
    *("no-end", "bad-chunk", "silence", "silence-inside", "drip", "drip-head", "short-length"),
    *("long-length", "bad-length", "two-lengths", "empty", "html", "html-honest", "json"),
    *("202", "429", "429-date", "429-bare", "429-odd", "500", "502", "503", "503-bare", "504"),
    *("flip", "flip-cut", "bad-status", "junk", "huge-header", "nul-header", "half-a-head"),
)
"""Faults after which a second try brings the file."""
RANGES = tuple(name for name in FAULTS if name.startswith("range-") and name != "range-unasked")
HARMLESS = ("ok", "slow", "redirect")
STAYS: dict[str, type[AtlasError]] = {
    "reset": Incomplete,
    "reset-at-once": Unreachable,
    "cut": Incomplete,
    "cut-silently": Corrupt,
    "cut-chunked": Incomplete,
    "no-last-chunk": Incomplete,
    "bad-chunk": Incomplete,
    "silence": Unreachable,
    "drip-head": Unreachable,
    "short-length": Corrupt,
    "long-length": Incomplete,
    "bad-length": Unreachable,
    "empty": Corrupt,
    "range-unasked": Unreadable,
    "html": Corrupt,
    "html-honest": Corrupt,
    "json": Corrupt,
    "202": Busy,
    "204": Unreadable,
    "304": Unreadable,
    "400": Refused,
    "401": Refused,
    "403": Refused,
    "404": Refused,
    "410": Refused,
    "429": Busy,
    "429-date": Busy,
    "429-bare": Busy,
    "429-odd": Busy,
    "429-long": Busy,
    "500": Broken,
    "502": Broken,
    "503": Busy,
    "503-bare": Busy,
    "504": Broken,
    "redirect-nowhere": Refused,
    "redirect-closed": Unreachable,
    "redirect-loop": Broken,
    "redirect-file": Unreadable,
    "redirect-bare": Unreadable,
    "flip": Corrupt,
    "flip-cut": Incomplete,
    "bad-status": Unreachable,
    "junk": Unreachable,
    "huge-header": Unreachable,
    "nul-header": Unreachable,
    "half-a-head": Corrupt,  # libcurl takes the end of the line for the end of the head
}
"""What a fault is called that does not pass."""


@pytest.fixture(scope="module")
def storm() -> Iterator[Storm]:
    with Storm() as server:
        yield server


def fits(*tries: str, traits: tuple[str, ...] = (), seed: int = 1) -> Case:
    return Case(seed, SIZE, "fits", "n.fits", tries or ("ok",), traits)


def opaque(*tries: str, traits: tuple[str, ...] = (), seed: int = 1) -> Case:
    return Case(seed, SIZE, "opaque", "n.dat", tries or ("ok",), traits)


def bring(storm: Storm, place: Path, *cases: Case, **more: object) -> Fetched:
    """Fetch the files of these cases; whatever comes, nothing of it may contradict the truth."""
    return bring_products(storm, place, cases, [product_of(c, storm.url, **more) for c in cases])


def bring_products(
    storm: Storm, place: Path, cases: Sequence[Case], products: Sequence[Product]
) -> Fetched:
    with storm_door() as door:
        fetched = fetch(Plan(tuple(products)), place / "in" / "here", no_archive, door)
    verdict = Verdict()
    judge(cases, products, fetched, verdict)
    assert verdict.complaints == []
    return fetched


@pytest.mark.parametrize("fault", PASSES)
def test_a_file_is_bit_identical_after_a_fault_that_passes(
    storm: Storm, tmp_path: Path, fault: str
) -> None:
    assert bring(storm, tmp_path, fits(fault, "ok", seed=2)).complete


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_is_no_fault_asks_once(storm: Storm, tmp_path: Path, fault: str) -> None:
    case = opaque(fault)
    assert bring(storm, tmp_path, case).complete
    assert storm.tries(case) == 1


@pytest.mark.parametrize("fault", STAYS)
def test_a_fault_that_stays_has_its_leaf(storm: Storm, tmp_path: Path, fault: str) -> None:
    (failure,) = bring(storm, tmp_path, fits(fault)).failures
    assert isinstance(failure.error, STAYS[fault]), repr(failure.error)


def test_every_fault_is_tested_by_name() -> None:
    changes = {"new", "new-unconditionally", "416"}
    assert {*PASSES, *RANGES, *HARMLESS, *STAYS, *changes} == set(FAULTS)


@pytest.mark.parametrize("traits", [(), ("date",), ("chunked",), ("weak",), ("bare",)])
@pytest.mark.parametrize("fault", [*RANGES, "416", "ok"])
def test_a_range_that_is_answered_wrongly_never_joins_two_files(
    storm: Storm, tmp_path: Path, fault: str, traits: tuple[str, ...]
) -> None:
    for number, kind in enumerate((fits, opaque) if fault != "range-lies" else (fits,)):
        case = kind("cut", fault, fault, "ok", traits=traits)
        assert bring(storm, tmp_path / str(number), case).complete


@pytest.mark.parametrize("traits", [(), ("date",), ("chunked",), ("weak",), ("bare",), ("close",)])
@pytest.mark.parametrize("fault", ["new", "new-unconditionally"])
def test_a_file_that_changed_on_the_way_comes_as_it_is_now(
    storm: Storm, tmp_path: Path, fault: str, traits: tuple[str, ...]
) -> None:
    case = opaque("cut", fault, traits=traits)
    (receipt,) = bring(storm, tmp_path, case).receipts
    assert receipt.path.read_bytes() == case.data(2) != case.data(1)


@pytest.mark.parametrize("promise", DIGESTS)
def test_a_digest_that_was_promised_is_kept_to(storm: Storm, tmp_path: Path, promise: str) -> None:
    passing, staying = (opaque(*t, traits=(promise,)) for t in (("flip", "ok"), ("flip",)))
    assert bring(storm, tmp_path, passing).complete
    (failure,) = bring(storm, tmp_path / "b", staying).failures
    assert isinstance(failure.error, Corrupt)
    assert storm.tries(staying) == 2  # wrong bytes are fetched once more, not for ever


@pytest.mark.parametrize("promise", DIGESTS)
@pytest.mark.parametrize("harm", ["flip-cut", "cut"])
def test_a_digest_holds_for_a_file_that_came_in_two_pieces(
    storm: Storm, tmp_path: Path, promise: str, harm: str
) -> None:
    harms = (harm, "ok") if harm == "flip-cut" else ("cut", "range-lies", "ok")
    assert bring(storm, tmp_path, opaque(*harms, "ok", traits=(promise,))).complete


def test_a_sum_that_was_told_before_is_kept_to(storm: Storm, tmp_path: Path) -> None:
    case = opaque("cut-silently", "flip", seed=5)
    told = f"sha256:{hashlib.sha256(case.truth).hexdigest()}"
    (failure,) = bring(storm, tmp_path, case, checksum=told).failures
    assert isinstance(failure.error, Corrupt)


def test_a_receipt_admits_that_nothing_could_be_verified(storm: Storm, tmp_path: Path) -> None:
    """No length, no digest, no structure: nobody can know that the end is missing."""
    product = product_of(opaque("cut-silently", traits=("bare",)), storm.url)
    with storm_door() as door:
        (receipt,) = fetch(Plan((product,)), tmp_path, no_archive, door).receipts
    assert receipt.verified == ()


@pytest.mark.parametrize("name", NAMES)
def test_files_with_one_dangerous_name_all_come_home(
    storm: Storm, tmp_path: Path, name: str
) -> None:
    cases = [opaque(traits=(name,), seed=seed) for seed in range(1, 5)]
    assert bring(storm, tmp_path, *cases).complete


@pytest.mark.parametrize("identifier", ["storm/{}/the file", f"storm/{'★' * 60}/{'★' * 60}{{}}"])
@pytest.mark.parametrize("name", ["name-dots", "name-long", "name-folder"])
def test_files_with_one_name_and_nearly_one_identifier_all_come_home(
    storm: Storm, tmp_path: Path, name: str, identifier: str
) -> None:
    cases = [opaque(traits=(name,), seed=seed) for seed in range(1, 5)]
    products = [
        product_of(case, storm.url, product_id=identifier.format(number))
        for number, case in enumerate(cases)
    ]
    assert bring_products(storm, tmp_path, cases, products).complete


@pytest.mark.parametrize("fault", ["401", "403", "404", "410", "204", "429-long", "redirect-file"])
def test_where_asking_again_is_no_use_it_is_asked_once(
    storm: Storm, tmp_path: Path, fault: str
) -> None:
    case = opaque(fault, seed=3)
    assert not bring(storm, tmp_path, case).complete
    assert storm.tries(case) == 1


def test_a_storm_of_503_is_left_after_three_tries_and_over_in_the_next_run(
    storm: Storm, tmp_path: Path
) -> None:
    case = opaque(*["503"] * 4, "ok", seed=4)
    assert isinstance(bring(storm, tmp_path, case).failures[0].error, Busy)
    assert storm.tries(case) == 3
    assert bring(storm, tmp_path, case).complete


def test_in_a_storm_every_file_is_bit_identical_or_a_named_failure(
    storm: Storm, tmp_path: Path
) -> None:
    verdict = run(storm, tmp_path, TRANSFERS, seed=7)
    assert verdict.complaints == []
    assert verdict.right > TRANSFERS * 0.8
    assert verdict.failed > 0
