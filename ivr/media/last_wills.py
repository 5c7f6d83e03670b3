"""Ends the dialogs of a worker that died, in its name, so that no phone rings or waits on.

Event loop only. Straight to where the worker would have sent: Kamailio on loopback, or the far end
itself.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Iterable
from typing import Final

from ivr.sip.will import Dialog, Will, will_of

log = logging.getLogger(__name__)

CONNECT_S: Final = 2.0
REPEAT_S: Final = 0.5
"""T1 of RFC 3261: nobody waits for the answer, so a lost packet is made good unasked."""


def send_last_wills(dialogs: Iterable[Dialog]) -> None:
    """CANCEL or BYE for each dialog, now and once more."""
    wills = [will for dialog in dialogs if (will := will_of(dialog, secrets.token_hex(8)))]
    if not wills:
        return
    log.warning("> ending %d legs of a lost media worker", len(wills), extra={"action": "will"})
    datagrams = [will for will in wills if will.transport == "udp"]
    _send(datagrams)
    asyncio.get_running_loop().call_later(REPEAT_S, _send, datagrams)
    for will in wills:
        if will.transport == "tcp":
            task = asyncio.create_task(_send_over_tcp(will))
            _sending.add(task)
            task.add_done_callback(_sending.discard)


_sending: Final[set[asyncio.Task[None]]] = set()
"""The loop itself holds tasks weakly."""


def _send(wills: Iterable[Will]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for will in wills:
            with contextlib.suppress(OSError):  # nobody there, no route: nothing rings either
                sender.sendto(will.text.encode(), (will.host, will.port))


async def _send_over_tcp(will: Will) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(will.host, will.port)
            writer.write(will.text.encode())
            await writer.drain()
            await reader.read(1)  # closed before it was read, it could be thrown away
            writer.close()
