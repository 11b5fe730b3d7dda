"""This file makes up transfers by seed, has them fetched, and judges every file by its true bytes.

"Wrong" is a file under its final name that differs from what the archive has. What nobody can
know is kept out: bytes that get lost without a length, a digest or a structure to tell of it.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storm import Storm
from storm_files import ENDINGS, Case
from storm_line import DIGESTS, NAMELESS, NAMES

from skyatlas import library
from skyatlas.archive import Archive, Pace
from skyatlas.errors import ArchiveError, TransferError
from skyatlas.journeys.fetch import Fetched, Plan, fetch
from skyatlas.model import Failure, Product, Receipt
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.pace import Clock

PATIENCE = Patience(connect=2, silence=1, tries=3, longest_wait=5)
_HASTE = 50
"""The waits between tries are so many times shorter than the engine thinks."""
_LOSING = frozenset({"cut-silently", "short-length", "json", "flip", "flip-cut", "range-lies"})
"""Faults that leave no trace in what HTTP itself says."""
_STILL = frozenset({"silence", "silence-inside", "drip", "drip-head", "no-end"})
"""Faults that take a second or more each: rare, so that the storm is quick."""
_RANGES = tuple(f"range-{what}" for what in ("ignored", "shifted", "unsaid", "of-more", "of-star"))
_PASSING = (
    *("reset", "reset", "reset-at-once", "cut", "cut", "cut-silently", "cut-chunked"),
    *("no-last-chunk", "bad-chunk", "short-length", "long-length", "bad-length", "two-lengths"),
    *("empty", *_RANGES, *_RANGES, "range-lies", "range-unasked", "416", "html", "html-honest"),
    *("json", "429", "429-date", "429-bare", "500", "502", "503", "503", "503-bare", "504", "202"),
    *("flip", "flip-cut", "bad-status", "junk", "huge-header", "nul-header"),
    "half-a-head",
)
_STAYING = (
    *_PASSING,
    *("204", "304", "400", "401", "403", "404", "410", "429-long", "429-odd", "slow", "redirect"),
    *("redirect-nowhere", "redirect-closed", "redirect-loop", "redirect-file", "redirect-bare"),
)


class HastyClock(Clock):
    """A clock on which time flies: what waits by it is done in a fiftieth of the time."""

    def __init__(self) -> None:
        self._began, self._today = super().now(), super().today()

    def now(self) -> float:
        return self._began + _HASTE * (super().now() - self._began)

    def today(self) -> float:
        return self._today + self.now() - self._began

    def sleep(self, seconds: float, cancel: threading.Event | None = None) -> None:
        super().sleep(seconds / _HASTE, cancel)

    def after(self, seconds: float) -> float:
        """Sooner: the engine waits for the difference to `now` by its own clock."""
        return super().after(seconds / _HASTE)


@dataclass
class Verdict:
    """What came of the transfers."""

    right: int = 0
    failed: int = 0
    resumed: int = 0
    leaves: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    """One line for each thing that must not be."""

    def __str__(self) -> str:
        leaves = ", ".join(f"{number} {name}" for name, number in self.leaves.most_common())
        return (
            f"{self.right} right ({self.resumed} resumed), {self.failed} failed ({leaves}), "
            f"{len(self.complaints)} complaints"
        )


def storm_door(files_at_once: int = 16) -> StreetDoor:
    """A door that is patient for a second and in no hurry to be polite."""
    pace = Pace(at_once=16, per_second=0, files_at_once=files_at_once)
    hosts = {name: Host("storm", pace) for name in ("127.0.0.1", "localhost")}
    return StreetDoor(hosts, patience=PATIENCE, clock=HastyClock())


def product_of(case: Case, url: str, **more: object) -> Product:
    """The product whose file is this case's, at this server."""
    return Product(url + case.path, **more)  # type: ignore[arg-type]


