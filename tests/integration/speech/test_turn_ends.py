"""Where turns end: voice activity, the real recognizer and the rules, in audio time."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from ivr.app import session_settings
from ivr.audio.pcm import FRAME_BYTES, LINE_RATE_HZ, SAMPLE_BYTES, PcmFrame
from ivr.call.conversation import Understanding
from ivr.call.patience import Patience
from ivr.call.speculation import Speculation
from ivr.config import Settings, SpeechSettings
from ivr.dialogue.actions import QuestionKind
from ivr.errors import AudioError, SetupError
from ivr.regress.virtual import SettledFactory, SettledRecognizer
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Disconnected, LegFrame
from ivr.speech.vosk_asr import VoskRecognizerFactory, require_line_rate
from ivr.testing.legs import FakeLeg
from ivr.testing.parts import FakeNlu, UtteranceLog, overheard

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[3]
NUMBER_IN_GROUPS = (
    ("tts/0048.flac", 1.60, 2.25, "девятьсот пять"),
    ("tts/0048.flac", 2.25, 3.13, "триста двадцать один"),
    ("tts/0048.flac", 3.13, 3.60, "одиннадцать"),
    ("tts/0048.flac", 3.60, 4.25, "двадцать два"),
)
"""Groups of a number in a recording of part dev: from second, to second, words."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recognizers() -> AsyncIterator[VoskRecognizerFactory]:
    made = await VoskRecognizerFactory.load(ROOT / "models" / "ru-0611")
    yield made
    await made.aclose()


def patience(settings: Settings) -> Patience:
    """A judge without an intent engine: rules only."""
    understanding = Understanding(client=FakeNlu({}), accept=0.6, confirm=0.3)
    speculation = Speculation(understanding.client)
    return Patience(session_settings(settings).patience, speculation, understanding)


def recorded(name: str) -> np.ndarray:
    samples, rate_hz = soundfile.read(ROOT / "audio_fixtures" / name, dtype="int16")
    assert rate_hz == LINE_RATE_HZ
    return samples


def silence(milliseconds: int) -> np.ndarray:
    """A line at rest, not digital silence."""
    noise = np.random.default_rng(milliseconds).normal(0, 4, milliseconds * LINE_RATE_HZ // 1000)
    return noise.astype(np.int16)


def on_line(*parts: np.ndarray) -> bytes:
    return bytes(np.concatenate([silence(1000), *parts, silence(3000)]).astype(np.int16).tobytes())


async def heard(
    recognizer: SettledRecognizer,
    audio: bytes,
    kind: QuestionKind,
    *,
    settings: Settings | None = None,
    missing: range = range(0),
) -> UtteranceLog:
    """What the ears make of it; frames whose numbers are in `missing` were never received."""
    judge, leg = patience(settings or Settings()), FakeLeg()
    judge.expect(kind)
    for number, start in enumerate(range(0, len(audio) - FRAME_BYTES + 1, FRAME_BYTES)):
        leg.hears(audio[start : start + FRAME_BYTES], missing=number in missing)
    leg.happens(Disconnected(HangupCause(200, "", HangupSide.REMOTE)))
    return await overheard(leg, recognizer, judge)


def waited_ms(notes: UtteranceLog) -> float:
    """Silence between the caller's last speech and the moment the turn was taken for over."""
    return (notes.ended_s[0] - notes.utterances[0].end_s) * 1000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tts/0270.flac", "да"),
        ("tts/0168.flac", "ага"),
        ("tts/0375.flac", "не надо"),
        ("tts/0079.flac", "нет спасибо"),
    ],
)
async def test_a_short_yes_or_no_is_answered_at_once(
    recognizers: VoskRecognizerFactory, name: str, text: str
) -> None:
    recognizer = SettledFactory(recognizers).create()
    notes = await heard(recognizer, on_line(recorded(name)), QuestionKind.YES_NO)
    await recognizer.aclose()
    assert [utterance.hypothesis.text for utterance in notes.utterances] == [text]
    assert notes.utterances[0].endpoint == "complete yes_no"
    assert waited_ms(notes) <= 200


