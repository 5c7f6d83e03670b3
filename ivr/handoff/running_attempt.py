"""An attempt that a node carries out: its task, and what would have to happen to it. Event loop."""

import asyncio
from dataclasses import dataclass

from ivr.handoff.attempt import LiveAttempt
from ivr.queue.model import AttemptOutcome, AttemptStep


@dataclass(slots=True)
class RunningAttempt:
    """An attempt under way."""

    live: LiveAttempt
    task: "asyncio.Task[None]"
    over: bool = False
    """All is released, only the end has still to be written."""
    unwanted: bool = False
    """Somebody has taken the contact away from it."""
    in_sight: bool = True
    """Others have heard of this node all the time since the two were joined."""
    ending: bool = False
    """Cancelled once. A second time would interrupt the hanging up."""

    def cancel(self) -> None:
        """End it; its legs are released."""
        self.ending = True
        self.task.cancel()

    @property
    def outcome_of_cancelling(self) -> AttemptOutcome:
        if self.unwanted:
            return self.live.outcome_of_fence
        return self.live.outcome_of_fault

    @property
    def is_unjoined(self) -> bool:
        """It may still ring somewhere, and nobody has told it to stop."""
        return not self.live.is_joined and not self.over and not self.ending

    @property
    def awaits_dial(self) -> bool:
        """A callback that will take a place in the media workers and has not yet."""
        step = self.live.trio.attempt.step
        return self.live.is_callback and step in (AttemptStep.PLANNED, AttemptStep.CLAIMED)
