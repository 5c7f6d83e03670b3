"""Refer-To values with embedded headers: written and read (RFC 3515, RFC 3261 section 19.1.1)."""

from collections.abc import Mapping
from urllib.parse import quote, unquote


def refer_to(target: str, headers: Mapping[str, str] | None = None) -> str:
    """Refer-To value for a SIP URI with headers embedded (RFC 3261 section 19.1.1)."""
    uri = target.strip().removeprefix("<").removesuffix(">")
    if not headers:
        return f"<{uri}>"
    embedded = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in headers.items())
    return f"<{uri}?{embedded}>"


def parse_refer_to(value: str) -> tuple[str, dict[str, str]]:
    """Refer-To value -> (URI without headers, embedded headers by lower-case name)."""
    inner = value[value.find("<") + 1 :].split(">", 1)[0].strip()
    uri, _, embedded = inner.partition("?")
    headers: dict[str, str] = {}
    for pair in embedded.split("&"):
        name, equals, text = pair.partition("=")
        if equals:
            headers[unquote(name).lower()] = unquote(text)
    return uri, headers
