"""The bundled model on the recordings: functional bounds, not a benchmark."""

import asyncio
import csv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import soundfile

from ivr.errors import AsrError
from ivr.speech.vosk_asr import VoskRecognizerFactory

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "audio_fixtures"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (FIXTURES / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return sorted(listed, key=lambda row: not row["file"].startswith("tts"))


@pytest.fixture
async def factory() -> AsyncIterator[VoskRecognizerFactory]:
    made = await VoskRecognizerFactory.load(ROOT / "models" / "ru-0611", threads=2)
    yield made
    await made.aclose()


def samples_of(name: str) -> bytes:
    samples, rate_hz = soundfile.read(FIXTURES / name, dtype="int16")
    assert rate_hz == 8000
    return bytes(samples.tobytes())


def word_errors(said: list[str], heard: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


async def heard(factory: VoskRecognizerFactory, name: str) -> str:
    ears = factory.create()
    samples = samples_of(name)
    for start in range(0, len(samples), 3200):
        await ears.accept(samples[start : start + 3200])
        await ears.settle()
    final = await ears.finish()
    assert final.is_final
    await ears.aclose()
    return final.text


async def test_most_words_of_the_domain_are_recognized(
    factory: VoskRecognizerFactory, rows: list[dict[str, str]]
) -> None:
    sample = [row for row in rows if row["file"].startswith("tts/")][::11]
    texts = [await heard(factory, row["file"]) for row in sample]
    errors = sum(
        word_errors(row["text"].split(), text.split())
        for row, text in zip(sample, texts, strict=True)
    )
    words = sum(len(row["text"].split()) for row in sample)
    print(f"\nword error rate {errors / words:.3f} ({errors} of {words}, {len(sample)} recordings)")
    assert len(sample) >= 40
    assert errors / words < 0.4


async def test_legs_decode_side_by_side_and_do_not_mix_their_words(
    factory: VoskRecognizerFactory, rows: list[dict[str, str]]
) -> None:
    # Kaldi dithers its input at random, so the same audio may differ by a word now and then.
    some = rows[:6]
    together = await asyncio.gather(*(heard(factory, row["file"]) for row in some))
    for row, text in zip(some, together, strict=True):
        assert word_errors(row["text"].split(), text.split()) <= 1


async def test_one_recognizer_serves_many_utterances_with_times_from_each_beginning(
    factory: VoskRecognizerFactory, rows: list[dict[str, str]]
) -> None:
    ears = factory.create()
    for row in rows[:5]:
        samples = samples_of(row["file"])
        await ears.accept(samples)
        final = await ears.finish()
        assert final.words
        assert final.words[0].start_s < 0.5
        assert final.words[-1].end_s <= len(samples) / 16000 + 0.1
        assert 0 < final.confidence <= 1
    assert ears.busy_s > 0
    assert ears.audio_s > 4
    await ears.aclose()


async def test_a_pause_within_an_utterance_loses_no_text(
    factory: VoskRecognizerFactory, rows: list[dict[str, str]]
) -> None:
    ears = factory.create()
    first, second = (samples_of(row["file"]) for row in rows[:2])
    for piece in (first, bytes(2 * 16000), second):
        await ears.accept(piece)
        await ears.settle()
    text = (await ears.finish()).text
    await ears.aclose()
    said = f"{rows[0]['text']} {rows[1]['text']}"
    assert word_errors(said.split(), text.split()) <= 1


async def test_silence_is_an_empty_text(factory: VoskRecognizerFactory) -> None:
    ears = factory.create()
    await ears.accept(bytes(16000))
    assert (await ears.finish()).text == ""
    await ears.aclose()


async def test_a_damaged_model_is_an_asr_error(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mfcc.conf").write_text("--allow-upsample=true\n", encoding="utf-8")
    with pytest.raises(AsrError, match="cannot load the model"):
        await VoskRecognizerFactory.load(tmp_path)
