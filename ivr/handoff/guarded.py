"""No operator's phone is dialled that the toll-fraud guard refuses. Event loop only."""

import logging
from collections.abc import Awaitable, Callable

from ivr.handoff.attempt import LiveAttempt
from ivr.queue.desk import target_fault
from ivr.queue.destinations import DestinationRules
from ivr.queue.model import AttemptOutcome

log = logging.getLogger(__name__)

CarryOut = Callable[[LiveAttempt], Awaitable[AttemptOutcome]]


def guarded(carry_out: CarryOut, guard: DestinationRules) -> CarryOut:
    """`carry_out`, unless the operator of the attempt may not be called: the rules may have changed
    since the operator was added. Nobody is dialled then, not even the customer."""

    async def carry_out_allowed(live: LiveAttempt) -> AttemptOutcome:
        operator = live.trio.operator
        fault = target_fault(operator.target, guard)
        if fault:
            log.error(
                "x operator %s not dialled: %s",
                operator.operator_id,
                fault,
                extra={"action": "toll_guard"},
            )
            return AttemptOutcome.OPERATOR_FAILED
        return await carry_out(live)

    return carry_out_allowed
