"""This file decodes base64 as it comes, in pieces of any length.

Invariant: a character that is not base64 is Malformed, not left out.
"""

from __future__ import annotations

from binascii import Error

import pybase64

from skyatlas.protocols.votable.results import Malformed


class Base64:
    """What has been decoded so far ends with the last whole group of four characters."""

    def __init__(self) -> None:
        self._rest = b""
        self._ended = False

    def feed(self, text: bytes) -> bytes:
        """The bytes that the characters so far make, beyond those given before."""
        bare = text.replace(b"\n", b"")  # four times as fast as translate, where lines end so
        if b"\r" in bare or b" " in bare or b"\t" in bare:
            bare = bare.translate(None, b" \t\r")
        bare = self._rest + bare
        if self._ended and bare:
            raise Malformed("its base64 goes on after its end")
        whole = len(bare) - len(bare) % 4
        self._rest = bare[whole:]
        self._ended = bare[:whole].endswith(b"=")
        return self._decoded(bare[:whole])

    def close(self) -> bytes:
        """The last bytes: some services leave out the padding."""
        rest = self._rest.rstrip(b"=")
        self._rest = b""
        return self._decoded(rest + b"=" * (-len(rest) % 4)) if rest else b""

    @staticmethod
    def _decoded(text: bytes) -> bytes:
        try:
            return pybase64.b64decode(text, validate=True)
        except Error as error:
            raise Malformed(f"its base64 is broken ({error})") from error
