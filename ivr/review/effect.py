"""What reviewing has brought: reviewed phrases against two models. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A reviewed phrase with what both models take it for."""

    text: str
    intent: str
    before: str
    after: str
    held_out: bool
    """Never trained on: the honest part of the measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """Counts of one intent, or of all."""

    intent: str
    reviewed: int
    right_before: int
    right_after: int
    became_wrong: int
    held_out: int
    held_out_before: int
    held_out_after: int


ALL = "все"


def effect(replayed: Sequence[Replayed]) -> tuple[EffectRow, ...]:
    """All intents together first, then each, the most reviewed first."""
    groups: defaultdict[str, list[Replayed]] = defaultdict(list)
    for one in replayed:
        groups[one.intent].append(one)
    ordered = sorted(groups, key=lambda intent: (-len(groups[intent]), intent))
    return (_row(ALL, replayed), *(_row(intent, groups[intent]) for intent in ordered))


def _row(intent: str, phrases: Sequence[Replayed]) -> EffectRow:
    aside = [one for one in phrases if one.held_out]
    return EffectRow(
        intent=intent,
        reviewed=len(phrases),
        right_before=_right_before(phrases),
        right_after=_right_after(phrases),
        became_wrong=sum(one.before == one.intent != one.after for one in phrases),
        held_out=len(aside),
        held_out_before=_right_before(aside),
        held_out_after=_right_after(aside),
    )


def _right_before(phrases: Sequence[Replayed]) -> int:
    return sum(one.before == one.intent for one in phrases)


def _right_after(phrases: Sequence[Replayed]) -> int:
    return sum(one.after == one.intent for one in phrases)
