"""Conversations of operators that go on in this node, found by operator. Event loop only.

Whoever joins a caller and an operator keeps the talk open here while it lasts; a supervisor who is
asked for meanwhile is dialled beside the operator's leg and let go when the talk is over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from ivr.errors import SipError
from ivr.handoff.supervision import Supervision, SupervisionMode
from ivr.queue.desk import DeskError
from ivr.queue.model import OperatorId
from ivr.sip.leg import Leg

log = logging.getLogger(__name__)

SUPERVISOR_RING_S: Final = 25.0
"""A supervisor's phone rings at most so long."""


@dataclass(slots=True)
class _Talk:
    """Two people who hear each other, and perhaps somebody who listens."""

    caller: Leg
    operator: Leg
    supervising: "asyncio.Task[int] | None" = None


@dataclass(slots=True)
class RunningTalks:
    """Which operators of this node talk now."""

    ring_s: float = SUPERVISOR_RING_S
    _talks: dict[OperatorId, _Talk] = field(default_factory=dict, init=False)

    def __contains__(self, operator_id: OperatorId) -> bool:
        return operator_id in self._talks

    @asynccontextmanager
    async def open(
        self, operator_id: OperatorId, caller: Leg, operator: Leg
    ) -> AsyncIterator[None]:
        """The talk lasts as long as the block; a supervisor's phone is let go when it ends."""
        talk = self._talks[operator_id] = _Talk(caller, operator)
        try:
            yield
        finally:
            del self._talks[operator_id]
            if talk.supervising is not None:
                talk.supervising.cancel()
                await asyncio.gather(talk.supervising, return_exceptions=True)

    async def supervise(self, operator_id: OperatorId, target: str, mode: SupervisionMode) -> None:
        """Ring a supervisor's phone; returns once it is dialled.

        `DeskError` 'over' where the operator does not talk here, is supervised already, or the
        media worker has no leg to lend.
        """
        talk = self._talks.get(operator_id)
        if talk is None:
            raise DeskError("over", f"{operator_id} has no conversation on this node")
        if talk.supervising is not None:
            raise DeskError("over", f"{operator_id} is supervised already")
        supervision = Supervision(talk.caller, talk.operator, mode=mode)
        task = asyncio.create_task(
            supervision.run(target, ring_s=self.ring_s, caller=talk.caller.identity.ani),
            name=f"supervision of {operator_id}",
        )
        talk.supervising = task
        task.add_done_callback(lambda done: _on_over(talk, operator_id, done))
        dialled = asyncio.ensure_future(supervision.dialled.wait())
        try:
            await asyncio.wait({task, dialled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            dialled.cancel()
        if supervision.dialled.is_set():
            return
        if task.cancelled():
            raise DeskError("over", f"the conversation of {operator_id} has just ended")
        fault = task.exception()
        why = fault.message if isinstance(fault, SipError) else "see the log of the service"
        raise DeskError("over", f"the supervisor's phone cannot be dialled: {why}")


def _on_over(talk: _Talk, operator_id: OperatorId, done: "asyncio.Task[int]") -> None:
    """Somebody else may supervise from now on."""
    talk.supervising = None
    if done.cancelled():
        how = "with the talk"
    elif (fault := done.exception()) is not None:
        log.warning("x supervision failed: %s", fault, extra={"action": "supervision"})
        return
    else:
        how = f"status {done.result()}"
    log.info("- supervision of %s ended: %s", operator_id, how, extra={"action": "supervision"})
