"""What every shared queue has to do, shown on SQLite and on a real PostgreSQL server."""

import asyncio
from dataclasses import replace

import pytest

from ivr.errors import StoreError
from ivr.queue.events import QueueEvent, What
from ivr.queue.model import (
    Attempt,
    AttemptMode,
    AttemptOutcome,
    AttemptStep,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    OperatorId,
    OperatorState,
    Priority,
)
from ivr.queue.rules import Overflow, QueueRules
from ivr.queue.steps import STEPS
from ivr.queue.transitions import InvalidStateError, Trio
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_values import NODE, a_contact, an_operator
from tests.integration.storage.conftest import SetClock

pytestmark = pytest.mark.integration

CALLBACK = ContactKind.CALLBACK
OTHER = NodeId("node-b")


async def on_duty(queue: SqlQueueStore, *names: str, **fields: object) -> None:
    """Operators that are available."""
    for name in names:
        operator = an_operator(name, **fields)  # type: ignore[arg-type]
        await queue.save_operator(operator)
        await queue.log_in(operator.operator_id)


async def planned(queue: SqlQueueStore, node: NodeId = NODE, callbacks: int = 10) -> Trio:
    """The one attempt that is planned now."""
    (trio,) = await queue.assign(node, callbacks)
    return trio


async def carried(queue: SqlQueueStore, trio: Trio, *, until: AttemptStep) -> Attempt:
    """The attempt claimed and brought as far as this step."""
    claimed = await queue.claim(trio.attempt)
    assert claimed is not None
    attempt = claimed.attempt
    for step in STEPS[attempt.mode]:
        if attempt.step is until:
            break
        advanced = await queue.advance(attempt, step)
        assert advanced is not None
        attempt = advanced
    if until is AttemptStep.JOINED:
        joined = await queue.join(attempt)
        assert joined is not None
        attempt = joined
    return attempt


async def state_of(queue: SqlQueueStore, name: str) -> ContactState:
    contact = await queue.contact(ContactId(name))
    assert contact is not None
    return contact.state


async def operator_state(queue: SqlQueueStore, name: str = "o1") -> OperatorState:
    operator = await queue.operator(OperatorId(name))
    assert operator is not None
    return operator.state


async def happened(queue: SqlQueueStore, *, after: int = 0) -> list[What]:
    return [event.what for event in await queue.events(after=after)]


