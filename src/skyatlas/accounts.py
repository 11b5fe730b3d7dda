"""This file logs in at archives: it finds the password or the token where its owner keeps it, and
hands tokens to the door.

Invariant: a password lives in here only as long as a token source needs it; it is never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError, BadInput, Refused
from skyatlas.net.passwords import (
    Login,
    find_password,
    find_token,
    forget_password,
    save_password,
)
from skyatlas.net.redaction import hide
from skyatlas.net.secrets import GivenToken, PasswordToken

if TYPE_CHECKING:
    from skyatlas.archive import Archive
    from skyatlas.net.door import StreetDoor

_log = logging.getLogger(__name__)


class Accounts:
    """The logins of one user."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._without: set[str] = set()
        """Archives for which nobody keeps a login: a keyring can take seconds to say so."""

    def login(
        self,
        archive: Archive,
        door: StreetDoor,
        username: str | None = None,
        password: str | None = None,
        *,
        prompt: Callable[[str], str] | None = None,
        save: bool = False,
    ) -> str:
        """Log in now; the name at the archive. `password` is the token where one is taken.

        `save` puts into the keyring what was given or typed, not what was found. A token that was
        found and has expired is asked for again, where there is a `prompt`. Raises Refused,
        BadInput (no login known), ArchiveError.
        """
        known = self._find(archive, username, password, prompt)
        if known is None:
            raise BadInput(_nothing_found(archive))
        try:
            name = _sign_in(archive, known, door)
        except Refused:
            # What the environment says would win again tomorrow: there it must be corrected.
            if prompt is None or known.found not in ("keyring", "netrc") or not archive.token_page:
                raise
            known = find_token(archive.name, prompt=prompt, page=archive.token_page)
            if known is None:
                raise
            name = _sign_in(archive, known, door)
        if save and known.found in ("as given", "prompt"):
            self._save(archive, known)
        return name

    def logout(self, archive: Archive, door: StreetDoor) -> bool:
        """Forget the token and the saved password; False where none was saved."""
        known = self._find(archive)
        door.credentials.remove(archive.hosts)
        return known is not None and forget_password(archive.name, known.username)

    def whoami(self, archive: Archive, door: StreetDoor) -> tuple[str, str] | None:
        """(name at the archive, where the password or token is kept), or None.

        Whose a token is only the archive knows: it is asked. Raises Refused where the token has
        expired, and ArchiveError.
        """
        known = self._find(archive)
        if known is None:
            return None
        if not archive.token_page:
            return known.username, known.found
        return _given(archive, known, door).checked().owner or known.username, known.found

    def sign_in_if_known(self, archive: Archive, door: StreetDoor) -> None:
        """Use a login that the user keeps for this archive; none is no error.

        Raises Refused where the password that was found is wrong. A token that has expired is in
        the way of nothing public: it is told, and again by whatever is refused for want of it.
        """
        known_without = not archive.login_hint or archive.name in self._without
        if known_without or door.logged_in(f"https://{archive.hosts[0]}/"):
            return
        known = self._find(archive)
        if known is None:
            self._without.add(archive.name)
            return
        source = _source(archive, known, door)
        try:
            source.header()
        except Refused as error:
            if not archive.token_page:
                raise Refused(
                    f"{archive.name} refused the login of {known.username} found in the "
                    f"{known.found}: correct it with `skyatlas login {archive.name}`, or remove it",
                    archive=archive.name,
                    status=error.status,
                    login=True,
                ) from None
            _log.warning("of the token found in the %s: %s", known.found, error)
        except ArchiveError:
            return  # the archive's own report will say that it cannot be reached
        door.credentials.add(archive.hosts, source)

    def _save(self, archive: Archive, known: Login) -> None:
        if save_password(archive.name, known.username, known.password):
            return
        variable = f"SKYATLAS_{archive.name.upper()}"
        what, where = ("password", f"{variable}_USERNAME and _PASSWORD")
        if archive.token_page:
            what, where = ("token", f"{variable}_TOKEN")
        raise BadInput(
            f"the login works, but this machine has no keyring to keep the {what} in: set "
            f"{where}, or use ~/.netrc"
        )

    def _find(
        self,
        archive: Archive,
        username: str | None = None,
        password: str | None = None,
        prompt: Callable[[str], str] | None = None,
    ) -> Login | None:
        if not archive.token_page:
            return find_password(
                archive.name,
                username,
                archive.password_service,
                password=password,
                hosts=archive.hosts,
                environment=self._environment,
                prompt=prompt,
            )
        if username:
            hide(username)  # it may be the token
            raise BadInput(
                f"{archive.name} has no user names: it takes a token, made at {archive.token_page}"
            )
        return find_token(
            archive.name,
            password,
            archive.password_service,
            variables=archive.token_variables,
            hosts=archive.hosts,
            environment=self._environment,
            prompt=prompt,
            page=archive.token_page,
        )


def _nothing_found(archive: Archive) -> str:
    variable = f"SKYATLAS_{archive.name.upper()}"
    if archive.token_page:
        return (
            f"no token for {archive.name} was found: make one at {archive.token_page} and set "
            f"{variable}_TOKEN, or use a keyring or ~/.netrc"
        )
    return (
        f"no password for {archive.name} was found: give a username, set {variable}_USERNAME and "
        f"{variable}_PASSWORD, or use a keyring or ~/.netrc"
    )


def _sign_in(archive: Archive, known: Login, door: StreetDoor) -> str:
    """Have the door use this login from now on, once the archive accepts it; the name there."""
    source = _source(archive, known, door)
    source.header()
    door.credentials.add(archive.hosts, source)
    return (source.owner if isinstance(source, GivenToken) else "") or known.username


def _source(archive: Archive, known: Login, door: StreetDoor) -> PasswordToken | GivenToken:
    if archive.token_page:
        return _given(archive, known, door)
    hide(known.password)
    return PasswordToken(lambda: archive.sign_in(known.username, known.password, door))


def _given(archive: Archive, known: Login, door: StreetDoor) -> GivenToken:
    return GivenToken(
        archive.name,
        archive.token_page,
        lambda: archive.sign_in(known.username, known.password, door),
    )


__all__ = ["Accounts"]
