"""This file tells the journey of the files: from observations to whole files with receipts.

Invariant: every product ends as a receipt or as a failure; nothing is dropped, nothing is fetched
twice, and what stands under a final name was verified.
"""

from __future__ import annotations

import queue
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol

from skyatlas import library
from skyatlas.archive import Ask
from skyatlas.errors import ArchiveError, AtlasError, BadInput, Unwritable
from skyatlas.journeys import manifest
from skyatlas.journeys.layout import MAST, PLAIN, laid_out
from skyatlas.model import Association, Failure, Note, Product, Receipt, Why, size_text
from skyatlas.net.keeping import Owner
from skyatlas.net.transfer import Order
from skyatlas.net.unpack import unpack

if TYPE_CHECKING:
    from threading import Event

    from astropy.table import Table

    from skyatlas.archive import Archive
    from skyatlas.net.door import StreetDoor
    from skyatlas.net.street import Street
    from skyatlas.observations import Observations

_LOOK = 0.1
"""Seconds between two looks at how far the files are."""
_PARTING = 1.0
"""Seconds that files under way get to put their bytes down after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a fetch is."""

    files: int
    """Files that are done with."""
    of: int
    bytes: int
    """Bytes that came in this run, also of unfinished files; of kept files none."""
    total: int | None
    """Bytes that this run brings in all; None where the archives did not tell of every file."""
    likely: int | None = None
    """The same, as far as it can be guessed from the files that have begun."""
    under_way: Sequence[tuple[Product, int, int | None]] = ()
    """Files on their way: bytes that are here, bytes of the whole or None."""