class TestContacts:
    async def test_a_contact_is_read_back_whole(self, queue: SqlQueueStore) -> None:
        contact = a_contact(
            "c1",
            at=990.0,
            kind=CALLBACK,
            caller="9160000000",
            skill="roaming",
            language="en",
            priority=Priority.VIP,
            due_at=1200.5,
            preferred_operator=OperatorId("o7"),
            handoff_id="h",
            topic="роуминг",
        )
        enqueued = await queue.enqueue(contact)
        assert not enqueued.known
        assert enqueued.contact == contact
        assert await queue.contact(contact.contact_id) == contact
        assert contact.promised
        assert await queue.contact(ContactId("none")) is None

    async def test_places_follow_the_one_order_whatever_the_order_of_arrival(
        self, queue: SqlQueueStore
    ) -> None:
        for name, at, priority in (
            ("late", 300.0, Priority.NORMAL),
            ("early", 100.0, Priority.NORMAL),
            ("vip", 400.0, Priority.VIP),
            ("low", 50.0, Priority.LOW),
        ):
            await queue.enqueue(a_contact(name, at, number=name, priority=priority))
        places = [await queue.place(ContactId(name)) for name in ("vip", "early", "late", "low")]
        assert [place.ahead for place in places if place] == [0, 1, 2, 3]
        snapshot = await queue.snapshot()
        assert [contact.contact_id for contact in snapshot.waiting] == [
            *("vip", "early", "late", "low")
        ]
        assert snapshot.waiting_count == 4

    async def test_a_place_counts_who_is_due_and_may_take_the_same_operators(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("a", 100.0, number="1"))
        await queue.enqueue(a_contact("b", 200.0, number="2", skill="roaming"))
        await queue.enqueue(a_contact("c", 300.0, number="3", kind=CALLBACK, due_at=1500.0))
        await queue.enqueue(a_contact("d", 400.0, number="4", language="en"))
        mine = await queue.enqueue(a_contact("mine", 500.0, number="5"))
        assert (mine.place.ahead, mine.place.operators, mine.place.waited_s) == (1, 1, 500.0)
        clock.forward(501.0)
        place = await queue.place(ContactId("mine"))
        assert place is not None
        assert place.ahead == 2

    async def test_a_second_promise_for_number_and_topic_finds_the_first(
        self, queue: SqlQueueStore
    ) -> None:
        first = await queue.enqueue(a_contact("first", 100.0, kind=CALLBACK))
        for again in (a_contact("again", 500.0, kind=CALLBACK), a_contact("call", 600.0)):
            found = await queue.enqueue(again)
            assert found.known
            assert found.contact == first.contact
        other = await queue.enqueue(a_contact("other", 700.0, kind=CALLBACK, topic="tariff"))
        assert not other.known

    async def test_two_people_behind_one_number_may_both_wait_on_the_line(
        self, queue: SqlQueueStore
    ) -> None:
        first = await queue.enqueue(a_contact("first", 100.0))
        second = await queue.enqueue(a_contact("second", 200.0))
        assert not second.known
        assert (first.place.ahead, second.place.ahead) == (0, 1)

    async def test_the_same_promise_asked_for_at_once_is_made_once(
        self, queue_url: str, queue: SqlQueueStore, rules: QueueRules, clock: SetClock
    ) -> None:
        others = [await SqlQueueStore.open(queue_url, rules, now=clock) for _ in range(3)]
        try:
            results = await asyncio.gather(
                *(
                    store.enqueue(a_contact(f"c{index}-{turn}", 100.0, kind=CALLBACK))
                    for index, store in enumerate([queue, *others])
                    for turn in range(5)
                )
            )
        finally:
            for store in others:
                await store.aclose()
        assert sum(not result.known for result in results) == 1
        assert len({result.contact.contact_id for result in results}) == 1

    async def test_a_callback_keeps_the_place_of_the_call_it_comes_from(
        self, queue: SqlQueueStore
    ) -> None:
        for name, at in (("mine", 100.0), ("next", 200.0)):
            await queue.enqueue(a_contact(name, at, number=name))
        kept = await queue.become_callback(ContactId("mine"), "9160000001")
        assert (kept.known, kept.place.ahead, kept.contact.number) == (False, 0, "9160000001")
        assert kept.contact.node == ""
        (owed,) = await queue.open_contacts("9160000001")
        assert owed == kept.contact

    async def test_a_callback_gives_way_to_the_promise_made_before(
        self, queue: SqlQueueStore
    ) -> None:
        await queue.enqueue(a_contact("first", 100.0, kind=CALLBACK, number="9160000001"))
        await queue.enqueue(a_contact("call", 200.0))
        found = await queue.become_callback(ContactId("call"), "9160000001")
        assert found.known
        assert found.contact.contact_id == "first"
        assert await state_of(queue, "call") is ContactState.CANCELLED

    async def test_who_was_promised_a_call_may_wait_on_the_line_and_leave_again(
        self, queue: SqlQueueStore
    ) -> None:
        await queue.enqueue(a_contact("c1", 100.0, kind=CALLBACK))
        back = await queue.return_to_line(ContactId("c1"), node=NODE, call_id="call-2")
        assert back.contact.kind is ContactKind.CALL
        assert await queue.leave(ContactId("c1"))
        again = await queue.contact(ContactId("c1"))
        assert again is not None
        assert (again.kind, again.state, again.place_at) == (CALLBACK, ContactState.WAITING, 100.0)

    async def test_a_place_that_was_not_kept_cannot_be_taken_again(
        self, queue: SqlQueueStore
    ) -> None:
        await queue.enqueue(a_contact("c1", 100.0))
        assert await queue.leave(ContactId("c1"))
        assert not await queue.leave(ContactId("c1"))
        assert not await queue.cancel(ContactId("c1"))
        assert not await queue.leave(ContactId("nobody"))
        assert await queue.place(ContactId("c1")) is None
        with pytest.raises(InvalidStateError):
            await queue.return_to_line(ContactId("c1"), node=NODE, call_id="x")
        with pytest.raises(InvalidStateError):
            await queue.become_callback(ContactId("c1"), "9160000001")
        assert await queue.open_contacts("9031234567") == ()


