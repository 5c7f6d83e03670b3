"""Which addresses and ports this machine offers."""

import asyncio
import contextlib
import socket
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from typing import Final

from ivr.config import SipSettings
from ivr.errors import SetupError, SipError

ANYWHERE: Final = "0.0.0.0"
LOOPBACK: Final = "127.0.0.1"
ELSEWHERE: Final = ("192.0.2.1", 9)
"""A documentation address (RFC 5737): connecting a UDP socket there sends nothing."""

FORMER_FRONT_S: Final = 2.0
"""The front of a service that was killed holds its ports this long at most."""
RETRY_S: Final = 0.1


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
    return free_sip_ports([address])[0]


def free_sip_ports(addresses: Sequence[str], taken: Collection[int] = ()) -> tuple[int, ...]:
    """A port for each address that is free for UDP and TCP right now: no two of them the same, and
    none of those that others of ours are about to use."""
    with ExitStack() as held:
        return tuple(_held_port(held, address, taken) for address in addresses)


def _held_port(held: ExitStack, address: str, taken: Collection[int]) -> int:
    """One that nobody else gets before `held` is closed."""
    for _ in range(50):
        udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        udp.bind((address, 0))
        port = int(udp.getsockname()[1])
        with contextlib.suppress(OSError):
            tcp.bind((address, port))
            if port not in taken:
                return port
    raise SipError("no_port", f"no free SIP port on {address}")


async def await_free(key: str, address: str, port: int) -> None:
    """`require_free`, with patience for the front of a service that was killed just now."""
    for _ in range(round(FORMER_FRONT_S / RETRY_S)):
        try:
            require_free(key, address, port)
        except SetupError:
            await asyncio.sleep(RETRY_S)
        else:
            return
    require_free(key, address, port)


def require_free(key: str, address: str, port: int) -> None:
    """`SetupError` naming the key when somebody else listens on a UDP or TCP port; 0 is free.

    A proxy that is already there would answer our probes and make us believe that we are up.
    """
    for kind, name in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
        with socket.socket(socket.AF_INET, kind) as probe:
            # Old connections in TIME_WAIT do not matter; for UDP the option would share the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            try:
                probe.bind((address, port))
            except OSError as exc:
                variable = "IVR_" + key.upper().replace(".", "__")
                raise SetupError(
                    "port",
                    f"{key}: {name} {address}:{port} cannot be used ({exc.strerror}); stop what "
                    f"holds it or choose another port, for example {variable}={port + 20}",
                ) from exc
