"""How sure is sure enough. Pure."""

from enum import StrEnum

from ivr.nlu.schema import NluResult


class Decision(StrEnum):
    """What the best intent's confidence allows."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    REJECT = "reject"


def decide(result: NluResult, *, accept: float, confirm: float) -> Decision:
    """Both thresholds are inclusive, 0..1; `accept` wins where they cross."""
    confidence = result.intent.confidence
    if confidence >= accept:
        return Decision.ACCEPT
    return Decision.CONFIRM if confidence >= confirm else Decision.REJECT
