"""The seam to speech recognition: frames in, hypotheses out."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HypothesisWord:
    """One recognized word; times in seconds of audio since the utterance began."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the recognizer thinks was said."""

    text: str
    """Lower-case words; '' when nothing was recognized."""
    is_final: bool
    confidence: float = 0.0
    """Mean word confidence, 0..1; 0 for partials, which carry none."""
    words: tuple[HypothesisWord, ...] = ()


class Recognizer(Protocol):
    """One leg's recognizer. Called from the event loop; decoding runs on a recognizer thread."""

    @property
    def audio_s(self) -> float:
        """Seconds of audio taken so far."""
        ...

    @property
    def busy_s(self) -> float:
        """Seconds spent decoding it; busy_s / audio_s is the real-time factor."""
        ...

    def expect(self, question: str) -> None:
        """From the next utterance on, hear mostly answers to this kind of question; '': anything.

        What there is no graph for is heard as anything.
        """
        ...

    async def accept(self, samples: bytes) -> Hypothesis | None:
        """Feed int16 mono 8 kHz audio; a new partial hypothesis if it changed, else None.

        Raises `AsrError` on faults. Calls for one recognizer never overlap.
        """
        ...

    async def finish(self) -> Hypothesis:
        """End the utterance: the final hypothesis; the recognizer is ready for the next one."""
        ...

    async def look(self, samples: bytes) -> Hypothesis:
        """What `finish` would say if these samples were the whole utterance.

        Leaves the utterance under way untouched. May overlap with the other calls.
        """
        ...

    async def aclose(self) -> None:
        """Give the recognizer back. Idempotent."""
        ...


class RecognizerFactory(Protocol):
    """Makes one recognizer per leg from the shared model."""

    def create(self) -> Recognizer: ...
