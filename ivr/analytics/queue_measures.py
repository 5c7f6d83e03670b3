"""What became of contacts and operators -> measures: the line, promises, handling, estimates. Pure.

Each function takes what falls into one interval and skill; `ivr.analytics.queue_figures` sorts it.
None: nothing to make a measure of.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from statistics import fmean, median
from typing import Final

from ivr.analytics.queue_rules import AbandonRule, FigureRules
from ivr.analytics.queue_stories import (
    ContactStory,
    Conversation,
    Fate,
    OperatorSpan,
    RungInVain,
)
from ivr.queue.model import OperatorState

WORKING: Final = frozenset({OperatorState.RESERVED, OperatorState.ON_CALL, OperatorState.WRAP_UP})
ON_DUTY: Final = WORKING | {OperatorState.AVAILABLE}
"""Pauses are not duty: occupancy says how full the hours were in which contacts could come."""


class LineFate(StrEnum):
    """How waiting on the line was over."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT = "short"
    LOST = "lost"
    MOVED = "moved"  # to a promise of a call back
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFigures:
    """Contacts that came by line. offered = answered + abandoned + short_abandons + lost + moved
    + waiting."""

    offered: int
    """A promise made without waiting on the line is not one of them."""
    answered: int
    """Joined with an operator, on the line all the time."""
    abandoned: int
    """Hung up; short ones not counted."""
    short_abandons: int
    lost: int
    """Lost with the node that held the line, and not come back."""
    moved: int
    """Took a call back instead of the line, or had been promised one; told under promises."""
    waiting: int
    """Still on the line."""
    abandon_rate: float | None
    """Abandoned and lost, of those offered less short abandons."""
    service_level: float | None
    """Share answered in time, by the rule that is printed with it."""
    judged: int
    """How many calls the service level is a share of."""
    asa_s: float | None
    """Average speed of answer: mean wait of the answered. No callback is in it."""
    longest_wait_s: float | None
    """On the line, whatever ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFigures:
    """Calls back that were promised. promised = kept + given_up + cancelled + pending."""

    promised: int
    kept: int
    """Joined with an operator, also where the customer came back to the line for it."""
    given_up: int
    """Not reached in the allowed number of tries, or of faults."""
    cancelled: int
    """Taken back by the customer, or given way to another promise for the same number."""
    pending: int
    """Still owed."""
    retries: int
    """Dials of these customers beyond the first of each."""
    faults: int
    """Dials of them that came to nothing because of us."""
    bridge_p50_s: float | None
    """Promise to bridge, of those kept in turn: from the place first got, time on the line
    included, to the joining. The median."""
    bridge_p90_s: float | None
    """Nine of ten are kept within it."""
    slot_late_p50_s: float | None
    """Of booked slots that were kept: from the slot's beginning to the joining. The median."""
    slot_late_p90_s: float | None
    """Nine of ten are kept within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingFigures:
    """Operators and their conversations, of calls and of callbacks."""

    conversations: int
    talk_s: float | None
    """Mean, of those whose wrap-up is over, as the next two."""
    wrap_up_s: float | None
    """From the conversation's end until the operator was ready."""
    aht_s: float | None
    """Average handling time: talk and wrap-up."""
    operators: float
    """On duty on average: available, reserved, on a call or in wrap-up."""
    occupancy: float | None
    """Share of the time on duty that was not spent available. Of a skill: of the operators who have
    it, whatever they were busy with."""
    ring_no_answers: int
    operator_faults: int
    """Phones that refused or could not be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateFigures:
    """The wait that was told, held against the wait that came: of contacts that were served in
    turn, reached at the first dial and not put off to another hour, the first estimate of each."""

    estimates: int
    error_s: float | None
    """Median distance of the two."""
    bias_s: float | None
    """Mean of wait less estimate: above 0, people are told too little."""
    bound_kept: float | None
    """Share of waits within the bound told with the estimate; 0.9 is meant."""


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least this share of all does not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)] if ranked else None


def line_wait_s(story: ContactStory, now: float) -> float:
    """How long the contact waited on the line."""
    end = story.off_line_at
    return max(0.0, (now if end is None else end) - story.came_at)


def line_fate(story: ContactStory, rules: FigureRules, now: float) -> LineFate:
    """What ended its waiting on the line; whoever was promised a call has moved, for good."""
    if story.promised_at is not None or story.fate is Fate.GAVE_WAY:
        return LineFate.MOVED
    match story.fate:
        case Fate.OPEN:
            return LineFate.WAITING
        case Fate.ANSWERED:
            return LineFate.ANSWERED
        case Fate.LOST:
            return LineFate.LOST
        case _:
            short = line_wait_s(story, now) < rules.short_abandon_s
            return LineFate.SHORT if short else LineFate.ABANDONED


def line_figures(stories: Sequence[ContactStory], rules: FigureRules, now: float) -> LineFigures:
    """In: contacts that came by line."""
    fates = [(line_fate(one, rules, now), line_wait_s(one, now)) for one in stories]
    count = Counter(fate for fate, _ in fates)
    verdicts = [verdict for pair in fates if (verdict := in_time(*pair, rules)) is not None]
    serious = len(stories) - count[LineFate.SHORT]
    gone = count[LineFate.ABANDONED] + count[LineFate.LOST]
    return LineFigures(
        offered=len(stories),
        answered=count[LineFate.ANSWERED],
        abandoned=count[LineFate.ABANDONED],
        short_abandons=count[LineFate.SHORT],
        lost=count[LineFate.LOST],
        moved=count[LineFate.MOVED],
        waiting=count[LineFate.WAITING],
        abandon_rate=gone / serious if serious else None,
        service_level=sum(verdicts) / len(verdicts) if verdicts else None,
        judged=len(verdicts),
        asa_s=_mean([wait_s for fate, wait_s in fates if fate is LineFate.ANSWERED]),
        longest_wait_s=max((wait_s for _, wait_s in fates), default=None),
    )


def in_time(fate: LineFate, wait_s: float, rules: FigureRules) -> bool | None:
    """One call's part in the service level; None: left out of it."""
    early = wait_s <= rules.target_s
    match fate:
        case LineFate.ANSWERED:
            return early
        case LineFate.SHORT:
            return None
        case LineFate.MOVED | LineFate.WAITING:
            return None if early or rules.abandons is AbandonRule.IGNORED else False
        case _:
            missed = rules.abandons is AbandonRule.MISSED or (
                rules.abandons is AbandonRule.LATE and not early
            )
            return False if missed else None


