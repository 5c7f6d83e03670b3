"""Somebody was called back: is it them, and do they want to talk now?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, LINE_RATE_HZ
from ivr.audio.tones import tone
from ivr.audio.wav import load_audio
from ivr.call import identifying
from ivr.call.conversation import Understanding
from ivr.call.identifying import Identifying, IdentifyingParts
from ivr.call.patience import PatienceSettings
from ivr.clock import SystemClock
from ivr.dialogue.actions import QuestionKind
from ivr.handoff.calling_back import Answer
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Disconnected, Dtmf
from ivr.speech.endpointing import EndpointingProfile
from ivr.speech.phrase import FreeText
from ivr.speech.prompt_texts import load_prompt_texts
from ivr.testing.legs import FakeLeg
from ivr.testing.parts import FakeNlu, FakeRecognizerFactory, FakeRenderer

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]

SPEECH = load_audio(Path("audio_fixtures/tts/0270.flac"), LINE_RATE_HZ)
PROFILE = EndpointingProfile(complete_ms=300, trailing_silence_ms=400, incomplete_ms=600)
INTENTS = {"удобно": "affirm", "занят": "deny", "соедините": "operator"}


class Stage:
    """A customer who has just picked up."""

    def __init__(self, *texts: str) -> None:
        self.leg = FakeLeg()
        self.recognizers = FakeRecognizerFactory(*texts)
        parts = IdentifyingParts(
            renderer=FakeRenderer(load_prompt_texts(Path("models/voice-elena"))),
            recognizers=self.recognizers,
            understanding=Understanding(client=FakeNlu(INTENTS), accept=0.6, confirm=0.3),
            patience=PatienceSettings(profiles=dict.fromkeys(QuestionKind, PROFILE)),
            vad_aggressiveness=2,
            clock=SystemClock(),
        )
        self.task = asyncio.create_task(Identifying(self.leg, parts).run())

    async def hears(self, samples: bytes) -> None:
        """Audio of the customer; as much time passes as it lasts."""
        for start in range(0, len(samples) - FRAME_BYTES + 1, FRAME_BYTES):
            self.leg.hears(samples[start : start + FRAME_BYTES])
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)

    async def passes(self, seconds: float) -> None:
        await self.hears(bytes(round(seconds * LINE_RATE_HZ) * 2))

    async def prompt_ends(self) -> None:
        async with asyncio.timeout(5.0):
            while not self.leg.queued_samples and not self.task.done():
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        await self.passes(self.leg.queued_samples / LINE_RATE_HZ + 0.1)

    async def says(self) -> None:
        await self.hears(SPEECH)
        await self.passes(0.8)

    async def answer(self) -> Answer:
        return await asyncio.wait_for(self.task, 3.0)


@pytest_asyncio.fixture
async def stages() -> AsyncIterator[list[Stage]]:
    made: list[Stage] = []
    yield made
    for stage in made:
        stage.task.cancel()
        await asyncio.gather(stage.task, return_exceptions=True)


def on_stage(stages: list[Stage], *texts: str) -> Stage:
    stages.append(Stage(*texts))
    return stages[-1]


@pytest.mark.parametrize("text", ["да", "удобно", "соедините"])
async def test_yes_by_voice(stages, text):
    stage = on_stage(stages, text)
    await stage.prompt_ends()
    await stage.says()
    assert await stage.answer() is Answer.YES
    assert stage.recognizers.made[0].closed
    assert stage.recognizers.made[0].expected[0] == "yes_no"


async def test_yes_by_key_needs_no_patience(stages):
    stage = on_stage(stages)
    await asyncio.sleep(0.05)
    stage.leg.happens(Dtmf("1"))
    await stage.passes(0.1)
    assert await stage.answer() is Answer.YES


async def test_a_yes_said_while_picking_up_is_no_answer(stages):
    stage = on_stage(stages, "да")
    await asyncio.sleep(0.05)
    await stage.says()  # over the greeting
    await asyncio.sleep(0.05)
    assert not stage.task.done()


async def test_who_cannot_talk_is_called_later(stages):
    stage = on_stage(stages, "занят", "да")
    await stage.prompt_ends()
    await stage.says()
    await stage.prompt_ends()
    await stage.says()
    await stage.prompt_ends()
    assert await stage.answer() is Answer.LATER


async def test_who_wants_no_call_any_more_takes_it_back(stages):
    stage = on_stage(stages)
    await stage.prompt_ends()
    stage.leg.happens(Dtmf("2"))
    await stage.passes(0.1)
    await stage.prompt_ends()
    stage.leg.happens(Dtmf("2"))
    await stage.passes(0.1)
    await stage.prompt_ends()
    assert await stage.answer() is Answer.CANCEL


async def test_silence_twice_is_nobody(stages):
    stage = on_stage(stages)
    for _ in range(2):
        await stage.prompt_ends()
        await stage.passes(5.2)
    assert await stage.answer() is Answer.SILENT


async def test_an_announcement_that_never_pauses_is_a_machine(stages):
    stage = on_stage(stages, "абонент не отвечает")
    for _ in range(20):
        await stage.hears(SPEECH)
    assert await stage.answer() is Answer.MACHINE


async def test_a_beep_is_a_machine_however_short_its_announcement(stages):
    stage = on_stage(stages, "оставьте сообщение")
    await stage.says()
    await stage.hears(tone(1000.0, 0.5))
    assert await stage.answer() is Answer.MACHINE


async def test_somebody_who_answers_at_length_is_no_machine(stages):
    stage = on_stage(stages, "да")
    await stage.prompt_ends()
    for _ in range(8):
        await stage.hears(SPEECH)
    assert not stage.task.done()
    await stage.passes(1.5)
    assert await stage.answer() is Answer.YES


async def test_a_hello_over_the_greeting_does_not_stop_it(stages):
    stage = on_stage(stages, "алло")
    await asyncio.sleep(0.05)
    playing = stage.leg.queued_samples
    await stage.says()
    left = playing - (len(SPEECH) // 2 + round(0.8 * LINE_RATE_HZ))
    assert 0 < left - FRAME_SAMPLES <= stage.leg.queued_samples


async def test_somebody_who_speaks_in_short_sentences_is_no_machine(stages, monkeypatch):
    monkeypatch.setattr(identifying, "GREETING", (FreeText("Здравствуйте! " * 99),))
    stage = on_stage(stages, *("алло",) * 6)
    for _ in range(6):
        await stage.hears(SPEECH * 4)
        await stage.passes(1.3)
    assert not stage.task.done()


async def test_who_hangs_up_is_gone(stages):
    stage = on_stage(stages)
    await asyncio.sleep(0.05)
    stage.leg.happens(Disconnected(HangupCause(200, "", HangupSide.REMOTE)))
    assert await stage.answer() is Answer.GONE
