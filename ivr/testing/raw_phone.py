"""A SIP phone by hand over UDP: answers what a test says, when it says so, and notes the time.

For far ends that no user agent plays: announcements before the answer, a REFER that is accepted
and comes to nothing, a phone that rings for ever. Event loop only; no audio unless it is sent.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

WAIT_S: Final = 10.0
COPIED: Final = ("via", "from", "to", "call-id", "cseq", "record-route")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response as it came."""

    text: str
    at: float
    """When, seconds of the monotonic clock."""

    @property
    def start(self) -> str:
        """Request or status line."""
        return self.text.split("\r\n", 1)[0]

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """Of the request, or of what a response answers."""
        return self.start.split(" ")[0] if self.is_request else self.header("CSeq").split(" ")[1]

    @property
    def status(self) -> int:
        """Of a response."""
        return int(self.start.split(" ")[1])

    def headers(self, name: str) -> list[str]:
        """Values of all headers of a name."""
        found = re.findall(
            rf"^{name}[ \t]*:[ \t]*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE
        )
        return [str(value) for value in found]

    def header(self, name: str) -> str:
        """Value of the first header of a name, '' when there is none."""
        return next(iter(self.headers(name)), "")

    @property
    def body(self) -> str:
        return self.text.partition("\r\n\r\n")[2]


class RawPhone(asyncio.DatagramProtocol):
    """Make it with `RawPhone.open()`; `close()` afterwards."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self._came = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._tag = secrets.token_hex(4)
        self._peer = ("127.0.0.1", 9)

    @classmethod
    async def open(cls) -> "RawPhone":
        """A phone on a free loopback port."""
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        return phone

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def address(self) -> str:
        """'host:port'."""
        assert self._transport is not None
        return "{}:{}".format(*self._transport.get_extra_info("sockname")[:2])

    @property
    def uri(self) -> str:
        return f"sip:raw@{self.address}"

    # ---- receiving

    async def request(self, method: str, *, after: float = 0.0, wait_s: float = WAIT_S) -> Message:
        """The first request of a method that came after a time; waits for it."""
        return await self._first(
            lambda message: message.is_request and message.method == method, after, wait_s
        )

    async def final(self, method: str, *, after: float = 0.0, wait_s: float = WAIT_S) -> Message:
        """The first final response to a request of a method that came after a time."""
        return await self._first(
            lambda message: (
                not message.is_request and message.method == method and message.status >= 200
            ),
            after,
            wait_s,
        )

    async def _first(self, fits: Callable[[Message], bool], after: float, wait_s: float) -> Message:
        async with asyncio.timeout(wait_s):
            while True:
                for message in self.received:
                    if message.at >= after and fits(message):
                        return message
                self._came.clear()
                await self._came.wait()

    # ---- sending

    def respond(
        self, request: Message, status: int, reason: str, *, body: str = "", headers: str = ""
    ) -> None:
        """A response; `headers` whole lines."""
        lines = [f"SIP/2.0 {status} {reason}"]
        head = request.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        for line in head:
            name = line.partition(":")[0].strip().lower()
            if name in COPIED:
                tagged = name != "to" or ";tag=" in line or status == 100
                lines.append(line if tagged else f"{line};tag={self._tag}")
        self._send("\r\n".join(lines) + "\r\n" + self._rest(body, headers))

    def invite(self, uri: str, *, caller: str = "9030000001", headers: str = "") -> str:
        """An INVITE with audio to 'sip:user@host:port'; its Call-ID."""
        host, _, port = uri.rpartition("@")[2].partition(":")
        self._peer = (host, int(port))
        call_id = secrets.token_hex(8)
        self._send(
            f"INVITE {uri} SIP/2.0\r\n{self._via()}"
            f"From: <sip:{caller}@{self.address}>;tag={self._tag}\r\nTo: <{uri}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\n" + self._rest(self.sdp(), headers)
        )
        return call_id

    def in_dialog(
        self,
        method: str,
        base: Message,
        cseq: int,
        *,
        body: str = "",
        headers: str = "",
    ) -> None:
        """A request inside the dialog that `base` belongs to: the 2xx to our INVITE, or the far
        end's INVITE."""
        target = base.header("Contact").partition("<")[2].partition(">")[0]
        routes = base.headers("Record-Route")
        own, far = ("To", "From") if base.is_request else ("From", "To")
        own_value = base.header(own)
        if base.is_request:
            own_value += f";tag={self._tag}"
        else:
            routes.reverse()
        route_lines = "".join(f"Route: {route}\r\n" for route in routes)
        self._send(
            f"{method} {target} SIP/2.0\r\n{self._via()}{route_lines}"
            f"From: {own_value}\r\nTo: {base.header(far)}\r\n"
            f"Call-ID: {base.header('Call-ID')}\r\nCSeq: {cseq} {method}\r\n"
            + self._rest(body, headers)
        )

    def sdp(self, direction: str = "sendrecv") -> str:
        """An audio session of A-law; nobody listens at its port."""
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        )

    def _via(self) -> str:
        branch = secrets.token_hex(6)
        return (
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n"
        )

    def _rest(self, body: str, headers: str) -> str:
        kind = "application/sdp" if body.startswith("v=") else "message/sipfrag;version=2.0"
        typed = f"Content-Type: {kind}\r\n" if body and "Content-Type" not in headers else ""
        return f"Contact: <{self.uri}>\r\n{headers}{typed}Content-Length: {len(body)}\r\n\r\n{body}"

    def _send(self, text: str) -> None:
        assert self._transport is not None
        self._transport.sendto(text.encode(), self._peer)

    # ---- asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        message = Message(data.decode("utf-8", "replace"), time.monotonic())
        self.received.append(message)
        self._came.set()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there any more: what a test waits for will not come."""
