"""What silence alone would decide: the same turns through voice activity and endpointing, as files.

No line and no recognizer: the delay is that of the decision, from the caller's last sample to the
frame in which the end is known.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.bench.figures import percentile
from ivr.bench.turns.figures import MISSED_S, Estimate, percentile_of, share
from ivr.bench.turns.sounds import SpokenTurn
from ivr.speech.endpointing import Endpointer, EndpointingProfile, SpeechEnded
from ivr.speech.vad import SpeechDetector

TRAILING_MS: Final = (150, 200, 300, 400, 550, 700, 850, 1000, 1200, 1500)
LEAD: Final = bytes(LINE_RATE_HZ)
"""Half a second before a turn, for the detector to learn how quiet the line is."""
AFTER_S: Final = MISSED_S


class CurvePoint(msgspec.Struct, frozen=True):
    """One way of deciding: how long it takes and how often it is wrong."""

    name: str
    trailing_ms: int
    """Silence that ends a turn; 0 where more than silence decides."""
    p50_ms: Estimate
    p95_ms: Estimate
    cut_offs: Estimate


def silence_curve(turns: Sequence[SpokenTurn], start_ms: int = 80) -> tuple[CurvePoint, ...]:
    """The points of silence-only endpointing over these turns, the shortest silence first."""
    decided = [speech_of(turn) for turn in turns]
    return tuple(_point(turns, decided, trailing, start_ms) for trailing in TRAILING_MS)


def speech_of(turn: SpokenTurn) -> list[bool]:
    """The voice activity of every 20 ms, from half a second before the turn to 3 s after it."""
    pcm = LEAD + turn.samples + bytes(round(AFTER_S * LINE_RATE_HZ) * 2)
    detector = SpeechDetector()
    return [
        detector.is_speech(PcmFrame(pcm[start : start + FRAME_BYTES], LINE_RATE_HZ, start // 2))
        for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    ]


def _point(
    turns: Sequence[SpokenTurn], decided: Sequence[list[bool]], trailing_ms: int, start_ms: int
) -> CurvePoint:
    profile = EndpointingProfile(start_ms=start_ms, trailing_silence_ms=trailing_ms)
    delays, cuts = [], []
    for turn, frames in zip(turns, decided, strict=True):
        delay_s = first_end_s(frames, profile)
        if delay_s is None:
            continue
        delay_s -= (len(LEAD) // 2 + turn.ends) / LINE_RATE_HZ
        cuts.append(delay_s < 0)
        if delay_s >= 0:
            delays.append(delay_s * 1000)
    return CurvePoint(
        f"{trailing_ms} ms",
        trailing_ms,
        percentile_of(delays, 50),
        percentile_of(delays, 95),
        share(cuts),
    )


def first_end_s(frames: Sequence[bool], profile: EndpointingProfile) -> float | None:
    """Audio time at which the first utterance is known to have ended."""
    endpointer = Endpointer(profile)
    for index, is_speech in enumerate(frames):
        start_s = index * FRAME_SAMPLES / LINE_RATE_HZ
        event = endpointer.feed(is_speech, start_s, start_s + FRAME_SAMPLES / LINE_RATE_HZ)
        if isinstance(event, SpeechEnded):
            return event.detected_at_s
    return None


def overhead_ms(points: Sequence[CurvePoint], on_the_wire: Sequence[CurvePoint]) -> float:
    """What line, recognition and dialogue add: the median over the silences measured both ways."""
    files = {point.trailing_ms: point.p50_ms.value for point in points}
    added = [
        point.p50_ms.value - files[point.trailing_ms]
        for point in on_the_wire
        if point.trailing_ms in files
    ]
    return percentile(added, 50)
