"""This file finds a password, or a token, where its owner keeps it; no keyring fails twice.

Order: argument, environment, keyring, netrc, prompt. Nothing found here is logged.
"""

from __future__ import annotations

import logging
import netrc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyatlas.errors import BadInput
from skyatlas.net.redaction import hide

__all__ = ["TOKEN", "Login", "find_password", "find_token", "forget_password", "save_password"]

_log = logging.getLogger(__name__)

TOKEN = "token"  # noqa: S105 - a name
"""The user name under which a token is kept in a keyring: tokens have none of their own."""
_THEIR_TOKEN = "masttoken"  # noqa: S105 - a name
"""The same in entries of astroquery (its mast/auth.py)."""


@dataclass(frozen=True, slots=True)
class Login:
    """A username with its password, and where they came from."""

    username: str
    password: str = field(repr=False)
    found: str = "as given"
    """"as given", "environment", "keyring", "netrc" or "prompt"."""


def find_password(
    archive: str,
    username: str | None = None,
    services: Sequence[str] = (),
    *,
    password: str | None = None,
    hosts: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    prompt: Callable[[str], str] | None = None,
) -> Login | None:
    """The login for `archive` ("eso"), or None where nobody knows one.

    `services` are further keyring names to look under ("astroquery:www.eso.org"), `hosts` the
    machines to look for in netrc, `prompt` is called with a question where nothing else helps.
    """
    environment = environment or {}
    login = (
        _as_given(username, password)
        or _from_environment(archive, username, environment)
        or _from_keyring(archive, username or _named(archive, environment), services)
        or _from_netrc(hosts, username, environment)
        or _from_prompt(archive, username or _named(archive, environment), prompt)
    )
    if login is not None:
        hide(login.password)
    return login


def find_token(
    archive: str,
    token: str | None = None,
    services: Sequence[str] = (),
    *,
    variables: Sequence[str] = (),
    hosts: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    prompt: Callable[[str], str] | None = None,
    page: str = "",
) -> Login | None:
    """The token for `archive` ("mast") as the password of a Login, or None where nobody keeps one.

    After SKYATLAS_MAST_TOKEN the `variables` are looked at, after our entry in the keyring those
    of astroquery (`services`); of a netrc entry only the password counts. `page` is where a token
    is made: the prompt tells.
    """
    environment = environment or {}
    found = (
        (Login(TOKEN, token.strip()) if token else None)
        or _token_from_environment((f"SKYATLAS_{archive.upper()}_TOKEN", *variables), environment)
        or _token_from_keyring(archive, services)
        or _from_netrc(hosts, None, environment, nameless=True)
    )
    if found is None and prompt is not None:
        typed = prompt(f"Token for {archive.upper()}, made at {page}: ").strip()
        found = Login(TOKEN, typed, "prompt") if typed else None
    if found is not None:
        hide(found.password)
    return found


def save_password(archive: str, username: str, password: str) -> bool:
    """Keep a password in the keyring under `skyatlas:ARCHIVE`; False where there is none."""
    hide(password)
    return _keyring("set_password", f"skyatlas:{archive}", username, password) is not _FAILED


def forget_password(archive: str, username: str) -> bool:
    """Remove it again; False where it was not there."""
    where = f"skyatlas:{archive}", username
    if _keyring("get_password", *where) in (None, _FAILED):
        return False
    return _keyring("delete_password", *where) is not _FAILED


def _as_given(username: str | None, password: str | None) -> Login | None:
    if password is None:
        return None
    if not username:
        raise BadInput("a password was given without a username; give both")
    return Login(username, password)


def _named(archive: str, environment: Mapping[str, str]) -> str | None:
    return environment.get(f"SKYATLAS_{archive.upper()}_USERNAME") or None


def _from_environment(
    archive: str, username: str | None, environment: Mapping[str, str]
) -> Login | None:
    password = environment.get(f"SKYATLAS_{archive.upper()}_PASSWORD")
    name = _named(archive, environment)
    if not password or not (username or name):
        return None
    if username and name and username != name:
        return None  # the password belongs to somebody else
    return Login(username or name or "", password, "environment")


def _from_keyring(archive: str, username: str | None, services: Sequence[str]) -> Login | None:
    for service in (f"skyatlas:{archive}", *services):
        if username:
            password = _keyring("get_password", service, username)
            if password is _FAILED:
                return None
            if password:
                return Login(username, password, "keyring")
        else:
            entry = _keyring("get_credential", service, None)
            if entry is _FAILED:
                return None
            if entry is not None and entry.username and entry.password:
                return Login(entry.username, entry.password, "keyring")
    return None


def _token_from_environment(names: Sequence[str], environment: Mapping[str, str]) -> Login | None:
    values = (environment.get(name, "").strip() for name in names)
    return next((Login(TOKEN, value, "environment") for value in values if value), None)


def _token_from_keyring(archive: str, services: Sequence[str]) -> Login | None:
    for service, name in (
        (f"skyatlas:{archive}", TOKEN),
        *((service, _THEIR_TOKEN) for service in services),
    ):
        token = _keyring("get_password", service, name)
        if token is _FAILED:
            return None
        if token:
            return Login(TOKEN, token.strip(), "keyring")
    return None


_FAILED = object()


def _keyring(action: str, *arguments: Any) -> Any:
    """One call to the keyring, or `_FAILED`: headless machines have none, or a locked one."""
    try:
        import keyring

        return getattr(keyring, action)(*arguments)
    except Exception as error:  # noqa: BLE001 - back ends pass on whatever D-Bus and the OS raise
        _log.debug("the keyring is of no help: %s", type(error).__name__)
        return _FAILED


def _from_netrc(
    hosts: Sequence[str],
    username: str | None,
    environment: Mapping[str, str],
    *,
    nameless: bool = False,
) -> Login | None:
    # Only with a mapping in hand: without one, the caller did not mean this user's files.
    home = environment.get("HOME") or environment.get("USERPROFILE")
    named = environment.get("NETRC")
    paths = (
        [Path(named)] if named else [Path(home) / n for n in (".netrc", "_netrc")] if home else []
    )
    for path in paths:
        if not path.is_file():
            continue
        try:
            entries = netrc.netrc(path)
        except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
            _log.debug("%s cannot be used: %s", path, type(error).__name__)
            continue
        for host in hosts:
            # `hosts`, not `authenticators`: a `default` entry is for anonymous FTP, not for us.
            entry = entries.hosts.get(host)
            if not entry or not entry[2]:
                continue
            if nameless:
                return Login(TOKEN, entry[2], "netrc")
            if entry[0] and username in (None, "", entry[0]):
                return Login(entry[0], entry[2], "netrc")
    return None


def _from_prompt(
    archive: str, username: str | None, prompt: Callable[[str], str] | None
) -> Login | None:
    if prompt is None or not username:
        return None
    password = prompt(f"Password of {username} at {archive.upper()}: ")
    return Login(username, password, "prompt") if password else None
