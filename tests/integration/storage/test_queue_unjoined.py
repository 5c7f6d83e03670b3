"""A promised call that was joined, and in which nobody talked: back at its place, tried again."""

import pytest

from ivr.queue.events import What
from ivr.queue.model import (
    Attempt,
    AttemptOutcome,
    AttemptStep,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    OperatorId,
)
from ivr.queue.steps import STEPS
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_values import a_contact, an_operator
from tests.integration.storage.conftest import SetClock

pytestmark = pytest.mark.integration

HERE, THERE = NodeId("here"), NodeId("there")
NUMBER = "9031234567"
PROMISED = ContactId("promised")


@pytest.fixture
async def joined(queue: SqlQueueStore, clock: SetClock) -> Attempt:
    """Customer and operator were just written as hearing each other."""
    await queue.save_operator(an_operator("anna"))
    await queue.log_in(OperatorId("anna"))
    await queue.enqueue(a_contact(PROMISED, clock.now, ContactKind.CALLBACK, number=NUMBER))
    await queue.renew(HERE)
    (trio,) = await queue.assign(HERE, 1)
    claimed = await queue.claim(trio.attempt)
    assert claimed is not None
    attempt: Attempt | None = claimed.attempt
    for step in STEPS[trio.attempt.mode]:
        assert attempt is not None
        attempt = await queue.advance(attempt, step)
    assert attempt is not None
    attempt = await queue.join(attempt)
    assert attempt is not None
    return attempt


async def test_it_is_tried_again_after_a_pause(
    queue: SqlQueueStore, clock: SetClock, joined: Attempt
) -> None:
    place_at = clock.now
    clock.forward(1)
    ended = await queue.end(joined, AttemptOutcome.OPERATOR_REFUSED)
    assert ended is not None
    contact = ended.contact
    assert (contact.state, contact.place_at) == (ContactState.WAITING, place_at)
    assert (contact.tries, contact.faults, contact.due_at) == (0, 1, clock.now + 60)
    assert await queue.history() == ()  # nobody has talked
    assert await queue.last_operator(NUMBER) is None
    returned = [event for event in await queue.events() if event.what is What.RETURNED]
    assert [event.values["reason"] for event in returned] == ["operator_refused"]
    assert [event.values["faults"] for event in returned] == [1]
    clock.forward(30)  # the operator's wrap-up is over, the pause is not
    await queue.renew(HERE)
    assert await queue.assign(HERE, 1) == ()
    clock.forward(31)
    await queue.renew(HERE)
    (again,) = await queue.assign(HERE, 1)
    assert again.contact.contact_id == PROMISED
    assert [attempt.step for attempt in (await queue.snapshot()).attempts] == [AttemptStep.PLANNED]


@pytest.mark.parametrize(
    ("after_s", "state"), [(9.0, ContactState.WAITING), (60.0, ContactState.DONE)]
)
async def test_a_node_that_died_at_once_had_not_let_them_talk(
    queue: SqlQueueStore,
    clock: SetClock,
    joined: Attempt,
    after_s: float,
    state: ContactState,
) -> None:
    assert joined.joined_at == clock.now
    clock.forward(after_s)
    await queue.renew(THERE)
    (lost,) = await queue.recover(THERE)
    assert (lost.contact.state, lost.contact.faults) == (state, state is ContactState.WAITING)
    assert (await queue.snapshot()).attempts == ()


async def test_who_was_promised_a_call_anew_meanwhile_is_owed_one_call(
    queue: SqlQueueStore, clock: SetClock, joined: Attempt
) -> None:
    again = a_contact("again", clock.now, ContactKind.CALLBACK, number=NUMBER)
    assert not (await queue.enqueue(again)).known
    ended = await queue.end(joined, AttemptOutcome.LOST)
    assert ended is not None
    assert (ended.contact.state, ended.contact.end_reason) == (ContactState.CANCELLED, "known")
    owed = await queue.open_contacts(NUMBER)
    assert [contact.contact_id for contact in owed] == ["again"]
