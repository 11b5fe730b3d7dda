"""This file gets ESO's token for a password.

Source: ESO's programmatic access pages; the answer's shape is recorded by astroquery. The password
travels in the query string because that is the documented way; nothing here may show the URL.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from skyatlas.archive import Token
from skyatlas.errors import Refused, Unreadable

if TYPE_CHECKING:
    from skyatlas.archive import Door

URL = "https://www.eso.org/sso/oidc/token"


def sign_in(username: str, password: str, door: Door) -> Token:
    """Ask for a token. Raises Refused where the password is wrong, Unreadable for odd answers."""
    params = {
        "response_type": "id_token token",
        "grant_type": "password",
        "client_id": "clientid",
        "client_secret": "clientSecret",
        "username": username,
        "password": password,
    }
    try:
        reply = door.anonymous().ask(URL, params=params)
    except Refused as error:
        raise Refused(
            f"ESO does not accept this password for {username}",
            archive="eso",
            status=error.status,
            login=True,
        ) from None
    return _token(reply.content)


def _token(body: bytes) -> Token:
    """Read the token answer: a JWT whose payload holds `exp` (RFC 7519); no key, no check."""
    try:
        value = str(json.loads(body)["id_token"])
        payload = value.split(".")[1]
        expires = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
        return Token(value, float(expires))
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error):
        # Not chained: the answer may hold the token.
        raise Unreadable("ESO's login answered something that is no token", archive="eso") from None
