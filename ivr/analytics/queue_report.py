"""Stories of a time -> everything a report shows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ivr.analytics.queue_figures import QueueFigures, figures, skills_in
from ivr.analytics.queue_lengths import Length, lengths
from ivr.analytics.queue_measures import LineFate, line_fate, line_wait_s
from ivr.analytics.queue_rules import FigureRules
from ivr.analytics.queue_stories import Fate, Stories

ALL: Final = ""
"""The skill that stands for all of them."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One contact's wait, for a plot."""

    came_at: float
    waited_s: float
    fate: LineFate
    """MOVED: a promise that was kept in turn, waited for from its place to the joining."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The queue between two moments."""

    since: float
    until: float
    now: float
    interval_s: float | None
    rules: FigureRules
    total: QueueFigures
    """Of all skills, or of the one asked for."""
    skills: Sequence[QueueFigures]
    """One line each; empty where one skill was asked for."""
    intervals: Sequence[QueueFigures]
    """All skills together, or the one asked for."""
    intervals_of_skills: Sequence[QueueFigures]
    """Skill by skill, interval by interval; empty where one skill was asked for."""
    waits: Sequence[Wait]
    lengths: Sequence[Length]

    @property
    def is_empty(self) -> bool:
        """Nobody came, nothing was promised, nobody was on duty."""
        total = self.total
        return not (total.line.offered or total.promises.promised or total.handling.operators)


def make_report(
    stories: Stories,
    *,
    since: float,
    until: float,
    now: float,
    interval_s: float | None = 1800.0,
    skill: str = ALL,
    rules: FigureRules | None = None,
) -> Report:
    """`interval_s` None: no intervals; `skill` '': all of them, and each."""
    rules = rules or FigureRules()

    def lines(of: str, length_s: float | None) -> tuple[QueueFigures, ...]:
        return figures(
            stories, since=since, until=until, now=now, interval_s=length_s, skill=of, rules=rules
        )

    each = () if skill else skills_in(stories)
    in_turn = [one for one in stories.contacts if skill in (ALL, one.skill)]
    return Report(
        since=since,
        until=until,
        now=now,
        interval_s=interval_s,
        rules=rules,
        total=lines(skill, None)[0],
        skills=[line for one in each for line in lines(one, None)],
        intervals=lines(skill, interval_s) if interval_s else (),
        intervals_of_skills=[line for one in each for line in lines(one, interval_s)]
        if interval_s
        else (),
        waits=_waits(stories, skill, since, until, rules, now),
        lengths=lengths(in_turn, since, until, now),
    )


def _waits(
    stories: Stories, skill: str, since: float, until: float, rules: FigureRules, now: float
) -> tuple[Wait, ...]:
    found = []
    for one in stories.contacts:
        if skill in (ALL, one.skill) and since <= one.came_at < until:
            if one.promised_at is None:
                fate = line_fate(one, rules, now)
                found.append(Wait(one.came_at, line_wait_s(one, now), fate))
            elif one.fate is Fate.ANSWERED and one.joined_at is not None and not one.slot_at:
                found.append(Wait(one.came_at, one.joined_at - one.came_at, LineFate.MOVED))
    return tuple(found)
