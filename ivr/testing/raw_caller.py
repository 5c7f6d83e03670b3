"""A caller that makes its own RTP, so that a test decides what the network does to it."""

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Final

from ivr.audio.pcm import FRAME_BYTES, FRAME_MS, SAMPLE_BYTES
from ivr.errors import SipError
from ivr.softphone.listening import Listening
from ivr.testing.bad_line import BadLine, from_alaw, packets, suppressed_in

RTP_HEAD: Final = 12
ANSWER_S: Final = 10.0
FRAME_S: Final = FRAME_MS / 1000


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._received(data)


class RawCaller:
    """One SIP call by hand over UDP. Use as an async context manager; event loop only."""

    def __init__(self, uri: str, caller: str, line: BadLine) -> None:
        self._uri = uri
        self._caller = caller
        self._line = line
        self.listening = Listening()
        self.ended = False
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._token = secrets.token_hex(6)
        self._ssrc = secrets.randbits(32)
        self._frame = 0
        self._suppressed = 0
        self._due: list[bytes] = []
        self._heard = asyncio.Event()

    async def __aenter__(self) -> "RawCaller":
        loop = asyncio.get_running_loop()
        host, port = re.search(r"@([\d.]+):(\d+)", self._uri).groups()  # type: ignore[union-attr]
        self._sip = await _open(self._on_sip, (host, int(port)))
        self._rtp = await _open(self._on_rtp)
        self._request("INVITE", 1, self._uri, "", self._sdp())
        answer = await self._answered()
        media = re.search(r"m=audio (\d+)", answer)
        address = re.search(r"c=IN IP4 ([\d.]+)", answer)
        if media is None or address is None:
            raise SipError("answer", "the answer has no audio")
        self._far = (address[1], int(media[1]))
        self._dialog(answer)
        self._request("ACK", 1, self._target, self._route)
        self._sender = loop.create_task(self._send())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)
        if not self.ended:
            self._request("BYE", 2, self._target, self._route)
        self._rtp.close()
        self._sip.close()

    async def say(self, pcm: bytes) -> None:
        """Speak int16 8 kHz audio; returns when it is on the wire."""
        self._due = [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]
        while self._due:
            await self._next()

    async def prompt_heard(self, timeout_s: float = 30.0, quiet_s: float = 0.9) -> bytes:
        """Wait for the bot to speak and to finish; what was heard meanwhile."""
        start_s = self.listening.now_s
        self.listening.heard_anything = False
        async with asyncio.timeout(timeout_s):
            while not (self.listening.heard_anything and self.listening.quiet_s >= quiet_s):
                await self._next()
        return self.listening.heard_between(start_s)

    async def _next(self) -> None:
        self._heard.clear()
        await self._heard.wait()

    async def _send(self) -> None:
        """Frames in blocks of half a second, so that within a block packets can change places."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            block = [self._take() for _ in range(25)]
            pcm = b"".join(frame.ljust(FRAME_BYTES, b"\0") for frame in block)
            sent = packets(
                pcm, self._line, ssrc=self._ssrc, first=self._frame, suppressed=self._suppressed
            )
            for packet in sent:
                await asyncio.sleep(max(0.0, began + packet.at_s - loop.time()))
                self._rtp.sendto(packet.data, self._far)
            self._suppressed += suppressed_in(pcm, self._line, self._frame)
            self._frame += len(block)
            began += len(block) * self._line.spacing_ms / 1000

    def _take(self) -> bytes:
        return self._due.pop(0) if self._due else bytes(FRAME_BYTES)

    def _on_rtp(self, data: bytes) -> None:
        if len(data) == RTP_HEAD + FRAME_BYTES // SAMPLE_BYTES:
            self.listening.frame(from_alaw(data[RTP_HEAD:]), b"")
            self._heard.set()

    def _on_sip(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        if text.startswith("BYE"):
            self.ended = True
        else:
            self._answers.put_nowait(text)

    async def _answered(self) -> str:
        async with asyncio.timeout(ANSWER_S):
            while not (answer := await self._answers.get()).startswith("SIP/2.0 200"):
                if not answer.startswith("SIP/2.0 1"):
                    raise SipError("refused", answer.splitlines()[0])
        return answer

    def _dialog(self, answer: str) -> None:
        """RFC 3261 section 12.1.2: remote target, remote tag, route set."""
        self._to = _header(answer, "To")[0]
        self._target = _header(answer, "Contact")[0].strip("<>").partition(">")[0]
        routes = reversed(_header(answer, "Record-Route"))
        self._route = "".join(f"Route: {route}\r\n" for route in routes)

    def _request(self, method: str, number: int, target: str, route: str, body: str = "") -> None:
        own = "{}:{}".format(*self._sip.get_extra_info("sockname"))
        to = f"<{self._uri}>" if method == "INVITE" else self._to
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self._caller}@{own}>;tag={self._token}\r\n"
            f"To: {to}\r\nCall-ID: {self._token}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:{self._caller}@{own}>\r\n{route}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._sip.sendto(text.encode())

    def _sdp(self) -> str:
        host, port = self._rtp.get_extra_info("sockname")
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 13\r\na=rtpmap:13 CN/8000\r\n"
            "a=ptime:20\r\na=sendrecv\r\n"
        )


async def _open(
    received: Callable[[bytes], None], peer: tuple[str, int] | None = None
) -> asyncio.DatagramTransport:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Socket(received), local_addr=("127.0.0.1", 0), remote_addr=peer
    )
    return transport


def _header(message: str, name: str) -> list[str]:
    return re.findall(rf"^{name}:\s*(.+?)\r?$", message, re.MULTILINE | re.IGNORECASE)
