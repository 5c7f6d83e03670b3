"""All of `ivr bench turns`: the service as it is, silence alone on the same turns, a report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ivr.bench.report import machine
from ivr.bench.turns.figures import TurnOutcome, group_of, summarize
from ivr.bench.turns.report import Report
from ivr.bench.turns.rows import Kind, Profile, TurnRow
from ivr.bench.turns.run import Plan, chosen, run_turns
from ivr.bench.turns.silence import CurvePoint, silence_curve
from ivr.bench.turns.sounds import SoundBank
from ivr.config import SpeechSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Silence-only points over RTP."""

    silences_ms: tuple[int, ...]
    """One pass each; none: no pass."""
    turns: int
    """Of each pass."""


Stage = Callable[[str, int], Callable[[int], None]]
"""A stage's name and number of turns -> where progress is told."""


async def measure(plan: Plan, baseline: Baseline, part: str, command: str, stage: Stage) -> Report:
    """All passes, one after the other."""
    sounds = SoundBank()
    answers = [row for row in plan.rows if row.is_answer and row.kind is not Kind.LOSS]
    compared = chosen(answers, None, None, baseline.turns, plan.seed)
    rendering = stage("rendering phrases", 1)
    await sounds.render(plan.rows)
    rendering(1)
    outcomes = await run_turns(plan, sounds, stage("as configured", len(plan.rows)))
    wire = []
    for silence_ms in baseline.silences_ms:
        told = stage(f"silence of {silence_ms} ms", len(compared))
        only = replace(plan, rows=tuple(compared), overrides=silence_only(silence_ms))
        found = await run_turns(only, sounds, told)
        wire.append(point_of(f"{silence_ms} ms", silence_ms, found))
    same = {row.id for row in compared}
    return Report(
        day=date.today().isoformat(),
        machine=machine(),
        command=command,
        calls=plan.calls,
        part=part,
        turns=len(plan.rows),
        figures=summarize(outcomes),
        silence_files=silence_curve([sounds.spoken(row) for row in answers]),
        silence_wire=tuple(wire),
        silence_turns=len(compared) if wire else 0,
        own=point_of("as configured", 0, outcomes),
        own_same=point_of("as configured", 0, [item for item in outcomes if item.id in same])
        if wire
        else None,
        outcomes=tuple(outcomes),
    )


def silence_only(silence_ms: int) -> dict[str, object]:
    """What makes a service end turns after that much silence and by nothing else."""
    overrides: dict[str, object] = {
        "IVR_SPEECH__TRAILING_SILENCE_MS": silence_ms,
        "IVR_SPEECH__TRAILING_SILENCE_CLOSED_MS": silence_ms,
    }
    if "endpointing" in SpeechSettings.model_fields:
        overrides["IVR_SPEECH__ENDPOINTING"] = "silence"
    return overrides


def point_of(name: str, trailing_ms: int, outcomes: Sequence[TurnOutcome]) -> CurvePoint:
    """A pass as one point of the curve."""
    measured = [item for item in outcomes if not item.fault]
    group = group_of(name, [item for item in measured if item.profile is not Profile.OVER_PROMPT])
    return CurvePoint(name, trailing_ms, group.p50_ms, group.p95_ms, group.cut_offs)


def by_id(rows: Sequence[TurnRow]) -> dict[str, TurnRow]:
    """To look a turn up."""
    return {row.id: row for row in rows}
