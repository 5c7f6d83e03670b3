"""Which addresses and ports this machine offers."""

import socket
from contextlib import ExitStack
from typing import Final

from ivr.config import SipSettings
from ivr.errors import SipError

ANYWHERE: Final = "0.0.0.0"
LOOPBACK: Final = "127.0.0.1"
ELSEWHERE: Final = ("192.0.2.1", 9)
"""A documentation address (RFC 5737): connecting a UDP socket there sends nothing."""


def public_address(sip: SipSettings) -> str:
    """Address for SDP and Contact: the configured one, else the machine's own."""
    if sip.public_address != "auto":
        return sip.public_address
    if sip.address != ANYWHERE:
        return sip.address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            return str(probe.getsockname()[0])
        except OSError:  # no route: a machine without network still serves itself
            return LOOPBACK


def free_sip_port(address: str) -> int:
    """A port that is free for UDP and TCP right now."""
    for _ in range(50):
        with ExitStack() as stack:
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            tcp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            udp.bind((address, 0))
            try:
                tcp.bind((address, udp.getsockname()[1]))
            except OSError:
                continue
            return int(udp.getsockname()[1])
    raise SipError("no_port", f"no free SIP port on {address}")
