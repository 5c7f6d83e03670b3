"""A Kaldi recognizer, utterance after utterance: what it is fed, what it says. Recognizer thread.

Whoever makes the Kaldi recognizers is the only one to know Vosk.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.errors import AsrError
from ivr.speech.asr import Hypothesis
from ivr.speech.vosk_results import has_sound, joined, strip_hesitations

RECYCLE_UTTERANCES: Final = 50
RECYCLE_AUDIO_S: Final = 600.0
"""Kaldi recognizers grow with use; a fresh one costs about a millisecond."""


class Utterances:
    """One leg's decoder of one graph. Recognizer thread, one call at a time."""

    def __init__(self, new_kaldi: Callable[[], Any]) -> None:
        self._new_kaldi = new_kaldi
        self._kaldi: Any = None
        self._fed_s = 0.0
        """Audio the present Kaldi recognizer has seen: it counts word times from its own start."""
        self._began_s = 0.0
        self._count = 0
        self._ended: list[dict[str, Any]] = []
        """Results of parts that Kaldi's own endpointing has cut off within the utterance."""
        self._sound = False
        """Whether anything but silence was in the utterance so far."""
        self.busy_s = 0.0

    def decode(self, samples: bytes) -> Hypothesis:
        """Decode audio; the partial hypothesis of the whole utterance."""
        started = time.perf_counter()
        try:
            kaldi = self._feed(samples)
            parts = [result["text"] for result in self._ended]
            parts.append(json.loads(kaldi.PartialResult()).get("partial", ""))
            text = " ".join(strip_hesitations(" ".join(parts).split()))
            return Hypothesis(text if self._sound else "", is_final=False)
        except Exception:
            self._begin_anew()
            raise
        finally:
            self.busy_s += time.perf_counter() - started

    def finish(self, samples: bytes) -> Hypothesis:
        """Decode the rest and end the utterance."""
        started = time.perf_counter()
        try:
            kaldi = self._feed(samples)
            results = [*self._ended, json.loads(kaldi.FinalResult())]
            hypothesis = joined(results if self._sound else [], self._began_s)
            self._begin_next()
            return hypothesis
        except Exception:
            self._begin_anew()
            raise
        finally:
            self.busy_s += time.perf_counter() - started

    def apart(self) -> "Utterances":
        """A decoder of the same graph that knows nothing of this one's utterance."""
        return Utterances(self._new_kaldi)

    def free(self) -> None:
        """Give the memory back, the share in the model included."""
        self._kaldi = None
        self._new_kaldi = _closed

    def _feed(self, samples: bytes) -> Any:
        if self._kaldi is None:
            self._kaldi = self._new_kaldi()
        self._fed_s += len(samples) / size_of(1.0)
        self._sound = self._sound or has_sound(samples)
        if samples and decode(self._kaldi, samples):
            self._ended.append(json.loads(self._kaldi.Result()))
        return self._kaldi

    def _begin_next(self) -> None:
        self._ended = []
        self._sound = False
        self._count += 1
        self._began_s = self._fed_s
        if self._count >= RECYCLE_UTTERANCES or self._fed_s >= RECYCLE_AUDIO_S:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """With a fresh Kaldi recognizer; what a faulty one still held would join the next words."""
        self._kaldi = None
        self._ended = []
        self._sound = False
        self._count = 0
        self._fed_s = 0.0
        self._began_s = 0.0


def _closed() -> Any:
    raise AsrError("closed", "this recognizer is closed")


def decode(kaldi: Any, samples: bytes) -> bool:
    """True where Kaldi's own endpointing found the end of a sentence."""
    return bool(kaldi.AcceptWaveform(samples))


def size_of(seconds: float) -> int:
    """Bytes of that much audio, whole samples."""
    return int(seconds * LINE_RATE_HZ) * SAMPLE_BYTES