def promise_figures(stories: Sequence[ContactStory]) -> PromiseFigures:
    """In: contacts that were promised a call."""
    kept = [one for one in stories if one.fate is Fate.ANSWERED]
    in_turn = [one.joined_at - one.came_at for one in kept if one.joined_at and not one.slot_at]
    late = [max(0.0, one.joined_at - one.slot_at) for one in kept if one.joined_at and one.slot_at]
    given_up = sum(one.fate is Fate.GIVEN_UP for one in stories)
    pending = sum(one.fate is Fate.OPEN for one in stories)
    return PromiseFigures(
        promised=len(stories),
        kept=len(kept),
        given_up=given_up,
        cancelled=len(stories) - len(kept) - given_up - pending,
        pending=pending,
        retries=sum(max(0, len(one.dialled_at) - 1) for one in stories),
        faults=sum(one.faults for one in stories),
        bridge_p50_s=percentile(in_turn, 0.5),
        bridge_p90_s=percentile(in_turn, 0.9),
        slot_late_p50_s=percentile(late, 0.5),
        slot_late_p90_s=percentile(late, 0.9),
    )


def handling_figures(
    conversations: Sequence[Conversation],
    spans: Sequence[OperatorSpan],
    rung_in_vain: Sequence[RungInVain],
    length_s: float,
) -> HandlingFigures:
    """In: `spans` on duty, cut to the interval, with an end each; the interval's length."""
    over = [
        (one.ended_at - one.joined_at, one.wrapped_up_at - one.ended_at)
        for one in conversations
        if one.ended_at is not None and one.wrapped_up_at is not None
    ]
    lasted = [(one, one.until - one.since) for one in spans if one.until is not None]
    duty_s = sum(lasted_s for _, lasted_s in lasted)
    working_s = sum(lasted_s for one, lasted_s in lasted if one.state in WORKING)
    return HandlingFigures(
        conversations=len(conversations),
        talk_s=_mean([talk_s for talk_s, _ in over]),
        wrap_up_s=_mean([wrap_up_s for _, wrap_up_s in over]),
        aht_s=_mean([talk_s + wrap_up_s for talk_s, wrap_up_s in over]),
        operators=duty_s / length_s if length_s > 0 else 0.0,
        occupancy=working_s / duty_s if duty_s > 0 else None,
        ring_no_answers=sum(one.silent for one in rung_in_vain),
        operator_faults=sum(not one.silent for one in rung_in_vain),
    )


def estimate_figures(stories: Iterable[ContactStory]) -> EstimateFigures:
    """In: contacts, told an estimate or not."""
    pairs = [
        (one.told[0], one.joined_at - one.told[0].at)
        for one in stories
        if one.told and one.joined_at and _in_turn(one)
    ]
    errors = [waited_s - told.wait_s for told, waited_s in pairs]
    kept = [waited_s <= told.bound_s for told, waited_s in pairs if told.bound_s is not None]
    return EstimateFigures(
        estimates=len(pairs),
        error_s=median(abs(error_s) for error_s in errors) if errors else None,
        bias_s=_mean(errors),
        bound_kept=sum(kept) / len(kept) if kept else None,
    )


def _in_turn(story: ContactStory) -> bool:
    """Nothing but the queue made it wait."""
    return not story.slot_at and not story.put_off and len(story.dialled_at) <= 1


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
