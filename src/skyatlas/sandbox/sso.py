"""This file answers as ESO's single sign-on: a name and a password become a token for 8 hours.

Source: the flow that astroquery.eso uses and the answer recorded in its tests (oidc_token.json).
What a wrong password gives was never recorded; here it is 401 with OAuth's words (RFC 6749, 5.2).
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.state import TOKEN_LIFETIME, NotWelcome, State, account_of


def token(state: State, asked: Asked) -> Response:
    """`/sso/oidc/token`: an id_token, or a refusal."""
    if asked.one("grant_type") != "password":
        return _refused(400, "unsupported_grant_type", "only the grant type password is supported")
    try:
        account = account_of(asked.one("username"), asked.one("password"))
    except NotWelcome:
        return _refused(401, "invalid_grant", "Authentication failed")
    fault = asked.fault("short-tokens")
    lifetime = fault.number(1) if fault else TOKEN_LIFETIME
    return JSONResponse(
        {
            "access_token": state.tokens.issue(account, lifetime),
            "id_token": state.tokens.issue(account, lifetime),
            "token_type": "bearer",
            "expires_in": int(lifetime),
            "scope": "",
        }
    )


def _refused(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
