"""Clips -> one stretch of PCM with natural silences. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ivr.audio.pcm import SAMPLE_BYTES, duration_s
from ivr.speech.phrase import Pause
from ivr.speech.shaping import LEAD_MS, TAIL_MS, samples_of

_EDGES_MS: Final = LEAD_MS + TAIL_MS
"""Quiet that the neighbours of a gap bring along; counts as part of it."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One spoken part as faded PCM at the line rate."""

    text: str
    pcm: bytes
    gap_ms: int


@dataclass(frozen=True, slots=True)
class RenderedPhrase:
    """A phrase ready for `Leg.play`."""

    pcm: bytes
    """int16 mono 8 kHz."""
    text: str
    """The phrase as readable sentences."""
    marks: tuple[tuple[int, str], ...]
    """Where each spoken part begins: sample offset and its words."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return duration_s(self.pcm)


def joined(parts: Iterable[Clip | Pause], text: str) -> RenderedPhrase:
    """Parts in order; neighbouring silences count once: the longer one is heard."""
    pcm = bytearray()
    marks: list[tuple[int, str]] = []
    due_ms = 0
    for part in parts:
        if isinstance(part, Pause):
            due_ms = max(due_ms, part.milliseconds)
            continue
        silence_ms = max(0, due_ms - (_EDGES_MS if marks else LEAD_MS))
        pcm += bytes(samples_of(silence_ms) * SAMPLE_BYTES)
        marks.append((len(pcm) // SAMPLE_BYTES, part.text))
        pcm += part.pcm
        due_ms = part.gap_ms
    trailing_ms = max(0, due_ms - TAIL_MS) if marks else due_ms
    pcm += bytes(samples_of(trailing_ms) * SAMPLE_BYTES)
    return RenderedPhrase(bytes(pcm), text, tuple(marks))
