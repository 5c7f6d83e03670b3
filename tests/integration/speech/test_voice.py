"""The real voice and the real engines: no clicks, no doubled pauses, one level, right words."""

from collections.abc import AsyncIterator
from datetime import date, time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import vosk

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import from_pcm
from ivr.config import VoiceSettings
from ivr.speech.joining import RenderedPhrase
from ivr.speech.phrase import (
    CalendarDate,
    ClockTime,
    FreeText,
    Money,
    Name,
    PhoneNumber,
    Phrase,
    Prompt,
    Quantity,
    Unit,
)
from ivr.speech.prompt_texts import load_prompt_texts
from ivr.speech.prompts import PromptBank
from ivr.speech.shaping import SPEECH_DBFS, speech_level
from ivr.speech.synthesis import choose_synthesizer

pytestmark = pytest.mark.integration

VOICE = Path(__file__).parents[3] / "models" / "voice-elena"
TODAY = date(2026, 11, 22)
ENGINES = {"festival": "text2wave", "espeak": "espeak-ng"}
AMOUNTS: list[Phrase] = [
    (Prompt("balance.is"), Money(Decimal(amount)))
    for amount in ("123.45", "1001", "-2041.01", "999999.99", "0", "15.60")
]
PHRASES: list[Phrase] = [
    *AMOUNTS,
    (Prompt("number.yours"), PhoneNumber("9031234507")),
    (
        Prompt("tariff.left"),
        Quantity(Decimal("12.5"), Unit.GIGABYTE),
        Quantity(Decimal(321), Unit.MINUTE),
        Name("и"),
        Quantity(Decimal(41), Unit.MESSAGE),
    ),
    (
        Prompt("outage.known"),
        Prompt("outage.until"),
        CalendarDate(TODAY, TODAY),
        ClockTime(time(18, 30)),
    ),
    (Prompt("services.yours"), Name("Гудок"), Name("Антиспам"), Name("и"), Name("Погода")),
]


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[PromptBank]:
    """Recordings only."""
    synthesizer = choose_synthesizer(VoiceSettings(synthesizer="none"))
    bank = PromptBank(VOICE, load_prompt_texts(VOICE), synthesizer, tmp_path / "cache")
    yield bank
    await bank.aclose()


def longest_silence_ms(pcm: bytes) -> float:
    """The longest stretch of 5 ms blocks below -50 dBFS between the first and last sound."""
    block = LINE_RATE_HZ // 200
    samples = from_pcm(pcm)
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    sounding = np.flatnonzero(np.sqrt((blocks**2).mean(axis=1)) > 10 ** (-50 / 20))
    return max((int(after - before) - 1 for before, after in pairwise(sounding)), default=0) * 5.0


def joint_jumps(rendered: RenderedPhrase) -> list[float]:
    """The largest step between neighbouring samples within 2 ms of each joint, of full scale."""
    steps = np.abs(np.diff(from_pcm(rendered.pcm)))
    return [
        float(steps[max(0, offset - 16) : offset + 16].max()) for offset, _ in rendered.marks[1:]
    ]


@pytest.mark.parametrize("phrase", PHRASES)
async def test_joints_have_no_clicks(bank: PromptBank, phrase: Phrase) -> None:
    rendered = await bank.render(phrase)
    assert max(joint_jumps(rendered), default=0.0) < 0.01
    assert rendered.pcm[:2] == b"\0\0"


@pytest.mark.parametrize("phrase", AMOUNTS)
async def test_amounts_have_no_doubled_pauses(bank: PromptBank, phrase: Phrase) -> None:
    assert longest_silence_ms((await bank.render(phrase)).pcm) < 350


@pytest.mark.parametrize("phrase", PHRASES)
async def test_everything_recorded_is_spoken_without_an_engine(
    bank: PromptBank, phrase: Phrase
) -> None:
    rendered = await bank.render(phrase)
    spoken = " ".join(text.strip(".,:") for _, text in rendered.marks).casefold()
    written = rendered.text.casefold()
    for character in ".,:":
        spoken, written = spoken.replace(character, ""), written.replace(character, "")
    assert spoken == written


async def test_the_whole_voice_fits_into_memory(bank: PromptBank) -> None:
    await bank.warm(PHRASES)
    assert len(bank._memory) > 700
    assert bank._memory.size_bytes < 32 * 2**20


@pytest.mark.parametrize("name", list(ENGINES))
async def test_an_engine_speaks_at_the_level_of_the_recordings(tmp_path: Path, name: str) -> None:
    synthesizer = choose_synthesizer(VoiceSettings(synthesizer=name))  # type: ignore[arg-type]
    bank = PromptBank(VOICE, load_prompt_texts(VOICE), synthesizer, tmp_path / "cache")
    recorded = await bank.render((Prompt("greet.how_to_ask"),))
    text = "Ремонт на линии закончится через 2 часа; приносим извинения (quit) $HOME."
    rendered = await bank.render((FreeText(text),))
    await bank.aclose()
    assert 3.0 < rendered.duration_s < 12.0
    level = 20 * np.log10(speech_level(from_pcm(rendered.pcm)))
    assert level == pytest.approx(SPEECH_DBFS, abs=1.5)
    assert level == pytest.approx(20 * np.log10(speech_level(from_pcm(recorded.pcm))), abs=3.0)
    assert len(list((tmp_path / "cache").glob("*.wav"))) == 1


async def test_amounts_are_recognized(bank: PromptBank) -> None:
    """What a caller hears, by ear's substitute: the bundled acoustic model."""
    model = VOICE.parent / "ru-0611"
    vosk.SetLogLevel(-1)
    shared = vosk.Model(str(model))
    heard, expected = [], []
    for amount in ("123.45", "1876.93", "534.63", "68.75"):
        rendered = await bank.render((Prompt("balance.is"), Money(Decimal(amount))))
        recognizer = vosk.KaldiRecognizer(shared, LINE_RATE_HZ)
        recognizer.AcceptWaveform(bytes(3200) + rendered.pcm + bytes(8000))
        heard += recognizer.FinalResult().split('"')[-2].split()
        expected += rendered.text.strip(".").casefold().split()
    assert len(set(expected) - set(heard)) <= 2
