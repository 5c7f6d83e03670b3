"""Who may read and who may change: one bearer token, and no writing without it from afar."""

import hmac
from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

SCHEME = HTTPBearer(auto_error=False, description="`http.token` of the configuration.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(SCHEME)]

REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "A token is configured and was not given."},
}
WRITE_REFUSALS: dict[int | str, dict[str, Any]] = {
    **REFUSALS,
    403: {"description": "No token is configured, and the request may come from elsewhere."},
}


def bearer(token: str) -> Callable[..., None]:
    """A dependency that lets in whoever has the token; anybody where there is none."""

    def check(credentials: Credentials) -> None:
        given = credentials.credentials if credentials is not None else ""
        if token and not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(401, "a token is needed", {"WWW-Authenticate": "Bearer"})

    return check


def writing(token: str, address: str) -> Callable[[Request], None]:
    """A dependency that refuses changes where nobody had to show who they are.

    Without a token only programs of this machine may write: the server has to listen on loopback,
    and a page that a browser here has loaded from elsewhere must not use it either.
    """

    def check(request: Request) -> None:
        if token:
            return
        if not is_loopback(address):
            raise HTTPException(
                403,
                f"changes over {address} need a token: set http.token, "
                "or http.address to 127.0.0.1",
            )
        origin = request.headers.get("origin")
        if not is_loopback(request.url.hostname or "") or (
            origin is not None and urlsplit(origin).netloc != request.headers.get("host")
        ):
            raise HTTPException(403, "changes by pages from elsewhere need a token: set http.token")

    return check


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