class TestMatching:
    async def test_the_first_in_the_order_gets_the_best_operator(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await queue.save_operator(an_operator("dull", skills={"general": 1}))
        await queue.save_operator(an_operator("sharp", skills={"general": 3}))
        for name in ("dull", "sharp"):
            await queue.log_in(OperatorId(name))
            clock.forward(1.0)
        for name, at in (("second", 200.0), ("first", 100.0), ("third", 300.0)):
            await queue.enqueue(a_contact(name, at, number=name))
        pairs = await queue.assign(NODE, 10)
        assert [(trio.contact.contact_id, trio.operator.operator_id) for trio in pairs] == [
            ("first", "sharp"),
            ("second", "dull"),
        ]
        assert await state_of(queue, "third") is ContactState.WAITING
        assert await queue.assign(NODE, 10) == ()

    async def test_a_live_call_goes_to_its_own_node_and_callbacks_to_whoever_has_room(
        self, queue: SqlQueueStore
    ) -> None:
        await on_duty(queue, "o1", "o2", "o3")
        await queue.enqueue(a_contact("call", 100.0, number="1", node=OTHER))
        await queue.enqueue(a_contact("b1", 200.0, number="2", kind=CALLBACK))
        await queue.enqueue(a_contact("b2", 300.0, number="3", kind=CALLBACK))
        pairs = await queue.assign(NODE, 1)
        assert [(trio.contact.contact_id, trio.attempt.node) for trio in pairs] == [
            ("call", OTHER),
            ("b1", NODE),
        ]
        (mine,) = await queue.outbox(NODE)
        assert mine.contact.contact_id == "b1"
        (theirs,) = await queue.outbox(OTHER)
        assert theirs.attempt.mode is AttemptMode.DELIVERY

    async def test_a_booked_slot_is_not_dialled_before_it_begins(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", 1500.0, kind=CALLBACK, due_at=1500.0))
        assert await queue.assign(NODE, 10) == ()
        clock.forward(500.0)
        assert (await planned(queue)).contact.contact_id == "c1"

    @pytest.mark.parametrize(
        "rules",
        [QueueRules(call_from=lambda number, at: at + 3600 if number == "night" else at)],
    )
    async def test_quiet_hours_put_a_callback_off_and_the_next_one_is_taken(
        self, queue: SqlQueueStore
    ) -> None:
        await on_duty(queue, "o1")
        for name, at in (("night", 100.0), ("day", 200.0)):
            await queue.enqueue(a_contact(name, at, kind=CALLBACK, number=name))
        assert (await planned(queue)).contact.contact_id == "day"
        put_off = await queue.contact(ContactId("night"))
        assert put_off is not None
        assert (put_off.due_at, put_off.place_at) == (4600.0, 100.0)

    @pytest.mark.parametrize(
        "rules", [QueueRules(overflows={"roaming": Overflow(skill="general", after_s=60.0)})]
    )
    async def test_who_waited_too_long_overflows_to_another_skill(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", 1000.0, skill="roaming"))
        assert await queue.assign(NODE, 10) == ()
        clock.forward(60.0)
        assert (await planned(queue)).contact.contact_id == "c1"

    async def test_the_preferred_operator_is_waited_for_and_then_not(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "busy")
        await queue.enqueue(a_contact("other", 900.0, number="1"))
        await planned(queue)
        await on_duty(queue, "free")
        await queue.enqueue(a_contact("c1", 1000.0, preferred_operator=OperatorId("busy")))
        assert await queue.assign(NODE, 10) == ()
        clock.forward(60.0)
        assert (await planned(queue)).operator.operator_id == "free"

    async def test_operators_of_another_skill_or_language_are_not_disturbed(
        self, queue: SqlQueueStore
    ) -> None:
        await on_duty(queue, "o1", skills={"roaming": 1})
        await on_duty(queue, "o2", languages=frozenset({"en"}))
        await queue.enqueue(a_contact("c1"))
        assert await queue.assign(NODE, 10) == ()

    async def test_two_nodes_that_match_at_once_plan_each_contact_and_operator_once(
        self, queue_url: str, queue: SqlQueueStore, rules: QueueRules, clock: SetClock
    ) -> None:
        other = await SqlQueueStore.open(queue_url, rules, now=clock)
        try:
            for index in range(12):
                await on_duty(queue, f"o{index}")
                await queue.enqueue(
                    a_contact(f"c{index:02}", index, number=str(index), kind=CALLBACK)
                )
            results = await asyncio.gather(
                *(store.assign(node, 2) for store, node in ((queue, NODE), (other, OTHER)) * 3)
            )
        finally:
            await other.aclose()
        trios = [trio for planned in results for trio in planned]
        assert len({trio.contact.contact_id for trio in trios}) == 12 == len(trios)
        assert len({trio.operator.operator_id for trio in trios}) == 12


class TestAttempts:
    async def test_a_delivery_from_plan_to_wrap_up(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", 990.0))
        trio = await planned(queue)
        assert await operator_state(queue) is OperatorState.RESERVED
        clock.forward(5.0)
        attempt = await carried(queue, trio, until=AttemptStep.JOINED)
        assert await state_of(queue, "c1") is ContactState.CONNECTED
        assert await operator_state(queue) is OperatorState.ON_CALL
        clock.forward(60.0)
        ended = await queue.end(attempt, AttemptOutcome.CONNECTED)
        assert ended is not None
        assert ended.contact.state is ContactState.DONE
        assert await operator_state(queue) is OperatorState.WRAP_UP
        clock.forward(20.0)
        await queue.recover(NODE)
        assert await operator_state(queue) is OperatorState.AVAILABLE
        (handled,) = await queue.history()
        assert (handled.reserved_s, handled.talk_s, handled.skill) == (5.0, 60.0, "general")
        assert await queue.last_operator("9031234567") == "o1"
        assert await queue.last_operator("") is None

    async def test_each_step_is_written_once_and_in_order(self, queue: SqlQueueStore) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        trio = await planned(queue)
        claimed = await queue.claim(trio.attempt)
        assert claimed is not None
        assert await queue.claim(trio.attempt) is None
        with pytest.raises(InvalidStateError):
            await queue.advance(claimed.attempt, AttemptStep.CUSTOMER_DIALLED)
        dialled = await queue.advance(claimed.attempt, AttemptStep.OPERATOR_DIALLED)
        assert dialled is not None
        assert await queue.advance(claimed.attempt, AttemptStep.OPERATOR_DIALLED) is None
        with pytest.raises(InvalidStateError):
            await queue.join(dialled)

    async def test_dialled_twice_in_the_same_second(
        self, queue_url: str, queue: SqlQueueStore, rules: QueueRules, clock: SetClock
    ) -> None:
        """However many ask at the same moment, one may dial."""
        await on_duty(queue, "o1", "o2")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        trio = await planned(queue)
        stores = [await SqlQueueStore.open(queue_url, rules, now=clock) for _ in range(4)]
        try:
            claims = await asyncio.gather(*(store.claim(trio.attempt) for store in stores * 5))
            allowed = [claim for claim in claims if claim is not None]
            assert len(allowed) == 1
            steps = await asyncio.gather(
                *(
                    store.advance(allowed[0].attempt, AttemptStep.OPERATOR_DIALLED)
                    for store in stores * 5
                )
            )
            assert sum(step is not None for step in steps) == 1
        finally:
            for store in stores:
                await store.aclose()
        assert await queue.assign(NODE, 10) == ()

    async def test_nothing_is_dialled_for_a_caller_who_left(self, queue: SqlQueueStore) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1"))
        trio = await planned(queue)
        assert await queue.leave(ContactId("c1"))
        assert await queue.claim(trio.attempt) is None
        assert await operator_state(queue) is OperatorState.AVAILABLE
        assert await queue.end(trio.attempt, AttemptOutcome.CALLER_LEFT) is None

    @pytest.mark.parametrize("step", [AttemptStep.CLAIMED, *STEPS[AttemptMode.OPERATOR_FIRST]])
    async def test_a_promise_taken_back_ends_the_attempt_at_its_next_step(
        self, queue: SqlQueueStore, step: AttemptStep
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        attempt = await carried(queue, await planned(queue), until=step)
        assert await queue.cancel(ContactId("c1"))
        order = (AttemptStep.CLAIMED, *STEPS[AttemptMode.OPERATOR_FIRST])
        if step is order[-1]:
            assert await queue.join(attempt) is None
        else:
            assert await queue.advance(attempt, order[order.index(step) + 1]) is None
        assert await queue.end(attempt, AttemptOutcome.CANCELLED) is not None
        assert await state_of(queue, "c1") is ContactState.CANCELLED
        assert await operator_state(queue) is OperatorState.AVAILABLE

    async def test_a_phone_that_rings_in_vain_is_put_aside_and_the_place_kept(
        self, queue: SqlQueueStore
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", 100.0, number="1"))
        await queue.enqueue(a_contact("c2", 200.0, number="2"))
        attempt = await carried(queue, await planned(queue), until=AttemptStep.OPERATOR_DIALLED)
        assert await queue.end(attempt, AttemptOutcome.OPERATOR_NO_ANSWER) is not None
        assert await operator_state(queue) is OperatorState.PAUSED
        place = await queue.place(ContactId("c1"))
        assert place is not None
        assert place.ahead == 0

    async def test_counter_doubled(self, queue: SqlQueueStore, clock: SetClock) -> None:
        """An end that is told twice, late, or by a node that was given up, counts one try."""
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        attempt = await carried(queue, await planned(queue), until=AttemptStep.CUSTOMER_DIALLED)
        ends = await asyncio.gather(
            *(queue.end(attempt, AttemptOutcome.CUSTOMER_BUSY) for _ in range(5))
        )
        assert sum(end is not None for end in ends) == 1
        clock.forward(100.0)
        await queue.recover(OTHER)
        contact = await queue.contact(ContactId("c1"))
        assert contact is not None
        assert (contact.tries, contact.due_at) == (1, 1120.0)

    async def test_a_customer_not_reached_is_tried_later_and_given_up_in_the_end(
        self, queue: SqlQueueStore, clock: SetClock, rules: QueueRules
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        for _ in range(rules.tries):
            attempt = await carried(queue, await planned(queue), until=AttemptStep.CUSTOMER_DIALLED)
            await queue.end(attempt, AttemptOutcome.CUSTOMER_NO_ANSWER)
            assert await queue.assign(NODE, 10) == ()
            clock.forward(600.0)
        assert await state_of(queue, "c1") is ContactState.GIVEN_UP
        assert (await happened(queue)).count(What.RETRIED) == rules.tries - 1

    async def test_of_two_ends_and_a_join_at_once_one_wins_and_all_three_rows_agree(
        self, queue_url: str, queue: SqlQueueStore, rules: QueueRules, clock: SetClock
    ) -> None:
        other = await SqlQueueStore.open(queue_url, rules, now=clock)
        try:
            await on_duty(queue, "o1")
            for index in range(10):
                await queue.enqueue(a_contact(f"c{index}", kind=CALLBACK, number=str(index)))
                attempt = await carried(queue, await planned(queue), until=AttemptStep.IDENTIFIED)
                joined, ended, _ = await asyncio.gather(
                    queue.join(attempt),
                    other.end(attempt, AttemptOutcome.LOST),
                    other.cancel(ContactId(f"c{index}")),
                )
                if joined is not None and ended is None:
                    ended = await queue.end(joined, AttemptOutcome.CONNECTED)
                assert ended is not None
                assert not (await queue.snapshot()).attempts
                clock.forward(30.0)
                await queue.cancel(ContactId(f"c{index}"))
        finally:
            await other.aclose()
        assert await operator_state(queue) in (OperatorState.AVAILABLE, OperatorState.WRAP_UP)


class TestOperators:
    async def test_an_operator_is_kept_with_skills_and_languages(
        self, queue: SqlQueueStore
    ) -> None:
        operator = replace(
            an_operator("o1", OperatorState.OFFLINE, skills={"general": 1, "roaming": 5}),
            name="Анна",
            languages=frozenset({"ru", "en"}),
        )
        saved = await queue.save_operator(operator)
        assert saved == replace(operator, state_since=1000.0)
        assert await queue.operator(operator.operator_id) == saved
        await queue.log_in(operator.operator_id)
        changed = await queue.save_operator(replace(operator, name="Аня", skills={"general": 2}))
        assert (changed.name, changed.skills, changed.state) == (
            "Аня",
            {"general": 2},
            OperatorState.AVAILABLE,
        )
        assert (await queue.snapshot()).operators == (changed,)

    async def test_what_is_asked_of_a_busy_operator_comes_after_the_contact(
        self, queue: SqlQueueStore
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1"))
        attempt = await carried(queue, await planned(queue), until=AttemptStep.JOINED)
        await queue.pause(OperatorId("o1"), "break")
        with pytest.raises(InvalidStateError):
            await queue.remove_operator(OperatorId("o1"))
        assert await operator_state(queue) is OperatorState.ON_CALL
        await queue.end(attempt, AttemptOutcome.CONNECTED)
        assert await operator_state(queue) is OperatorState.PAUSED

    async def test_wrap_up_can_be_ended_and_the_shift_too(self, queue: SqlQueueStore) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1"))
        attempt = await carried(queue, await planned(queue), until=AttemptStep.JOINED)
        await queue.end(attempt, AttemptOutcome.CONNECTED)
        await queue.wrap_up_over(OperatorId("o1"))
        assert await operator_state(queue) is OperatorState.AVAILABLE
        await queue.log_out(OperatorId("o1"))
        assert await operator_state(queue) is OperatorState.OFFLINE
        assert await queue.remove_operator(OperatorId("o1"))
        assert not await queue.remove_operator(OperatorId("o1"))
        assert await queue.operator(OperatorId("o1")) is None
        with pytest.raises(InvalidStateError):
            await queue.log_in(OperatorId("o1"))


class TestNodes:
    async def test_agent_stuck_reserved(self, queue: SqlQueueStore, clock: SetClock) -> None:
        """A node dies with an operator reserved: free again after the lease and its grace."""
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        await queue.renew(NODE)
        attempt = await carried(queue, await planned(queue), until=AttemptStep.OPERATOR_UP)
        clock.forward(7.9)
        assert await queue.recover(OTHER) == ()
        assert await operator_state(queue) is OperatorState.RESERVED
        clock.forward(0.2)
        (ended,) = await queue.recover(OTHER)
        assert ended.attempt.outcome is AttemptOutcome.LOST
        assert ended.attempt.attempt_id == attempt.attempt_id
        assert await operator_state(queue) is OperatorState.AVAILABLE
        assert await state_of(queue, "c1") is ContactState.WAITING
        assert (await queue.snapshot()).nodes == {}
        assert await queue.recover(OTHER) == ()

    async def test_lines_of_a_dead_node_are_lost_and_their_places_kept_for_a_while(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await queue.renew(NODE)
        await queue.enqueue(a_contact("c1", 100.0))
        clock.forward(8.1)
        await queue.recover(OTHER)
        assert await state_of(queue, "c1") is ContactState.ABANDONED
        (lost,) = await queue.open_contacts("9031234567")
        back = await queue.return_to_line(lost.contact_id, node=OTHER, call_id="call-2")
        assert (back.contact.place_at, back.place.ahead) == (100.0, 0)
        await queue.renew(OTHER)
        clock.forward(8.1)
        await queue.recover(NODE)
        clock.forward(601.0)
        assert await queue.open_contacts("9031234567") == ()

    async def test_a_node_that_starts_ends_what_it_had_begun_before(
        self, queue: SqlQueueStore
    ) -> None:
        await on_duty(queue, "o1", "o2")
        await queue.enqueue(a_contact("call", number="1"))
        await queue.enqueue(a_contact("back", number="2", kind=CALLBACK))
        await queue.enqueue(a_contact("line", number="3", skill="roaming"))
        await queue.assign(NODE, 10)
        ended = await queue.recover(NODE, starting=True)
        assert {trio.contact.state for trio in ended} == {
            *(ContactState.ABANDONED, ContactState.WAITING)
        }
        assert await state_of(queue, "line") is ContactState.ABANDONED
        assert await state_of(queue, "back") is ContactState.WAITING

    async def test_without_a_lease_nothing_is_claimed_or_dialled(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        assert await queue.renew(NODE) == 6.0
        attempt = await carried(queue, await planned(queue), until=AttemptStep.OPERATOR_UP)
        clock.forward(6.0)
        with pytest.raises(StoreError, match="lost its lease"):
            await queue.advance(attempt, AttemptStep.CUSTOMER_DIALLED)
        with pytest.raises(StoreError, match="lost its lease"):
            await queue.assign(NODE, 10)
        assert (await queue.end(attempt, AttemptOutcome.LOST)) is not None

    async def test_a_second_process_with_the_same_name_fences_the_first(
        self, queue_url: str, queue: SqlQueueStore, rules: QueueRules, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        await queue.renew(NODE)
        attempt = await carried(queue, await planned(queue), until=AttemptStep.OPERATOR_UP)
        second = await SqlQueueStore.open(queue_url, rules, now=clock)
        try:
            await second.renew(NODE)
            with pytest.raises(StoreError, match="lost its lease"):
                await queue.advance(attempt, AttemptStep.CUSTOMER_DIALLED)
            with pytest.raises(StoreError, match="another process") as caught:
                await queue.renew(NODE)
            assert caught.value.code == "lease"
            await second.renew(NODE)
            assert len(await second.recover(NODE, starting=True)) == 1
            assert (await planned(second)).contact.contact_id == "c1"
        finally:
            await second.aclose()

    async def test_calls_of_a_silent_node_are_not_matched(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.renew(OTHER)
        clock.forward(6.5)
        await queue.enqueue(a_contact("c1", number="1", node=OTHER))
        await queue.enqueue(a_contact("c2", 5.0, number="2"))
        assert (await planned(queue)).contact.contact_id == "c2"


class TestEvents:
    async def test_everything_that_happened_is_told_in_order(
        self, queue: SqlQueueStore, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", 990.0))
        attempt = await carried(queue, await planned(queue), until=AttemptStep.OPERATOR_DIALLED)
        await queue.end(attempt, AttemptOutcome.OPERATOR_REFUSED)
        clock.forward(10.0)
        await queue.become_callback(ContactId("c1"), "9160000001")
        await queue.cancel(ContactId("c1"))
        events = await queue.events()
        assert [event.what for event in events] == [
            *(What.OPERATOR_STATE, What.ENQUEUED, What.OFFERED, What.OPERATOR_STATE),
            *(What.STEP, What.STEP, What.RETURNED, What.OPERATOR_STATE, What.ATTEMPT_ENDED),
            *(What.BECAME_CALLBACK, What.CANCELLED),
        ]
        assert [event.seq for event in events] == sorted({event.seq for event in events})
        returned = next(event for event in events if event.what is What.RETURNED)
        assert (returned.kind, returned.skill, returned.operator_id, returned.attempt_id) == (
            ContactKind.CALL,
            "general",
            "o1",
            attempt.attempt_id,
        )
        assert returned.values["reason"] == "operator_refused"
        later = await queue.events(after=events[4].seq, since=1010.0, until=1011.0)
        assert later == events[-2:]
        assert await queue.events(until=1000.0) == ()
        assert await queue.events(limit=3) == events[:3]

    async def test_what_was_refused_leaves_no_event(self, queue: SqlQueueStore) -> None:
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        before = await queue.events()
        with pytest.raises(InvalidStateError):
            await queue.return_to_line(ContactId("none"), node=NODE, call_id="x")
        assert not await queue.leave(ContactId("c1"))
        assert await queue.events() == before

    async def test_what_a_caller_was_told_is_kept(self, queue: SqlQueueStore) -> None:
        enqueued = await queue.enqueue(a_contact("c1"))
        await queue.told(enqueued.place)
        assert (await happened(queue)) == [What.ENQUEUED]
        await queue.told(replace(enqueued.place, wait_s=90.0, wait_bound_s=200.0))
        last: QueueEvent = (await queue.events())[-1]
        assert last.what is What.TOLD
        assert last.values == {"wait_s": 90.0, "bound_s": 200.0, "ahead": 0}


class TestDatabase:
    async def test_a_restarted_store_finds_everything(
        self, queue_url: str, queue: SqlQueueStore, rules: QueueRules, clock: SetClock
    ) -> None:
        await on_duty(queue, "o1")
        await queue.enqueue(a_contact("c1", kind=CALLBACK))
        trio = await planned(queue)
        before = await queue.snapshot(), await queue.events()
        await queue.aclose()
        again = await SqlQueueStore.open(queue_url, rules, now=clock, create=False)
        try:
            assert (await again.snapshot(), await again.events()) == before
            assert await again.outbox(NODE) == (trio,)
        finally:
            await again.aclose()

    async def test_many_stores_may_be_opened_on_an_empty_database_at_once(
        self, queue_url: str
    ) -> None:
        stores = await asyncio.gather(*(SqlQueueStore.open(queue_url) for _ in range(4)))
        for store in stores:
            assert (await store.snapshot()).waiting_count == 0
            await store.aclose()

    async def test_the_databases_own_clock_is_that_of_the_world(self, queue_url: str) -> None:
        import time

        store = await SqlQueueStore.open(queue_url)
        try:
            assert abs((await store.snapshot()).at - time.time()) < 2.0
        finally:
            await store.aclose()