def knowable(case: Case, *, sized: bool = False, summed: bool = False) -> bool:
    """Whether somebody who has only the answers (and the size or sum told before) can notice."""
    faults = _LOSING.intersection(case.tries)
    if set(DIGESTS).intersection(case.traits):
        faults &= {"json"}  # another document, which comes without the file's digest
    if summed or not faults:
        return True
    named = not NAMELESS.intersection(case.traits)
    structured = {
        "opaque": frozenset[str](),
        "vot": frozenset({"cut-silently", "short-length", "json"} if named else ()),
        "fits": _LOSING - (frozenset() if named else {"json"}),
        "gz": _LOSING - (frozenset() if named else {"json"}),
    }[case.kind]
    told = {"cut-silently", "short-length", "json"} if sized else set[str]()
    return faults <= structured | told


def made_up(seed: int, number: int) -> Iterator[tuple[Case, dict[str, object]]]:
    """So many cases, each with what the archive told about the file before."""
    luck = random.Random(f"storm {seed}")
    made = 0
    while made < number:
        case = _case(luck, seed, made)
        told = luck.choices(["", "sum", "size", "id"], [6, 1, 1, 1])[0]
        if not knowable(case, sized=told == "size", summed=told == "sum"):
            continue
        made += 1
        more: dict[str, object] = {"product_id": f"storm/{made}/file"} if told == "id" else {}
        if told == "sum":
            more["checksum"] = f"sha256:{hashlib.sha256(case.truth).hexdigest()}"
        if told == "size":
            more |= {"size": len(case.truth), "size_exact": True}
        yield case, more


def _case(luck: random.Random, seed: int, number: int) -> Case:
    kind = luck.choice(tuple(ENDINGS))
    size = int(luck.choice((1, 300, 9_000, 40_000, 150_000)) * luck.uniform(1, 3))
    if luck.random() < 0.01:
        size = luck.randrange(1_000_000, 4_000_000)
    traits = [luck.choices(["", "weak", "date", "bare"], [6, 1, 1, 1])[0]]
    traits.append(luck.choices(["", "chunked", "close"], [8, 2, 1])[0])
    traits.append(luck.choice(tuple(DIGESTS)) if luck.random() < 0.25 else "")
    traits.append(luck.choice(tuple(NAMES)) if luck.random() < 0.2 else "")
    name = f"n{number:04}{ENDINGS[kind]}"
    return Case(
        seed * 1_000_000 + number, size, kind, name, _tries(luck), tuple(t for t in traits if t)
    )


def _tries(luck: random.Random) -> tuple[str, ...]:
    lot = luck.random()
    if lot < 0.25:
        return ("ok",)
    if lot < 0.255:
        return luck.choice(tuple(sorted(_STILL))), "ok"
    if lot < 0.35:
        return luck.choice(("reset", "cut")), luck.choice(("new", "new-unconditionally")), "ok"
    if lot < 0.40:
        return (*(luck.choice(("503", "503-bare")),) * luck.randrange(1, 5), "ok")
    faults = tuple(luck.choice(_PASSING) for _ in range(luck.choice((1, 1, 1, 2, 2, 3))))
    return (*faults, luck.choice(_STAYING) if lot > 0.80 else "ok")


def no_archive(name: str) -> Archive:
    """The storm's products belong to no archive."""
    raise AssertionError(f"nobody needs {name} here")


def judge(
    cases: Sequence[Case], products: Sequence[Product], fetched: Fetched, verdict: Verdict
) -> None:
    """Compare what came home, and what lies in the folder, with the truth."""
    true = {product.key: case for product, case in zip(products, cases, strict=True)}
    outcomes = Counter(receipt.product.key for receipt in fetched.receipts)
    outcomes.update(failure.product.key for failure in fetched.failures)
    if outcomes != Counter(list(true)):
        verdict.complaints.append(
            f"outcomes do not match the plan: {outcomes - Counter(list(true))}"
        )
    for receipt in fetched.receipts:
        verdict.complaints += _about_receipt(receipt, true[receipt.product.key])
        verdict.resumed += receipt.status == "resumed"
    for failure in fetched.failures:
        verdict.complaints += _about_failure(failure, true[failure.product.key])
        verdict.leaves[type(failure.error).__name__] += 1
    verdict.right += len(fetched.receipts)
    verdict.failed += len(fetched.failures)
    verdict.complaints += _about_folder(fetched)


