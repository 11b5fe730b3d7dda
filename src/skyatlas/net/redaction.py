"""This file takes secrets out of text; what has passed through `redact` may be logged or stored.

Two nets: values of parameters whose name sounds secret, and every value that was registered with
`hide`, in each spelling that a URL, a JSON body or a log line may give it. The register is one per
process because loggers are: a secret of one door must not show up in the log line of another.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from html import escape
from urllib.parse import quote, quote_plus

__all__ = ["guard_loggers", "hide", "redact"]

_HIDDEN = "REDACTED"
_SHORTEST = 4
"""Characters. Shorter values stand in ordinary words; only their parameter's name protects them."""

_NAMES = r"[\w.\-]*(?:password|passwd|pwd|secret|token|signature|api[_-]?key|x-amz-credential)"
_PARAMETER = re.compile(rf"(?i)(?<![\w.\-])({_NAMES})(=|%3D)(?:(?!%26)[^&\s\"'<>#;])*")
_JSON = re.compile(rf"(?i)([\"']{_NAMES}[\"']\s*:\s*)([\"'])(?:\\.|(?!\2).)*\2")
_HEADER = re.compile(r"(?i)\b(bearer|basic|(?<=authorization: )token)\s+[A-Za-z0-9\-._~+/]+=*")
_USERINFO = re.compile(r"(?i)(\b[a-z][a-z0-9+.\-]*://)[^/\s@?#]+@")

_LOGGERS = (
    "requests",
    "requests.sessions",
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "keyring",
    "keyring.backend",
)

_lock = threading.Lock()
_forms: set[str] = set()
_pattern: re.Pattern[str] | None = None


def hide(secret: str) -> None:
    """Register a value that must never be seen again; all later `redact` calls remove it."""
    global _pattern
    if len(secret) < _SHORTEST:
        return
    with _lock:
        before = len(_forms)
        _forms.update(_spellings(secret))
        if len(_forms) != before:
            longest_first = sorted(_forms, key=len, reverse=True)
            _pattern = re.compile("|".join(map(_as_pattern, longest_first)))


def redact(text: str) -> str:
    """`text` (a URL, a log line, a body) without secrets."""
    if _pattern is not None:
        text = _pattern.sub(_HIDDEN, text)
    # Most text is an address without any of this, and is asked about a thousand times a second.
    if "=" in text or "%3" in text:
        text = _PARAMETER.sub(rf"\1\2{_HIDDEN}", text)
    if '"' in text or "'" in text:
        text = _JSON.sub(rf"\1\2{_HIDDEN}\2", text)
    if " " in text or not text.isprintable():
        text = _HEADER.sub(rf"\1 {_HIDDEN}", text)
    if "@" in text:
        text = _USERINFO.sub(rf"\1{_HIDDEN}@", text)
    return text


def guard_loggers() -> None:
    """Make the libraries below us log redacted lines only; urllib3 writes whole URLs at DEBUG.

    A filter works on records of its own logger, not on those of its children, hence the list.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _Redaction) for one in logger.filters):
            logger.addFilter(_Redaction())


class _Redaction(logging.Filter):
    """Rewrites a record in place; never drops one."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = ()
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def _spellings(secret: str) -> set[str]:
    once = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    twice = {quote(one, safe="") for one in once}
    # What requests leaves alone in a query (its `requote_uri`).
    loose = {quote(secret, safe="!#$%&'()*+,/:;=?@[]~"), quote_plus(secret, safe="!'()*,/:?@~")}
    written = {json.dumps(secret)[1:-1], repr(secret)[1:-1], escape(secret)}
    return once | twice | loose | written


def _as_pattern(form: str) -> str:
    """The form literally, but with the hexadecimal digits of %2f and %2F taken as the same."""
    parts = re.split(r"(%[0-9A-Fa-f]{2})", form)
    return "".join(f"(?i:{part})" if part.startswith("%") else re.escape(part) for part in parts)