@pytest.mark.parametrize("pause_ms", [700, 900, 1500])
async def test_a_pause_inside_a_dictated_number_is_not_its_end(
    recognizers: VoskRecognizerFactory, pause_ms: int
) -> None:
    parts: list[np.ndarray] = []
    for name, start_s, end_s, _ in NUMBER_IN_GROUPS:
        spoken = recorded(name)[round(start_s * LINE_RATE_HZ) : round(end_s * LINE_RATE_HZ)]
        parts += [spoken, silence(pause_ms)]
    recognizer = SettledFactory(recognizers).create()
    notes = await heard(recognizer, on_line(*parts[:-1]), QuestionKind.DIGITS)
    await recognizer.aclose()
    texts = [utterance.hypothesis.text for utterance in notes.utterances]
    assert texts == [" ".join(words for *_, words in NUMBER_IN_GROUPS)]


async def test_the_same_pauses_cut_the_number_when_only_silence_counts(
    recognizers: VoskRecognizerFactory,
) -> None:
    name, start_s, end_s, _ = NUMBER_IN_GROUPS[0]
    spoken = recorded(name)[round(start_s * LINE_RATE_HZ) : round(end_s * LINE_RATE_HZ)]
    audio = on_line(spoken, silence(900), spoken)
    by_silence = Settings(speech=SpeechSettings(endpointing="silence"))
    recognizer = SettledFactory(recognizers).create()
    notes = await heard(recognizer, audio, QuestionKind.DIGITS, settings=by_silence)
    await recognizer.aclose()
    assert [utterance.endpoint for utterance in notes.utterances] == ["silence", "silence"]


async def test_two_seconds_of_lost_packets_inside_a_number_are_not_its_end(
    recognizers: VoskRecognizerFactory,
) -> None:
    name, first_s, middle_s, last_s = "tts/0048.flac", 1.60, 3.13, 4.25
    samples = recorded(name)
    first = samples[round(first_s * LINE_RATE_HZ) : round(middle_s * LINE_RATE_HZ)]
    second = samples[round(middle_s * LINE_RATE_HZ) : round(last_s * LINE_RATE_HZ)]
    gap = np.zeros(2 * LINE_RATE_HZ, dtype=np.int16)
    frames = LINE_RATE_HZ * 20 // 1000
    lost_from = (LINE_RATE_HZ + len(first)) // frames + 1
    recognizer = SettledFactory(recognizers).create()
    audio = on_line(first, gap, second)
    notes = await heard(
        recognizer, audio, QuestionKind.CITY, missing=range(lost_from, lost_from + 99)
    )
    await recognizer.aclose()
    assert len(notes.utterances) == 1
    assert notes.utterances[0].hypothesis.text.endswith("одиннадцать двадцать два")


async def test_a_look_says_what_the_recognizer_says_in_the_end(
    recognizers: VoskRecognizerFactory,
) -> None:
    recognizer = recognizers.create()
    samples = on_line(recorded("tts/0159.flac"))
    looked = await recognizer.look(samples)
    half = len(samples) // 2 // FRAME_BYTES * FRAME_BYTES
    await recognizer.accept(samples[:half])
    await recognizer.settle()
    assert await recognizer.look(samples) == looked
    await recognizer.accept(samples[half:])
    await recognizer.settle()
    final = await recognizer.finish()
    await recognizer.aclose()
    assert looked.is_final
    assert looked.text == final.text == "посмотрите сколько рублей на моем номере"


async def test_audio_of_8_khz_labelled_16_khz_fails_loudly(
    recognizers: VoskRecognizerFactory,
) -> None:
    class Mislabelled(FakeLeg):
        async def next_frame(self) -> LegFrame | None:
            received = await super().next_frame()
            assert received is not None
            return LegFrame(PcmFrame(received.frame.samples, 16000, 0), 0)

    leg = Mislabelled()
    leg.hears(bytes(SAMPLE_BYTES * LINE_RATE_HZ // 50))
    with pytest.raises(AudioError, match="needs 8000 Hz audio, this frame has 16000 Hz"):
        await overheard(leg, recognizers.create(), patience(Settings()))


async def test_a_model_of_16_khz_that_does_not_take_the_line_fails_loudly(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mfcc.conf").write_text("--sample-frequency=16000\n", encoding="utf-8")
    with pytest.raises(SetupError, match="wants 16000 Hz audio and a telephone line gives 8000 Hz"):
        require_line_rate(tmp_path)
