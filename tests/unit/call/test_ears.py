"""Frames in, utterances out: looks at pauses, gaps of the line, recognizers that fail or dawdle."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ivr.audio.pcm import FRAME_BYTES, LINE_RATE_HZ, SAMPLE_BYTES
from ivr.audio.resample import to_pcm
from ivr.audio.wav import load_audio
from ivr.bench.turns.sounds import made_sound
from ivr.call.completeness import Judgement
from ivr.call.ears import LOOK_S, SLOW_LOOKS
from ivr.errors import AsrError
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Disconnected
from ivr.speech.asr import Hypothesis
from ivr.speech.endpointing import SURE, UNDECIDED, UNFINISHED, EndpointingProfile
from ivr.speech.melody import Melody
from ivr.testing.legs import FakeLeg
from ivr.testing.parts import UtteranceLog, overheard

pytestmark = pytest.mark.unit

SPEECH = load_audio(Path("audio_fixtures/tts/0168.flac"), LINE_RATE_HZ)
PROFILE = EndpointingProfile(complete_ms=200, trailing_silence_ms=400, incomplete_ms=900)


class Judge:
    """Says about every text what the test says about it."""

    def __init__(self, verdicts: dict[str, float], *, understanding: bool = True) -> None:
        self.verdicts = verdicts
        self.understanding = understanding
        self.profile = PROFILE
        self.look_limit_s = 1.5
        self.melody = False
        self.melodies: list[Melody | None] = []
        self.texts_ahead: list[str] = []

    def ahead(self, text: str) -> None:
        self.texts_ahead.append(text)

    def judge(self, text: str, melody: Melody | None) -> Judgement:
        self.melodies.append(melody)
        return Judgement(self.verdicts.get(text, UNDECIDED), "by_test")


class Recognizer:
    """Scripted looks and ends; keeps what it was given."""

    def __init__(self, *looks: str, final: str = "конец") -> None:
        self.looks = list(looks)
        self.final = final
        self.looked_at_s: list[float] = []
        self.looked_at: list[bytes] = []
        self.finished = 0
        self.audio_s = self.busy_s = 0.0
        self.look_takes_s = 0.0
        self.overlapped = False
        self._finishing = False

    def expect(self, question: str) -> None: ...

    async def accept(self, samples: bytes) -> Hypothesis | None:
        self.overlapped |= self._finishing
        self.audio_s += len(samples) / SAMPLE_BYTES / LINE_RATE_HZ
        return None

    async def look(self, samples: bytes) -> Hypothesis:
        self.looked_at.append(samples)
        self.looked_at_s.append(len(samples) / SAMPLE_BYTES / LINE_RATE_HZ)
        await asyncio.sleep(self.look_takes_s)
        text = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if text == "!":
            raise AsrError("fake", "the look failed")
        return Hypothesis(text, is_final=True, confidence=0.9)

    async def finish(self) -> Hypothesis:
        self._finishing = True
        await asyncio.sleep(0)
        self._finishing = False
        self.finished += 1
        return Hypothesis(self.final, is_final=True, confidence=0.9)

    async def aclose(self) -> None: ...


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * LINE_RATE_HZ) * SAMPLE_BYTES)


async def heard(recognizer: Recognizer, judge: Judge, *parts: bytes) -> UtteranceLog:
    leg = FakeLeg()
    audio = b"".join(parts)
    for start in range(0, len(audio) - FRAME_BYTES + 1, FRAME_BYTES):
        leg.hears(audio[start : start + FRAME_BYTES])
    leg.happens(Disconnected(HangupCause(200, "", HangupSide.REMOTE)))
    return await overheard(leg, recognizer, judge)


async def test_a_complete_text_ends_the_turn_early_and_is_its_text() -> None:
    recognizer, judge = Recognizer("да"), Judge({"да": SURE})
    notes = await heard(recognizer, judge, silence(0.5), SPEECH, silence(1.0))
    (utterance,) = notes.utterances
    assert utterance.hypothesis.text == "да"
    assert (utterance.endpoint, utterance.patience_ms) == ("complete by_test", 200)
    assert judge.texts_ahead == notes.partials == ["да"]
    assert recognizer.finished == 1


async def test_a_look_gets_the_silence_after_the_words_twice() -> None:
    recognizer = Recognizer("да")
    line_noise = to_pcm(np.random.default_rng(1).normal(0, 2e-4, LINE_RATE_HZ).astype(np.float32))
    await heard(recognizer, Judge({"да": SURE}), silence(0.5), SPEECH, line_noise)
    values = np.frombuffer(recognizer.looked_at[0], dtype=np.int16)
    context = round(LOOK_S * LINE_RATE_HZ)
    assert np.array_equal(values[-context:], values[-2 * context : -context][::-1])
    assert np.any(values[-context:])


async def test_an_incomplete_text_is_waited_for_and_what_follows_belongs_to_it() -> None:
    recognizer = Recognizer("номер", "номер два")
    judge = Judge({"номер": UNFINISHED, "номер два": SURE})
    notes = await heard(recognizer, judge, silence(0.5), SPEECH, silence(0.7), SPEECH, silence(1.0))
    assert [utterance.hypothesis.text for utterance in notes.utterances] == ["номер два"]
    first, second = recognizer.looked_at_s
    assert second > first + 0.7


async def test_the_next_utterance_waits_until_the_recognizer_is_ready() -> None:
    recognizer, judge = Recognizer("да"), Judge({"да": SURE})
    notes = await heard(recognizer, judge, silence(0.5), SPEECH, silence(0.3), SPEECH, silence(1.0))
    assert len(notes.utterances) == recognizer.finished == 2
    assert not recognizer.overlapped


async def test_how_a_sentence_ended_is_heard_and_forgotten_when_the_caller_goes_on() -> None:
    sentence = load_audio(Path("audio_fixtures/tts/0007.flac"), LINE_RATE_HZ)
    half = sentence[: len(sentence) // FRAME_BYTES // 2 * FRAME_BYTES]
    recognizer, judge = Recognizer("половина", "всё"), Judge({"половина": UNFINISHED, "всё": SURE})
    judge.melody = True
    parts = silence(0.5), half, silence(0.5), sentence[len(half) :], silence(1.0)
    await heard(recognizer, judge, *parts)
    first, last = judge.melodies[0], judge.melodies[-1]
    assert first is not None
    assert last is not None
    assert last.fall_st < first.fall_st - 2


async def test_without_a_wish_for_it_nobody_listens_to_the_melody() -> None:
    recognizer, judge = Recognizer("да"), Judge({"да": SURE})
    await heard(recognizer, judge, silence(0.5), SPEECH, silence(1.0))
    assert set(judge.melodies) == {None}


async def test_silence_alone_takes_no_looks() -> None:
    recognizer, judge = Recognizer("да"), Judge({"да": SURE}, understanding=False)
    notes = await heard(recognizer, judge, silence(0.5), SPEECH, silence(1.0))
    (utterance,) = notes.utterances
    assert recognizer.looked_at_s == []
    assert (utterance.hypothesis.text, utterance.endpoint) == ("конец", "silence")
    assert utterance.patience_ms == 400


async def test_a_look_that_fails_leaves_the_end_to_silence_and_the_text_to_the_recognizer() -> None:
    recognizer, judge = Recognizer("!"), Judge({})
    notes = await heard(recognizer, judge, silence(0.5), SPEECH, silence(1.0))
    (utterance,) = notes.utterances
    assert not utterance.failed
    assert (utterance.hypothesis.text, utterance.endpoint) == ("конец", "silence")


async def test_a_recognizer_too_slow_for_looks_is_left_alone() -> None:
    recognizer, judge = Recognizer("да"), Judge({"да": SURE})
    judge.look_limit_s = 0.001
    recognizer.look_takes_s = 60.0
    spoken = (SPEECH, silence(0.6)) * (SLOW_LOOKS + 2)
    notes = await heard(recognizer, judge, silence(0.5), *spoken)
    assert {utterance.endpoint for utterance in notes.utterances} == {"silence"}
    assert len(notes.utterances) == SLOW_LOOKS + 2
    assert len(recognizer.looked_at_s) == SLOW_LOOKS


async def test_a_cough_is_no_word_whatever_the_recognizer_makes_of_it() -> None:
    judge = Judge({"пока": SURE})
    judge.melody = True
    cough = to_pcm(made_sound("cough", np.random.default_rng(5)))
    notes = await heard(Recognizer("пока", final="пока"), judge, silence(0.5), cough, silence(1.0))
    assert [utterance.hypothesis.text for utterance in notes.utterances] == [""]
    assert "пока" not in notes.partials


async def test_words_without_a_voice_are_somebody_who_whispers() -> None:
    judge = Judge({"до свидания": SURE})
    judge.melody = True
    cough = to_pcm(made_sound("cough", np.random.default_rng(5)))
    notes = await heard(Recognizer("до свидания"), judge, silence(0.5), cough, silence(1.0))
    assert [utterance.hypothesis.text for utterance in notes.utterances] == ["до свидания"]


async def test_a_lone_word_with_a_voice_is_a_word() -> None:
    judge = Judge({"пока": SURE})
    judge.melody = True
    notes = await heard(Recognizer("пока"), judge, silence(0.5), SPEECH, silence(1.0))
    assert [utterance.hypothesis.text for utterance in notes.utterances] == ["пока"]
