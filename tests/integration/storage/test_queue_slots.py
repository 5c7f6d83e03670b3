"""The room in a slot: callers on several nodes book at once, and none of them too many."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.queue.model import ContactId, ContactKind
from ivr.queue.ports import Enqueued
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import SlotTakenError
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_values import a_contact
from tests.integration.storage.conftest import SetClock

pytestmark = pytest.mark.integration

ROOM = 3
CALLERS = 10
SLOT = 7200.0
RULES = QueueRules(slot_calls=ROOM)


@pytest.fixture
async def nodes(queue_url: str, clock: SetClock) -> AsyncIterator[list[SqlQueueStore]]:
    stores = [await SqlQueueStore.open(queue_url, RULES, now=clock) for _ in range(CALLERS)]
    yield stores
    for store in stores:
        await store.aclose()


async def books(store: SqlQueueStore, number: int, *, on_line: bool) -> Enqueued:
    """One caller, on a node of their own."""
    digits = f"90300000{number:02}"
    if on_line:
        return await store.become_callback(ContactId(f"c{number}"), digits, slot_at=SLOT)
    callback = a_contact(
        f"c{number}", 1000.0, ContactKind.CALLBACK, number=digits, place_at=SLOT, due_at=SLOT
    )
    return await store.enqueue(callback)


async def test_callers_on_several_nodes_book_the_last_room_at_once(
    nodes: list[SqlQueueStore],
) -> None:
    for number, store in enumerate(nodes):
        if number % 2:
            await store.enqueue(a_contact(f"c{number}", 1000.0, number=f"90300000{number:02}"))
    answers = await asyncio.gather(
        *(books(store, number, on_line=bool(number % 2)) for number, store in enumerate(nodes)),
        return_exceptions=True,
    )
    got = [answer for answer in answers if isinstance(answer, Enqueued)]
    assert len(got) == ROOM
    assert {type(answer) for answer in answers} == {Enqueued, SlotTakenError}
    assert {answer.place.due_at for answer in got} == {SLOT}
    assert await nodes[0].booked() == {SLOT: ROOM}
    refused = [number for number, one in enumerate(answers) if isinstance(one, SlotTakenError)]
    for number in refused:
        contact = await nodes[0].contact(ContactId(f"c{number}"))
        if number % 2:  # still where they were
            assert contact is not None
            assert contact.kind is ContactKind.CALL
        else:
            assert contact is None


async def test_room_that_is_given_up_may_be_booked_again(nodes: list[SqlQueueStore]) -> None:
    first, second = nodes[:2]
    for number in range(ROOM):
        await books(first, number, on_line=False)
    with pytest.raises(SlotTakenError):
        await books(second, 10, on_line=False)
    assert await first.cancel(ContactId("c0"))
    assert not (await books(second, 10, on_line=False)).known


async def test_who_moves_within_the_slot_needs_no_other_room(nodes: list[SqlQueueStore]) -> None:
    store = nodes[0]
    for number in range(ROOM):
        await books(store, number, on_line=False)
    again = await store.become_callback(ContactId("c0"), "9030000099", slot_at=SLOT)
    assert again.contact.number == "9030000099"


async def test_a_slot_that_has_begun_takes_nobody_in(
    nodes: list[SqlQueueStore], clock: SetClock
) -> None:
    store = nodes[0]
    for number in range(ROOM):
        await books(store, number, on_line=False)
    clock.now = SLOT + 1
    late = await store.enqueue(a_contact("late", clock.now, number="9039999999"))
    in_turn = await store.become_callback(late.contact.contact_id, "9039999999", slot_at=SLOT)
    assert (in_turn.contact.place_at, in_turn.place.due_at) == (SLOT + 1, 0)
