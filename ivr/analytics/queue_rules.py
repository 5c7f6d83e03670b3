"""How the queue's figures are counted, where more than one way is in use. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AbandonRule(StrEnum):
    """What a caller who hung up while waiting does to the service level."""

    MISSED = "missed"  # counts as not answered in time, however early it was
    LATE = "late"  # counts only after the time within which calls should be answered
    IGNORED = "ignored"  # only answered calls are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRules:
    """The service level's definition. It is printed with the figure."""

    target_s: float = 20.0
    """A call answered within this time was answered in time."""
    goal: float = 0.8
    """Share of calls that should be."""
    short_abandon_s: float = 5.0
    """Who hangs up sooner had dialled by mistake or been served by the announcement: such calls are
    counted apart and are in no share."""
    abandons: AbandonRule = AbandonRule.MISSED

    @property
    def name(self) -> str:
        """As the trade writes it: '80/20'."""
        return f"{100 * self.goal:g}/{self.target_s:g}"

    def sentence(self) -> str:
        """The rule in words, in English."""
        return (
            f"service level {self.name}: answered within {self.target_s:g} s of those who came by "
            f"line; hang-ups within {self.short_abandon_s:g} s are left out, "
            f"{ABANDONS[self.abandons].format(target=f'{self.target_s:g} s')}; "
            f"who took a call back within {self.target_s:g} s is left out, later is missed"
        )


ABANDONS: Final = {
    AbandonRule.MISSED: "every other hang-up is missed",
    AbandonRule.LATE: "hang-ups within {target} too, later ones are missed",
    AbandonRule.IGNORED: "all other hang-ups too",
}
