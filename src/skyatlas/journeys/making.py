"""This file makes the pieces that no service cuts: of whole images, or of ranges of remote bytes.

Invariant: a piece is made of files that were verified, or of ranges of one and the same file; what
it was made of stands in its receipt. What cannot be made is a failure or a note, never a gap.
"""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from threading import Event
from typing import TYPE_CHECKING, Any

from skyatlas import library
from skyatlas.errors import AtlasError, FormatError, Incomplete, TransferError, Unreadable
from skyatlas.journeys.fetch import Fetched, Plan, each_once, owner_of
from skyatlas.journeys.pieces import of_images, of_ranges
from skyatlas.journeys.verify import rehash
from skyatlas.model import Failure, Note, Product, Receipt, Why
from skyatlas.net.keeping import Owner
from skyatlas.net.leases import open_in, try_lock
from skyatlas.net.made import kept
from skyatlas.net.redaction import redact
from skyatlas.threads import side_by_side

if TYPE_CHECKING:
    from skyatlas.journeys.pieces import Piece
    from skyatlas.net.street import Street

__all__ = ["WORKSHOP", "made"]

WORKSHOP = ".skyatlas-frames"
"""The folder in the destination where whole images wait until all pieces of them are made."""
_HARDLY = 0.01
"""A part of a piece that is not worth a word: rounded edges, a bad column."""
_SIGN = ".skyatlas-at-work-"
"""How the files in it begin that say who is at work there."""
_AT_ONCE = 4
"""Remote files that are read in part at the same time; images that are put together."""
_LARGE = 0.2
"""Degrees. Putting together a larger piece takes more than half a GB: one at a time."""

_log = logging.getLogger(__name__)

Fetch = Callable[[Plan, Path], Fetched]
"""Bring the files of a plan into a folder."""


def made(
    todo: Plan,
    folder: Path,
    fetch: Fetch,
    street: Street,
    *,
    check: bool = False,
    stop: Event | None = None,
) -> Fetched:
    """Fetch a plan, and make what is made here. Raises what `fetch` raises.

    Whole images are fetched once, to a folder of their own that goes when all pieces are made: an
    interruption loses nothing. With `check` pieces that are here are hashed before they are kept.
    """
    if not any(product.made for product in todo.products):
        return fetch(todo, folder)
    work = _Workshop(todo, folder, street, stop)
    missing = work.missing(check=check)
    mosaics = [product for product in missing if product.made == "mosaic"]
    if mosaics:
        with _at_work(folder / WORKSHOP):
            work.put_together(mosaics, _frames(mosaics, folder, fetch, todo.context))
    work.read_in_part([product for product in missing if product.made == "ranges"])
    if not work.failures:
        _clear(folder / WORKSHOP)
    gone = {product.key for product in missing} - set(work.receipts)
    here = tuple(product for product in todo.products if product.key not in gone)
    done = fetch(replace(todo, products=here), folder)
    return replace(
        done,
        # What was made in this run was there already for the fetch after it.
        receipts=tuple(work.receipts.get(one.product.key, one) for one in done.receipts),
        failures=(*done.failures, *work.failures),
        notes=(*done.notes, *work.notes),
    )


@contextmanager
def _at_work(workshop: Path) -> Iterator[None]:
    """Nobody clears the workshop meanwhile: a file in it is locked, as long as this process lives.

    Where that cannot be, what is wrong with the folder is the fetch's to say.
    """
    name = f"{_SIGN}{os.getpid()}-{token_hex(4)}"
    file = -1
    try:
        workshop.mkdir(parents=True, exist_ok=True)
        file = open_in(workshop, name)
        try_lock(file)
    except OSError as error:
        _log.debug("%s cannot be kept from others who clear it: %s", workshop, error)
    try:
        yield
    finally:
        if file >= 0:
            os.close(file)
            (workshop / name).unlink(missing_ok=True)


def _clear(workshop: Path) -> None:
    """Remove it, unless another process is at work in it: then that one does."""
    if not any(_is_held(sign) for sign in workshop.glob(f"{_SIGN}*")):
        shutil.rmtree(workshop, ignore_errors=True)


