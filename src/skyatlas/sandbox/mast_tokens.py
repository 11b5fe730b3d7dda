"""This file knows the tokens of the sandbox's MAST: whose they are, and what they open.

A token that is wrong or old is no error at MAST: its bearer is a stranger. It comes as the cookie
`mast_token` or as `Authorization: token T` (`Bearer T` too). Source: astroquery.mast's login, and
what its documentation shows of /whoami.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.state import State

_EXCLUSIVE = frozenset({"17999", "9999"})
"""Programmes whose files are still in their exclusive-access period."""


@dataclass(frozen=True, slots=True)
class MastToken:
    """A token of somebody at MAST."""

    secret: str = field(repr=False)
    ezid: str
    display_name: str
    programs: frozenset[str] = frozenset()
    """proposal_id of the programmes whose exclusive files it opens."""
    expired: bool = False


MAST_TOKENS: tuple[MastToken, ...] = (
    MastToken("0b5e55ed5ca1ab1e0ddba11c0ffee123", "lmoreau", "Lise Moreau", _EXCLUSIVE),
    MastToken("5eed1e55c0ffee00facade00decade42", "jlooking", "Just Looking"),
    MastToken("dead10ccdead10ccdead10ccdead10cc", "lmoreau", "Lise Moreau", _EXCLUSIVE, True),
)
"""The sandbox's tokens: the principal investigator's, a stranger's, and one that is too old."""

_PAGE = """<!DOCTYPE html>
<html><head><title>MAST: create a token</title></head>
<body><h1>Create a token</h1><p>Please sign in to MyST first.</p>
<form method="post"><input name="suggested_name"><input name="suggested_scope"></form></body></html>
"""


def bearer(state: State, asked: Asked) -> MastToken | None:
    """Whose token comes with a request; None for strangers, and for a token that is no good."""
    secret = _secret(asked)
    token = next((one for one in MAST_TOKENS if one.secret == secret), None)
    if token is None or token.expired:
        return None
    fault = asked.fault("expired-token")
    if fault is not None and state.tokens.count(secret) > fault.number(0):
        return None
    return token


def _secret(asked: Asked) -> str:
    kind, _, secret = asked.header("authorization").partition(" ")
    if kind.lower() in {"token", "bearer"}:
        return secret.strip()
    try:
        cookies = SimpleCookie(asked.header("cookie"))
    except CookieError:
        return ""
    return cookies["mast_token"].value if "mast_token" in cookies else ""


def whoami(state: State, asked: Asked) -> Response:
    """`/whoami`: who MAST takes the asker for."""
    token = bearer(state, asked)
    if token is None:
        return JSONResponse(_session("anonymous") | {"anon": True, "scopes": [], "token": None})
    attributes = {"display_name": token.display_name, "internal": "False"}
    about = {"suggested_name": "sandbox", "scopes": ["mast:exclusive_access"]}
    return JSONResponse(
        _session(token.ezid)
        | {
            "anon": False,
            "eppn": f"{token.ezid}@example.org",
            "attrib": attributes,
            "scopes": ["mast:exclusive_access", "mast:user:info"],
            "token": about,
        }
    )


def _session(ezid: str) -> dict[str, Any]:
    return {"eppn": "", "ezid": ezid, "attrib": {}, "session": None}


def token_page(_state: State, _asked: Asked) -> Response:
    """auth.mast's `/token`: the page on which people make a token."""
    return HTMLResponse(_PAGE)
