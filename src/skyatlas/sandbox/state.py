"""This file holds what the archives of one sandbox share: the world, who is who, who sees what."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.database import Database
from skyatlas.sandbox.item import ACCOUNTS, Account, Item, World

if TYPE_CHECKING:
    from skyatlas.sandbox.tap_service import TapService

TOKEN_LIFETIME = 28_800
"""Seconds (8 h): `expires_in` of ESO's answers, recorded by astroquery."""


class NotWelcome(Exception):
    """Credentials came that are wrong, old or forged: the archive answers 401."""


class Tokens:
    """ESO's tokens: JWTs signed with this sandbox's own key. Safe for many threads."""

    def __init__(self) -> None:
        self.secret = secrets.token_bytes(32)
        """Signs tokens and tickets; nobody outside this sandbox knows it."""
        self._uses: Counter[str] = Counter()
        self._lock = threading.Lock()

    def issue(self, account: Account, lifetime: float) -> str:
        """A token that is good for `lifetime` seconds."""
        now = time.time()
        head = _coded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        claims = {"sub": account.username, "iat": int(now), "exp": int(now + lifetime)}
        claims["jti"] = secrets.token_hex(8)  # two tokens of one second are still two tokens
        body = _coded(json.dumps(claims).encode())
        return f"{head}.{body}.{self._signed(f'{head}.{body}')}"

    def owner(self, token: str) -> Account:
        """Whose token it is; raises NotWelcome where it is old, forged or none."""
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signed(head).encode()):
            raise NotWelcome("the token is not one of ours")
        claims = json.loads(_decoded(head.partition(".")[2]))
        if time.time() >= claims["exp"]:
            raise NotWelcome("the token has expired")
        return next(account for account in ACCOUNTS if account.username == claims["sub"])

    def count(self, token: str) -> int:
        """How often this token has been used, this time included."""
        with self._lock:
            self._uses[token] += 1
            return self._uses[token]

    def _signed(self, text: str) -> str:
        return _coded(hmac.new(self.secret, text.encode(), hashlib.sha256).digest())


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def account_of(username: str, password: str) -> Account:
    """The account with this name and password; raises NotWelcome."""
    for account in ACCOUNTS:
        if account.username == username and account.password == password:
            return account
    raise NotWelcome("wrong user name or password")


class State:
    """What the archives of one sandbox share. Safe for many threads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens = Tokens()
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._databases: dict[tuple[str, frozenset[str] | None], Database] = {}
        self._bodies: dict[str, bytes] = {}

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            for database in self._databases.values():
                database.close()
            self._databases.clear()

    def visitor(self, asked: Asked) -> Account | None:
        """Who asks, or None; raises NotWelcome where the credentials are bad."""
        kind, _, secret = asked.header("authorization").partition(" ")
        if not kind:
            return None
        if kind.lower() == "basic":
            try:
                username, _, password = base64.b64decode(secret).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise NotWelcome("the credentials cannot be read") from error
            return account_of(username, password)
        fault = asked.fault("expired-token")
        if fault is not None and self.tokens.count(secret) > fault.number(0):
            raise NotWelcome("the token has expired")
        return self.tokens.owner(secret)

    def database(self, service: TapService, visitor: Account | None) -> Database:
        """The tables of a TAP service, as somebody may see them; made when first asked for."""
        programs = visitor.programs if visitor and service.private else None
        with self._lock:
            key = (service.name, programs)
            if key not in self._databases:
                tables = service.tables(self.world, programs)
                self._databases[key] = Database(tables, service.functions, service.strict_case)
            return self._databases[key]

    def item(self, dp_id: str) -> Item | None:
        """The ESO file of that name, or None."""
        item = self.world.items.get(dp_id)
        return item if item is not None and item.archive == "eso" else None

    def body(self, item: Item) -> bytes:
        """The file's bytes; made once."""
        with self._making:
            if item.dp_id not in self._bodies:
                self._bodies[item.dp_id] = item.make()
            return self._bodies[item.dp_id]

    @staticmethod
    def may_see(item: Item, visitor: Account | None) -> bool:
        """Whether somebody may know that the item exists."""
        return not item.hidden or (visitor is not None and item.program in visitor.programs)

    @staticmethod
    def may_have(item: Item, visitor: Account | None) -> bool:
        """Whether somebody may have the file."""
        closed = item.proprietary or item.hidden
        return not closed or (visitor is not None and item.program in visitor.programs)
