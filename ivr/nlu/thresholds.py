"""How sure is sure enough. Pure."""

from enum import StrEnum

from ivr.nlu.schema import NluResult

CLOSE = 0.1
"""Two best intents nearer than this are a guess between them, whatever the better one's value."""


class Decision(StrEnum):
    """What the best intent's confidence allows."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    REJECT = "reject"


def decide(result: NluResult, *, accept: float, confirm: float) -> Decision:
    """Both thresholds are inclusive, 0..1; `accept` wins where they cross.

    An acceptable intent with a second one close behind is confirmed. Out of scope is an intent
    like any other here: what it means for the conversation is the policy's to say.
    """
    best = result.intent
    if best.confidence >= accept:
        return Decision.CONFIRM if _close_second(result) else Decision.ACCEPT
    return Decision.CONFIRM if best.confidence >= confirm else Decision.REJECT


def _close_second(result: NluResult) -> bool:
    best, *others = result.ranking
    return bool(others) and best.confidence - others[0].confidence < CLOSE
