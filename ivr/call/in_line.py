"""One caller's place in the queue, from the request for an operator to the end. Event loop only.

Two sides meet here: the conversation asks where the caller stands and steps back when an operator
is there; the delivery of the node's dispatcher rings operators and joins them with the caller.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from ivr.call.handoff_notes import HandoffNotes
from ivr.call.outside import Waiting
from ivr.call.queue_desk import QueueDesk
from ivr.dialogue.inputs import CallbackRefused, CallbackStored, Closed, Queued, Refusal
from ivr.errors import StoreError
from ivr.events import CallId
from ivr.handoff.transfer import TransferOutcome
from ivr.queue.duty import OPERATOR_FAULTS
from ivr.queue.model import (
    PENDING,
    AttemptOutcome,
    Contact,
    ContactId,
    ContactKind,
    NodeId,
    Place,
)
from ivr.queue.transitions import InvalidStateError, SlotTakenError
from ivr.sip.leg import Leg

log = logging.getLogger(__name__)


QUEUE_MODE: Final = "queue"
"""How records call a hand-off out of the queue."""
OUTCOMES: Final = {
    AttemptOutcome.CONNECTED: TransferOutcome.CONNECTED,
    AttemptOutcome.OPERATOR_REFUSED: TransferOutcome.BUSY,
    AttemptOutcome.OPERATOR_NO_ANSWER: TransferOutcome.NO_ANSWER,
    AttemptOutcome.CALLER_LEFT: TransferOutcome.CANCELLED,
    AttemptOutcome.CANCELLED: TransferOutcome.CANCELLED,
}
"""As records know them; the others are failures."""


@dataclass(slots=True)
class _Reach:
    """An operator who is being brought."""

    asked: "asyncio.Future[None]"
    """Done when the conversation wants the caller joined."""
    over: "asyncio.Future[AttemptOutcome]"
    answered: bool = False
    """The operator is there; before that their phone rings only."""


@dataclass(slots=True, kw_only=True)
class InLine:
    """Implements `ivr.handoff.callers.WaitingCaller` and the queue's part of `Outside`."""

    call_id: CallId
    leg: Leg
    number: str
    """Ten digits, '' when the caller's number is not known."""
    desk: QueueDesk
    notes: HandoffNotes
    call_conversation: Callable[[], None]
    """Make the conversation answer an operator."""
    leave_conversation: Callable[[], None]
    """That operator is gone, if the conversation has not answered yet."""
    joined: Callable[[Leg], None]
    """Called with the operator's leg when it is bridged with the caller's."""
    connected: bool = field(default=False, init=False)
    promised: bool = field(default=False, init=False)
    _contact: Contact | None = field(default=None, init=False)
    _handoff_id: str = field(default="", init=False)
    _reach: _Reach | None = field(default=None, init=False)
    _missed: bool = field(default=False, init=False)
    """The operator whom the caller was told of did not pick up."""
    _told_ringing: bool = field(default=False, init=False)
    _gone: "asyncio.Future[AttemptOutcome]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future(), init=False
    )
    _saving: "set[asyncio.Task[None]]" = field(default_factory=set, init=False)

    @property
    def waiting(self) -> bool:
        """The caller has a place on this line."""
        return self._contact is not None

    # ---- asked by the conversation

    async def enter(self, topic: str) -> Waiting:
        """Wait for an operator, at the place that the caller has already where there is one."""
        if self._contact is not None:
            return await self.place()
        now = self.desk.clock.now()
        if not self.desk.promising.is_open(now):
            return await self._closed(now)
        contact = await self._new_contact(ContactKind.CALL, self.number, topic)
        enqueued = await self.desk.store.enqueue(contact)
        if enqueued.contact.kind is ContactKind.CALLBACK:
            return await self._takes_up(enqueued.contact.contact_id)
        return await self._waits(enqueued.contact, enqueued.place)

    async def place(self) -> Waiting:
        """Where the caller stands now; a place that was lost by a fault of ours is taken again."""
        contact = self._contact
        if contact is None:
            raise StoreError("no_place", "the caller does not wait")
        place = await self.desk.store.place(contact.contact_id)
        if place is None or place.state not in PENDING or place.kind is not ContactKind.CALL:
            return await self._takes_up(contact.contact_id)
        return await self._queued(place)

    async def join(self) -> TransferOutcome | Waiting:
        """The caller has been told: let the operator hear them. Lasts as long as they talk."""
        reach, self._told_ringing = self._reach, True
        if reach is None or not reach.answered:  # the one who was announced is gone
            self._missed = True
            return await self.place()
        if not reach.asked.done():
            reach.asked.set_result(None)
        outcome = await asyncio.shield(reach.over)
        if outcome is AttemptOutcome.CONNECTED:
            return TransferOutcome.CONNECTED
        self._missed = True
        return await self.place()

    async def promise(
        self, number: str, topic: str, slot: datetime | None
    ) -> CallbackStored | CallbackRefused | Waiting:
        """A call back: whoever waits keeps the place. On disk when it returns."""
        now = self.desk.clock.now()
        refused = await self.desk.promising.refusal(number, self.number, slot, now)
        if refused is not None:
            return CallbackRefused(refused, await self._slots(number))
        slot_at = slot.timestamp() if slot is not None else 0.0
        if self._contact is None:
            wanted = await self._new_contact(ContactKind.CALLBACK, number, topic)
            wanted = replace(wanted, place_at=slot_at or wanted.place_at, due_at=slot_at)
            try:
                enqueued = await self.desk.store.enqueue(wanted)
            except SlotTakenError:
                return await self._slot_taken(number)
        else:
            contact = self._contact
            await self.notes.save_context(self._handoff_id, contact.topic)
            try:
                enqueued = await self.desk.store.become_callback(
                    contact.contact_id, number, slot_at=slot_at
                )
            except SlotTakenError:
                return await self._slot_taken(number)
            except InvalidStateError:
                return await self.place()  # an operator has been found meanwhile
            self._steps_out()
        self.promised = True
        self.notes.promised(enqueued.contact.contact_id, number, enqueued.contact.topic)
        self.desk.wake()
        place = enqueued.place
        booked = _moment(place.due_at) if slot is not None else None
        return CallbackStored(number, place.ahead, booked, _moment(place.calls_from))

    async def cancel(self, contact_id: ContactId) -> None:
        """Take a promise back, or the place on the line; `StoreError` when it is being kept."""
        if not await self.desk.store.cancel(contact_id):
            contact = await self.desk.store.contact(contact_id)
            if contact is not None and contact.is_live:
                raise StoreError("not_cancelled", "an operator talks with this contact")
        if self._contact is not None and self._contact.contact_id == contact_id:
            self._steps_out()

    async def return_to_line(self, contact_id: ContactId) -> Waiting:
        """What was promised, or lost lately, is waited for on this line from now on; where nobody
        works the promise stays what it is."""
        now = self.desk.clock.now()
        if not self.desk.promising.is_open(now):
            return await self._closed(now)
        return await self._takes_up(contact_id)

    async def _takes_up(self, contact_id: ContactId) -> Waiting:
        try:
            enqueued = await self.desk.store.return_to_line(
                contact_id, node=self.desk.node, call_id=self.call_id
            )
        except InvalidStateError:
            return await self._enters_anew(contact_id)
        return await self._waits(enqueued.contact, enqueued.place)

    async def promises(self) -> tuple[Place, ...]:
        """What the number is owed, and a place on a line that was lost."""
        if not self.number:
            return ()
        found = []
        for contact in await self.desk.store.open_contacts(self.number):
            if contact.kind is ContactKind.CALLBACK and contact.state in PENDING:
                place = await self.desk.store.place(contact.contact_id)
                if place is not None:
                    found.append(self.desk.outlook.estimated(place, contact.skill))
            elif not contact.is_live:
                found.append(self._lost_place(contact))
        return tuple(found)

    def on_gone(self, *, lost: bool) -> None:
        """The caller's line is gone; an operator who is being rung is left in peace at once."""
        if not self._gone.done():
            self._gone.set_result(AttemptOutcome.LOST if lost else AttemptOutcome.CALLER_LEFT)

    async def close(self, *, lost: bool) -> None:
        """The call is over: leave the queue. `lost`: by a fault, so the place is kept a while."""
        self.on_gone(lost=lost)
        contact = self._contact
        if contact is not None:
            self._steps_out()
            try:
                await self.desk.store.leave(contact.contact_id, lost=lost)
            except StoreError as exc:
                # An attempt to bring an operator will find nobody and say so then.
                log.error("x queue not told: %s", exc.message, extra={"action": "leave"})
            self.desk.wake()
        await asyncio.gather(*self._saving, return_exceptions=True)

    # ---- asked by the delivery

    @property
    def handoff_id(self) -> str:
        return self._handoff_id

    @property
    def facts(self) -> Mapping[str, str]:
        return self.notes.facts

    def on_ringing(self, target: str) -> None:
        assert self._contact is not None
        loop = asyncio.get_running_loop()
        self._reach = _Reach(loop.create_future(), loop.create_future())
        topic = self._contact.topic
        self.notes.started(self._handoff_id, QUEUE_MODE, target, topic)
        saving = asyncio.create_task(self.notes.save_context(self._handoff_id, topic))
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)

    def on_status(self, status: int) -> None:
        self.notes.progressed(self._handoff_id, QUEUE_MODE, status, "")

    def summon(self) -> Awaitable[None]:
        assert self._reach is not None
        self._reach.answered = True
        self.call_conversation()
        return self._reach.asked

    def on_joined(self, operator: Leg) -> None:
        self.connected = True
        self.joined(operator)

    def on_over(self, outcome: AttemptOutcome) -> None:
        reach, self._reach = self._reach, None
        if reach is None:
            return
        self.leave_conversation()
        if self._told_ringing and outcome in OPERATOR_FAULTS:
            self._missed = True
        self._told_ringing = False
        if self.connected:
            outcome = AttemptOutcome.CONNECTED  # however it ended, they have talked
        reach.over.set_result(outcome)
        ended_as = OUTCOMES.get(outcome, TransferOutcome.FAILED)
        self.notes.ended(self._handoff_id, QUEUE_MODE, ended_as)
        self._handoff_id = uuid4().hex  # each operator is given an id of their own

    def gone(self) -> Awaitable[AttemptOutcome]:
        return asyncio.shield(self._gone)

    # ---- inside

    async def _new_contact(self, kind: ContactKind, number: str, topic: str) -> Contact:
        now = self.desk.clock.now().timestamp()
        self._handoff_id = uuid4().hex
        await self.notes.save_context(self._handoff_id, topic)
        on_line = kind is ContactKind.CALL
        return Contact(
            contact_id=ContactId(uuid4().hex),
            kind=kind,
            number=number,
            caller=self.number,
            topic=topic,
            skill=self.desk.manners.skill_of(topic, self.notes.intent),
            priority=self.desk.manners.priority_of(self.number),
            first_promised_at=now,
            place_at=now,
            preferred_operator=await self.desk.store.last_operator(number) if number else None,
            node=self.desk.node if on_line else NodeId(""),
            call_id=self.call_id,
            handoff_id=self._handoff_id,
        )

    async def _enters_anew(self, contact_id: ContactId) -> Waiting:
        """The old place cannot be had: it is being served on another line, or was over for long."""
        known = await self.desk.store.contact(contact_id)
        self._steps_out()
        topic = known.topic if known is not None else "operator"
        contact = await self._new_contact(ContactKind.CALL, self.number, topic)
        if known is not None and known.state in PENDING:
            # That promise is being kept elsewhere just now: by number it would be found again.
            contact = replace(contact, number="")
        enqueued = await self.desk.store.enqueue(contact)
        return await self._waits(enqueued.contact, enqueued.place)

    async def _waits(self, contact: Contact, place: Place) -> Waiting:
        if self._contact is not None and self._contact.contact_id != contact.contact_id:
            self._steps_out()
        self._contact = contact
        self._handoff_id = self._handoff_id or contact.handoff_id or uuid4().hex
        self.desk.callers.add(contact.contact_id, self)
        self.desk.wake()
        queued = await self._queued(place)
        await self.desk.store.told(queued.place)
        return queued

    async def _queued(self, place: Place) -> Queued:
        assert self._contact is not None
        place = self.desk.outlook.estimated(place, self._contact.skill)
        missed, self._missed = self._missed, False
        ringing = self._reach is not None
        self._told_ringing = self._told_ringing or ringing
        offers = self.desk.manners.offers_callback(place)
        return Queued(
            place=place,
            callback=offers,
            slots=await self._slots() if offers else (),
            ringing=ringing,
            after_failure=missed,
        )

    async def _closed(self, now: datetime) -> Closed:
        return Closed(self.desk.promising.opens_at(now), await self._slots())

    async def _slot_taken(self, number: str) -> CallbackRefused:
        """Another caller was quicker: others are offered."""
        return CallbackRefused(Refusal.SLOT, await self._slots(number))

    async def _slots(self, number: str = "") -> tuple[datetime, ...]:
        return await self.desk.promising.bookable(number or self.number, self.desk.clock.now())

    def _steps_out(self) -> None:
        if self._contact is not None:
            self.desk.callers.remove(self._contact.contact_id)
            self._contact = None

    def _lost_place(self, contact: Contact) -> Place:
        now = self.desk.clock.now().timestamp()
        return Place(
            contact_id=contact.contact_id,
            kind=ContactKind.CALL,
            state=contact.state,
            ahead=0,
            waited_s=max(0.0, now - contact.first_promised_at),
            number=contact.number,
            topic=contact.topic,
        )


def _moment(at: float) -> datetime | None:
    return datetime.fromtimestamp(at).astimezone() if at else None
