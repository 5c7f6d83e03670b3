"""Days of a queue, made by hand: the events as a store writes them, at times in seconds."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ivr.queue.events import QueueEvent, Value, What
from ivr.queue.model import (
    AttemptId,
    ContactId,
    ContactKind,
    Operator,
    OperatorId,
    OperatorState,
)


@dataclass
class Day:
    """Collects events; each contact and each operator is told in one call."""

    events: list[QueueEvent] = field(default_factory=list)

    def __iter__(self) -> Iterator[QueueEvent]:
        return iter(sorted(self.events, key=lambda event: event.at))

    def add(
        self,
        at: float,
        what: What,
        contact: str = "",
        *,
        kind: ContactKind | None = ContactKind.CALL,
        skill: str = "general",
        operator: str = "",
        **values: Value,
    ) -> None:
        self.events.append(
            QueueEvent(
                at=at,
                what=what,
                contact_id=ContactId(contact),
                kind=kind,
                skill=skill,
                operator_id=OperatorId(operator),
                attempt_id=AttemptId(f"{contact}/{operator}" if operator else ""),
                values=values,
            )
        )

    def answered(
        self,
        contact: str,
        came: float,
        joined: float,
        *,
        talked: float = 100.0,
        wrapped: float = 0.0,
        operator: str = "anna",
        skill: str = "general",
    ) -> None:
        """A call that waits on the line and is served; the operator's states go with it."""
        self.add(came, What.ENQUEUED, contact, skill=skill, due_s=0.0, ahead=0)
        self.served(
            contact,
            came,
            joined,
            talked=talked,
            wrapped=wrapped,
            operator=operator,
            skill=skill,
        )

    def served(
        self,
        contact: str,
        came: float,
        joined: float,
        *,
        talked: float = 100.0,
        wrapped: float = 0.0,
        operator: str = "anna",
        skill: str = "general",
        kind: ContactKind = ContactKind.CALL,
    ) -> None:
        """The joining and what follows, of a contact that came at `came`."""
        over = joined + talked
        more = {"kind": kind, "skill": skill, "operator": operator}
        waited_s = joined - came
        self.add(joined, What.CONNECTED, contact, **more, waited_s=waited_s)  # type: ignore[arg-type]
        self.add(over, What.SERVED, contact, **more, waited_s=waited_s, talk_s=talked)  # type: ignore[arg-type]
        self.changes(operator, over, OperatorState.ON_CALL, talked)
        if wrapped:
            self.changes(operator, over + wrapped, OperatorState.WRAP_UP, wrapped)

    def abandoned(
        self, contact: str, came: float, left: float, *, reason: str = "caller_left"
    ) -> None:
        self.add(came, What.ENQUEUED, contact, due_s=0.0, ahead=0)
        self.add(left, What.ABANDONED, contact, waited_s=left - came, reason=reason)

    def promised(self, contact: str, came: float, promised: float, *, slot_in: float = 0.0) -> None:
        """A call that becomes a callback."""
        self.add(came, What.ENQUEUED, contact, due_s=0.0, ahead=0)
        self.add(
            promised,
            What.BECAME_CALLBACK,
            contact,
            kind=ContactKind.CALLBACK,
            waited_s=promised - came,
            due_s=slot_in,
        )

    def dialled(self, contact: str, at: float) -> None:
        kind = ContactKind.CALLBACK
        self.add(at, What.STEP, contact, kind=kind, operator="anna", step="customer_dialled")

    def changes(self, operator: str, at: float, was: OperatorState, lasted_s: float) -> None:
        """The end of what the operator was doing."""
        self.add(
            at,
            What.OPERATOR_STATE,
            kind=None,
            skill="",
            operator=operator,
            was=was.value,
            lasted_s=lasted_s,
        )


def operator(
    name: str,
    state: OperatorState = OperatorState.OFFLINE,
    since: float = 0.0,
    skills: tuple[str, ...] = ("general",),
) -> Operator:
    return Operator(
        operator_id=OperatorId(name),
        target=f"sip:{name}@pbx",
        skills=dict.fromkeys(skills, 1),
        state=state,
        state_since=since,
    )
