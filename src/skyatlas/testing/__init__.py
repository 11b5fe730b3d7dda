"""This package is for the tests of adapters: rules that every archive keeps, servers to ask.

Invariant: nothing of skyatlas imports it, and only it imports pytest. The servers are real and
listen on 127.0.0.1 only.
"""

from __future__ import annotations

from skyatlas.testing.rules import ArchiveRules
from skyatlas.testing.server import Answer, Request, Server, relay

__all__ = ["Answer", "ArchiveRules", "Request", "Server", "relay"]
