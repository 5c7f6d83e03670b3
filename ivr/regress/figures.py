"""Judgements -> figures: of the whole run, and by condition and voice. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ivr.regress.compare import Judgement, Verdict

ALL = ""
"""The row or column that takes everything together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Figures of some cases; None where none of them is labelled."""

    cases: int
    wer: float | None
    intents: float | None
    """Share of labelled intents that were found."""
    slots: float | None
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one run."""

    verdicts: Counter[Verdict]
    total: Cell
    """Recordings as they are, or all where only conditions were run."""
    by_condition: dict[str, dict[str, Cell]]
    """Condition -> voice -> cell; `ALL` takes all voices."""
    median_response_ms: float | None

    @property
    def failed(self) -> int:
        return sum(count for verdict, count in self.verdicts.items() if verdict.fails)


def figures_of(judgements: Sequence[Judgement]) -> Figures:
    """Needs at least one judgement."""
    conditions = dict.fromkeys(item.case.condition for item in judgements)
    voices = dict.fromkeys(item.case.voice for item in judgements if item.case.voice)
    grid = {
        condition: {
            voice: cell_of(
                item
                for item in judgements
                if item.case.condition == condition and voice in (ALL, item.case.voice)
            )
            for voice in (ALL, *voices)
        }
        for condition in conditions
    }
    responses = [item.outcome.response_ms for item in judgements if item.outcome.response_ms]
    return Figures(
        verdicts=Counter(item.verdict for item in judgements),
        total=grid[next(iter(conditions))][ALL],
        by_condition=grid,
        median_response_ms=median(responses) if responses else None,
    )


def cell_of(judgements: Iterable[Judgement]) -> Cell:
    """Word errors over all words, shares over what is labelled."""
    items = list(judgements)
    words = sum(item.score.words for item in items)
    return Cell(
        cases=len(items),
        wer=sum(item.score.word_errors for item in items) / words if words else None,
        intents=_share(item.score.intent_right for item in items),
        slots=_share(item.score.slots_right for item in items),
        errors=sum(item.verdict is Verdict.ERROR for item in items),
    )


def _share(flags: Iterable[bool | None]) -> float | None:
    known = [flag for flag in flags if flag is not None]
    return sum(known) / len(known) if known else None
