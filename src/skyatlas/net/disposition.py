"""This file gives a file a safe name; nothing an archive says can name a place outside the folder.

Sources: RFC 6266 (Content-Disposition), RFC 8187 (`filename*=`), and for what Windows forbids
Microsoft's page "Naming Files, Paths, and Namespaces".
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, unquote_to_bytes, urlsplit

__all__ = ["file_name", "safe_name", "said_name"]

LONGEST = 200
"""Bytes of a name in UTF-8. Most file systems stop at 255; the rest is for `.part` and receipts."""

_OURS = (".part", ".part.json", ".provenance.json")
"""Endings with a meaning in our folders; a file of the archive must not look like one."""

_OUR_NAMES = ("provenance.json", "calibrations.json")

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_PLAIN = re.compile(rf"(?i)(?:^|;)\s*filename\s*=\s*(?:{_QUOTED}|([^;]*))")
_EXTENDED = re.compile(r"(?i)(?:^|;)\s*filename\*\s*=\s*\"?([\w\-]*)'[^']*'([^;\"]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and the marks that make `gpj.fits` look like `stif.jpg`."""
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)")


def file_name(disposition: str, url: str, *, windows: bool = os.name == "nt") -> str:
    """The name for what came from `url` with this Content-Disposition (may be "").

    Without a usable one, the last part of the URL's path; never empty, never `.` or `..`.
    """
    for candidate in (said_name(disposition), unquote(urlsplit(url).path)):
        name = safe_name(candidate, windows=windows)
        if name:
            return name
    return safe_name(urlsplit(url).hostname or "", windows=windows) or "file"


def said_name(disposition: str) -> str:
    """The file name of a Content-Disposition as it stands there, unsafe, or ""."""
    extended = _EXTENDED.search(disposition)
    if extended:
        try:
            return unquote_to_bytes(extended.group(2)).decode(extended.group(1) or "utf-8")
        except (LookupError, UnicodeDecodeError):
            pass  # an unknown character set: the plain form is there for that
    plain = _PLAIN.search(disposition)
    if not plain:
        return ""
    quoted, token = plain.groups()
    text = re.sub(r'\\(["\\])', r"\1", quoted) if quoted is not None else token.strip()
    try:
        # http headers come as latin-1; many servers write UTF-8 into them.
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def safe_name(text: str, *, windows: bool = os.name == "nt") -> str:
    """The last part of a path as a name that is safe in a folder, or "" where nothing is left.

    Both kinds of slash separate. A colon (ESO's dp_id has two) stays, except on Windows.
    """
    name = _CONTROL.sub("", re.split(r"[/\\]", text)[-1])
    name = name.encode("utf-8", "replace").decode("utf-8").strip().lstrip(".").strip()
    if windows:
        name = re.sub(r'[<>:"|?*]', "_", name).rstrip(". ")
        name = _RESERVED.sub(r"_\g<0>", name)
    if name.lower().endswith(_OURS) or name.lower() in _OUR_NAMES:
        name += "_"
    return _shortened(name)


def _shortened(name: str) -> str:
    """At most LONGEST bytes; the endings (".fits.gz") stay."""
    if len(name.encode()) <= LONGEST:
        return name
    ending = re.search(r"(\.[A-Za-z0-9]{1,8}){0,2}_?$", name)
    tail = ending.group(0) if ending else ""
    room = LONGEST - len(tail.encode())
    return name[: len(name) - len(tail)].encode()[:room].decode("utf-8", "ignore") + tail
