"""Vosk: one shared model, one recognizer per leg, decoding on a bounded pool of threads.

The event loop never waits for the decoder while a caller speaks: `accept` queues audio and returns
what is known so far; only `finish` waits. The only module that imports vosk.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import vosk

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.errors import AsrError, SetupError
from ivr.speech.asr import Hypothesis
from ivr.speech.models import QUESTIONS
from ivr.speech.vosk_utterances import Utterances, decode, size_of

log = logging.getLogger(__name__)

DECODE_STEP_S: Final = 0.1
"""Audio is handed over in steps this long: Vosk works in 0.2 s chunks, a hop per frame is waste."""
BACKLOG_S: Final = 3.0
"""Undecoded audio of one leg; beyond it the oldest is dropped."""


class VoskRecognizerFactory:
    """Loads a model once and makes a recognizer per leg (`RecognizerFactory`). Event loop only,
    but for the loading."""

    def __init__(
        self,
        model_path: Path,
        threads: int = 2,
        *,
        pool: ThreadPoolExecutor | None = None,
        questions: bool = False,
    ) -> None:
        """Blocks while the model is read: 0.1 s for the bundled one; see `load`.

        `pool`: recognizer threads shared with other models, instead of `threads` of its own.
        `questions`: load the small graphs that a built model has for closed questions as well.
        """
        vosk.SetLogLevel(-1)
        self._models = {"": _loaded(model_path)}
        if questions:
            for path in sorted((model_path / QUESTIONS).glob("*/")):
                self._models[path.name] = _loaded(path)
        self._own_pool = pool is None
        self._pool = pool or new_pool(threads)
        self._users = 0
        self._retired = False

    @classmethod
    async def load(
        cls,
        model_path: Path,
        threads: int = 2,
        *,
        pool: ThreadPoolExecutor | None = None,
        questions: bool = False,
    ) -> "VoskRecognizerFactory":
        """The same off the event loop."""
        return await asyncio.to_thread(cls, model_path, threads, pool=pool, questions=questions)

    @property
    def questions(self) -> tuple[str, ...]:
        """Closed questions that have a graph of their own."""
        return tuple(name for name in self._models if name)

    @property
    def loaded(self) -> bool:
        """False once the model's memory was given back."""
        return bool(self._models)

    def create(self) -> "VoskRecognizer":
        """A recognizer for one leg."""
        self._users += 1
        decoders = {name: partial(_kaldi, model) for name, model in self._models.items()}
        return VoskRecognizer(
            decoders.pop(""), self._pool, questions=decoders, on_closed=self._on_closed
        )

    def retire(self) -> None:
        """Make no more recognizers; the model's memory is given back after the last one closed."""
        self._retired = True
        self._free_if_idle()

    async def aclose(self) -> None:
        """Stop the recognizer threads after what they are doing, if they are its own."""
        if self._own_pool:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def _on_closed(self) -> None:
        self._users -= 1
        self._free_if_idle()

    def _free_if_idle(self) -> None:
        if self._retired and not self._users:
            self._models.clear()


