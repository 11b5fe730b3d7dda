"""This file logs in at archives: it finds the password where its owner keeps it, and hands tokens
to the door.

Invariant: a password lives in here only as long as a token source needs it; it is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError, BadInput, Refused
from skyatlas.net.passwords import Login, find_password, forget_password, save_password
from skyatlas.net.redaction import hide
from skyatlas.net.secrets import PasswordToken

if TYPE_CHECKING:
    from skyatlas.archive import Archive
    from skyatlas.net.door import StreetDoor


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
        """Log in now; the username. Raises Refused, BadInput (no login known), ArchiveError."""
        known = self._find(archive, username, password, prompt)
        if known is None:
            name = archive.name.upper()
            raise BadInput(
                f"no password for {archive.name} was found: give a username, set "
                f"SKYATLAS_{name}_USERNAME and SKYATLAS_{name}_PASSWORD, "
                "or use a keyring or ~/.netrc"
            )
        source = _source(archive, known, door)
        source.header()
        door.credentials.add(archive.hosts, source)
        if save and not save_password(archive.name, known.username, known.password):
            raise BadInput(
                "the login works, but this machine has no keyring to keep the password in: set "
                f"SKYATLAS_{archive.name.upper()}_USERNAME and _PASSWORD, or use ~/.netrc"
            )
        return known.username

    def logout(self, archive: Archive, door: StreetDoor) -> bool:
        """Forget the token and the saved password; False where none was saved."""
        known = self._find(archive)
        door.credentials.remove(archive.hosts)
        return known is not None and forget_password(archive.name, known.username)

    def whoami(self, archive: Archive) -> tuple[str, str] | None:
        """(username, where the password is kept), or None."""
        known = self._find(archive)
        return (known.username, known.found) if known else None

    def sign_in_if_known(self, archive: Archive, door: StreetDoor) -> None:
        """Use a login that the user keeps for this archive; none is no error.

        Raises Refused where the password that was found is wrong.
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
            raise Refused(
                f"{archive.name} refused the login of {known.username} found in the {known.found}: "
                f"correct it with `skyatlas login {archive.name}`, or remove it",
                archive=archive.name,
                status=error.status,
                login=True,
            ) from None
        except ArchiveError:
            return  # the archive's own report will say that it cannot be reached
        door.credentials.add(archive.hosts, source)

    def _find(
        self,
        archive: Archive,
        username: str | None = None,
        password: str | None = None,
        prompt: Callable[[str], str] | None = None,
    ) -> Login | None:
        return find_password(
            archive.name,
            username,
            archive.password_service,
            password=password,
            hosts=archive.hosts,
            environment=self._environment,
            prompt=prompt,
        )


def _source(archive: Archive, known: Login, door: StreetDoor) -> PasswordToken:
    hide(known.password)
    return PasswordToken(lambda: archive.sign_in(known.username, known.password, door))