class Progress(Protocol):
    """What a face is told while files come in; always in the thread that called `fetch`."""

    def at(self, state: State) -> None:
        """So far we are; ten times a second."""

    def end(self, outcome: Receipt | Failure) -> None:
        """A file is done with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fetch would do, before it does it."""

    products: tuple[Product, ...]
    notes: tuple[Note, ...] = ()
    trees: tuple[Association, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What it is all for (the query), for the receipts."""
    manifested: bool = False
    """Whether a `manifest.csv` is wanted beside the files."""

    @property
    def size(self) -> int:
        """Bytes of all products whose size the archive told."""
        return sum(product.size or 0 for product in self.products)

    @property
    def unsized(self) -> int:
        """How many products have no known size."""
        return sum(product.size is None for product in self.products)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came home, and what did not."""

    folder: Path
    receipts: tuple[Receipt, ...]
    failures: tuple[Failure, ...]
    notes: tuple[Note, ...] = ()
    trees: tuple[Association, ...] = ()
    acknowledgements: Mapping[str, str] = field(default_factory=dict, hash=False)
    again: Callable[[Sequence[Product]], Fetched] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def complete(self) -> bool:
        """Whether every file came home and every link could be followed."""
        return not self.failures and not any(note.why is Why.UNANSWERED for note in self.notes)

    def retry(self) -> Fetched:
        """Try the failures again."""
        if self.again is None:
            raise BadInput("this outcome cannot be tried again: it was not made by a session")
        return self.again([failure.product for failure in self.failures])

    def manifest(self) -> Table:
        """What became of each file, as MAST tells it: Local Path, Status, Message, URL.

        Status is COMPLETE, SKIPPED (it was here already, and is kept) or ERROR.
        """
        return manifest.table([*manifest.rows(self.folder, (*self.receipts, *self.failures))])

    def __len__(self) -> int:
        return len(self.receipts)

    def __str__(self) -> str:
        lines = [f"{receipt.status:8} {receipt.path}" for receipt in self.receipts]
        lines += [f"{f.status:8} {f.product.url}: {f.error}" for f in self.failures]
        return "\n".join([*lines, *(note.text for note in self.notes)])


def plan(
    observations: Observations, archives: Callable[[str], Archive], door: StreetDoor, ask: Ask
) -> Plan:
    """Ask each archive for the files of its observations; each file once.

    An archive that cannot say is a note, not an end. Raises BadInput where an archive has not the
    list that `ask.only` chooses from; nothing was asked by then.
    """
    parts: list[Product | Note | Association] = []
    by_archive = observations.by_archive()
    asks = {name: _understood(ask, archives(name)) for name in by_archive}
    for name, rows in by_archive.items():
        try:
            parts.extend(archives(name).products(rows, door, asks[name]))
        except ArchiveError as error:
            parts.append(Note(Why.UNANSWERED, f"{name} did not tell its files ({error})"))
    products = [part for part in parts if isinstance(part, Product)]
    return Plan(
        products=each_once(products),
        notes=tuple(dict.fromkeys(part for part in parts if isinstance(part, Note))),
        trees=tuple(part for part in parts if isinstance(part, Association)),
        context={
            "query": observations.to_json()["query"],
            "asked": [text for report in observations.reports for text in report.asked],
        },
    )


def _understood(ask: Ask, archive: Archive) -> Ask:
    """The same wish in the archive's own spelling of its columns. Raises BadInput."""
    if not ask.only:
        return ask
    columns = {column.casefold(): column for column in archive.product_columns}
    if not columns:
        raise BadInput(
            f"{archive.name} has no list of files to choose from with --only: leave that out, or "
            "fetch from other archives alone (-a)"
        )
    unknown = [column for column, _ in ask.only if column.casefold() not in columns]
    if unknown:
        raise BadInput(
            f"{archive.name} does not know {unknown[0]!r} of its files; there are: "
            f"{', '.join(archive.product_columns)}"
        )
    only = tuple((columns[column.casefold()], values) for column, values in ask.only)
    return replace(ask, only=only)


def each_once(products: Iterable[Product]) -> tuple[Product, ...]:
    """The first of products that are the same file: shared calibrations come home once."""
    first: dict[str, Product] = {}
    addresses: set[str] = set()
    for product in products:
        if product.key not in first and product.url not in addresses:
            first[product.key] = product
            addresses.add(product.url)
    return tuple(first.values())


def listed(text: str) -> Plan:
    """Read a list of files: per line a URL, then optionally its name and `sha256:…` or `md5:…`.

    Further URLs in a line are mirrors: other addresses of the same bytes.
    """
    products = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not words[0].startswith(("https://", "http://")):
            raise BadInput(f"line {number} of the list does not start with a URL: {line.strip()!r}")
        mirrors = [word for word in words[1:] if word.startswith(("https://", "http://"))]
        checksums = [word for word in words[1:] if word.startswith(("sha256:", "md5:"))]
        names = [word for word in words[1:] if word not in (*checksums, *mirrors)]
        if len(checksums) > 1 or len(names) > 1:
            raise BadInput(f"line {number} of the list has too many words: {line.strip()!r}")
        products.append(
            Product(
                url=words[0],
                name=names[0] if names else None,
                checksum=checksums[0] if checksums else None,
                mirrors=tuple(mirrors),
            )
        )
    return Plan(each_once(products), context={"asked": ["a list of URLs"]})


def fetch(
    todo: Plan,
    folder: Path,
    archives: Callable[[str], Archive],
    door: Street,
    *,
    progress: Progress | None = None,
    stop: Event | None = None,
    check: bool = False,
    layout: str = PLAIN,
) -> Fetched:
    """Bring the files home, many at once. Raises only where nothing can be kept (Unwritable).

    Files that are there already, whole by their receipts, are kept without asking anybody; with
    `check` their bytes are hashed first, and what has rotted is fetched again. `layout` is as in
    `laid_out`; with "mast" there is also a `manifest.csv`.
    """
    todo = laid_out(todo, layout)
    _make(folder)
    fetching = _Fetching(todo, folder, door, progress, check=check)
    try:
        fetching.run(stop)
    finally:
        # Also after Ctrl-C: what came home is documented.
        manifested = todo.manifested or layout == MAST
        thanks, notes = _close(folder, fetching, archives, manifested=manifested)
    notes = (*todo.notes, *notes)
    return Fetched(folder, fetching.receipts(), fetching.failures(), notes, todo.trees, thanks)


class _Fetching:
    """The batch of one fetch."""

    def __init__(
        self,
        todo: Plan,
        folder: Path,
        door: Street,
        progress: Progress | None,
        *,
        check: bool,
    ) -> None:
        self.todo = todo
        self.shelf = library.Shelf(folder)
        self._folder = folder
        self._door = door
        self._progress = progress
        self._check = check
        self._made_up = door.route.sandbox is not None
        self._outcomes: dict[str, Receipt | Failure] = {}
        self._ended: queue.SimpleQueue[tuple[Product, Receipt | AtlasError]] = queue.SimpleQueue()
        self._bytes = self._brought = 0
        """Bytes and number of the files that came home in this run."""
        self._total: int | None = None

    def run(self, stop: Event | None) -> None:
        """Until every product has its outcome, or an exception (Ctrl-C) comes."""
        orders = list(self._orders())
        sizes = [order.product.size for order in orders if order.product.size is not None]
        self._total = sum(sizes) if len(sizes) == len(orders) else None
        transfers = self._door.transfers
        transfers.submit(orders)
        left = len(orders)
        del orders
        told = 0.0
        try:
            while left:
                left -= self._hear(_LOOK)
                if stop is not None and stop.is_set():
                    transfers.stop(self)
                if self._progress is not None and time.monotonic() - told >= _LOOK:
                    told = time.monotonic()
                    self._progress.at(self._state())
        except BaseException:
            transfers.stop(self)
            until = time.monotonic() + _PARTING
            while left and time.monotonic() < until:
                left -= self._hear(_LOOK)
            raise
        if self._progress is not None:
            self._progress.at(self._state())

    def receipts(self) -> tuple[Receipt, ...]:
        """In the order of the products."""
        found = (self._outcomes.get(product.key) for product in self.todo.products)
        return tuple(one for one in found if isinstance(one, Receipt))

    def failures(self) -> tuple[Failure, ...]:
        """In the order of the products."""
        found = (self._outcomes.get(product.key) for product in self.todo.products)
        return tuple(one for one in found if isinstance(one, Failure))

    def manifest(self) -> Iterator[manifest.Row]:
        """What became of each file, also of those that have no outcome: a stop left them behind."""
        left = (one for one in self.todo.products if one.key not in self._outcomes)
        return manifest.rows(self._folder, (*self.receipts(), *self.failures()), left)

    # What the engine asks and tells.

    def here(self, product: Product) -> Receipt | None:
        """Whether another process brought it meanwhile."""
        found = self.shelf.find(product.key, made_up=self._made_up)
        return None if found is None or self._check else replace(found, status="kept")

    def owner(self, path: Path, product: Product) -> Owner:
        """Whose the file is by its receipt."""
        return owner_of(path, product, made_up=self._made_up)

    def keep(self, receipt: Receipt) -> Receipt:
        """Unpack a .fits.Z or a zip of one FITS file, and write the receipt."""

        def may_replace(path: Path) -> bool:
            return self.owner(path, receipt.product) in (Owner.OURS, Owner.EDITED)

        unpacked = unpack(receipt.path, may_replace)
        if unpacked is not None:
            ways = (*receipt.verified, "unpacked fits structure")
            receipt = replace(receipt, unpacked=unpacked, verified=ways)
        receipt = replace(receipt, made_up=True) if self._made_up else receipt
        library.write_receipt(receipt, self.todo.context)
        self.shelf.add(receipt)
        return receipt

    def done(self, product: Product, outcome: Receipt | AtlasError) -> None:
        """The end of one."""
        self._ended.put((product, outcome))

    def _orders(self) -> Iterator[Order]:
        """What must be fetched; the others are kept."""
        missing, rotten = [], set()
        for product in self.todo.products:
            receipt = self.shelf.find(product.key, made_up=self._made_up)
            if receipt is None:
                missing.append(product)
            elif self._check and not _as_it_was(receipt):
                missing.append(product)
                rotten.add(product.key)
            else:
                # The caller's own product: a hundred thousand copies need not be kept.
                self._note(product, replace(receipt, status="kept", product=product))
        anonymous = self._door.without_login()
        for product in self._fitting(self._inside(missing)):
            yield Order(
                product,
                self._folder / product.folder if product.folder else self._folder,
                anonymous if product.anonymous else self._door,
                self,
                replace=product.key in rotten,
            )

    def _inside(self, products: Sequence[Product]) -> list[Product]:
        """Those that somebody has and that stay in the folder; the others fail at once."""
        good = []
        for product in products:
            path = PurePath(product.folder)
            if product.made:
                words = f"{product.url} is made here, of other files: nobody has it"
                self._note(product, Failure(product, BadInput(words)))
            elif path.is_absolute() or ".." in path.parts:
                words = f"the folder {product.folder!r} of a product leads out of its place"
                self._note(product, Failure(product, BadInput(words)))
            else:
                good.append(product)
        return good

    def _fitting(self, products: Sequence[Product]) -> Iterator[Product]:
        """Those whose disk has room for all that is to come to it; the others fail at once.

        Sizes that the archive did not tell count nothing. Raises Unwritable where nothing fits.
        """
        disks: dict[int, list[Product]] = {}
        places = {name: _disk(self._folder / name) for name in {one.folder for one in products}}
        for product in products:
            disks.setdefault(places[product.folder][0], []).append(product)
        full: dict[int, Unwritable] = {}
        for disk, path in {*places.values()}:
            wanted = sum(product.size or 0 for product in disks[disk])
            free = shutil.disk_usage(path).free
            if wanted > free:
                full[disk] = Unwritable(
                    f"{size_text(wanted)} are wanted, but only {size_text(free)} are free at "
                    f"{path}: make room, choose another folder with -o, or ask for less"
                )
        if full and len(full) == len(disks):
            raise next(iter(full.values()))
        for product in products:
            error = full.get(places[product.folder][0])
            if error is None:
                yield product
            else:
                self._note(product, Failure(product, error))

    def _hear(self, seconds: float) -> int:
        """Take the ends that came; wait so long for the first."""
        count = 0
        try:
            product, outcome = self._ended.get(timeout=seconds)
            while True:
                count += 1
                good = isinstance(outcome, Receipt)
                self._note(product, outcome if good else Failure(product, outcome))  # type: ignore[arg-type]
                product, outcome = self._ended.get_nowait()
        except queue.Empty:
            return count

    def _note(self, product: Product, outcome: Receipt | Failure) -> None:
        self._outcomes[product.key] = outcome
        if isinstance(outcome, Receipt) and outcome.status != "kept":
            self._bytes += outcome.size
            self._brought += 1
        if self._progress is not None:
            self._progress.end(outcome)

    def _state(self) -> State:
        under_way = [
            (arrival.product, arrival.size, arrival.length)
            for arrival in self._door.transfers.under_way(self)
        ]
        here = self._bytes + sum(size for _, size, _ in under_way)
        files, of = len(self._outcomes), len(self.todo.products)
        return State(files, of, here, self._total, self._likely(under_way), tuple(under_way))

    def _likely(self, under_way: Sequence[tuple[Product, int, int | None]]) -> int | None:
        """As if the files of which nothing is known were as large as the others."""
        if self._total is not None:
            return self._total
        lengths = [length for _, _, length in under_way if length is not None]
        known, files = self._bytes + sum(lengths), self._brought + len(lengths)
        unknown = len(self.todo.products) - len(self._outcomes) - len(lengths)
        return known + known * unknown // files if files else None


def owner_of(path: Path, product: Product, *, made_up: bool) -> Owner:
    """Whose a file is, by its receipt; the sandbox's are another's."""
    receipt = library.receipt_of(path)
    if receipt is None:
        return Owner.NOBODY
    if receipt.product.key != product.key or receipt.made_up is not made_up:
        return Owner.OTHER
    return Owner.OURS if library.is_whole(receipt) else Owner.EDITED


def _as_it_was(receipt: Receipt) -> bool:
    from skyatlas.journeys.verify import rehash

    return rehash(receipt)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unwritable(f"the folder {folder} cannot be made: {error.strerror}") from error


def _disk(folder: Path) -> tuple[int, Path]:
    """The disk of a folder that may not be there yet, and a path on it."""
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_dev, folder


def _close(
    folder: Path, fetching: _Fetching, archives: Callable[[str], Archive], *, manifested: bool
) -> tuple[Mapping[str, str], tuple[Note, ...]]:
    """Write what describes the folder as a whole; the acknowledgements, by archive.

    Where that cannot be written, the files are none the worse: a note.
    """
    thanks: dict[str, str] = {}
    trees = fetching.todo.trees
    papers: list[Callable[[], object]] = [lambda: _provenance(folder, fetching, archives, thanks)]
    if trees:
        papers.append(lambda: library.write_trees(folder, trees))
    if manifested:
        papers.append(lambda: manifest.write(folder, fetching.manifest()))
    notes = []
    for write in papers:
        try:
            write()
        except Unwritable as error:
            notes.append(Note(Why.UNDOCUMENTED, str(error)))
    return {name: text for name, text in thanks.items() if text}, tuple(notes)


def _provenance(
    folder: Path,
    fetching: _Fetching,
    archives: Callable[[str], Archive],
    thanks: dict[str, str],
) -> None:
    """Write `provenance.json`, and fill in the thanks on the way."""
    by: dict[str, list[Product]] = {}

    def all_receipts() -> Iterator[Receipt]:
        for receipt in fetching.shelf.receipts(fetching.receipts()):
            if receipt.product.archive:
                by.setdefault(receipt.product.archive, []).append(receipt.product)
            yield receipt
        for name, products in by.items():
            thanks[name] = archives(name).acknowledgement(products)

    if fetching.shelf.known or (folder / "provenance.json").exists():
        library.write_provenance(folder, all_receipts(), thanks)


def outcome_json(fetched: Fetched) -> dict[str, Any]:
    """The command line's contract for `fetch --json`."""
    files: list[dict[str, Any]] = [
        {
            "path": str(r.path),
            "status": r.status,
            "size": r.size,
            "sha256": r.sha256,
            "url": r.url,
            "archive": r.product.archive,
            "obs_id": r.product.obs_id,
            "target": r.product.target,
            "unpacked": str(r.unpacked) if r.unpacked else None,
            "why": None,
        }
        for r in fetched.receipts
    ]
    files += [
        {
            "path": None,
            "status": f.status,
            "size": f.product.size,
            "sha256": None,
            "url": f.product.url,
            "archive": f.product.archive,
            "obs_id": f.product.obs_id,
            "target": f.product.target,
            "unpacked": None,
            "why": str(f.error),
        }
        for f in fetched.failures
    ]
    notes = [{"why": str(n.why), "text": n.text, "count": n.count} for n in fetched.notes]
    return {"files": files, "notes": notes, "complete": fetched.complete}
