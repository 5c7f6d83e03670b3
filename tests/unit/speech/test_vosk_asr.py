"""The adapter around Vosk, with a scripted decoder in its place."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ivr.errors import AsrError, SetupError
from ivr.speech import vosk_utterances
from ivr.speech.vosk_asr import VoskRecognizer, require_line_rate
from ivr.speech.vosk_results import joined, strip_hesitations

pytestmark = pytest.mark.unit

TENTH = b"\0\x10" * 800


class ScriptedKaldi:
    """Says one word per accepted piece; sentence ends where it is told."""

    made: int = 0

    def __init__(self, ends_at: tuple[int, ...] = (), gate: threading.Event | None = None) -> None:
        type(self).made += 1
        self.ends_at = ends_at
        self.gate = gate
        self.pieces: list[int] = []
        self.words: list[str] = []
        self.busy = threading.Lock()

    def AcceptWaveform(self, data: bytes) -> int:  # noqa: N802
        assert self.busy.acquire(blocking=False), "two threads in one recognizer"
        if self.gate is not None:
            self.gate.wait(5)
        self.pieces.append(len(data))
        self.words.append(f"слово{len(self.pieces)}")
        self.busy.release()
        if data == b"\1\1" * (len(data) // 2):
            raise Exception("broken")
        return int(len(self.pieces) in self.ends_at)

    def _result(self) -> str:
        at = float(len(self.pieces))
        words, self.words = self.words, []
        entries = [{"word": w, "start": at, "end": at + 0.5, "conf": 0.5} for w in words]
        return json.dumps({"text": " ".join(words), "result": entries})

    Result = FinalResult = _result

    def PartialResult(self) -> str:  # noqa: N802
        return json.dumps({"partial": " ".join(self.words)})


@pytest.fixture
async def pool() -> AsyncIterator[ThreadPoolExecutor]:
    executor = ThreadPoolExecutor(2)
    yield executor
    executor.shutdown()


def recognizer(pool: ThreadPoolExecutor, make: Callable[[], Any] = ScriptedKaldi) -> VoskRecognizer:
    return VoskRecognizer(make, pool)


async def test_partials_are_reported_once_and_the_final_carries_everything(
    pool: ThreadPoolExecutor,
) -> None:
    ears = recognizer(pool)
    assert await ears.accept(TENTH) is None
    first = await ears.settle()
    assert first is not None
    assert first.text == "слово1"
    assert not first.is_final
    assert await ears.settle() is None
    assert await ears.accept(b"") is None
    final = await ears.finish()
    assert final.is_final
    assert final.text == "слово1"
    assert final.confidence == 0.5
    assert ears.audio_s == pytest.approx(0.1)
    assert ears.busy_s > 0


async def test_a_question_takes_its_own_decoder_from_the_next_utterance_on(
    pool: ThreadPoolExecutor,
) -> None:
    large, small = ScriptedKaldi(), ScriptedKaldi()
    ears = VoskRecognizer(lambda: large, pool, questions={"yes_no": lambda: small})
    decoded = []
    for question in ("", "yes_no", "city", "yes_no"):
        ears.expect(question)
        await ears.accept(TENTH)
        ears.expect("yes_no" if question != "yes_no" else "")  # too late for this utterance
        await ears.accept(TENTH)
        await ears.finish()
        decoded.append((len(large.pieces), len(small.pieces)))
    assert decoded == sorted(decoded)
    grown = [now > before for (before, _), (now, _) in pairwise([(0, 0), *decoded])]
    assert grown == [True, False, True, False]
    assert ears.audio_s == pytest.approx(0.8)
    assert ears.busy_s > 0
    await ears.aclose()


async def test_a_closing_that_is_cancelled_frees_the_decoder_all_the_same(
    pool: ThreadPoolExecutor,
) -> None:
    gate, closed = threading.Event(), asyncio.Event()
    ears = VoskRecognizer(lambda: ScriptedKaldi(gate=gate), pool, on_closed=closed.set)
    await ears.accept(TENTH)
    closing = asyncio.create_task(ears.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert not closed.is_set()  # its thread still decodes
    gate.set()
    await asyncio.wait_for(closed.wait(), 5)
    await ears.aclose()


@pytest.mark.parametrize("peak", [0, 8, -16])
async def test_what_the_decoder_makes_of_silence_is_no_text(
    pool: ThreadPoolExecutor, peak: int
) -> None:
    silence = peak.to_bytes(2, "little", signed=True) * 800
    ears = recognizer(pool)
    await ears.accept(silence)
    assert await ears.settle() is None
    final = await ears.finish()
    assert (final.text, final.words, final.confidence) == ("", (), 0.0)
    await ears.accept(silence)
    await ears.settle()
    await ears.accept(TENTH)
    assert (await ears.finish()).text == "слово2 слово3"
    await ears.accept(silence)  # the sound of the utterance before does not count
    assert (await ears.finish()).text == ""


async def test_small_frames_are_gathered_before_a_thread_is_bothered(
    pool: ThreadPoolExecutor,
) -> None:
    kaldi = ScriptedKaldi()
    ears = recognizer(pool, lambda: kaldi)
    for _ in range(5):
        await ears.accept(bytes(320))
    await ears.settle()
    assert kaldi.pieces == [1600]


async def test_text_cut_off_by_kaldis_own_endpointing_is_kept(pool: ThreadPoolExecutor) -> None:
    ears = recognizer(pool, lambda: ScriptedKaldi(ends_at=(1, 2)))
    for _ in range(3):
        await ears.accept(TENTH)
        await ears.settle()
    final = await ears.finish()
    assert final.text == "слово1 слово2 слово3"
    assert [word.text for word in final.words] == ["слово1", "слово2", "слово3"]


async def test_accept_never_waits_and_a_backlog_loses_its_oldest_audio_counted(
    pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()
    kaldi = ScriptedKaldi(gate=gate)
    ears = recognizer(pool, lambda: kaldi)
    await ears.accept(TENTH)
    for _ in range(35):
        assert await ears.accept(TENTH) is None
    assert ears.dropped_s == pytest.approx(0.5)
    assert "0.1 s of audio lost" in caplog.text
    gate.set()
    await ears.finish()
    assert kaldi.pieces == [1600, 48000]


async def test_a_decoder_fault_becomes_an_asr_error_and_the_next_utterance_works(
    pool: ThreadPoolExecutor,
) -> None:
    ears = recognizer(pool)
    await ears.accept(TENTH)
    await ears.settle()
    await ears.accept(b"\1\1" * 800)
    with pytest.raises(AsrError, match="broken"):
        await ears.settle()
    await ears.accept(TENTH)
    assert (await ears.finish()).text == "слово1"


async def test_recognizers_are_renewed_after_many_utterances(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vosk_utterances, "RECYCLE_UTTERANCES", 2)
    made: list[ScriptedKaldi] = []

    def make() -> ScriptedKaldi:
        made.append(ScriptedKaldi())
        return made[-1]

    ears = recognizer(pool, make)
    for _ in range(5):
        await ears.accept(TENTH)
        await ears.finish()
    assert len(made) == 3


async def test_closing_waits_for_the_decoding_of_a_cancelled_finish(
    pool: ThreadPoolExecutor,
) -> None:
    gate = threading.Event()
    ears = recognizer(pool, lambda: ScriptedKaldi(gate=gate))
    await ears.accept(bytes(320))
    finishing = asyncio.create_task(ears.finish())
    await asyncio.sleep(0)
    finishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finishing
    closing = asyncio.create_task(ears.aclose())
    await asyncio.sleep(0)
    assert not closing.done()
    gate.set()
    await closing
    await ears.aclose()
    with pytest.raises(AsrError, match="closed"):
        await ears.accept(TENTH)


async def test_half_a_sample_is_refused(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(AsrError, match="whole 16-bit samples"):
        await recognizer(pool).accept(b"abc")


async def test_a_stopped_pool_is_an_asr_error() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(AsrError, match="stopped"):
        await recognizer(executor).finish()


def test_word_times_count_from_the_utterance_and_hesitations_at_the_ends_go() -> None:
    texts = ["э", "мой", "э", "баланс", "мм"]
    result = [
        {"word": text, "start": 10.0 + i, "end": 10.5 + i, "conf": 1.0 if i % 2 else 0.2}
        for i, text in enumerate(texts)
    ]
    final = joined([{"result": result}, {"text": ""}], began_s=10.0)
    assert final.text == "мой э баланс"
    assert final.words[0].start_s == 1.0
    assert final.words[-1].end_s == 3.5
    assert final.confidence == pytest.approx((1.0 + 0.2 + 1.0) / 3)


def test_hesitations_alone_are_nothing() -> None:
    assert strip_hesitations(["э", "мм"]) == []
    assert joined([], 0.0).text == ""


def test_one_doubtful_word_is_noise_and_two_are_not() -> None:
    words = [{"word": "в", "start": 0.0, "end": 0.1, "conf": 0.4}]
    assert joined([{"result": words}], 0.0).text == ""
    assert joined([{"result": words * 2}], 0.0).text == "в в"


def model(folder: Path, conf: str) -> Path:
    (folder / "conf").mkdir()
    (folder / "conf" / "mfcc.conf").write_text(conf, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "conf",
    [
        "--allow-upsample=true\n",
        "--sample-frequency=8000\n",
        "--sample-frequency=16000\n--allow-upsample=true",
    ],
)
def test_models_that_take_the_line_are_accepted(tmp_path: Path, conf: str) -> None:
    require_line_rate(model(tmp_path, conf))


def test_a_wideband_model_without_upsampling_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"wants 16000 Hz audio .* --allow-upsample=true"):
        require_line_rate(model(tmp_path, "--num-ceps=40\n"))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is not a Vosk model"):
        require_line_rate(tmp_path)
