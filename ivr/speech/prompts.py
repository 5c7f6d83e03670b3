"""The prompt bank: phrases -> PCM, from recordings where there are any, else synthesized."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from ivr.audio.resample import to_pcm
from ivr.audio.wav import decode_samples, load_samples
from ivr.errors import AudioError, SynthesisError
from ivr.speech.grammar import SpokenText, spoken_parts, text_of
from ivr.speech.joining import Clip, RenderedPhrase, joined
from ivr.speech.phrase import Pause, Phrase, Prompt
from ivr.speech.prompt_texts import PromptTexts, Recording, Style, read_recordings
from ivr.speech.shaping import band_limited, levelled, samples_of, trimmed
from ivr.speech.speech_cache import ClipMemory, SpeechCache
from ivr.speech.synthesis.port import Synthesizer

log = logging.getLogger(__name__)

Result = TypeVar("Result")

MEMORY_LIMIT_BYTES: Final = 64 * 2**20
"""More than an hour of line-rate PCM; the whole voice takes a quarter of it."""
DISK_LIMIT_BYTES: Final = 256 * 2**20
_VOICE_THREADS: Final = 2
_CONCURRENT_SYNTHESES: Final = 2
_MOST_PENDING_SYNTHESES: Final = 32


class PromptBank:
    """Renders phrases for one voice. On the event loop; files and filters on voice threads.

    A phrase whose clips are in memory is rendered at once. Synthesis is bounded: two engines at a
    time, 32 texts under way, beyond that a text counts as impossible to speak. A part that cannot
    be spoken is left out and logged; `SynthesisError` only when nothing of the phrase remains.
    """

    def __init__(
        self,
        folder: Path,
        texts: PromptTexts,
        synthesizer: Synthesizer,
        cache_dir: Path,
        *,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        disk_limit_bytes: int = DISK_LIMIT_BYTES,
    ) -> None:
        self._texts = texts
        self._synthesizer = synthesizer
        recordings = reversed(read_recordings(folder))  # whole files win over cuts
        self._recordings = {_key(row.text, row.style): row for row in recordings}
        self._memory = ClipMemory(memory_limit_bytes)
        self._disk = SpeechCache(cache_dir, disk_limit_bytes)
        self._threads = ThreadPoolExecutor(_VOICE_THREADS, thread_name_prefix="voice")
        self._engines = asyncio.Semaphore(_CONCURRENT_SYNTHESES)
        self._pending: dict[str, asyncio.Task[bytes]] = {}

    def text_of(self, phrase: Phrase) -> str:
        """The phrase as readable sentences; prompts missing from the list are left out."""
        return text_of(self._known(phrase), self._texts)

    async def render(self, phrase: Phrase) -> RenderedPhrase:
        """The phrase as PCM. `SynthesisError` when it has words and none can be spoken."""
        known = self._known(phrase)
        parts = spoken_parts(known, self._texts)
        clips = await self._clips([part for part in parts if isinstance(part, SpokenText)])
        rendered = joined(_in_place(parts, clips), text_of(known, self._texts))
        if not rendered.marks and any(not isinstance(part, Pause) for part in phrase):
            raise SynthesisError("nothing_spoken", "no part of the phrase could be spoken")
        return rendered

    async def warm(self, phrases: Iterable[Phrase]) -> None:
        """Decode every recording, render every prompt and these phrases: calls find them ready.

        Meant to run as a background task at start; never raises but for cancellation.
        """
        started = time.monotonic()
        for key, recording in self._recordings.items():
            if self._memory.get(key) is None:
                await self._load(key, recording)
        prompts = ((Prompt(prompt_id),) for prompt_id in self._texts.prompts)
        for phrase in (*prompts, *phrases):
            try:
                await self.render(phrase)
            except SynthesisError as exc:
                log.warning("x cannot prerender: %s", exc, extra={"action": "warm"})
        log.info(
            "- %d clips ready, %.1f MB, %.1f s",
            len(self._memory),
            self._memory.size_bytes / 2**20,
            time.monotonic() - started,
            extra={"action": "warmed"},
        )

    async def aclose(self) -> None:
        """End syntheses under way and release the threads. Idempotent."""
        pending = list(self._pending.values())
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _known(self, phrase: Phrase) -> Phrase:
        known = []
        for part in phrase:
            if isinstance(part, Prompt) and part.prompt_id not in self._texts:
                log.error(
                    "x prompt %s is not in the list", part.prompt_id, extra={"action": "no_prompt"}
                )
                continue
            known.append(part)
        return tuple(known)

    async def _clips(self, parts: Sequence[SpokenText]) -> list[bytes | None]:
        """Each part's PCM, None where it cannot be spoken."""
        clips = [self._memory.get(_key(part.text, part.style)) for part in parts]
        missing = [index for index, clip in enumerate(clips) if clip is None]
        if missing:
            found = await asyncio.gather(*(self._clip(parts[index]) for index in missing))
            for index, clip in zip(missing, found, strict=True):
                clips[index] = clip
        return clips

    async def _clip(self, part: SpokenText) -> bytes | None:
        other_style = Style.END if part.style is Style.MID else Style.MID
        for key in (_key(part.text, part.style), _key(part.text, other_style)):
            recording = self._recordings.get(key)
            if recording is not None:
                clip = self._memory.get(key) or await self._load(key, recording)
                if clip is not None:
                    return clip
        try:
            return await self._synthesized(part.text)
        except SynthesisError as exc:
            log.warning(
                "x a part of a phrase is left out: %s",
                exc,
                extra={"action": "part_left_out", "pii": {"text": part.text}},
            )
            return None

    async def _load(self, key: str, recording: Recording) -> bytes | None:
        try:
            clip = await self._on_thread(lambda: _recorded(recording))
        except AudioError as exc:
            log.error("x recording: %s", exc, extra={"action": "recording_unusable"})
            return None
        self._memory.put(key, clip)
        return clip

    async def _synthesized(self, text: str) -> bytes:
        """One synthesis per text, however many calls wait for it; a caller's hang-up spares it."""
        key = _key(text, None)
        clip = self._memory.get(key)
        if clip is not None:
            return clip
        task = self._pending.get(key)
        if task is None:
            if len(self._pending) >= _MOST_PENDING_SYNTHESES:
                raise SynthesisError("busy", "too many texts wait for the synthesizer")
            task = asyncio.create_task(self._synthesize(key, text))
            self._pending[key] = task
            task.add_done_callback(lambda done: self._on_synthesized(key, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise SynthesisError("closed", "the prompt bank was closed") from None
            raise

    def _on_synthesized(self, key: str, task: asyncio.Task[bytes]) -> None:
        self._pending.pop(key, None)
        if not task.cancelled():
            task.exception()  # retrieved here, because every waiter may be gone

    async def _synthesize(self, key: str, text: str) -> bytes:
        voice_id = self._synthesizer.voice_id
        clip = await self._on_thread(lambda: self._disk.get(voice_id, text))
        if clip is None:
            async with self._engines:
                audio = await self._synthesizer.synthesize(text)
            clip = await self._on_thread(lambda: self._shape_and_store(voice_id, text, audio))
        self._memory.put(key, clip)
        return clip

    def _shape_and_store(self, voice_id: str, text: str, audio: bytes) -> bytes:
        """On a voice thread: make synthesized audio sound like the recordings, keep it on disk."""
        try:
            samples = decode_samples(audio, f"output of {voice_id}")
        except AudioError as exc:
            raise SynthesisError("bad_output", exc.message) from exc
        clip = to_pcm(trimmed(levelled(band_limited(samples))))
        if not clip:
            raise SynthesisError("silence", f"{voice_id} produced only silence")
        self._disk.put(voice_id, text, clip)
        return clip

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _recorded(recording: Recording) -> bytes:
    """On a voice thread: a file or the stretch of it that belongs to the recording."""
    samples = load_samples(recording.path)
    end_s = recording.end_s
    end = len(samples) if end_s is None else samples_of(end_s * 1000)
    return to_pcm(trimmed(samples[samples_of(recording.start_s * 1000) : end]))


def _key(text: str, style: Style | None) -> str:
    return f"{style or ''}\t{text}"


def _in_place(
    parts: Sequence[SpokenText | Pause], clips: Sequence[bytes | None]
) -> Iterable[Clip | Pause]:
    remaining = iter(clips)
    for part in parts:
        if isinstance(part, Pause):
            yield part
            continue
        clip = next(remaining)
        if clip:
            yield Clip(part.text, clip, part.gap_ms)
