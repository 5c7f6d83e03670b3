"""The number the caller is calling from."""

from ivr.dialogue.flows.flow import Flow
from ivr.dialogue.inputs import ServiceReplied
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import Context, Turn, answer
from ivr.speech.phrase import PhoneNumber, Prompt


def start(state: DialogueState, context: Context) -> Turn:
    """No back office is needed: the network told the number."""
    return answer(state, context, (Prompt("number.yours"), PhoneNumber(state.caller_number)))


def _on_reply(state: DialogueState, context: Context, _replied: ServiceReplied) -> Turn:
    return start(state, context)


OWN_NUMBER = Flow(start, _on_reply)
