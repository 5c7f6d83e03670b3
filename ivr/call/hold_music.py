"""Music for somebody who waits in the queue, until they answer. Event loop only."""

import asyncio
from collections.abc import Callable
from typing import Final

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.call.floor import Answer, Floor
from ivr.speech.player import Player, Segment

LEAD_S: Final = 2.0
"""Music handed over ahead of what is heard; a busy loop may be late by this much."""
PIECE_S: Final = 0.5
POLL_S: Final = 0.2
TAIL_S: Final = 0.3
"""Silence after a noise that stopped the music, seconds; then the caller waits on."""
_PIECE_BYTES: Final = round(PIECE_S * LINE_RATE_HZ) * SAMPLE_BYTES


class HoldMusic:
    """Loops one piece of music; it goes on where it was left, however often it is interrupted."""

    def __init__(self, player: Player, source: Callable[[], bytes]) -> None:
        self._player = player
        self._source = source
        self._at = 0
        """Bytes of the piece that were handed over."""

    async def until_answered(self, floor: Floor, lasts_s: float) -> Answer:
        """Music after what plays already, for `lasts_s`, unless the caller or an operator comes."""
        left_s = self._feed(lasts_s)  # at once: without it the silence would count already
        feeding = asyncio.create_task(self._go_on(floor, left_s))
        try:
            return await floor.ask(TAIL_S)
        finally:
            feeding.cancel()

    async def _go_on(self, floor: Floor, left_s: float) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            if floor.prompting:  # else somebody speaks, and the music may come back
                left_s = self._feed(left_s)
            if left_s <= 0:
                floor.lapse()  # while the rest still plays, so that the music never pauses

    def _feed(self, left_s: float) -> float:
        """Hand over what is missing; the seconds of music that are left then."""
        while left_s > 0 and self._player.queued_s < LEAD_S:
            samples = self._next_piece()
            self._player.play(
                Segment(phrase=(), text="", samples=samples, barge_in=True, droppable=True)
            )
            left_s -= PIECE_S
        return left_s

    def _next_piece(self) -> bytes:
        music = self._source() or bytes(_PIECE_BYTES)
        piece = b""
        while len(piece) < _PIECE_BYTES:
            begin = self._at % len(music)
            more = music[begin : begin + _PIECE_BYTES - len(piece)]
            piece += more
            self._at = begin + len(more)
        return piece
