"""Orders to a running service by its HTTP API; everything that goes wrong is one sentence."""

from collections.abc import Mapping
from typing import Final

import httpx

from ivr.config import HttpSettings
from ivr.errors import ConfigError, ServiceError

TIMEOUT_S: Final = 15.0
ANYWHERE: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}
"""Addresses to listen at -> where such a service is found from its own machine."""


def service_url(settings: HttpSettings) -> str:
    """Where the service of this configuration answers."""
    if not settings.port:
        raise ConfigError("http.port", 0, "a port, or --url with the one that the service chose")
    host = ANYWHERE.get(settings.address, settings.address)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{settings.port}"


def order(url: str, path: str, body: Mapping[str, str], token: str) -> None:
    """POST; `ServiceError` with the service's own words where it refuses."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        # The service is asked itself, whatever proxy this machine has for the web.
        answer = httpx.post(
            url.rstrip("/") + path, json=body, headers=headers, timeout=TIMEOUT_S, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise ServiceError(
            "unreachable",
            f"no service answers at {url} ({exc}): is `ivr serve` running? "
            "http.address and http.port say where, or --url",
            retryable=True,
        ) from exc
    if answer.is_error:
        raise ServiceError("refused", _reason(answer), retryable=False)


def _reason(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"{answer.url} answers {answer.status_code}: is that the service?"
    return detail if isinstance(detail, str) else str(detail)
