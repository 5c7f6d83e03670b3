"""Who calls whom: what an INVITE's text says about caller, called number and call. Pure."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import unquote

from ivr.errors import ConfigError
from ivr.sip.leg import LegIdentity

Network = IPv4Network | IPv6Network

COMPACT_NAMES: Final = {"f": "from", "t": "to", "i": "call-id", "m": "contact", "v": "via"}
"""Compact header forms (RFC 3261 section 7.3.3)."""
KEPT_HEADERS: Final = ("user-to-user", "user-agent")
MAX_HOST_CHARACTERS: Final = 200
"""Longer hosts in SDP are hostile: pjmedia's own limit of 254 is an assertion."""
MAX_USER_CHARACTERS: Final = 64
MAX_KEPT_CHARACTERS: Final = 512

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_URI_USER = re.compile(r"(?:sips?:([^@\s]*)@|tel:([^@?\s]*))", re.IGNORECASE)
_LONG_SDP_LINE = re.compile(
    rf"^(?:c=|o=|a=rtcp)[^\r\n]{{{MAX_HOST_CHARACTERS},}}", re.MULTILINE | re.IGNORECASE
)
_UNWANTED = re.compile(r"[^\w.+*#~!-]")
_DIGITS = re.compile(r"(?<![\w.])\+?\d{5,}(?!\w)")
_SEPARATORS = str.maketrans("", "", " -.()")


def parse_networks(values: Iterable[str]) -> tuple[Network, ...]:
    """Trusted peers as networks; a bare address is a network of one."""
    try:
        return tuple(ip_network(value, strict=False) for value in values)
    except ValueError as exc:
        raise ConfigError("sip.trusted_peers", list(values), "addresses or networks") from exc


def is_trusted(source: str, trusted: Sequence[Network]) -> bool:
    """Whether a packet's source ('address' or 'address:port') is in a trusted network."""
    host = source.rsplit(":", 1)[0] if source.count(":") == 1 else source
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    return any(address in network for network in trusted)


def parse_headers(message: str) -> dict[str, list[str]]:
    """Headers of a SIP message by lower-case name, folded lines joined."""
    head = re.split(r"\r?\n\r?\n", message, maxsplit=1)[0]
    unfolded = re.sub(r"\r?\n[ \t]+", " ", head)
    headers: dict[str, list[str]] = {}
    for line in unfolded.splitlines()[1:]:
        name, colon, value = line.partition(":")
        key = name.strip().lower()
        if colon and key:
            headers.setdefault(COMPACT_NAMES.get(key, key), []).append(value.strip())
    return headers


def user_of(uri: str) -> str:
    """User part of a SIP or tel URI without parameters, unescaped; '' when there is none."""
    # A display name may contain anything, another URI included.
    bare_uri = _QUOTED.sub("", uri)
    if "<" in bare_uri:
        bare_uri = bare_uri.split("<", 1)[1].split(">", 1)[0]
    match = _URI_USER.match(bare_uri.strip())
    if match is None:
        return ""
    user = unquote(match.group(1) or match.group(2) or "").split(";", 1)[0].split(":", 1)[0]
    bare = user.translate(_SEPARATORS)
    # What is kept may go into headers and pages of ours: no quoting, no line breaks.
    return (bare if bare.lstrip("+").isdigit() else _UNWANTED.sub("", user))[:MAX_USER_CHARACTERS]


def request_user(message: str) -> str:
    """User part of the request URI."""
    parts = message.split("\n", 1)[0].split(" ")
    return user_of(parts[1]) if len(parts) > 1 else ""


def parse_identity(message: str, *, source: str, trusted: Sequence[Network]) -> LegIdentity:
    """An INVITE's text and where it came from -> caller, called number and call."""
    headers = parse_headers(message)
    asserted = ""
    if is_trusted(source, trusted):
        users = (
            user_of(uri)
            for value in headers.get("p-asserted-identity", [])
            for uri in _QUOTED.sub("", value).split(",")
        )
        asserted = next((user for user in users if user), "")
    ani = asserted or user_of(_first(headers, "from"))
    return LegIdentity(
        ani="" if ani.lower() == "anonymous" else ani,
        dnis=request_user(message),
        asserted=bool(asserted),
        sip_call_id=_first(headers, "call-id"),
        headers={
            name: headers[name][0][:MAX_KEPT_CHARACTERS] for name in KEPT_HEADERS if name in headers
        },
    )


def is_own_number(user: str, numbers: Iterable[str]) -> bool:
    """Whether a dialled user part is one of ours; a leading '+' makes no difference."""
    return user.lstrip("+") in {number.lstrip("+") for number in numbers}


def has_hostile_sdp(message: str) -> bool:
    """Whether an SDP host is so long that the media library would abort."""
    return _LONG_SDP_LINE.search(message) is not None


def mask_numbers(text: str) -> str:
    """Text for logs: whatever may be a subscriber's number replaced; not ports, not addresses."""
    return _DIGITS.sub("****", text)


def _first(headers: dict[str, list[str]], name: str) -> str:
    return headers.get(name, [""])[0]
