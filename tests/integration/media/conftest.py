"""Pools on loopback, tones and a raw SIP caller for the media tests."""

import asyncio
import contextlib
import math
import random
import secrets
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from ivr.config import MediaSettings, ServiceSettings, Settings, SipSettings
from ivr.media.pool import MediaPool
from ivr.sip.leg import Answered, Disconnected, Leg, LegEvent, LegFrame, LegIdentity
from ivr.testing.raw_phone import RawPhone

WAIT_S = 10.0


def tone(frequency_hz: float, seconds: float, amplitude: int = 8000) -> bytes:
    """A sine of int16 samples at 8 kHz."""
    step = 2 * math.pi * frequency_hz / 8000
    return array(
        "h", (int(amplitude * math.sin(step * n)) for n in range(int(8000 * seconds)))
    ).tobytes()


def amplitude(samples: bytes, frequency_hz: float) -> float:
    """Amplitude of one frequency (Goertzel by definition)."""
    values = np.frombuffer(samples, "<i2").astype(float)
    phases = np.exp(-2j * np.pi * frequency_hz * np.arange(len(values)) / 8000)
    return float(abs((values * phases).mean()) * 2)


async def listen(leg: Leg, seconds: float) -> bytes:
    """What the leg hears for a time, from now on."""
    frames = [await next_frame(leg) for _ in range(int(seconds * 50))]
    return b"".join(frame.frame.samples for frame in frames)


async def settle(seconds: float, *legs: Leg) -> None:
    """Let time go by and drop what the legs hear meanwhile and have heard before."""

    async def drop(leg: Leg) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await leg.next_frame() is not None:
                    pass

    await asyncio.gather(*(drop(leg) for leg in legs))


async def next_frame(leg: Leg) -> LegFrame:
    frame = await asyncio.wait_for(leg.next_frame(), WAIT_S)
    assert frame is not None
    return frame


async def wait_for(leg: Leg, kind: type[LegEvent]) -> Any:
    """The next event of a kind; others are skipped."""
    async with asyncio.timeout(WAIT_S):
        while True:
            event = await leg.next_event()
            if isinstance(event, kind):
                return event
            assert not isinstance(event, Disconnected), event


@dataclass
class Phone:
    """A pool with a queue of the calls that came in."""

    pool: MediaPool
    incoming: asyncio.Queue[Leg]

    async def next_call(self) -> Leg:
        return await asyncio.wait_for(self.incoming.get(), WAIT_S)


MakePhone = Callable[..., Awaitable[Phone]]
OnRejected = Callable[[LegIdentity, int], None]


@pytest.fixture
async def make_phone(tmp_path: Path) -> AsyncIterator[MakePhone]:
    """Factory of started pools on free ports; all are closed afterwards."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            *,
            sip: dict[str, object] | None = None,
            media: dict[str, object] | None = None,
            settings: dict[str, object] | None = None,
            legs_until: Callable[[], float] | None = None,
            **options: Any,
        ) -> Phone:
            base: dict[str, object] = {"address": "127.0.0.1", "port": 0, "tls_port": 0}
            ports = {"rtp_port": random.randrange(20000, 52000, 2)}
            configured = Settings(
                sip=SipSettings.model_validate(base | {"kamailio": "off"} | (sip or {})),
                media=MediaSettings.model_validate(ports | (media or {})),
                service=ServiceSettings(runtime=str(tmp_path / secrets.token_hex(3))),
                **(settings or {}),
            )
            incoming: asyncio.Queue[Leg] = asyncio.Queue()
            pool = MediaPool(configured, on_incoming=incoming.put_nowait, **options)
            stack.push_async_callback(pool.aclose)
            await pool.start(legs_until=legs_until)
            return Phone(pool, incoming)

        yield make


async def behind_kamailio(
    make_phone: MakePhone, workers: int = 2, *, on_rejected: OnRejected | None = None, **sip: object
) -> Phone:
    """A service as it is run: workers behind their front."""
    return await make_phone(
        sip={"kamailio": "required"} | sip, worker_count=workers, on_rejected=on_rejected
    )


async def connect(caller: Phone, service: Phone, uri: str = "", **options: Any) -> tuple[Leg, Leg]:
    """An answered call: (caller's leg, service's leg)."""
    outbound = await caller.pool.dial(uri or service.pool.uri, **options)
    inbound = await service.next_call()
    await inbound.answer()
    await wait_for(outbound, Answered)
    await wait_for(inbound, Answered)
    return outbound, inbound


@dataclass
class RawCaller(asyncio.DatagramProtocol):
    """Sends INVITEs as text and keeps the answers; for what no user agent would send."""

    responses: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    transport: asyncio.DatagramTransport | None = None
    peer: tuple[str, int] = ("127.0.0.1", 9)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.responses.put_nowait(data.decode("utf-8", "replace"))

    def error_received(self, exc: Exception) -> None:
        pass

    @property
    def own(self) -> str:
        assert self.transport is not None
        return "{}:{}".format(*self.transport.get_extra_info("sockname"))

    def send(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.sendto(data, self.peer)

    def invite(
        self,
        uri: str,
        *,
        headers: str = "",
        sdp: str | None = None,
        caller: str = "79030000000",
        method: str = "INVITE",
    ) -> None:
        """One request; `sdp` None: a plain offer, '': no body."""
        body = plain_sdp() if sdp is None else sdp
        token = secrets.token_hex(6)
        text = (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.own};branch=z9hG4bK{token};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{caller}@{self.own}>;tag={token}\r\nTo: <{uri}>\r\n"
            f"Call-ID: {token}\r\nCSeq: 1 {method}\r\nContact: <sip:raw@{self.own}>\r\n{headers}"
            + ("Content-Type: application/sdp\r\n" if body else "")
            + f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.send(text.encode())

    async def final(self) -> str:
        """The next response of 200 and up."""
        async with asyncio.timeout(WAIT_S):
            while True:
                response = await self.responses.get()
                if response.startswith("SIP/2.0 ") and response[8] != "1":
                    return response


def plain_sdp(host: str = "127.0.0.1", extra: str = "") -> str:
    return (
        f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio 40000 RTP/AVP 8 0\r\n{extra}"
    )


@pytest.fixture
async def raw_caller() -> AsyncIterator[RawCaller]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        RawCaller, local_addr=("127.0.0.1", 0)
    )
    yield protocol
    transport.close()


@pytest.fixture
async def raw_phone() -> AsyncIterator[RawPhone]:
    """A phone that does what the test says, message by message."""
    phone = await RawPhone.open()
    yield phone
    phone.close()
