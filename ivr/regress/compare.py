"""Outcomes against labels and against the last accepted run -> judgements. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rapidfuzz.distance import Levenshtein

from ivr.fixtures.manifest import FixtureRow
from ivr.nlu.fixture_labels import is_right
from ivr.nlu.phrases import spelling
from ivr.regress.outcome import Case, Outcome

COMPARED: Final = ("transcript", "intent", "slots", "actions", "prompts", "reply")
LATER_MS: Final = 60
"""Replies this much later or earlier in audio time are a change: three frames."""


class Verdict(StrEnum):
    """The worst first."""

    ERROR = "error"
    WORSE = "worse"
    CHANGED = "changed"
    BETTER = "better"
    NEW = "new"
    SAME = "same"

    @property
    def fails(self) -> bool:
        """Whether a run with this verdict needs somebody to look."""
        return self in (Verdict.ERROR, Verdict.WORSE, Verdict.CHANGED)


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is not what was accepted."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """An outcome against its labels; None where there is no label."""

    words: int = 0
    word_errors: int = 0
    intent_right: bool | None = None
    slots_right: bool | None = None
    """Whether every labelled slot was found; others found beside them are not held against it."""

    @property
    def wer(self) -> float | None:
        return self.word_errors / self.words if self.words else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One case with everything that can be said of it."""

    case: Case
    outcome: Outcome
    score: Score
    verdict: Verdict
    changes: tuple[Change, ...] = ()


def score_of(case: Case, outcome: Outcome) -> Score:
    """Word errors, intent and slots against the manifest."""
    if case.text is None or outcome.error:
        return Score()
    said, heard = spelling(case.text).split(), spelling(outcome.transcript).split()
    wanted = FixtureRow(file="", text="", slots=case.slots).slot_pairs
    found = FixtureRow(file="", text="", slots=outcome.slots).slot_pairs
    return Score(
        words=len(said),
        word_errors=Levenshtein.distance(said, heard),
        intent_right=is_right(case.intent, outcome.intent) if case.intent else None,
        slots_right=wanted <= found if wanted else None,
    )


def judge(case: Case, outcome: Outcome, accepted: Outcome | None) -> Judgement:
    """Compare one outcome with its labels and with the accepted one."""
    score = score_of(case, outcome)
    changes: tuple[Change, ...] = ()
    if outcome.error:
        verdict = Verdict.ERROR
    elif accepted is None:
        verdict = Verdict.NEW
    else:
        changes = tuple(_changes(accepted, outcome))
        verdict = _verdict(changes, score_of(case, accepted), score)
    return Judgement(case=case, outcome=outcome, score=score, verdict=verdict, changes=changes)


def judge_all(
    cases: Iterable[Case],
    outcomes: Mapping[tuple[str, str], Outcome],
    accepted: Mapping[tuple[str, str], Outcome],
) -> tuple[Judgement, ...]:
    """In the cases' order; cases without an outcome (an interrupted run) are left out."""
    return tuple(
        judge(case, outcomes[key], accepted.get(key))
        for case in cases
        if (key := (case.file, case.condition)) in outcomes
    )


def _changes(before: Outcome, after: Outcome) -> Iterable[Change]:
    for field in COMPARED:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield Change(field, old, new)
    old_ms, new_ms = before.response_ms, after.response_ms
    if (old_ms is None) != (new_ms is None) or abs((old_ms or 0) - (new_ms or 0)) > LATER_MS:
        yield Change("response_ms", _written(old_ms), _written(new_ms))


def _written(value: int | None) -> str:
    return "" if value is None else str(value)


def _verdict(changes: tuple[Change, ...], before: Score, after: Score) -> Verdict:
    """Labels decide what is better or worse; without their word a change is just a change."""
    if not changes:
        return Verdict.SAME
    steps = [
        before.word_errors - after.word_errors,
        int(bool(after.intent_right)) - int(bool(before.intent_right)),
        int(bool(after.slots_right)) - int(bool(before.slots_right)),
        *(_sooner(change) for change in changes if change.field == "response_ms"),
    ]
    if min(steps) < 0:
        return Verdict.WORSE
    return Verdict.BETTER if max(steps) > 0 else Verdict.CHANGED


def _sooner(change: Change) -> int:
    """1 when the reply comes sooner, -1 when later, 0 when one of both has none."""
    if not change.before or not change.after:
        return 0
    return 1 if int(change.after) < int(change.before) else -1
