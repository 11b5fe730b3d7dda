"""This file fetches again what is damaged; the bytes that it replaces are not lost unsaid.

Invariant: what was edited, or what an archive may not have any more, is kept under another name;
only bytes that rotted are dropped, and only when better ones are there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skyatlas import library
from skyatlas.errors import AtlasError, TransferError, Unwritable
from skyatlas.journeys.fetch import Fetched, Plan
from skyatlas.journeys.verify import Finding, State, Verified, context_of

if TYPE_CHECKING:
    from skyatlas.model import Product

__all__ = ["repaired"]

Fetch = Callable[[Plan, Path], Fetched]
"""Bring the files of a plan into a folder: `Session.fetch`."""

_ASIDE = {State.ROTTED: ".damaged", State.EDITED: ".edited", State.CHANGED: ".superseded"}
"""What the old file's name ends in while, and perhaps after, a new one is fetched."""


@dataclass(slots=True)
class _Case:
    """One file under repair."""

    finding: Finding
    kept: dict[Path, Path] = field(default_factory=dict)
    """What was set aside: from → to."""
    trouble: AtlasError | None = None

    @property
    def product(self) -> Product:
        """To be fetched under the name that the file has."""
        assert self.finding.receipt is not None
        return replace(
            self.finding.receipt.product, name=self.finding.path.name, folder=self._split()[1]
        )

    @property
    def folder(self) -> Path:
        """The folder that the file was fetched to, or its own where that cannot be told."""
        return self._split()[0]

    @property
    def context(self) -> str:
        """What the file was fetched for, as text to group by."""
        assert self.finding.receipt is not None
        return json.dumps(context_of(self.finding.receipt), sort_keys=True)

    def _split(self) -> tuple[Path, str]:
        assert self.finding.receipt is not None
        parent, folder = self.finding.path.parent, self.finding.receipt.product.folder
        parts = Path(folder).parts
        if parts and parent.parts[-len(parts) :] == parts:
            return parent.parents[len(parts) - 1], folder
        return parent, ""


def repaired(found: Verified, fetch: Fetch, *, made_up: bool) -> Verified:
    """Fetch again what is not fine, and unpack again what was unpacked.

    `made_up`: the sandbox is asked; it repairs its own files and no others, and nobody else does.
    What cannot be repaired stays in its state and says why. Ctrl-C leaves nothing half-way.
    """
    done: dict[Path, Finding] = {}
    groups: dict[tuple[Path, str, str], list[_Case]] = {}
    for finding in found.findings:
        if finding.fine:
            continue
        reason = _hopeless(finding, made_up=made_up)
        if reason:
            done[finding.path] = _given_up(finding, reason)
        elif finding.state is State.UNPACKED:
            done[finding.path] = _unpacked_again(finding)
        else:
            case = _Case(finding)
            # By archive too: a login that fails is one archive's trouble.
            group = (case.folder, case.context, case.product.archive)
            groups.setdefault(group, []).append(case)
    for (folder, context, _), cases in groups.items():
        plan = Plan(tuple(case.product for case in cases), context=json.loads(context))
        done.update((one.path, one) for one in _fetched_again(cases, plan, folder, fetch))
    return replace(found, findings=tuple(done.get(one.path, one) for one in found.findings))


def _hopeless(finding: Finding, *, made_up: bool) -> str:
    """Why there is no use in trying, or ""."""
    receipt = finding.receipt
    if receipt is None:
        return "nothing says where it came from"
    if finding.state is State.UNREADABLE:
        return "make it readable first"
    if finding.state is State.UNPACKED:
        return ""
    if receipt.made_up is not made_up:
        return "the sandbox made it up: use --sandbox" if receipt.made_up else "it is not made up"
    if "REDACTED" in receipt.product.url:
        return "its address held a secret, which was not kept"
    return ""


def _fetched_again(
    cases: Sequence[_Case], plan: Plan, folder: Path, fetch: Fetch
) -> Iterator[Finding]:
    settled: list[Finding] = []
    try:
        for case in cases:
            _set_aside(case)
        _fetch(cases, plan, folder, fetch)
    finally:
        # Also after Ctrl-C: what did not come back is put back.
        settled.extend(map(_settled, cases))
    yield from settled


