"""Two-channel call recordings: left what the caller said, right what the caller heard."""

import asyncio
import logging
import queue
import threading
import wave
from pathlib import Path
from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_MS, LINE_RATE_HZ, SAMPLE_BYTES
from ivr.errors import AudioError

log = logging.getLogger(__name__)

_QUEUE_FRAMES: Final = 10_000 // FRAME_MS
"""Ten seconds of frames: a disk that stalls longer loses audio, not the call."""
_CLOSE_TIMEOUT_S: Final = 5.0
_LONGEST_GAP_S: Final = 3600


class TwoChannelRecorder:
    """Writes one stereo WAV on a thread of its own; the header is brought up to date each second.

    Loop -> writer thread through a bounded queue that drops the newest frame when full, counted.
    Frames are placed by sample index: gaps become silence, so both channels stay aligned. After a
    kill the file is valid up to the last full second.
    """

    def __init__(self, path: Path, rate_hz: int = LINE_RATE_HZ) -> None:
        """Create the file, its folder where needed; `AudioError` when that is impossible."""
        self._path = path
        self._rate_hz = rate_hz
        self._frames: queue.Queue[tuple[bytes, bytes, int] | None] = queue.Queue(_QUEUE_FRAMES)
        self._dropped = 0
        self._closed = False
        self._position = 0
        self._header_due = rate_hz
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._raw = path.open("wb")
        except OSError as exc:
            raise AudioError("unwritable", f"{path} cannot be written: {exc.strerror}") from exc
        self._wav = wave.open(self._raw, "wb")  # noqa: SIM115 - open for the call's length
        self._wav.setnchannels(2)
        self._wav.setsampwidth(SAMPLE_BYTES)
        self._wav.setframerate(rate_hz)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def dropped_frames(self) -> int:
        """Frames that found the queue full, came after `aclose` or could not be written."""
        return self._dropped

    def write(self, left: bytes, right: bytes, sample_index: int) -> None:
        """Add a stretch of both channels that begins at `sample_index`. Never blocks.

        The shorter channel is filled up with silence.
        """
        if self._closed:
            self._dropped += 1
            return
        try:
            self._frames.put_nowait((left, right, sample_index))
        except queue.Full:
            if self._dropped == 0:
                log.warning("x recording falls behind", extra={"action": "recording_overflow"})
            self._dropped += 1

    async def aclose(self) -> None:
        """Write what is queued and finish the file; waits for the disk at most 5 s. Idempotent."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        try:
            self._frames.put(None, timeout=_CLOSE_TIMEOUT_S)
        except queue.Full:
            log.error("x recording not finished: disk stalls", extra={"action": "recording_lost"})
            return
        self._thread.join(_CLOSE_TIMEOUT_S)
        if self._dropped:
            log.warning(
                "x recording lacks %d frames", self._dropped, extra={"action": "recording_gaps"}
            )

    def _run(self) -> None:
        """The writer thread. After a fault of the disk it only drains the queue."""
        failed = False
        while (item := self._frames.get()) is not None:
            if failed:
                self._dropped += 1
                continue
            try:
                self._place(*item)
            except OSError as exc:
                failed = True
                self._dropped += 1
                log.error("x recording: %s", exc, extra={"action": "recording_failed"})
        try:
            with self._raw:
                self._wav.close()
        except OSError as exc:
            log.error("x recording: %s", exc, extra={"action": "recording_failed"})

    def _place(self, left: bytes, right: bytes, sample_index: int) -> None:
        late = self._position - sample_index
        if late > 0:  # overlaps what is written: keep the rest
            left, right = left[late * SAMPLE_BYTES :], right[late * SAMPLE_BYTES :]
        elif late < -_LONGEST_GAP_S * self._rate_hz:
            self._dropped += 1
            return
        self._fill_gap(-late)
        size = max(len(left), len(right)) // SAMPLE_BYTES
        stereo = np.zeros((size, 2), dtype="<i2")
        for channel, pcm in enumerate((left, right)):
            samples = np.frombuffer(pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES], dtype="<i2")
            stereo[: len(samples), channel] = samples
        self._append(stereo.tobytes(), size)

    def _fill_gap(self, samples: int) -> None:
        while samples > 0:
            step = min(samples, self._rate_hz)
            self._append(bytes(step * 2 * SAMPLE_BYTES), step)
            samples -= step

    def _append(self, stereo: bytes, samples: int) -> None:
        self._wav.writeframesraw(stereo)
        self._position += samples
        if self._position >= self._header_due:
            self._wav.writeframes(b"")  # brings the sizes in the header up to date
            self._raw.flush()
            self._header_due = self._position + self._rate_hz
