"""The prompt bank: recordings first, then the synthesizer, never silence without a log."""

import asyncio
import io
import logging
import os
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.errors import SynthesisError
from ivr.speech.phrase import FreeText, Money, Name, Pause, Phrase, Prompt
from ivr.speech.prompt_texts import PromptTexts, load_prompt_texts
from ivr.speech.prompts import PromptBank

pytestmark = pytest.mark.unit


def wav(seconds: float, rate_hz: int = 16000, peak: float = 0.2) -> bytes:
    times = np.arange(int(rate_hz * seconds)) / rate_hz
    file = io.BytesIO()
    soundfile.write(file, peak * np.sin(2 * np.pi * 600 * times), rate_hz, format="WAV")
    return file.getvalue()


class FakeSynthesizer:
    """Says everything in half a second; can be held back or made to fail."""

    voice_id = "fake"

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.released = asyncio.Event()
        self.released.set()
        self.audio = wav(0.5, 22050)
        self.running = 0
        self.most_running = 0

    async def synthesize(self, text: str) -> bytes:
        self.spoken.append(text)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.released.wait()
        finally:
            self.running -= 1
        if "невозможно" in text:
            raise SynthesisError("engine_failed", "cannot")
        return self.audio


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    folder = tmp_path / "voice"
    folder.mkdir()
    rows = [
        ("hello", "end", "Здравствуйте!"),
        ("balance.is", "mid", "На вашем счёте"),
        ("damaged", "end", "Сломано."),
        *(("word", style, word) for word in ("сто", "рублей") for style in ("mid", "end")),
    ]
    lines = ["id\tstyle\ttext\tfile\tseconds"]
    for number, (prompt_id, style, text) in enumerate(rows):
        lines.append(f"{prompt_id}\t{style}\t{text}\t{number}.wav\t0.3")
        (folder / f"{number}.wav").write_bytes(wav(0.3) if prompt_id != "damaged" else b"junk")
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def texts_of(voice: Path) -> PromptTexts:
    own_list = voice / "own.tsv"
    own_list.write_text("id\tstyle\ttext\nown.one\tend\tЕщё не записано.\n", encoding="utf-8")
    return load_prompt_texts(voice, own_list)


@pytest.fixture
async def synthesizer() -> FakeSynthesizer:
    return FakeSynthesizer()


@pytest.fixture
async def bank(
    voice: Path, synthesizer: FakeSynthesizer, tmp_path: Path
) -> AsyncIterator[PromptBank]:
    bank = PromptBank(voice, texts_of(voice), synthesizer, tmp_path / "cache")
    yield bank
    await bank.aclose()


AMOUNT: Phrase = (Prompt("balance.is"), Money(Decimal(100)))


async def test_a_recorded_phrase_needs_no_synthesizer(
    bank: PromptBank, synthesizer: FakeSynthesizer
) -> None:
    rendered = await bank.render(AMOUNT)
    assert rendered.text == bank.text_of(AMOUNT) == "На вашем счёте сто рублей."
    assert [text for _, text in rendered.marks] == ["На вашем счёте", "сто", "рублей"]
    assert rendered.duration_s == pytest.approx(3 * 0.3 + 0.06 + 0.04, abs=0.07)
    assert synthesizer.spoken == []
    assert (await bank.render(AMOUNT)) == rendered


async def test_a_text_without_recording_is_synthesized_once_and_kept_on_disk(
    bank: PromptBank, synthesizer: FakeSynthesizer, voice: Path, tmp_path: Path
) -> None:
    phrase = (Prompt("hello"), FreeText("Новое предложение."))
    first = await bank.render(phrase)
    assert await bank.render(phrase) == first
    again = PromptBank(voice, texts_of(voice), synthesizer, tmp_path / "cache")
    assert await again.render(phrase) == first
    await again.aclose()
    assert synthesizer.spoken == ["Новое предложение."]


async def test_calls_waiting_for_one_text_share_its_synthesis(
    bank: PromptBank, synthesizer: FakeSynthesizer
) -> None:
    phrase = (FreeText("Одно и то же."),)
    rendered = await asyncio.gather(*(bank.render(phrase) for _ in range(10)))
    assert len({clip.pcm for clip in rendered}) == 1
    assert len(synthesizer.spoken) == 1


