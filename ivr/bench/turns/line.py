"""A bad line: packets from caller to service go through here and some get lost. Event loop only.

The service gives out one address (`PUBLIC`) and listens on another (`INSIDE`); whatever is sent to
a port of the first is carried to the same port of the second, and answers go back the same way. The
caller's own address is replaced in what is signalled: a user agent that hears from the other one
directly soon sends there as well (pjmedia follows the source of RTP), past everything here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, cast

import numpy as np

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.bench.turns.rows import TurnRow
from ivr.bench.turns.sounds import SpokenTurn

INSIDE: Final = "127.0.0.1"
PUBLIC: Final = "127.0.0.9"
NEARBY, NOWHERE = f"c=IN IP4 {INSIDE}".encode(), f"c=IN IP4 {PUBLIC}".encode()
"""Where SDP asks for audio. As long as each other, so that Content-Length stays right; until the
first packets have come from the line there is nobody at the latter."""
MARGIN_S: Final = 0.1
"""A gap begins this long after a piece's last sample was queued, so that it was sent."""

Address = tuple[str, int]


class Line:
    """Use as an async context manager."""

    def __init__(self, signalling: Iterable[int], audio: Iterable[int], seed: int) -> None:
        self._signalling = tuple(signalling)
        self._audio = tuple(audio)
        self._rng = np.random.default_rng(seed)
        self._listeners: list[_Listener] = []
        self.loss = 0.0
        """Share of the caller's audio packets that are lost, 0..1."""
        self.lost = 0
        self.carried = 0

    async def __aenter__(self) -> "Line":
        for port in (*self._signalling, *self._audio):
            self._listeners.append(_Listener(self, port, may_lose=port in self._audio))
            await self._listeners[-1].open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.close()

    def loses(self) -> bool:
        """Whether the next packet is lost."""
        lost = bool(self._rng.random() < self.loss)
        self.lost += lost
        self.carried += not lost
        return lost

    @asynccontextmanager
    async def worse(self, row: TurnRow, spoken: SpokenTurn) -> AsyncIterator[None]:
        """The line as the row wants it, for as long as the block lasts."""
        gap = None
        if row.condition("gap") is not None and len(spoken.pieces) > 1:
            gap = asyncio.create_task(self._gap(spoken))
        self.loss = (row.condition("loss") or 0.0) / 100
        try:
            yield
        finally:
            if gap is not None:
                gap.cancel()
            self.loss = 0.0

    async def _gap(self, spoken: SpokenTurn) -> None:
        """Lose everything between the first two pieces."""
        (_, ended), (starts, _) = spoken.pieces[:2]
        await asyncio.sleep(ended / LINE_RATE_HZ + MARGIN_S)
        self.loss = 1.0
        await asyncio.sleep((starts - ended) / LINE_RATE_HZ - 2 * MARGIN_S)
        self.loss = 0.0


class _Listener(asyncio.DatagramProtocol):
    """One public port; a socket towards the service for every sender."""

    def __init__(self, line: Line, port: int, *, may_lose: bool) -> None:
        self._line = line
        self._port = port
        self._may_lose = may_lose
        self._transport: asyncio.DatagramTransport | None = None
        self._inside: dict[Address, _Inside] = {}
        self._opening: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Take the port."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, (PUBLIC, self._port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        if not self._may_lose:
            data = data.replace(NEARBY, NOWHERE)
        elif self._line.loses():
            return
        inside = self._inside.get(address)
        if inside is None:
            inside = self._inside[address] = _Inside(self, address)
            opening = asyncio.create_task(self._open(inside))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)
        inside.send(data)

    async def _open(self, inside: "_Inside") -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(
            lambda: inside, remote_addr=(INSIDE, self._port), local_addr=(INSIDE, 0)
        )

    def answer(self, data: bytes, address: Address) -> None:
        """A packet from the service goes back to whoever its socket stands for."""
        if self._transport is not None:
            self._transport.sendto(data, address)

    def close(self) -> None:
        for inside in self._inside.values():
            inside.close()
        if self._transport is not None:
            self._transport.close()


class _Inside(asyncio.DatagramProtocol):
    """What the service sees of one sender."""

    def __init__(self, listener: _Listener, sender: Address) -> None:
        self._listener = listener
        self._sender = sender
        self._transport: asyncio.DatagramTransport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        for data in self._early:
            self._transport.sendto(data)
        self._early.clear()

    def datagram_received(self, data: bytes, address: Address) -> None:
        self._listener.answer(data, self._sender)

    def send(self, data: bytes) -> None:
        if self._transport is None:
            self._early.append(data)
        else:
            self._transport.sendto(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
