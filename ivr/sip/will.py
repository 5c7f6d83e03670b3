"""The request that ends a dialog on behalf of a user agent that can no longer send it. Pure.

When a media worker dies, its operators' phones would ring on and its callers would hear nothing
until they give up. What the worker reported of its dialogs is enough to cancel or end them:
RFC 3261 sections 9.1 (CANCEL has the INVITE's Via, From, To, Call-ID and number) and 12.2.1.1.
"""

import re
from dataclasses import dataclass
from typing import Final

from ivr.sip.identity import parse_headers

BYE_CSEQ: Final = 1_000_000
"""Beyond every number the dead user agent can have used: pjsip starts below 32768."""

_URI = re.compile(r"<([^>]+)>")
_HOST = re.compile(r"^sip:(?:[^@]*@)?(\d+\.\d+\.\d+\.\d+)(?::(\d+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """What is known of a dialog: its INVITE and, once answered, the 2xx; both as sent."""

    inbound: bool
    invite: str
    answer: str = ""
    destination: str = ""
    """'host:port' the INVITE went to; '' for an inbound one."""


@dataclass(frozen=True, slots=True)
class Will:
    """A request and where it goes."""

    text: str
    transport: str
    """'udp' or 'tcp'."""
    host: str
    port: int


def will_of(dialog: Dialog, token: str) -> Will | None:
    """CANCEL or BYE, whatever ends the dialog; None when nothing can be sent: an inbound call that
    was not answered, a far end known only by name. `token` makes a BYE's branch unique."""
    try:
        if dialog.answer:
            return _bye(dialog, token)
        return None if dialog.inbound else _cancel(dialog)
    except (KeyError, IndexError):  # peers send what they like: a header is missing
        return None


def _cancel(dialog: Dialog) -> Will | None:
    headers = parse_headers(dialog.invite)
    host, _, port = dialog.destination.rpartition(":")
    transport = headers["via"][0].split(" ", 1)[0].rpartition("/")[2].lower()
    if not port.isdigit() or transport not in ("udp", "tcp"):
        return None
    uri = dialog.invite.split(" ", 2)[1]
    lines = [
        f"CANCEL {uri} SIP/2.0",
        f"Via: {headers['via'][0]}",
        *(f"Route: {route}" for route in headers.get("route", [])),
        f"From: {headers['from'][0]}",
        f"To: {headers['to'][0]}",
        f"Call-ID: {headers['call-id'][0]}",
        f"CSeq: {_number(headers['cseq'][0])} CANCEL",
    ]
    return Will(_message(lines), transport, host, int(port))


def _bye(dialog: Dialog, token: str) -> Will | None:
    invite, answer = parse_headers(dialog.invite), parse_headers(dialog.answer)
    if dialog.inbound:
        own, far = answer["to"][0], invite["from"][0]
        contact, routes = invite.get("contact", [""])[0], invite.get("record-route", [])
    else:
        own, far = invite["from"][0], answer["to"][0]
        contact, routes = answer.get("contact", [""])[0], answer.get("record-route", [])
    routes = [route.strip() for line in routes for route in line.split(",")]
    if not dialog.inbound:
        routes.reverse()
    target = _uri(contact)
    hop = _address(_uri(routes[0]) if routes else target)
    if hop is None:
        return None
    transport, host, port = hop
    lines = [
        f"BYE {target} SIP/2.0",
        f"Via: SIP/2.0/{transport.upper()} {_sent_by(dialog)};branch=z9hG4bK{token};rport",
        *(f"Route: {route}" for route in routes),
        f"From: {own}",
        f"To: {far}",
        f"Call-ID: {invite['call-id'][0]}",
        f"CSeq: {BYE_CSEQ} BYE",
        'Reason: SIP;cause=500;text="media worker lost"',
    ]
    return Will(_message(lines), transport, host, port)


def _message(lines: list[str]) -> str:
    return "\r\n".join([*lines, "Max-Forwards: 70", "Content-Length: 0", "", ""])


def _sent_by(dialog: Dialog) -> str:
    """The dead user agent's own 'host:port': from its Via, or its Contact where it was called."""
    if not dialog.inbound:
        via = parse_headers(dialog.invite)["via"][0]
        return via.split(" ", 1)[1].split(";", 1)[0].strip()
    own = _address(_uri(parse_headers(dialog.answer).get("contact", [""])[0]))
    return f"{own[1]}:{own[2]}" if own is not None else "127.0.0.1"


def _number(cseq: str) -> str:
    return cseq.split(" ", 1)[0]


def _uri(value: str) -> str:
    match = _URI.search(value)
    return match.group(1) if match else value.split(";", 1)[0].strip()


def _address(uri: str) -> tuple[str, str, int] | None:
    """(transport, numeric host, port) of a URI that can be reached without name and TLS."""
    match = _HOST.match(uri)
    if match is None or "transport=tls" in uri.lower():
        return None
    transport = "tcp" if "transport=tcp" in uri.lower() else "udp"
    return transport, match.group(1), int(match.group(2) or 5060)
