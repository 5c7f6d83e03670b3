"""Music for somebody on hold, whatever the length of the piece."""

import asyncio

import pytest

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.handoff.talk import AHEAD_SAMPLES, LOOK_S, playing
from ivr.testing.legs import FakeLeg

pytestmark = pytest.mark.unit


async def test_a_piece_longer_than_the_playback_ring_is_handed_over_bit_by_bit() -> None:
    leg = FakeLeg()
    async with playing(leg, bytes(90 * LINE_RATE_HZ * SAMPLE_BYTES)):
        await asyncio.sleep(LOOK_S / 2)
        assert leg.commands == [f"play {AHEAD_SAMPLES}"]
        leg.queued_samples = 0
        await asyncio.sleep(LOOK_S)
        assert leg.commands == [f"play {AHEAD_SAMPLES}"] * 2
