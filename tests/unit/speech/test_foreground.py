"""A television behind the caller, a faint line, a caller who moves away from the telephone."""

from pathlib import Path

import numpy as np
import pytest

from ivr.audio.augment import add_babble, speech_level
from ivr.audio.pcm import FRAME_MS, FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.audio.resample import Samples, to_pcm
from ivr.audio.wav import load_samples
from ivr.speech.endpointing import (
    Endpointer,
    EndpointingProfile,
    SpeechEnded,
    SpeechStarted,
    SpeechTooLong,
)
from ivr.speech.foreground import Foreground
from ivr.speech.vad import SpeechDetector

pytestmark = pytest.mark.unit

FRAME_S = FRAME_MS / 1000
FIXTURES = Path("audio_fixtures/tts")
CALLER = [load_samples(FIXTURES / f"{number}.flac") for number in ("0098", "0300", "0345")]
VOICES = [load_samples(FIXTURES / f"{number}.flac") for number in ("0164", "0349", "0072", "0404")]
PAUSE = np.zeros(2 * LINE_RATE_HZ, np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * LINE_RATE_HZ), np.float32)


def softer(samples: Samples, decibels: float) -> Samples:
    return (samples * 10 ** (-decibels / 20)).astype(np.float32)


def babble(seconds: float, below_db: float) -> Samples:
    """Five voices at once, that much below the caller."""
    length = round(seconds * LINE_RATE_HZ)
    carrier = np.resize(CALLER[0], length).astype(np.float32)
    mixed = add_babble(carrier, 0.0, VOICES, np.random.default_rng(3)) - carrier
    scale = speech_level(CALLER[0]) / speech_level(mixed)
    return softer((mixed * scale).astype(np.float32), below_db)


class Listener:
    """A detector and an endpointer on one audio clock; learns as the floor does."""

    def __init__(self) -> None:
        self.detector = SpeechDetector()
        self.endpointer = Endpointer(EndpointingProfile(trailing_silence_ms=550))
        self.index = 0
        self.speech: list[bool] = []

    def hears(self, samples: Samples) -> list[tuple[float, float]]:
        """Borders of the utterances in it, audio times."""
        pcm = to_pcm(samples)
        found, start_s = [], 0.0
        for offset in range(0, len(pcm) - 2 * FRAME_SAMPLES + 1, 2 * FRAME_SAMPLES):
            frame = PcmFrame(pcm[offset : offset + 2 * FRAME_SAMPLES], LINE_RATE_HZ, self.index)
            self.index += FRAME_SAMPLES
            self.speech.append(self.detector.is_speech(frame))
            match self.endpointer.feed_frame(self.speech[-1], frame):
                case SpeechStarted(at_s=at_s):
                    start_s = at_s
                case SpeechEnded(at_s=at_s) | SpeechTooLong(at_s=at_s):
                    found.append((start_s, at_s))
        return found

    def understands(self, samples: Samples) -> None:
        for start_s, end_s in self.hears(np.concatenate((samples, PAUSE))):
            self.detector.foreground.learn(start_s, end_s)


def test_a_television_behind_a_caller_who_has_spoken_is_no_speech():
    listener = Listener()
    listener.understands(CALLER[0])
    listener.hears(babble(4.0, 20.0))
    listener.speech.clear()
    found = listener.hears(babble(20.0, 20.0))
    assert found == []
    assert sum(listener.speech) < 0.02 * len(listener.speech)


def test_the_caller_is_heard_over_the_television_and_comes_to_an_end():
    listener = Listener()
    listener.understands(CALLER[0])
    lead_s, tail_s = 5.0, 4.0
    said = CALLER[1]
    length_s = len(said) / LINE_RATE_HZ
    scene = babble(lead_s + length_s + tail_s, 20.0)
    scene[round(lead_s * LINE_RATE_HZ) :][: len(said)] += said
    began_s = listener.index / LINE_RATE_HZ
    ours = [
        (start_s - began_s, end_s - began_s)
        for start_s, end_s in listener.hears(scene)
        if not listener.detector.foreground.is_background(start_s, end_s)
    ]
    assert len(ours) == 1
    assert ours[0][0] == pytest.approx(lead_s, abs=0.3)
    assert ours[0][1] == pytest.approx(lead_s + length_s, abs=0.5)


