"""Conversations whose node went out of sight: taken for over, and perhaps not over. Pure.

People who talk while their node is cut off from the queue go on talking; nobody is to wait for a
node that may be dead. So the talk is taken for over, and resumed when its node says otherwise.
"""

from typing import Final

from ivr.queue import duty
from ivr.queue.model import BUSY_STATES, AttemptOutcome, AttemptStep, ContactState
from ivr.queue.replacing import replace
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import InvalidStateError, Trio, end, is_lost

JOINED: Final = 1
TALKED: Final = 2
"""Changes of a contact since its attempt was planned, when it is joined and when that is over."""


def lose_sight(trio: Trio, rules: QueueRules, now: float) -> Trio:
    """The node that carries the attempt out has not been heard of for too long. Phones that rang
    have stopped by now; two who talked may go on talking where nobody sees them."""
    lost = end(trio, AttemptOutcome.LOST, rules, now)
    if trio.attempt.step is not AttemptStep.JOINED:
        return lost
    operator = duty.out_of_sight(lost.operator, trio.attempt.attempt_id)
    return Trio(lost.contact, operator, lost.attempt)


def resume(trio: Trio, rules: QueueRules, now: float) -> Trio:
    """The node is back, and the two still talk: nothing that began meanwhile is touched."""
    contact, operator, attempt = trio.contact, trio.operator, trio.attempt
    free = operator.state not in BUSY_STATES and operator.lost_talk == attempt.attempt_id
    if not free:
        raise InvalidStateError("resume", operator.state)
    untouched = contact.version == attempt.fence + TALKED and contact.state is ContactState.DONE
    if not (untouched and is_lost(contact, rules, now)):
        raise InvalidStateError("resume", contact.state)
    version = contact.version + 1
    return Trio(
        replace(
            contact,
            state=ContactState.CONNECTED,
            version=version,
            ended_at=None,
            end_reason="",
        ),
        duty.talking_again(operator, now),
        replace(
            attempt,
            step=AttemptStep.JOINED,
            fence=version - JOINED,
            ended_at=None,
            outcome=None,
        ),
    )
