"""An understood wish -> its treatment carried out."""

from ivr.dialogue.flows import FLOWS
from ivr.dialogue.intents import HandOver, Inform, Move, Serve, Talk, treatment
from ivr.dialogue.ladders import on_no_match, to_operator
from ivr.dialogue.state import DialogueState, Errand
from ivr.dialogue.turns import (
    ANYTHING_ELSE,
    OFFER_OPERATOR,
    Context,
    Turn,
    answer,
    begin,
    prompts,
)


def start_errand(state: DialogueState, context: Context, errand: Errand) -> Turn:
    """Begin what the caller wants; whatever was open before is dropped."""
    match treatment(errand.intent):
        case Serve(flow=name):
            flow = FLOWS[name]
            state = begin(state, errand)
            if flow.needs_number and not state.caller_number:
                return answer(state, context, prompts("auth.unknown_number"), OFFER_OPERATOR)
            return flow.start(state, context)
        case Inform(prompt_ids=prompt_ids, offer_operator=offered):
            then = OFFER_OPERATOR if offered else ANYTHING_ELSE
            return answer(begin(state, errand), context, prompts(*prompt_ids), then)
        case HandOver(before=before):
            state = begin(state, errand)
            return to_operator(state, context, errand.intent, before=prompts(*before))
        case Talk(move=Move.OPERATOR):
            return to_operator(begin(state, errand), context, errand.intent)
        case _:
            return on_no_match(state, context)
