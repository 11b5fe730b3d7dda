"""This file asks the archives whether they have other files by now: one small question a file.

Invariant: no bytes of a file travel, and "cannot tell" is an answer: an archive that gives neither
ETag nor date is not believed to have the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError
from skyatlas.journeys.verify import Finding, State, Verified
from skyatlas.threads import side_by_side

if TYPE_CHECKING:
    from skyatlas.model import Receipt
    from skyatlas.net.door import StreetDoor

__all__ = ["compared"]

_AT_ONCE = 16
"""Questions that wait for their turn; how many are under way is each host's pace."""


def compared(found: Verified, door: StreetDoor) -> Verified:
    """Ask about every file that is whole; what the archive has changed becomes `State.CHANGED`.

    Headers are asked for (HEAD), and ETag, Last-Modified and length are compared with the receipt.
    """
    anonymous = door.anonymous()

    def work(finding: Finding) -> Finding:
        if finding.receipt is None or not finding.fine:
            return finding
        used = anonymous if finding.receipt.product.anonymous else door
        verdict, why = _asked(finding.receipt, used)
        if verdict == "changed":
            return replace(finding, state=State.CHANGED, why=why, at_archive=verdict)
        return replace(finding, why=why or finding.why, at_archive=verdict)

    return replace(found, findings=tuple(side_by_side(work, found.findings, _AT_ONCE)))


def _asked(receipt: Receipt, door: StreetDoor) -> tuple[str, str]:
    """(verdict, why) about one file."""
    if receipt.made_up is not (door.route.sandbox is not None):
        whose = "the sandbox made it up" if receipt.made_up else "it is not the sandbox's"
        return "cannot tell", f"{whose}: the archive that it came from was not asked"
    if receipt.product.made:
        return "cannot tell", "it was made here: no archive has it"
    if "REDACTED" in receipt.product.url:
        return "cannot tell", "its address held a secret, which was not kept"
    try:
        # The length of the file is wanted, not that of a packed answer.
        answer = door.request("HEAD", receipt.product.url, headers={"Accept-Encoding": "identity"})
    except ArchiveError as error:
        return "no answer", str(error)
    status = answer.status_code
    if status in (404, 410):
        return "gone", "the archive does not have it any more"
    if status in (401, 403):
        return "no answer", "the archive tells nothing without a login that may see it"
    if status != 200 or _is_page(answer.headers, receipt):
        return "cannot tell", f"the archive does not tell about it (HEAD: {status})"
    return _judged(receipt, answer.headers)


def _is_page(headers: Mapping[str, str], receipt: Receipt) -> bool:
    """Whether this is about a web page (a login) instead of the file."""
    return "html" in headers.get("Content-Type", "") and "html" not in receipt.content_type


def _judged(receipt: Receipt, headers: Mapping[str, str]) -> tuple[str, str]:
    """What the headers say; `headers` by names without regard to case."""
    tag = _same(_bare(receipt.etag), _bare(headers.get("ETag")))
    date = _same(receipt.last_modified, headers.get("Last-Modified"))
    length = headers.get("Content-Length", "0")
    # Some that make an answer on the way say 0 to HEAD.
    told = length.isdecimal() and length != "0" and "Content-Encoding" not in headers
    size = int(length) == receipt.size if told else None
    if tag:
        return "same", ""
    if size is False:
        return "changed", f"the archive's has {int(length):,} bytes"
    if date:
        # Also where the tag differs: machines that share the work make their own.
        return "same", ""
    if tag is False:
        return "changed", "the archive gives it another ETag"
    if date is False:
        return "changed", f"the archive's is of {headers['Last-Modified']}"
    return "cannot tell", "the archive gives neither ETag nor date"


def _same(ours: str | None, theirs: str | None) -> bool | None:
    """None where one of them is not known."""
    return ours == theirs if ours and theirs else None


def _bare(tag: str | None) -> str | None:
    """An ETag without what says how the answer was packed: compared weakly (RFC 9110, 8.8.3.2)."""
    if tag is None:
        return None
    bare = tag.removeprefix("W/").strip('"')
    return bare.removesuffix("-gzip").removesuffix(";gzip").removesuffix("--gzip")