@pytest.mark.parametrize("below_db", [0.0, 20.0])
def test_a_caller_alone_is_heard_however_faint_the_line(below_db: float):
    listener, plain = Listener(), Listener()
    for said in CALLER:
        whole = np.concatenate((softer(said, below_db), PAUSE))
        found = listener.hears(whole)
        assert [listener.detector.foreground.is_background(*one) for one in found] == [False]
        listener.detector.foreground.learn(*found[0])
        plain.hears(whole)
    assert listener.speech == plain.speech


def test_a_caller_who_becomes_softer_is_ignored_once_and_heard_then():
    listener = Listener()
    for said in CALLER:
        listener.understands(said)
    opinions = []
    for said in CALLER[:2]:
        found = listener.hears(np.concatenate((softer(said, 20.0), silence(4.0))))
        opinions += [listener.detector.foreground.is_background(*one) for one in found]
    assert opinions[0] is True
    assert opinions[-1] is False
    assert listener.detector.foreground.usual_db is None


@pytest.mark.parametrize("below_db", [16.0, 20.0])
def test_an_answer_of_a_caller_who_becomes_softer_is_heard_at_once(below_db: float):
    listener = Listener()
    listener.understands(CALLER[0])
    for said in CALLER[1:]:
        found = listener.hears(np.concatenate((softer(said, below_db), silence(4.0))))
        foreground = listener.detector.foreground
        assert [foreground.is_background(*one, answers=True) for one in found] == [False]
        foreground.learn(*found[0])


def test_words_that_would_answer_are_not_believed_beside_a_television():
    listener = Listener()
    listener.understands(CALLER[0])
    listener.hears(babble(4.0, 20.0))
    start_s = listener.index / LINE_RATE_HZ
    listener.hears(softer(CALLER[1], 20.0))
    end_s = listener.index / LINE_RATE_HZ
    assert listener.detector.foreground.is_background(start_s, end_s, answers=True)


class Voice:
    """Levels alone, as sentences of 2.5 s with pauses of 3 s: a telephone that was put down."""

    def __init__(self) -> None:
        self.foreground = Foreground()
        self.now_s = 0.0

    def says(self, level_db: float, *, answers: bool = False) -> tuple[float, bool]:
        """Share of it that passes for speech, and whether all of it is left to the background."""
        start_s, passed, frames = self.now_s, 0, round(2.5 / FRAME_S)
        for _ in range(frames):
            self.now_s += FRAME_S
            passed += self.foreground.passes(level_db, voiced=True, end_s=self.now_s)
        behind = self.foreground.is_background(start_s, self.now_s, answers=answers)
        if not behind:
            self.foreground.learn(start_s, self.now_s)
        for _ in range(round(3.0 / FRAME_S)):
            self.now_s += FRAME_S
            self.foreground.passes(-70.0, voiced=False, end_s=self.now_s)
        return passed / frames, behind


def test_a_softer_caller_who_says_long_sentences_is_heard_whole_after_three_answers_in_vain():
    voice = Voice()
    for _ in range(3):
        voice.says(-20.0)
    assert voice.says(-38.0)[1]
    assert [voice.says(-38.0, answers=True)[1] for _ in range(3)] == [True, True, True]
    assert [voice.says(-38.0) for _ in range(3)] == [(1.0, False)] * 3
    assert voice.foreground.usual_db == -38.0


def test_what_makes_no_sense_is_not_heard_however_long_it_goes_on():
    voice = Voice()
    voice.says(-20.0)
    assert all(voice.says(-38.0)[1] for _ in range(10))
    assert voice.foreground.usual_db == -20.0


def test_a_question_that_nobody_answered_but_soft_voices_makes_them_heard():
    voice = Voice()
    voice.says(-20.0)
    began_s = voice.now_s
    assert voice.says(-38.0)[1]
    voice.foreground.unanswered(began_s, voice.now_s)
    assert voice.says(-38.0) == (1.0, False)


def test_a_question_that_met_silence_says_nothing_of_the_level():
    voice = Voice()
    voice.says(-20.0)
    voice.says(-38.0)
    voice.foreground.unanswered(voice.now_s - 2.0, voice.now_s)
    assert voice.foreground.usual_db == -20.0
