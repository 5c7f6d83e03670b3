"""What becomes of operators whom an attempt had reserved. Pure: values in, values out.

reached and talked      WRAP_UP, then AVAILABLE
rang in vain, refused   PAUSED until somebody says ready: a phone without a person
the way was broken      PAUSED for a while that doubles with each try in a row, then AVAILABLE:
                        the next dial shows whether the way is there again
talk out of sight       the node of the talk was lost, the two may talk on: refusing meanwhile
                        counts as a broken way, and the node may take the operator back
"""

from ivr.queue.model import (
    NO_TALK,
    AttemptId,
    AttemptOutcome,
    Operator,
    OperatorState,
)
from ivr.queue.replacing import replace
from ivr.queue.rules import QueueRules

OPERATOR_FAULTS = frozenset(
    {
        AttemptOutcome.OPERATOR_NO_ANSWER,
        AttemptOutcome.OPERATOR_REFUSED,
        AttemptOutcome.OPERATOR_FAILED,
        AttemptOutcome.OPERATOR_UNREACHABLE,
    }
)


def released(
    operator: Operator, outcome: AttemptOutcome, rules: QueueRules, now: float, *, picked_up: bool
) -> Operator:
    """Back from a reservation that came to nothing."""
    if operator.state is not OperatorState.RESERVED:
        return operator
    if picked_up:
        operator = replace(operator, misses=0, lost_talk=NO_TALK)
    if operator.wish is not None:
        return granted(operator, now)
    if outcome not in OPERATOR_FAULTS:
        return in_state(operator, now, OperatorState.AVAILABLE)
    if outcome is AttemptOutcome.OPERATOR_UNREACHABLE or operator.lost_talk:
        return _tried_later(operator, outcome, rules, now)
    aside = in_state(operator, now, OperatorState.PAUSED, reason=outcome.value)
    return replace(aside, misses=0)


def after_talk(operator: Operator, rules: QueueRules, now: float) -> Operator:
    """The conversation is over."""
    if operator.state is not OperatorState.ON_CALL:
        return operator
    if operator.wish is not None:
        return replace(granted(operator, now), idle_since=now)
    if rules.wrap_up_s > 0:
        until = now + rules.wrap_up_s
        return replace(in_state(operator, now, OperatorState.WRAP_UP), wrap_up_until=until)
    return replace(in_state(operator, now, OperatorState.AVAILABLE), idle_since=now)


def talking(operator: Operator, now: float) -> Operator:
    """Joined with a contact, so the phone can be reached."""
    talks = in_state(operator, now, OperatorState.ON_CALL)
    return replace(talks, misses=0, lost_talk=NO_TALK)


def talking_again(operator: Operator, now: float) -> Operator:
    """The talk that was out of sight goes on; what the operator wished for meanwhile comes after
    it, as any wish during a contact."""
    rests = operator.state in (OperatorState.PAUSED, OperatorState.OFFLINE)
    wish = operator.state if rests and not operator.retry_at else operator.wish
    reason = operator.reason if wish is OperatorState.PAUSED else ""
    return replace(talking(operator, now), wish=wish, reason=reason, retry_at=0.0)


def out_of_sight(operator: Operator, talk: AttemptId) -> Operator:
    """The node of this talk was lost: whether the two still talk is not known."""
    return replace(operator, lost_talk=talk)


def tried_again(operator: Operator, now: float) -> Operator:
    """The pause of an operator who could not be reached is over. Last in the order of the idle:
    others are asked first while it is not known whether the way is there again."""
    ready = in_state(operator, now, OperatorState.AVAILABLE, reason="")
    return replace(ready, retry_at=0.0, idle_since=now)


def _tried_later(
    operator: Operator, outcome: AttemptOutcome, rules: QueueRules, now: float
) -> Operator:
    doubled_s = rules.retry_operator_s * 2.0 ** min(operator.misses, 30)
    aside = in_state(operator, now, OperatorState.PAUSED, reason=outcome.value)
    retry_at = now + min(doubled_s, rules.retry_operator_most_s)
    return replace(aside, misses=operator.misses + 1, retry_at=retry_at)


def granted(operator: Operator, now: float) -> Operator:
    """The state that was wished for while busy."""
    wished = operator.wish
    assert wished is not None
    reason = operator.reason if wished is OperatorState.PAUSED else ""
    return replace(in_state(operator, now, wished, reason=reason), wish=None)


def in_state(
    operator: Operator, now: float, state: OperatorState, *, reason: str | None = None
) -> Operator:
    """The operator in this state from now on; without a reason given, the old one stays."""
    why = operator.reason if reason is None else reason
    version = operator.version + 1
    return replace(operator, state=state, state_since=now, reason=why, version=version)
