"""One caller's place in the queue: what the conversation is told, and what the queue then says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from ivr.call.handoff_notes import HandoffNotes
from ivr.call.in_line import InLine
from ivr.call.queue_desk import QueueDesk, QueueManners
from ivr.call.turn_log import TurnLog
from ivr.clock import SystemClock
from ivr.dialogue.inputs import CallbackRefused, CallbackStored, Closed, Queued, Refusal
from ivr.dialogue.policy import Policy, PolicySettings
from ivr.errors import StoreError
from ivr.events import CallId, HandoffEnded, HandoffStarted
from ivr.handoff.callers import WaitingCallers
from ivr.handoff.outlook import Outlook
from ivr.handoff.promising import Promising
from ivr.handoff.transfer import TransferOutcome
from ivr.queue.destinations import DestinationRules
from ivr.queue.hours import WHOLE_DAY, Calendar, CallingHours, Slots, russian_regions
from ivr.queue.model import (
    AttemptOutcome,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    Operator,
    OperatorId,
    Priority,
)
from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.legs import FakeLeg
from ivr.testing.parts import EventLog, MemoryPromises

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]

NODE = NodeId("here")
NUMBER = "9030000001"
ZONE = ZoneInfo("Europe/Moscow")


class House:
    """The queue of a node, and callers in it."""

    def __init__(self, store: SqlQueueStore) -> None:
        self.store = store
        self.events = EventLog()
        self.records = MemoryPromises()
        self.woken = 0
        self.summoned = 0
        self.callers = WaitingCallers()

    def desk(self, *, week: Any = None, **guard: Any) -> QueueDesk:
        open_days = week if week is not None else dict.fromkeys(range(7), WHOLE_DAY)
        hours = CallingHours(
            business=Calendar(zone=ZONE, week=open_days),
            regions=russian_regions(ZONE, {}),
            begin=time(0),
            end=time(0),
        )
        return QueueDesk(
            store=self.store,
            node=NODE,
            callers=self.callers,
            manners=QueueManners(
                skills={"roaming": "travel"}, vip_numbers=frozenset({"9039999999"})
            ),
            outlook=Outlook(store=self.store, wrap_up_s=0.0, guess_s=120.0),
            clock=SystemClock(),
            promising=Promising(
                store=self.store,
                guard=DestinationRules(**guard),
                hours=hours,
                slots=Slots(length_s=3600.0),
            ),
            wake=self._wake,
            policy=Policy(PolicySettings()),
        )

    def caller(self, number: str = NUMBER, desk: QueueDesk | None = None) -> InLine:
        clock = SystemClock()
        turns = TurnLog(CallId("call"), clock, self.events.append)
        notes = HandoffNotes(
            call_id=CallId("call"),
            caller_number=number,
            store=self.records,  # type: ignore[arg-type]
            turns=turns,
            publish=self.events.append,
            clock=clock,
        )
        return InLine(
            call_id=CallId("call"),
            leg=FakeLeg(ani=number),
            number=number,
            desk=desk or self.desk(),
            notes=notes,
            call_conversation=self._summon,
            leave_conversation=self._unsummon,
            joined=lambda _: None,
        )

    def _wake(self) -> None:
        self.woken += 1

    def _summon(self) -> None:
        self.summoned += 1

    def _unsummon(self) -> None:
        self.summoned -= 1


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = await SqlQueueStore.open(f"sqlite:///{tmp_path}/queue.db", QueueRules(wrap_up_s=0.0))
    await store.renew(NODE)
    yield House(store)
    await store.aclose()


async def only_contact(house: House, number: str = NUMBER) -> Any:
    (contact,) = await house.store.open_contacts(number)
    return contact


async def test_who_enters_gets_a_place_and_the_node_is_woken(house):
    first, second = house.caller("9030000002"), house.caller()
    await first.enter("operator")
    queued = await second.enter("roaming")
    assert isinstance(queued, Queued)
    assert queued.place.ahead == 0  # another skill
    contact = await only_contact(house)
    assert (contact.skill, contact.kind, contact.node) == ("travel", ContactKind.CALL, NODE)
    assert house.callers.get(contact.contact_id) is second
    assert house.woken == 2
    assert house.records.handoffs[-1].handoff_id == contact.handoff_id


async def test_asking_again_keeps_the_place(house):
    caller = house.caller()
    await caller.enter("operator")
    before = await only_contact(house)
    await caller.enter("complaint")
    assert await only_contact(house) == before


async def test_vips_come_from_the_configuration(house):
    await house.caller("9039999999").enter("operator")
    assert (await only_contact(house, "9039999999")).priority is Priority.VIP


async def test_outside_the_hours_slots_are_offered_and_nobody_waits(house):
    tomorrow = (datetime.now(ZONE) + timedelta(days=1)).weekday()
    caller = house.caller(desk=house.desk(week={tomorrow: ((time(9), time(18)),)}))
    closed = await caller.enter("operator")
    assert isinstance(closed, Closed)
    assert closed.opens_at is not None
    assert closed.opens_at.weekday() == tomorrow
    assert [slot.hour for slot in closed.slots] == list(range(9, 18))
    assert not await house.store.open_contacts(NUMBER)


async def test_a_call_back_keeps_the_place_and_leaves_the_line(house):
    caller = house.caller()
    await caller.enter("operator")
    before = await only_contact(house)
    stored = await caller.promise(NUMBER, "operator", None)
    assert stored == CallbackStored(NUMBER, 0, None)
    after = await only_contact(house)
    assert after.contact_id == before.contact_id
    assert (after.kind, after.place_at) == (ContactKind.CALLBACK, before.place_at)
    assert house.callers.get(before.contact_id) is None
    await caller.close(lost=False)
    assert (await only_contact(house)).state is ContactState.WAITING


async def test_a_number_nobody_may_call_is_refused_and_the_place_kept(house):
    caller = house.caller(desk=house.desk(denied=("7*",)))
    await caller.enter("operator")
    refused = await caller.promise("9030000007", "operator", None)
    assert isinstance(refused, CallbackRefused)
    assert refused.reason is Refusal.NUMBER
    assert (await only_contact(house)).kind is ContactKind.CALL


async def test_one_number_is_promised_so_many_calls_a_day(house):
    desk = house.desk(per_number=1)
    assert isinstance(await house.caller(desk=desk).promise(NUMBER, "one", None), CallbackStored)
    refused = await house.caller(desk=desk).promise(NUMBER, "two", None)
    assert isinstance(refused, CallbackRefused)
    assert refused.reason is Refusal.LIMIT


async def test_a_slot_in_the_past_is_no_slot(house):
    slot = datetime.now(ZONE) - timedelta(hours=1)
    refused = await house.caller().promise(NUMBER, "operator", slot)
    assert isinstance(refused, CallbackRefused)
    assert refused.reason is Refusal.SLOT


async def test_a_booked_slot_is_told_again_and_fills_up(house):
    desk = house.desk()
    slot = (await desk.promising.bookable(NUMBER, datetime.now(ZONE)))[0]
    stored = await house.caller(desk=desk).promise(NUMBER, "operator", slot)
    assert isinstance(stored, CallbackStored)
    assert stored.slot == slot
    assert await house.store.booked() == {slot.timestamp(): 1}


@pytest.mark.parametrize("waits", [True, False])
async def test_who_loses_the_last_room_in_a_slot_is_offered_others(house, waits, monkeypatch):
    """Both were told that there is room, and one was quicker."""
    monkeypatch.setattr(house.store, "_rules", QueueRules(slot_calls=1))
    desk = house.desk()
    slots = await desk.promising.bookable(NUMBER, datetime.now(ZONE))
    await house.caller("9030000002", desk).promise("9030000002", "operator", slots[0])
    caller = house.caller(desk=desk)
    if waits:
        await caller.enter("operator")
    refused = await caller.promise(NUMBER, "operator", slots[0])
    assert isinstance(refused, CallbackRefused)
    assert refused.reason is Refusal.SLOT
    assert set(slots) == set(refused.slots)  # as far as the desk knows
    assert len(await house.store.open_contacts(NUMBER)) == waits
    assert not waits or (await only_contact(house)).kind is ContactKind.CALL
    assert isinstance(await caller.promise(NUMBER, "operator", slots[1]), CallbackStored)


async def test_a_promise_in_turn_at_night_says_when_calls_begin(house, monkeypatch):
    morning = datetime.now(ZONE).timestamp() + 8 * 3600.0
    rules = QueueRules(call_from=lambda number, at: max(at, morning))
    monkeypatch.setattr(house.store, "_rules", rules)
    caller = house.caller()
    await caller.enter("operator")
    stored = await caller.promise(NUMBER, "operator", None)
    assert isinstance(stored, CallbackStored)
    assert stored.slot is None
    assert stored.calls_from is not None
    assert stored.calls_from.timestamp() == morning
    (promise,) = await house.caller().promises()
    assert (promise.calls_from, promise.wait_s) == (morning, None)


async def test_who_calls_again_finds_the_promise_and_takes_it_up_on_the_line(house):
    await house.caller().promise(NUMBER, "operator", None)
    again = house.caller()
    (promise,) = await again.promises()
    queued = await again.return_to_line(promise.contact_id)
    assert isinstance(queued, Queued)
    contact = await only_contact(house)
    assert (contact.contact_id, contact.kind) == (promise.contact_id, ContactKind.CALL)
    await again.close(lost=False)
    assert (await only_contact(house)).kind is ContactKind.CALLBACK  # owed as before


async def test_nobody_waits_on_the_line_for_operators_who_are_not_there(house):
    await house.caller().promise(NUMBER, "operator", None)
    promised = await only_contact(house)
    tomorrow = (datetime.now(ZONE) + timedelta(days=1)).weekday()
    at_night = house.caller(desk=house.desk(week={tomorrow: ((time(9), time(18)),)}))
    assert isinstance(await at_night.return_to_line(promised.contact_id), Closed)
    assert await only_contact(house) == promised


async def test_a_number_whose_hours_never_meet_ours_is_promised_nothing(house):
    refused = await house.caller(desk=house.desk(week={})).promise(NUMBER, "operator", None)
    assert isinstance(refused, CallbackRefused)
    assert refused.reason is Refusal.NUMBER


async def test_asking_for_an_operator_takes_the_promise_up_too(house):
    await house.caller().promise(NUMBER, "operator", None)
    promised = await only_contact(house)
    await house.caller().enter("operator")
    assert (await only_contact(house)).contact_id == promised.contact_id


async def test_who_calls_while_the_promise_is_being_kept_gets_its_place_on_the_line(house):
    await house.store.save_operator(Operator(operator_id=OperatorId("anna"), target="sip:1@pbx"))
    await house.store.log_in(OperatorId("anna"))
    await house.caller().promise(NUMBER, "operator", None)
    (trio,) = await house.store.assign(NODE, 1)
    again = house.caller()
    (promise,) = await again.promises()
    queued = await again.return_to_line(promise.contact_id)
    assert isinstance(queued, Queued)
    await house.store.end(trio.attempt, AttemptOutcome.CANCELLED)
    contact = await only_contact(house)
    assert (contact.contact_id, contact.kind) == (promise.contact_id, ContactKind.CALL)
    assert (contact.state, contact.rank) == (ContactState.WAITING, trio.contact.rank)


async def test_a_promise_is_taken_back(house):
    caller = house.caller()
    await caller.promise(NUMBER, "operator", None)
    await caller.cancel((await only_contact(house)).contact_id)
    assert not await house.store.open_contacts(NUMBER)


async def test_a_promise_that_is_being_kept_is_not_said_to_be_taken_back(house, monkeypatch):
    caller = house.caller()
    await caller.promise(NUMBER, "operator", None)

    async def refuses(contact_id: ContactId) -> bool:
        return False

    monkeypatch.setattr(house.store, "cancel", refuses)
    with pytest.raises(StoreError, match="talks"):
        await caller.cancel((await only_contact(house)).contact_id)


async def test_who_hangs_up_has_left(house):
    caller = house.caller()
    await caller.enter("operator")
    contact = await only_contact(house)
    await caller.close(lost=False)
    assert (await house.store.contact(contact.contact_id)).state is ContactState.ABANDONED
    assert not await house.caller().promises()


async def test_whose_line_was_cut_finds_the_old_place(house):
    caller = house.caller()
    await caller.enter("operator")
    contact = await only_contact(house)
    await caller.close(lost=True)
    again = house.caller()
    (lost,) = await again.promises()
    assert lost.kind is ContactKind.CALL
    await again.return_to_line(lost.contact_id)
    assert (await only_contact(house)).first_promised_at == contact.first_promised_at


async def test_a_place_lost_by_a_restart_of_the_queue_is_taken_again(house):
    caller = house.caller()
    await caller.enter("operator")
    contact = await only_contact(house)
    await house.store.leave(contact.contact_id, lost=True)  # as another node would say
    queued = await caller.place()
    assert isinstance(queued, Queued)
    assert (await only_contact(house)).state is ContactState.WAITING


async def test_nobody_has_a_place_before_asking_for_one(house):
    with pytest.raises(StoreError):
        await house.caller().place()


async def reserved(house: House, caller: InLine) -> Any:
    """An operator is on the way to this caller."""
    await house.store.save_operator(Operator(operator_id=OperatorId("anna"), target="sip:anna@pbx"))
    await house.store.log_in(OperatorId("anna"))
    (trio,) = await house.store.assign(NODE, 0)
    caller.on_ringing("sip:anna@pbx")
    return trio


async def test_an_operator_who_picks_up_is_joined_when_the_conversation_steps_back(house):
    caller = house.caller()
    await caller.enter("operator")
    await reserved(house, caller)
    queued = await caller.place()
    assert isinstance(queued, Queued)
    assert queued.ringing
    asked = asyncio.ensure_future(caller.summon())
    assert house.summoned == 1
    assert not asked.done()
    joining = asyncio.create_task(caller.join())
    await asyncio.wait_for(asked, 1.0)
    caller.on_joined(FakeLeg())
    caller.on_over(AttemptOutcome.CONNECTED)
    assert await joining is TransferOutcome.CONNECTED
    assert caller.connected
    assert [event.mode for event in house.events.of(HandoffStarted)] == ["queue"]
    assert [event.outcome for event in house.events.of(HandoffEnded)] == ["connected"]


async def test_an_operator_who_leaves_before_the_join_gives_the_place_back(house):
    caller = house.caller()
    await caller.enter("operator")
    trio = await reserved(house, caller)
    caller.summon()
    joining = asyncio.create_task(caller.join())
    await asyncio.sleep(0.01)
    await house.store.end(trio.attempt, AttemptOutcome.OPERATOR_REFUSED)
    caller.on_over(AttemptOutcome.OPERATOR_REFUSED)
    queued = await joining
    assert isinstance(queued, Queued)
    assert queued.after_failure
    again = await caller.place()
    assert isinstance(again, Queued)
    assert not again.after_failure


async def test_a_call_back_asked_for_while_an_operator_rings_comes_too_late(house):
    caller = house.caller()
    await caller.enter("operator")
    await reserved(house, caller)
    queued = await caller.promise(NUMBER, "operator", None)
    assert isinstance(queued, Queued)
    assert queued.ringing


async def test_the_delivery_hears_at_once_that_the_caller_is_gone(house):
    caller = house.caller()
    await caller.enter("operator")
    gone = asyncio.ensure_future(caller.gone())
    caller.on_gone(lost=False)
    assert await asyncio.wait_for(gone, 0.1) is AttemptOutcome.CALLER_LEFT
    await caller.close(lost=False)


async def test_an_operator_who_left_unanswered_is_no_longer_announced(house):
    caller = house.caller()
    await caller.enter("operator")
    caller.on_ringing("sip:1@pbx")
    caller.summon()
    caller.on_over(AttemptOutcome.OPERATOR_REFUSED)
    assert house.summoned == 0


async def test_nobody_is_joined_with_an_operator_whose_phone_only_rings(house):
    caller = house.caller()
    await caller.enter("operator")
    caller.on_ringing("sip:1@pbx")
    caller.summon()
    caller.on_over(AttemptOutcome.OPERATOR_REFUSED)
    caller.on_ringing("sip:2@pbx")
    queued = await asyncio.wait_for(caller.join(), 2.0)
    assert isinstance(queued, Queued)
    assert (queued.ringing, queued.after_failure) == (True, True)
