"""Two people talk; music for the one whom the other puts on hold. Event loop only."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import cycle
from typing import Final

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.sip.leg import Disconnected, Held, Leg, LegEvent

AHEAD_SAMPLES: Final = 2 * LINE_RATE_HZ
"""Music handed over in advance: the least that survives a busy moment of ours."""
LOOK_S: Final = 0.5


async def talk(
    caller: Leg, operator: Leg, next_event: Callable[[], Awaitable[LegEvent]], music: bytes
) -> None:
    """From the bridge of both legs until the operator's ends.

    `next_event`: the operator's. Without `music` a caller on hold hears what the operator's phone
    sends, often nothing.
    """
    async with contextlib.AsyncExitStack() as hold:
        while True:
            match await next_event():
                case Disconnected():
                    return
                case Held(held=True) if music:
                    await caller.unbridge(operator)
                    await hold.enter_async_context(playing(caller, music))
                case Held(held=False) if music:
                    await hold.aclose()
                    await caller.bridge(operator)
                case _:
                    pass


@contextlib.asynccontextmanager
async def playing(leg: Leg, music: bytes) -> AsyncIterator[None]:
    """Music over and over, int16 mono 8 kHz, while the block lasts."""

    # Piece by piece: the playback ring holds less than a song.
    pieces = cycle(range(0, len(music), AHEAD_SAMPLES * SAMPLE_BYTES))

    async def play() -> None:
        while music:
            if leg.queued_samples < AHEAD_SAMPLES:
                start = next(pieces)
                leg.play(music[start : start + AHEAD_SAMPLES * SAMPLE_BYTES])
            await asyncio.sleep(LOOK_S)

    task = asyncio.create_task(play())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        leg.stop_playback()
