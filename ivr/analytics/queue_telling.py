"""The queue's events -> what became of each contact, and each operator's hours. Pure.

Each event tells how long what it ends had lasted, so that a reading may begin in the middle of a
wait or a shift.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final

from ivr.analytics.queue_stories import (
    ContactStory,
    Conversation,
    Fate,
    OperatorSpan,
    RungInVain,
    Stories,
    Told,
)
from ivr.queue.duty import OPERATOR_FAULTS
from ivr.queue.events import QueueEvent, What
from ivr.queue.model import (
    AttemptId,
    AttemptOutcome,
    AttemptStep,
    ContactId,
    ContactKind,
    Operator,
    OperatorId,
    OperatorState,
)

SAME_MOMENT_S: Final = 0.05
"""A conversation's end and the wrap-up's beginning are written in one transaction; the latter is
known as a difference of two times."""
BACK_AT_THE_PLACE: Final = frozenset({What.RETURNED, What.RETRIED, What.GIVEN_UP, What.CANCELLED})
"""Ends of an attempt that was no conversation."""
GAVE_WAY: Final = "known"
"""End reason of a contact whose number had a promise for the topic already."""


@dataclass(slots=True)
class _Reading:
    contacts: dict[ContactId, ContactStory] = field(default_factory=dict)
    conversations: dict[AttemptId, Conversation] = field(default_factory=dict)
    spans: dict[OperatorId, list[OperatorSpan]] = field(default_factory=lambda: defaultdict(list))
    rung_in_vain: list[RungInVain] = field(default_factory=list)


def tell(events: Iterable[QueueEvent], operators: Sequence[Operator] = ()) -> Stories:
    """In: events in the order they were written, and the operators as they are now: their skills
    stand for those of the whole time, their states are the spans that have not ended."""
    skills = {one.operator_id: frozenset(one.skills) for one in operators}
    reading = _Reading()
    for event in events:
        if event.what is What.OPERATOR_STATE:
            _add_span(reading, event, skills.get(event.operator_id, frozenset()))
        elif event.contact_id:
            _add_to_contact(reading, event)
            _add_to_conversation(reading, event)
    for one in operators:
        reading.spans[one.operator_id].append(
            OperatorSpan(
                operator_id=one.operator_id,
                state=one.state,
                skills=skills[one.operator_id],
                since=one.state_since,
            )
        )
    return Stories(
        contacts=tuple(reading.contacts.values()),
        conversations=tuple(
            _with_wrap_up(one, reading.spans[one.operator_id])
            for one in reading.conversations.values()
        ),
        spans=tuple(span for spans in reading.spans.values() for span in spans),
        rung_in_vain=tuple(reading.rung_in_vain),
    )


def number_in(event: QueueEvent, key: str) -> float:
    """A value that is a number; 0 where there is none."""
    value = event.values.get(key, 0.0)
    return float(value) if not isinstance(value, str) else 0.0


def slot_of(event: QueueEvent) -> float | None:
    """Beginning of the slot that was booked with this event; None: in turn."""
    due_s = number_in(event, "due_s")
    return event.at + due_s if due_s > 0 else None


def _add_span(reading: _Reading, event: QueueEvent, skills: frozenset[str]) -> None:
    reading.spans[event.operator_id].append(
        OperatorSpan(
            operator_id=event.operator_id,
            state=OperatorState(str(event.values["was"])),
            skills=skills,
            since=event.at - number_in(event, "lasted_s"),
            until=event.at,
        )
    )


def _add_to_contact(reading: _Reading, event: QueueEvent) -> None:
    story = reading.contacts.get(event.contact_id)
    if story is None:
        story = _begun(event)
    if event.what in BACK_AT_THE_PLACE:
        story = _unjoined(reading, story, event)
    reading.contacts[event.contact_id] = _continued(story, event)


def _unjoined(reading: _Reading, story: ContactStory, event: QueueEvent) -> ContactStory:
    """Nobody had talked where the attempt that joined two people ends so."""
    conversation = reading.conversations.pop(event.attempt_id, None)
    if conversation is None or conversation.joined_at != story.joined_at:
        return story
    return replace(story, joined_at=None, fate=Fate.OPEN)


def _begun(event: QueueEvent) -> ContactStory:
    """A contact of which this is the first event read: often, but not always, its enqueueing."""
    kind = event.kind or ContactKind.CALL
    changed = event.what is What.BECAME_CALLBACK
    came_at = event.at - number_in(event, "waited_s")
    promised = kind is ContactKind.CALLBACK and not changed
    return ContactStory(
        contact_id=event.contact_id,
        kind=ContactKind.CALL if changed else kind,
        skill=event.skill,
        came_at=came_at,
        promised_at=came_at if promised else None,
        slot_at=slot_of(event) if event.what is What.ENQUEUED else None,
    )


def _continued(story: ContactStory, event: QueueEvent) -> ContactStory:
    match event.what:
        case What.CONNECTED:
            joined_at = event.at if story.joined_at is None else story.joined_at
            return replace(story, joined_at=joined_at, fate=Fate.ANSWERED)
        case What.SERVED | What.RESUMED:
            if story.joined_at is None:  # the reading began during the conversation
                joined_at = event.at - number_in(event, "talk_s")
                came_at = joined_at - number_in(event, "waited_s")
                story = replace(story, joined_at=joined_at, came_at=came_at)
            ended_at = event.at if event.what is What.SERVED else None
            return replace(story, ended_at=ended_at, fate=Fate.ANSWERED)
        case What.RETURNED:
            return replace(story, faults=int(number_in(event, "faults")))
        case What.ABANDONED | What.CANCELLED | What.GIVEN_UP:
            return _ended(story, event)
        case What.BECAME_CALLBACK:
            promised_at = event.at if story.promised_at is None else story.promised_at
            return replace(story, promised_at=promised_at, slot_at=slot_of(event))
        case What.BACK_ON_LINE:
            fate = Fate.OPEN if story.joined_at is None else Fate.ANSWERED
            return replace(story, ended_at=None, fate=fate)
        case What.PUT_OFF:
            return replace(story, put_off=True)
        case What.TOLD:
            bound_s = number_in(event, "bound_s") if "bound_s" in event.values else None
            heard = Told(event.at, number_in(event, "wait_s"), bound_s)
            return replace(story, told=(*story.told, heard))
        case What.STEP if event.values.get("step") == AttemptStep.CUSTOMER_DIALLED:
            return replace(story, dialled_at=(*story.dialled_at, event.at))
        case _:
            return story


def _ended(story: ContactStory, event: QueueEvent) -> ContactStory:
    """The end without a conversation; what had one before, and was cut off, stays answered."""
    reason = event.values.get("reason")
    match event.what:
        case What.ABANDONED:
            fate = Fate.LOST if reason == AttemptOutcome.LOST else Fate.LEFT
        case What.CANCELLED:
            fate = Fate.GAVE_WAY if reason == GAVE_WAY else Fate.CANCELLED
        case _:
            fate = Fate.GIVEN_UP
            story = replace(story, faults=int(number_in(event, "faults")))
    if story.joined_at is not None:
        fate = Fate.ANSWERED
    return replace(story, ended_at=event.at, fate=fate)


def _add_to_conversation(reading: _Reading, event: QueueEvent) -> None:
    if event.what is What.CONNECTED:
        reading.conversations[event.attempt_id] = Conversation(
            contact_id=event.contact_id,
            operator_id=event.operator_id,
            skill=event.skill,
            joined_at=event.at,
        )
    elif event.what in (What.SERVED, What.RESUMED):
        known = reading.conversations.get(event.attempt_id) or Conversation(
            contact_id=event.contact_id,
            operator_id=event.operator_id,
            skill=event.skill,
            joined_at=event.at - number_in(event, "talk_s"),
        )
        ended_at = event.at if event.what is What.SERVED else None
        reading.conversations[event.attempt_id] = replace(known, ended_at=ended_at)
    elif (
        event.what is What.ATTEMPT_ENDED
        and (outcome := str(event.values.get("outcome", ""))) in OPERATOR_FAULTS
    ):
        silent = outcome == AttemptOutcome.OPERATOR_NO_ANSWER
        reading.rung_in_vain.append(RungInVain(event.at, event.skill, event.operator_id, silent))


def _with_wrap_up(conversation: Conversation, spans: Sequence[OperatorSpan]) -> Conversation:
    """The conversation with the end of its wrap-up, which is the operator's next state."""
    ended_at = conversation.ended_at
    if ended_at is None:
        return conversation
    first = bisect_left(spans, ended_at - SAME_MOMENT_S, key=attrgetter("since"))
    for span in spans[first:]:
        if span.since > ended_at + SAME_MOMENT_S:
            break
        if span.state is OperatorState.WRAP_UP:
            return replace(conversation, wrapped_up_at=span.until)
    return replace(conversation, wrapped_up_at=ended_at)