def _fetch(cases: Sequence[_Case], plan: Plan, folder: Path, fetch: Fetch) -> None:
    ready = {case.product.key for case in cases if case.trouble is None}
    plan = replace(plan, products=tuple(one for one in plan.products if one.key in ready))
    by_key = {case.product.key: case for case in cases}
    try:
        done = fetch(plan, folder)
    except AtlasError as error:
        for case in cases:
            case.trouble = case.trouble or error
        return
    for failure in done.failures:
        by_key[failure.product.key].trouble = failure.error
    for receipt in done.receipts:
        case = by_key[receipt.product.key]
        if receipt.path != case.finding.path:
            case.trouble = TransferError(f"the same file is whole at {receipt.path}")


def _set_aside(case: _Case) -> None:
    """Give the old file, and what was unpacked from it, other names."""
    finding = case.finding
    assert finding.receipt is not None
    ending = _ASIDE.get(finding.state, ".edited")
    unpacked_ending = ".superseded" if finding.state is State.CHANGED else ".edited"
    try:
        for path, end in ((finding.path, ending), (finding.receipt.unpacked, unpacked_ending)):
            if path is not None and path.exists():
                to = _free(path, end)
                path.rename(to)
                case.kept[path] = to
    except OSError as error:
        case.trouble = Unwritable(f"{path} cannot be set aside: {error.strerror}")


def _settled(case: _Case) -> Finding:
    """Drop or put back what was set aside, and say what came of it."""
    finding, path = case.finding, case.finding.path
    # Under a final name stands only what was verified, so what is there now is the new file.
    arrived = path.exists() and (path in case.kept or finding.state is State.MISSING)
    try:
        return _is_repaired(finding, _dropped(case)) if arrived else _put_back(case)
    except OSError as error:
        return _given_up(finding, f"{error.filename}: {error.strerror}")


def _dropped(case: _Case) -> list[str]:
    """Remove what nobody needs any more; the names of the rest."""
    left = []
    for original, kept in case.kept.items():
        rotted = case.finding.state is State.ROTTED and original == case.finding.path
        if rotted or _sha256(original) == _sha256(kept):
            kept.unlink()
        else:
            left.append(kept.name)
    if case.finding.state is State.MISSING:
        # Set aside by a repair that was stopped.
        path = case.finding.path
        path.with_name(path.name + _ASIDE[State.ROTTED]).unlink(missing_ok=True)
    return left


def _put_back(case: _Case) -> Finding:
    """As before, but that bytes known to be wrong do not get their name again."""
    finding = case.finding
    reason = str(case.trouble or "it was not fetched")
    for original, kept in case.kept.items():
        if finding.state is State.ROTTED and original == finding.path:
            reason += f"; its bytes are in {kept.name}"
        elif not original.exists():
            kept.rename(original)
    return _given_up(finding, reason, case.trouble)


def _is_repaired(finding: Finding, left: Sequence[str]) -> Finding:
    receipt = library.receipt_of(finding.path) or finding.receipt
    assert receipt is not None
    assert finding.receipt is not None
    says = [f"it was {finding.state}"]
    if receipt.sha256 != finding.receipt.sha256:
        says.append("the archive's bytes are not those of then")
    if left:
        says.append(f"what was there is kept as {' and '.join(left)}")
    return replace(finding, state=State.REPAIRED, why="; ".join(says), receipt=receipt)


def _unpacked_again(finding: Finding) -> Finding:
    """Unpack the whole original once more; a file that differs may be somebody's work."""
    from skyatlas.net.unpack import unpack

    receipt = finding.receipt
    assert receipt is not None
    assert receipt.unpacked is not None
    kept: Path | None = None
    try:
        if receipt.unpacked.exists():
            kept = _free(receipt.unpacked, ".edited")
            receipt.unpacked.rename(kept)
        unpack(receipt.path)
    except (OSError, TransferError) as error:
        if kept is not None and kept.exists():
            kept.rename(receipt.unpacked)
        return _given_up(finding, str(error), error if isinstance(error, AtlasError) else None)
    left = f"; what was there is kept as {kept.name}" if kept else ""
    return replace(finding, state=State.REPAIRED, why=f"it was unpacked again{left}")


def _given_up(finding: Finding, reason: str, failure: AtlasError | None = None) -> Finding:
    why = "; ".join(filter(None, (finding.why, f"not repaired: {reason}")))
    return replace(finding, why=why, failure=failure)


def _free(path: Path, ending: str) -> Path:
    """A name beside the file that nothing has yet."""
    free, number = path.with_name(path.name + ending), 1
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}{ending}.{number}")
    return free


def _sha256(path: Path) -> str:
    """Of the file, or "" where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
