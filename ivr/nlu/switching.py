"""One client whose engine can be exchanged while callers speak."""

import asyncio

from ivr.errors import NluError
from ivr.nlu.schema import NluClient, NluResult


class _Lane:
    """A client and how many requests are with it."""

    def __init__(self, client: NluClient) -> None:
        self.client = client
        self.idle = asyncio.Event()
        self.idle.set()
        self._in_flight = 0

    async def parse(self, text: str) -> NluResult:
        self._in_flight += 1
        self.idle.clear()
        try:
            return await self.client.parse(text)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self.idle.set()


class SwitchingNlu:
    """`NluClient` that hands each text to the client in force. Event loop only."""

    def __init__(self, client: NluClient) -> None:
        self._lane = _Lane(client)

    async def parse(self, text: str) -> NluResult:
        """By the client in force at this moment, which also answers when another takes over.

        Should it fail meanwhile, the new one is asked: a switch must not cost a turn.
        """
        lane = self._lane
        try:
            return await lane.parse(text)
        except NluError:
            if lane is self._lane:
                raise
        return await self._lane.parse(text)

    async def switch(self, client: NluClient, *, limit_s: float) -> None:
        """Ask `client` from now on; return when the former one has answered its last request.

        Raises `TimeoutError` when that takes longer than `limit_s`; the switch stands.
        """
        old, self._lane = self._lane, _Lane(client)
        async with asyncio.timeout(limit_s):
            await old.idle.wait()