async def test_a_caller_who_hangs_up_does_not_stop_the_synthesis_of_others(
    bank: PromptBank, synthesizer: FakeSynthesizer
) -> None:
    synthesizer.released.clear()
    phrase = (FreeText("Одно и то же."),)
    gone, waiting = (asyncio.create_task(bank.render(phrase)) for _ in range(2))
    await asyncio.sleep(0.05)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    synthesizer.released.set()
    assert (await waiting).pcm
    assert gone.cancelled()


async def test_at_most_two_engines_run_and_the_queue_is_bounded(
    bank: PromptBank, synthesizer: FakeSynthesizer
) -> None:
    synthesizer.released.clear()
    tasks = [asyncio.create_task(bank.render((FreeText(f"Текст {n}."),))) for n in range(40)]
    await asyncio.sleep(0.1)
    synthesizer.released.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert synthesizer.most_running == 2
    assert sum(isinstance(outcome, SynthesisError) for outcome in outcomes) == 8


async def test_what_cannot_be_spoken_is_left_out_and_logged(
    bank: PromptBank, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        rendered = await bank.render((Prompt("hello"), Name("невозможно")))
    assert [text for _, text in rendered.marks] == ["Здравствуйте!"]
    assert "left out" in caplog.text
    assert "невозможно" not in caplog.text


async def test_nothing_spoken_is_a_fault(bank: PromptBank) -> None:
    with pytest.raises(SynthesisError, match="no part"):
        await bank.render((FreeText("Это невозможно."),))
    with pytest.raises(SynthesisError, match="no part"):
        await bank.render((Prompt("no.such.prompt"), Pause(20)))


async def test_an_unknown_prompt_is_left_out_and_logged(
    bank: PromptBank, caplog: pytest.LogCaptureFixture
) -> None:
    rendered = await bank.render((Prompt("no.such.prompt"), Prompt("hello")))
    assert rendered.text == "Здравствуйте!"
    assert "no.such.prompt" in caplog.text


async def test_a_damaged_recording_is_synthesized_instead(
    bank: PromptBank, synthesizer: FakeSynthesizer, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await bank.render((Prompt("damaged"),))).pcm
    assert synthesizer.spoken == ["Сломано."]
    assert "recording" in caplog.text


@pytest.mark.parametrize("audio", [b"", b"no audio", wav(0.5, peak=0.0)])
async def test_useless_engine_output_is_a_fault(
    bank: PromptBank, synthesizer: FakeSynthesizer, audio: bytes
) -> None:
    synthesizer.audio = audio
    with pytest.raises(SynthesisError):
        await bank.render((FreeText("Текст."),))


async def test_silence_alone_is_rendered(bank: PromptBank) -> None:
    assert (await bank.render((Pause(100),))).pcm == bytes(1600)
    assert (await bank.render(())).pcm == b""


async def test_warming_loads_all_and_survives_what_cannot_be_spoken(
    bank: PromptBank, synthesizer: FakeSynthesizer, voice: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await bank.warm([AMOUNT, (FreeText("Это невозможно."),), (FreeText("Скоро."),)])
    assert "clips ready" in caplog.text
    recordings = [Path(entry) for entry in os.scandir(voice)]
    for path in recordings:
        path.unlink()
    assert (await bank.render(AMOUNT)).pcm
    assert (await bank.render((FreeText("Скоро."),))).pcm
    assert (await bank.render((Prompt("own.one"),))).pcm
    assert synthesizer.spoken == [
        "Ещё не записано.",
        "Сломано.",
        "Это невозможно.",
        "Скоро.",
    ]


async def test_closing_ends_syntheses_under_way(
    bank: PromptBank, synthesizer: FakeSynthesizer
) -> None:
    synthesizer.released.clear()
    task = asyncio.create_task(bank.render((FreeText("Текст."),)))
    await asyncio.sleep(0.05)
    await bank.aclose()
    with pytest.raises(SynthesisError):
        await task
    assert synthesizer.running == 0
