"""The order in which attempts go, and what their outcomes say about the two people. Pure."""

from ivr.queue.duty import OPERATOR_FAULTS
from ivr.queue.model import (
    Attempt,
    AttemptMode,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactKind,
)
from ivr.queue.rules import QueueRules

LEFT_AT_ONCE = OPERATOR_FAULTS | {AttemptOutcome.CALLER_LEFT}
"""Of a joined callback: one of the two was gone at the first word."""
OPERATOR_STEPS = (AttemptStep.OPERATOR_DIALLED, AttemptStep.OPERATOR_UP)
CUSTOMER_STEPS = (
    AttemptStep.CUSTOMER_DIALLED,
    AttemptStep.CUSTOMER_UP,
    AttemptStep.IDENTIFIED,
)
STEPS = {
    AttemptMode.DELIVERY: OPERATOR_STEPS,
    AttemptMode.OPERATOR_FIRST: OPERATOR_STEPS + CUSTOMER_STEPS,
    AttemptMode.CUSTOMER_FIRST: CUSTOMER_STEPS + OPERATOR_STEPS,
}
"""Between CLAIMED and JOINED, in order."""


def may_have_rung(attempt: Attempt) -> bool:
    """The customer's phone was dialled: ringing it again at once, and without end, is a nuisance
    whoever's fault the failure was."""
    if attempt.mode is AttemptMode.CUSTOMER_FIRST and attempt.step in OPERATOR_STEPS:
        return True
    return attempt.step in CUSTOMER_STEPS or attempt.step is AttemptStep.JOINED


def have_talked(
    contact: Contact, attempt: Attempt, outcome: AttemptOutcome, rules: QueueRules, now: float
) -> bool:
    """Whether a joined attempt was a conversation. Who waits on the line finds out and keeps the
    place by staying there; whoever was called back would have to call us."""
    if contact.kind is not ContactKind.CALLBACK:
        return True
    if outcome is AttemptOutcome.LOST:
        return attempt.joined_at is None or now - attempt.joined_at > rules.cut_short_s
    return outcome not in LEFT_AT_ONCE
