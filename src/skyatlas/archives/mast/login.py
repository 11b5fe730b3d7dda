"""This file asks MAST whether a token is good, and whose it is; the token is its own proof.

Sources: auth.mast.stsci.edu/info (how long tokens live) and the answers of `/whoami` as astroquery
reads them (mast/auth.py, 0.4.11). A token goes into a header and never into an address.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skyatlas.archive import Token
from skyatlas.errors import Refused, Unreadable

if TYPE_CHECKING:
    from skyatlas.archive import Door, Reply

URL = "https://mast.stsci.edu/whoami"
PAGE = (
    "https://auth.mast.stsci.edu/token"
    "?suggested_name=skyatlas&suggested_scope=mast:exclusive_access"
)
"""Where a token is made, with the scope that opens files of the exclusive-access period."""
SCHEME = "token"
"""The word before it in `Authorization`."""


def sign_in(username: str, password: str, door: Door) -> Token:  # noqa: ARG001 - there is no name
    """Check the token given as `password`; who its owner is goes with it.

    MAST does not say when a token ends. Raises Refused where it is not good (any more), Unreadable
    for odd answers.
    """
    # A line break in a header would be refused further down, by an error that quotes it.
    if not password.isascii() or not password.isprintable() or " " in password:
        raise _refused(None)
    asked = {"Authorization": f"{SCHEME} {password}", "Accept": "application/json"}
    try:
        reply = door.anonymous().ask(URL, headers=asked, follow=False)
    except Refused as error:
        if error.status not in (401, 403):
            raise
        raise _refused(error.status) from None
    return Token(password, math.inf, SCHEME, _owner(reply))


def _owner(reply: Reply) -> str:
    """The name in `{"anon": false, "attrib": {"display_name": …}}`."""
    try:
        said = reply.json()
        if said["anon"] is not False:
            raise _refused(reply.status_code)
        return str(said["attrib"].get("display_name") or said.get("ezid") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not chained: the answer holds the token.
        raise Unreadable(
            "MAST answered the question whose token this is with something else; try again later",
            archive="mast",
            url=URL,
            status=reply.status_code,
        ) from None


def _refused(status: int | None) -> Refused:
    return Refused(
        "MAST does not accept this token: it has expired (after 10 days without use, or 60 at "
        f"most) or is not whole; get a new one at {PAGE}",
        archive="mast",
        url=URL,
        status=status,
        login=True,
    )