def _is_held(sign: Path) -> bool:
    try:
        file = os.open(sign, os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(file)
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(file)


@dataclass(slots=True)
class _Frames:
    """The whole images that pieces are made of, by address; and those that did not come."""

    receipts: dict[str, Receipt] = field(default_factory=dict)
    errors: dict[str, AtlasError] = field(default_factory=dict)


def _frames(
    mosaics: Sequence[Product], folder: Path, fetch: Fetch, context: Mapping[str, Any]
) -> _Frames:
    whole = [
        Product(
            url=url,
            archive=product.archive,
            mirrors=tuple(product.provenance.get("source_mirrors", {}).get(url, ())),
        )
        for product in mosaics
        for url in product.sources
    ]
    if not whole:
        return _Frames()
    done = fetch(Plan(each_once(whole), context=context), folder / WORKSHOP)
    return _Frames(
        {receipt.product.url: receipt for receipt in done.receipts},
        {failure.product.url: failure.error for failure in done.failures},
    )


class _Workshop:
    """The pieces of one plan that are made here, and what became of them."""

    def __init__(self, todo: Plan, folder: Path, street: Street, stop: Event | None) -> None:
        self.receipts: dict[str, Receipt] = {}
        self.failures: list[Failure] = []
        self.notes: list[Note] = []
        self._todo = todo
        self._folder = folder
        self._street = street
        self._stop = stop
        self._shelf = library.Shelf(folder)
        self._made_up = street.route.sandbox is not None

    def missing(self, *, check: bool) -> list[Product]:
        """Those that the folder has not, or not any more as they were."""
        found = []
        for product in self._todo.products:
            if not product.made:
                continue
            here = self._shelf.find(product.key, made_up=self._made_up)
            if here is None or (check and not rehash(here)):
                found.append(product)
        return found

    def put_together(self, products: Sequence[Product], frames: _Frames) -> None:
        """Cut pieces out of whole images, or put them together of several."""

        def make(product: Product) -> None:
            lost = [url for url in product.sources if url in frames.errors]
            if lost:
                words = f"{_name(product)} was not made: {lost[0]} ({frames.errors[lost[0]]})"
                self._fail(product, TransferError(words, product=product))
                return
            started = self._street.clock.today()
            images = [frames.receipts[url] for url in product.sources]
            try:
                self._keep(product, of_images(product, images), started)
            except AtlasError as error:
                self._fail(product, error)

        self._each(make, products, lambda product: [product])

    def read_in_part(self, products: Sequence[Product]) -> None:
        """Read pieces out of remote files; all of one file over one connection."""
        by_source: dict[str, list[Product]] = {}
        for product in products:
            by_source.setdefault(product.sources[0], []).append(product)

        def make(some: list[Product]) -> None:
            started = self._street.clock.today()
            for product, piece in zip(some, of_ranges(some, self._street), strict=True):
                if isinstance(piece, Note):
                    self.notes.append(piece)
                    continue
                try:
                    if isinstance(piece, AtlasError):
                        raise piece
                    self._keep(product, piece, started)
                except AtlasError as error:
                    self._fail(product, error)

        self._each(make, list(by_source.values()), list)

    def _each(
        self,
        make: Callable[[Any], None],
        items: Sequence[Any],
        products: Callable[[Any], list[Product]],
    ) -> None:
        def unless_stopped(item: Any) -> None:
            if self._stop is None or not self._stop.is_set():
                make(item)
                return
            for product in products(item):
                words = "it was not begun: skyatlas was stopped; ask again"
                self.failures.append(Failure(product, Incomplete(words, product=product)))

        if not items:
            return
        from astropy.utils.exceptions import AstropyWarning

        # What threads silence each by itself, one of them may let out while another still reads.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            large = any(_is_large(product) for item in items for product in products(item))
            side_by_side(unless_stopped, items, 1 if large else _AT_ONCE)

    def _keep(self, product: Product, piece: Piece, started: float) -> None:
        self._say_what_is_empty(product, piece)
        product = replace(
            product,
            # Receipts are passed on; a piece is known by its id, not by an address.
            url=redact(product.url),
            sources=tuple(map(redact, product.sources)),
            provenance={**product.provenance, **piece.facts},
        )
        receipt = kept(
            product,
            self._folder / product.folder,
            piece.body,
            street=self._street,
            owner=self._owner,
            ways=piece.ways,
            started=started,
            replace=True,
        )
        receipt = replace(receipt, made_up=self._made_up)
        library.write_receipt(receipt, self._todo.context)
        self._shelf.add(receipt)
        self.receipts[product.key] = receipt

    def _say_what_is_empty(self, product: Product, piece: Piece) -> None:
        """Where its archive could not say so before."""
        coverage = piece.facts.get("coverage", 1.0)
        if coverage < product.provenance.get("coverage", 1.0) - _HARDLY:
            words = f"of {_name(product)} {100 * (1 - coverage):.0f} % is empty: no image shows it"
            self.notes.append(Note(Why.ASSUMED, words))

    def _owner(self, path: Path, product: Product) -> Owner:
        """Whose the file is that has the name already."""
        return owner_of(path, product, made_up=self._made_up)

    def _fail(self, product: Product, error: AtlasError) -> None:
        """What cannot be cut is told; what failed can be tried again."""
        if isinstance(error, FormatError | Unreadable):
            self.notes.append(Note(Why.UNANSWERED, f"no piece of {_name(product)}: {error}"))
        else:
            self.failures.append(Failure(product, error))


def _name(product: Product) -> str:
    return product.name or product.obs_id or product.url


def _is_large(product: Product) -> bool:
    about = product.provenance
    sides = (about.get("cutout_width", 0.0), about.get("cutout_height", 0.0))
    return product.made == "mosaic" and max(sides) > _LARGE
