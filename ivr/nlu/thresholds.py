"""How sure is sure enough. Pure."""

from enum import StrEnum

from ivr.nlu.schema import NluResult

OUT_OF_SCOPE = "out_of_scope"
CLOSE = 0.1
"""Two best intents nearer than this are a guess between them, whatever the better one's value."""


class Decision(StrEnum):
    """What the best intent's confidence allows."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    REJECT = "reject"


def decide(result: NluResult, *, accept: float, confirm: float) -> Decision:
    """Both thresholds are inclusive, 0..1; `accept` wins where they cross.

    Out of scope is always rejected: entities of such a text may still answer a question. An
    acceptable intent with a second one close behind is confirmed.
    """
    best = result.intent
    if best.name == OUT_OF_SCOPE:
        return Decision.REJECT
    if best.confidence >= accept:
        return Decision.CONFIRM if _close_second(result) else Decision.ACCEPT
    return Decision.CONFIRM if best.confidence >= confirm else Decision.REJECT


def _close_second(result: NluResult) -> bool:
    best, *others = result.ranking
    return bool(others) and best.confidence - others[0].confidence < CLOSE
