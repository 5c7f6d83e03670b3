"""A leg made of a recording: when it speaks, when it waits for others, how it ends."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ivr.audio.pcm import FRAME_BYTES
from ivr.regress.file_leg import FileLeg, Manners
from ivr.regress.virtual import Stillness, VirtualClock
from ivr.sip.leg import Answered, Disconnected, TransferProgress

pytestmark = pytest.mark.unit

SPEECH = b"\1\0" * 800  # five frames
SECOND = bytes(16000)


@dataclass
class Call:
    """A leg with its surroundings."""

    manners: Manners = Manners.WAIT
    answered: bool = False
    clock: VirtualClock = field(default_factory=VirtualClock)
    stillness: Stillness = field(default_factory=lambda: Stillness(thinking=False))

    def leg(self) -> FileLeg:
        return FileLeg(
            SPEECH,
            ani="9030000001",
            clock=self.clock,
            stillness=self.stillness,
            finished=lambda: self.answered,
            manners=self.manners,
        )


async def frames(leg: FileLeg, until) -> list:
    taken = []
    while not until():
        frame = await leg.next_frame()
        if frame is None:
            break
        taken.append(frame)
    return taken


async def test_a_polite_caller_hears_the_greeting_out():
    call = Call()
    leg = call.leg()
    leg.play(SECOND * 10)
    taken = await frames(leg, lambda: leg.speech_began_s is not None)
    assert leg.speech_began_s == pytest.approx(10.3, abs=0.05)
    assert taken[-1].played_samples == 80000
    assert len(taken) < 150  # the long part of it takes no frames
    assert call.clock.audio_s == taken[-1].frame.end_s


async def test_an_impatient_one_talks_over_it():
    leg = Call(Manners.INTERRUPT).leg()
    leg.play(SECOND * 10)
    await frames(leg, lambda: leg.speech_began_s is not None)
    assert leg.speech_began_s == pytest.approx(1.0, abs=0.05)
    leg.stop_playback()
    frame = await leg.next_frame()
    assert frame is not None
    assert leg.queued_samples == 0
    assert frame.played_samples + frame.flushed_samples == 80000


async def test_every_sample_of_the_recording_is_delivered_and_then_silence():
    call = Call()
    leg = call.leg()
    taken = await frames(leg, lambda: call.clock.audio_s > 1.0)
    heard = b"".join(frame.frame.samples for frame in taken)
    assert heard.count(SPEECH) == 1
    assert heard.rstrip(b"\0").endswith(SPEECH.rstrip(b"\0"))
    assert all(len(frame.frame.samples) == FRAME_BYTES for frame in taken)


async def test_no_frame_comes_while_somebody_thinks():
    call = Call(stillness=Stillness(thinking=True))
    leg = call.leg()
    waiting = asyncio.create_task(leg.next_frame())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    call.stillness.parsing = 1
    call.stillness.thinking = False
    call.stillness.tell()
    await asyncio.sleep(0.02)
    assert not waiting.done()
    call.stillness.parsing = 0
    call.stillness.tell()
    assert await waiting is not None


async def test_it_ends_when_the_call_has_shown_everything():
    call = Call()
    leg = call.leg()
    await frames(leg, lambda: call.clock.audio_s > 5.0)
    call.answered = True
    assert await leg.next_frame() is None
    assert isinstance(await leg.next_event(), Disconnected)
    assert not leg.gave_up


async def test_a_call_without_an_end_is_given_up():
    leg = Call().leg()
    await frames(leg, lambda: False)
    assert leg.gave_up


async def test_the_operator_takes_every_call_and_nothing_more_is_heard():
    leg = Call().leg()
    await leg.answer()
    await leg.refer("sip:operator@x")
    assert isinstance(await leg.next_event(), Answered)
    assert await leg.next_event() == TransferProgress(200, "OK", final=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await leg.next_frame()
    await leg.hang_up(reason="goodbye")
    assert isinstance(await leg.next_event(), Disconnected)
