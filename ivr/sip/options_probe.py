"""Ask a SIP element whether it is there: one OPTIONS over UDP. Event loop only."""

import asyncio
import contextlib
import secrets
from typing import Final

REQUEST: Final = (
    "OPTIONS sip:{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {own};branch=z9hG4bK{token};rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:probe@{own}>;tag={token}\r\n"
    "To: <sip:{host}:{port}>\r\n"
    "Call-ID: {token}\r\n"
    "CSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n"
    "\r\n"
)


class _Probe(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        parts = data.split(b" ", 2)
        if parts[0] == b"SIP/2.0" and parts[1].isdigit() and not self.status.done():
            self.status.set_result(int(parts[1]))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there (yet): the timeout decides."""


async def answers_options(host: str, port: int, *, timeout_s: float) -> bool:
    """Whether an OPTIONS gets a 2xx within the time."""
    loop = asyncio.get_running_loop()
    try:
        transport, probe = await loop.create_datagram_endpoint(_Probe, remote_addr=(host, port))
    except OSError:
        return False
    try:
        own = "{}:{}".format(*transport.get_extra_info("sockname")[:2])
        request = REQUEST.format(host=host, port=port, own=own, token=secrets.token_hex(8))
        transport.sendto(request.encode("ascii"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return 200 <= await probe.status < 300
        return False
    finally:
        transport.close()