class VoskRecognizer:
    """One leg's recognizer (`Recognizer`). Event loop only; its decoding is serialized."""

    def __init__(
        self,
        new_kaldi: Callable[[], Any],
        pool: ThreadPoolExecutor,
        *,
        questions: Mapping[str, Callable[[], Any]] | None = None,
        on_closed: Callable[[], None] = lambda: None,
    ) -> None:
        self._utterances = Utterances(new_kaldi)
        self._decoders = {"": self._utterances} | {
            name: Utterances(new) for name, new in (questions or {}).items()
        }
        self._asked = ""
        self._between = True
        """No audio of the next utterance has come yet."""
        self._pool = pool
        self._on_closed = on_closed
        self._pending = bytearray()
        self._job: asyncio.Future[Hypothesis] | None = None
        self._reported = ""
        self._closed = False
        self._looked_s = 0.0
        self.audio_s = 0.0
        """Seconds of audio decoded so far."""
        self.dropped_s = 0.0
        """Seconds of audio lost because decoding did not keep up."""

    def expect(self, question: str) -> None:
        """From the next utterance on, decode with the graph of this question where there is one,
        else with the large one."""
        self._asked = question if question in self._decoders else ""

    @property
    def busy_s(self) -> float:
        """Seconds spent decoding; real-time factor = busy_s / audio_s."""
        return sum(decoder.busy_s for decoder in self._decoders.values()) + self._looked_s

    async def accept(self, samples: bytes) -> Hypothesis | None:
        """Queue int16 mono 8 kHz audio; the newest partial hypothesis if it changed, else None."""
        self._check(samples)
        if self._between:
            self._between = False
            self._utterances = self._decoders[self._asked]
        self._pending += samples
        self._bound_backlog()
        newest = self._collect() if self._job is not None and self._job.done() else None
        if self._job is None and len(self._pending) >= size_of(DECODE_STEP_S):
            self._start_decoding()
        return self._unreported(newest)

    async def settle(self) -> Hypothesis | None:
        """Wait until all queued audio is decoded; for audio that comes faster than real time."""
        newest: Hypothesis | None = None
        while self._job is not None or self._pending:
            if self._job is None:
                self._start_decoding()
            newest = await self._wait()
        return self._unreported(newest)

    async def finish(self) -> Hypothesis:
        """End the utterance: the final hypothesis; ready for the next one."""
        self._check(b"")
        if self._job is not None:
            await self._wait()
        rest = self._take_pending()
        self._run(lambda: self._utterances.finish(rest))
        self._reported = ""
        self._between = True
        return await self._wait()

    async def look(self, samples: bytes) -> Hypothesis:
        """Final hypothesis of these samples alone, by a decoder of its own: the one under way is
        up to 0.4 s behind, and to end it early would cut words in two at every pause."""
        self._check(samples)
        apart, loop = self._utterances.apart(), asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, apart.finish, samples)
        except Exception as exc:  # vosk raises bare Exception only, a stopped pool RuntimeError
            raise AsrError("decode", f"Vosk failed to decode: {exc}") from exc
        finally:
            self._looked_s += apart.busy_s

    async def aclose(self) -> None:
        """Free the recognizer, after the decoding under way. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._pending.clear()
        if self._job is None:
            self._free()
            return
        # Even if nobody waits for it any longer: a retired model is kept by whoever is not freed.
        self._job.add_done_callback(self._free_after)
        await asyncio.wait([self._job])

    def _free_after(self, job: "asyncio.Future[Hypothesis]") -> None:
        if not job.cancelled() and (fault := job.exception()) is not None:
            log.warning("x recognizer closed after a fault: %s", fault)
        self._free()

    def _free(self) -> None:
        for decoder in self._decoders.values():
            decoder.free()
        self._on_closed()

    def _check(self, samples: bytes) -> None:
        if self._closed:
            raise AsrError("closed", "this recognizer is closed")
        if len(samples) % SAMPLE_BYTES:
            raise AsrError("samples", f"{len(samples)} bytes are not whole 16-bit samples")

    def _bound_backlog(self) -> None:
        excess = len(self._pending) - size_of(BACKLOG_S)
        if excess <= 0:
            return
        del self._pending[:excess]
        before_s, self.dropped_s = self.dropped_s, self.dropped_s + excess / size_of(1.0)
        if int(before_s) != int(self.dropped_s) or not before_s:  # once a second: no log flood
            log.warning("x recognition is behind, %.1f s of audio lost so far", self.dropped_s)

    def _take_pending(self) -> bytes:
        samples = bytes(self._pending)
        self._pending.clear()
        self.audio_s += len(samples) / size_of(1.0)
        return samples

    def _start_decoding(self) -> None:
        samples = self._take_pending()
        self._run(lambda: self._utterances.decode(samples))

    def _run(self, work: Callable[[], Hypothesis]) -> None:
        try:
            self._job = asyncio.get_running_loop().run_in_executor(self._pool, work)
        except RuntimeError as exc:
            raise AsrError("closed", "the recognizer threads are stopped") from exc

    async def _wait(self) -> Hypothesis:
        assert self._job is not None
        # wait() leaves the job alone when we are cancelled, so that `aclose` can wait for it.
        await asyncio.wait([self._job])
        return self._collect()

    def _collect(self) -> Hypothesis:
        """Result of a decoding that is done; faults of the decoder become `AsrError`."""
        assert self._job is not None
        job, self._job = self._job, None
        try:
            return job.result()
        except Exception as exc:  # vosk raises bare Exception only
            self._pending, self._between = bytearray(), True  # the next utterance begins anew
            raise AsrError("decode", f"Vosk failed to decode: {exc}") from exc

    def _unreported(self, newest: Hypothesis | None) -> Hypothesis | None:
        if newest is None or newest.is_final or newest.text == self._reported:
            return None
        self._reported = newest.text
        return newest


def require_line_rate(model_path: Path) -> None:
    """`SetupError` unless `model_path` is a Vosk model that takes the telephone line's 8 kHz."""
    candidates = (model_path / "conf" / "mfcc.conf", model_path / "mfcc.conf")
    conf = next((path for path in candidates if path.is_file()), None)
    if conf is None:
        raise SetupError("model", f"{model_path} is not a Vosk model: it has no conf/mfcc.conf")
    options = dict(
        line.strip().removeprefix("--").partition("=")[::2]
        for line in conf.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith("--")
    )
    rate_hz = float(options.get("sample-frequency", "16000"))
    if rate_hz > LINE_RATE_HZ and options.get("allow-upsample", "false") not in ("true", ""):
        raise SetupError(
            "model",
            f"the model {model_path} wants {rate_hz:.0f} Hz audio and a telephone line gives "
            f"{LINE_RATE_HZ} Hz: add the line --allow-upsample=true to {conf} or choose a model "
            "that has it",
        )


def new_pool(threads: int) -> ThreadPoolExecutor:
    """Threads to decode on."""
    return ThreadPoolExecutor(max_workers=threads, thread_name_prefix="recognizer")


def _loaded(model_path: Path) -> Any:
    require_line_rate(model_path)
    try:
        model = vosk.Model(str(model_path))
        decode(_kaldi(model), bytes(LINE_RATE_HZ))  # first use fills caches
    except Exception as exc:  # vosk raises bare Exception only
        raise AsrError("model", f"Vosk cannot load the model {model_path}: {exc}") from exc
    return model


def _kaldi(model: Any) -> Any:
    kaldi = vosk.KaldiRecognizer(model, float(LINE_RATE_HZ))
    kaldi.SetWords(True)
    return kaldi
