"""What a replayed call published and decided -> the fields that are compared. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ivr.dialogue.actions import (
    Action,
    Ask,
    CallService,
    HangUp,
    RequestCallback,
    Say,
    Transfer,
)
from ivr.dialogue.inputs import NluUnavailable, ServiceFailed, UserInput
from ivr.events import CallEnded, Event, HandoffStarted, PartialHeard, TurnCompleted
from ivr.regress.outcome import Mark, Outcome, written_slots
from ivr.speech.phrase import Phrase, Prompt

BROKEN = "failed"
"""`CallEnded.outcome` of a call that a fault has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One call's events with their audio times, and the policy's steps."""

    entries: tuple[tuple[float, Event], ...]
    steps: tuple[tuple[UserInput, tuple[Action, ...]], ...]
    speech_began_s: float
    text_of: Callable[[Phrase], str]


def told(story: Story, outcome: Outcome) -> Outcome:
    """The outcome with everything that the story says."""
    turns = [event for _, event in story.entries if isinstance(event, TurnCompleted)][1:]
    heard = [turn for turn in turns if turn.text]
    understood = next((turn for turn in turns if turn.intent), None)
    answered = next((turn for turn in turns if turn.response_ms is not None), None)
    ended = next((event for _, event in story.entries if isinstance(event, CallEnded)), None)
    actions = [action for _, step in story.steps[1:] for action in step]
    phrases = [action.phrase for action in actions if isinstance(action, Say | Ask)]
    return replace(
        outcome,
        error=outcome.error or _fault(story, ended),
        transcript=" ".join(turn.text for turn in heard),
        intent=understood.intent if understood else "",
        confidence=(understood.intent_confidence or 0.0) if understood else 0.0,
        slots=written_slots(understood.entities) if understood else "",
        actions="; ".join(filter(None, map(_named, actions))),
        prompts=" ".join(_ids(phrases)),
        reply=" ".join(filter(None, map(story.text_of, phrases))),
        response_ms=round(answered.response_ms or 0.0) if answered else None,
        turns=len(turns),
        asr_s=ended.asr_busy_s if ended else 0.0,
        marks=tuple(_marks(story)),
    )


def _fault(story: Story, ended: CallEnded | None) -> str:
    """What went wrong beneath the call: nothing that a recording can be blamed for."""
    if ended is not None and ended.outcome == BROKEN:
        return "the call failed; see the log"
    for user_input, _ in story.steps:
        if isinstance(user_input, NluUnavailable):
            return "recognition or intents failed; see the log"
        if isinstance(user_input, ServiceFailed) and user_input.code in ("timeout", "database"):
            return f"the back office failed: {user_input.code}"
    return ""


def _named(action: Action) -> str:
    match action:
        case CallService(call=call, arguments=arguments):
            named = "".join(f" {key}={value}" for key, value in arguments if value is not None)
            return f"call {call.value}{named}"
        case Transfer(reason=reason):
            return f"transfer {reason}"
        case RequestCallback(reason=reason):
            return f"callback {reason}"
        case HangUp(reason=reason):
            return f"hang_up {reason}"
        case Ask(kind=kind):
            return f"ask {kind.value}"
        case _:
            return ""


def _ids(phrases: Iterable[Phrase]) -> Iterable[str]:
    for phrase in phrases:
        for part in phrase:
            yield part.prompt_id if isinstance(part, Prompt) else f"<{type(part).__name__.lower()}>"


def _marks(story: Story) -> Iterable[Mark]:
    began_s = story.speech_began_s
    for at_s, event in story.entries:
        match event:
            case PartialHeard(audio_s=audio_s, text=text):
                yield Mark(kind="partial", at_s=audio_s - began_s, text=text)
            case TurnCompleted(index=index) if index > 0:
                yield from _turn_marks(event, at_s, began_s)
            case HandoffStarted(reason=reason):
                yield Mark(kind="handoff", at_s=at_s - began_s, text=reason)
            case _:
                pass


def _turn_marks(turn: TurnCompleted, at_s: float, began_s: float) -> Iterable[Mark]:
    if turn.speech_start_s is not None and turn.speech_end_s is not None:
        start_s, end_s = turn.speech_start_s - began_s, turn.speech_end_s - began_s
        yield Mark(kind="speech", at_s=start_s, end_s=end_s, text=turn.text)
    yield Mark(kind="reply", at_s=at_s - began_s, text=turn.reply)