def _about_receipt(receipt: Receipt, case: Case) -> Iterator[str]:
    where = f"{case.path} -> {receipt.path.name}"
    data = receipt.path.read_bytes() if receipt.path.is_file() else None
    if data is None:
        yield f"MISSING {where}"
        return
    if data != case.truth:
        told = f"{len(data):,} bytes instead of {len(case.truth):,}, {receipt.verified}"
        yield f"WRONG {where}: {told}"
    if (receipt.size, receipt.sha256) != (len(data), hashlib.sha256(data).hexdigest()):
        yield f"RECEIPT {where}: it does not tell of these bytes"
    if library.receipt_of(receipt.path) is None:
        yield f"RECEIPT {where}: none beside the file"


def _about_failure(failure: Failure, case: Case) -> Iterator[str]:
    text = str(failure.error)
    if not isinstance(failure.error, ArchiveError | TransferError):
        yield f"LEAF {case.path}: {failure.error!r}"
    if len(text.split()) < 4 or "\n" in text:
        yield f"SENTENCE {case.path}: {text!r}"
    if case.tries == ("ok",):
        yield f"FAILED without a fault: {case.path}: {text}"


def _about_folder(fetched: Fetched) -> Iterator[str]:
    folder = fetched.folder
    final = {receipt.path for receipt in fetched.receipts}
    if len(final) != len(fetched.receipts):
        yield "two receipts for one path"
    ours = {path.with_name(path.name + library.SUFFIX) for path in final}
    ours |= {folder / "provenance.json", folder / ".skyatlas-index"}
    failed = tuple(f"{_known_as(failure.product)}~" for failure in fetched.failures)
    for path in folder.rglob("*"):
        unfinished = path.name.endswith((".part", ".part.json")) and path.name.startswith(failed)
        if path not in final | ours and not unfinished:
            yield f"LEFT {path.relative_to(folder)}"
    # The folder lies two levels deep in one that is ours: nothing else may appear there.
    lonely = [*folder.parents[1].iterdir(), *folder.parent.iterdir()]
    if lonely != [folder.parent, folder]:
        yield f"OUTSIDE {[str(path) for path in lonely]}"


def _known_as(product: Product) -> str:
    """How the part of a product is called before anybody was asked."""
    return (product.product_id or product.url).rpartition("/")[2]


def run(storm: Storm, place: Path, number: int, seed: int) -> Verdict:
    """Fetch all in one call, then what failed once more; both are judged."""
    cases, more = zip(*made_up(seed, number), strict=True)
    products = [product_of(case, storm.url, **said) for case, said in zip(cases, more, strict=True)]
    folder = place / "in" / "here"
    verdict = Verdict()
    with storm_door() as door:
        first = fetch(Plan(tuple(products)), folder, no_archive, door)
        judge(cases, products, first, verdict)
        second = fetch(Plan(tuple(products)), folder, no_archive, door)
    again = Verdict()
    judge(cases, products, second, again)
    kept = sum(receipt.status == "kept" for receipt in second.receipts)
    if kept != len(first.receipts):
        again.complaints.append(f"{len(first.receipts)} came home, but {kept} were kept")
    print(f"  first  {verdict}\n  second {again}", file=sys.stderr)
    again.complaints += verdict.complaints
    again.resumed += verdict.resumed
    return again


def report(storm: Storm, number: int, seed: int) -> int:
    """Run, print, and say by the exit code whether all is well."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        verdict = run(storm, Path(place), number, seed)
    print(f"{number} transfers, seed {seed}: {verdict}; {time.perf_counter() - started:.1f} s")
    for complaint in verdict.complaints:
        print(complaint)
    return 1 if verdict.complaints else 0
