"""What was sent, heard and recorded during one turn -> its outcome. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ivr.bench.turns.figures import MISSED_S, TurnOutcome
from ivr.bench.turns.rows import MUST_NOT_STOP, Kind, TurnRow
from ivr.bench.turns.tracks import over_prompt
from ivr.events import TurnCompleted
from ivr.softphone.listening import Listening

SPOKEN_KINDS: Final = frozenset({"heard", "unintelligible"})
"""Kinds of recorded turns that speech led to."""
UNDERSTOOD: Final = frozenset({"accept", "confirm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One turn on the wire. Times are seconds of `heard`, which begins shortly before it."""

    heard: bytes
    """What the bot sent, int16 8 kHz."""
    onset_s: float
    """First sample of the caller's speech."""
    ended_s: float
    """End of its last sample."""
    undisturbed: bytes = b""
    """The prompt that is spoken over, heard without anybody speaking."""


def outcome_of(row: TurnRow, trace: Trace, recorded: Sequence[TurnCompleted]) -> TurnOutcome:
    """`recorded`: what the service's records say was heard from this turn's onset to the next."""
    spoken = [turn for turn in recorded if turn.kind in SPOKEN_KINDS]
    if row.is_answer:
        return _answer(row, trace, spoken)
    return _over_prompt(row, trace, spoken)


def fault_of(row: TurnRow, why: str) -> TurnOutcome:
    """A turn that could not be measured."""
    return TurnOutcome(
        id=row.id, profile=row.profile, kind=row.kind, paused=row.has_pause, fault=why
    )


def _answer(row: TurnRow, trace: Trace, spoken: Sequence[TurnCompleted]) -> TurnOutcome:
    reply_s = Listening(heard=bytearray(trace.heard)).first_audible_after(trace.onset_s)
    spoke_over = reply_s is not None and reply_s < trace.ended_s
    cut_off = spoke_over or len(spoken) > 1
    latency_s = None if reply_s is None or cut_off else reply_s - trace.ended_s
    return TurnOutcome(
        id=row.id,
        profile=row.profile,
        kind=row.kind,
        paused=row.has_pause,
        latency_ms=None if latency_s is None else latency_s * 1000,
        cut_off=cut_off,
        missed=not cut_off and (latency_s is None or latency_s > MISSED_S),
        understood=understood(row, spoken),
        heard=_texts(spoken),
    )


def _over_prompt(row: TurnRow, trace: Trace, spoken: Sequence[TurnCompleted]) -> TurnOutcome:
    found = over_prompt(trace.undisturbed, trace.heard, trace.onset_s)
    if found is None:
        return fault_of(row, "another prompt than expected was playing")
    false_stop = None
    if row.kind in MUST_NOT_STOP:
        # An echo lasts as long as the prompt: there only the time of giving way counts.
        ended_s = trace.onset_s if row.kind is Kind.ECHO else trace.ended_s
        taken = any(turn.kind == "heard" for turn in spoken)
        false_stop = taken or found.is_false_stop(ended_s)
    return TurnOutcome(
        id=row.id,
        profile=row.profile,
        kind=row.kind,
        paused=row.has_pause,
        yield_ms=_since(trace.onset_s, found.yielded_s),
        stop_ms=_since(trace.onset_s, found.stopped_s),
        false_stop=false_stop,
        understood=understood(row, spoken),
        heard=_texts(spoken),
    )


def understood(row: TurnRow, spoken: Sequence[TurnCompleted]) -> bool | None:
    """Whether any of the recorded turns has the expected intent, and the expected value."""
    if not row.intent and not row.value:
        return None
    return any(_as_expected(row, turn) for turn in spoken)


def _as_expected(row: TurnRow, turn: TurnCompleted) -> bool:
    if row.intent and (turn.intent != row.intent or turn.decision not in UNDERSTOOD):
        return False
    return not row.value or any(str(entity.value) == row.value for entity in turn.entities)


def _texts(spoken: Sequence[TurnCompleted]) -> str:
    return " / ".join(turn.text or "…" for turn in spoken)


def _since(onset_s: float, at_s: float | None) -> float | None:
    return None if at_s is None else (at_s - onset_s) * 1000
