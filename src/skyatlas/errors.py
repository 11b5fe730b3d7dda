"""This file holds the one error tree; every message is one sentence that says what to do.

    AtlasError
    ├── BadInput (ValueError)     the caller's words make no sense; nothing was sent
    │   ├── UnknownTarget         no resolver knows the name
    │   │   └── AmbiguousTarget   several objects have the name
    │   └── UnknownArchive        "there are: …"
    ├── ArchiveError              .archive .url .status
    │   ├── Unreachable           no answer: look-up, refusal, time-out            again
    │   ├── Busy                  429, 503; .wait seconds                          again
    │   ├── Refused               401, 403, 404, 410; .login says whether it helps
    │   ├── Broken                5xx, failed job, error inside a 200              again
    │   └── Unreadable            not in the promised form; a person must look
    ├── IncompleteAnswer          raised only by `require_complete()`
    ├── TransferError             .product
    │   ├── Incomplete            the line broke; the bytes so far are kept        again, resumes
    │   ├── Corrupt               size, checksum or content wrong; bytes dropped   once, from zero
    │   └── Unwritable            this disk is full, read-only or gone
    ├── FormatError               a whole file that is not what it claims to be
    └── MissingExtra (ImportError)

Catch a branch, raise a leaf. `again` (a class attribute) says whether trying again may help.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AmbiguousTarget",
    "ArchiveError",
    "AtlasError",
    "BadInput",
    "Broken",
    "Busy",
    "Corrupt",
    "FormatError",
    "Incomplete",
    "IncompleteAnswer",
    "MissingExtra",
    "Refused",
    "TransferError",
    "UnknownArchive",
    "UnknownTarget",
    "Unreachable",
    "Unreadable",
    "Unwritable",
]


class AtlasError(Exception):
    """Root of everything that skyatlas raises on purpose."""

    again: ClassVar[bool] = False
    """Whether the same call may succeed later without anybody changing anything."""


class BadInput(AtlasError, ValueError):
    """The caller's words make no sense; nothing was sent to any archive."""


class UnknownTarget(BadInput):
    """Every resolver that was asked answered, and none knows the name.

    Not for a resolver that failed: that is an `ArchiveError`.
    """


class AmbiguousTarget(UnknownTarget):
    """Resolvers know several objects of that name; the message lists them with their positions."""


class UnknownArchive(BadInput):
    """No archive of that name is registered; the message lists those that are."""


class ArchiveError(AtlasError):
    """An archive (or resolver) did not give what was asked.

    `url` never holds a secret: whoever raises passes it through the door's redaction.
    """

    def __init__(
        self, message: str, *, archive: str = "", url: str = "", status: int | None = None
    ) -> None:
        super().__init__(message)
        self.archive = archive
        """Short name of the archive, or the host where no archive is known."""
        self.url = url
        """What was asked, without secrets."""
        self.status = status
        """HTTP status, or None where no answer came."""


class Unreachable(ArchiveError):
    """No answer came: name look-up, refused connection, time-out, broken line. Try again later."""

    again = True


class Busy(ArchiveError):
    """The archive asks for patience: HTTP 429 or 503, still so after all tries."""

    again = True

    def __init__(
        self,
        message: str,
        *,
        archive: str = "",
        url: str = "",
        status: int | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(message, archive=archive, url=url, status=status)
        self.wait = wait
        """Seconds that the archive asked to wait (`Retry-After`), or None."""


class Refused(ArchiveError):
    """HTTP 401, 403, 404, 410 and other 4xx: asking again changes nothing."""

    def __init__(
        self,
        message: str,
        *,
        archive: str = "",
        url: str = "",
        status: int | None = None,
        login: bool = False,
    ) -> None:
        super().__init__(message, archive=archive, url=url, status=status)
        self.login = login
        """True where a login (`skyatlas login ARCHIVE`) may help."""


class Broken(ArchiveError):
    """The archive failed: HTTP 5xx, a failed job, an error document inside a 200."""

    again = True


class Unreadable(ArchiveError):
    """The answer is not in the promised form; a person must look."""


class IncompleteAnswer(AtlasError):
    """Raised by `Observations.require_complete()` when the answer is not known to be whole."""


class TransferError(AtlasError):
    """A file did not come home."""

    def __init__(self, message: str, *, product: object | None = None) -> None:
        super().__init__(message)
        self.product = product
        """The `skyatlas.model.Product` in question."""


class Incomplete(TransferError):
    """The line broke; the bytes so far are kept in `name.part`. Trying again resumes."""

    again = True


class Corrupt(TransferError):
    """Size, checksum or content is wrong; the bytes were dropped. Tried once more, from zero."""

    said: str = ""
    """How the text begins that came in place of the file, where it was one: an error page's."""


class Unwritable(TransferError):
    """This machine cannot keep the file: disk full, folder read-only or gone."""


class FormatError(AtlasError):
    """A whole file that is not what it claims to be, or of a kind that skyatlas cannot read."""


class MissingExtra(AtlasError, ImportError):
    """An optional dependency is needed; the message gives the install command."""
