"""Random events on the shared queue and on the queue in memory: both have to say the same."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ivr.queue.engine import QueueEngine
from ivr.queue.matching import order_of
from ivr.queue.model import (
    NO_TALK,
    Attempt,
    AttemptId,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactId,
    ContactKind,
    NodeId,
    Operator,
    OperatorId,
    Priority,
)
from ivr.queue.ports import Enqueued, Snapshot
from ivr.queue.rules import Overflow, QueueRules
from ivr.queue.steps import STEPS
from ivr.queue.transitions import InvalidStateError, SlotTakenError, Trio
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_values import a_contact, an_operator
from tests.integration.storage.conftest import SetClock

pytestmark = pytest.mark.integration

EVENTS = 180
NODES = (NodeId("node-a"), NodeId("node-b"))
OPERATORS = ("o1", "o2", "o3", "o4")
NUMBERS = ("9031111111", "9032222222", "9033333333", "9034444444", "9035555555")
OUTCOMES = [one for one in AttemptOutcome if one is not AttemptOutcome.CONNECTED]
RULES = QueueRules(
    overflows={"roaming": Overflow(skill="general", after_s=30.0)},
    call_from=lambda number, at: at if number != NUMBERS[0] or at % 200 > 50 else at + 60,
    faults=3,
    slot_calls=2,
    retry_delays=dict.fromkeys(QueueRules().retry_delays, 25.0),
)


class Both:
    """The same event on both, and the same answer from both; attempts are known by contact."""

    def __init__(self, store: SqlQueueStore, clock: SetClock, seed: int) -> None:
        self.store = store
        self.model = QueueEngine(RULES)
        self.clock = clock
        self.dice = random.Random(seed)
        self.count = 0
        self.live: dict[ContactId, tuple[Attempt, Attempt]] = {}
        """Contact -> the attempt as the store and as the model name it."""
        self.unseen: dict[ContactId, tuple[Attempt, Attempt]] = {}
        """Those that ended when their node was gone."""

    async def same(self, asked: Any, modelled: Callable[[], Any]) -> Any:
        """Both answers, or both refusals."""
        try:
            expected, refused = modelled(), None
        except (InvalidStateError, SlotTakenError) as fault:
            expected, refused = None, fault
        if refused is not None:
            with pytest.raises(type(refused)):
                await asked
            return None
        got = await asked
        assert told(got) == told(expected)
        return got, expected

    def note(self, answers: Any) -> None:
        """Remember attempts that live and forget those that ended."""
        for got, expected in zip(*answers, strict=True) if answers else ():
            if got.attempt.is_live:
                self.live[got.contact.contact_id] = got.attempt, expected.attempt
            else:
                self.live.pop(got.contact.contact_id, None)

    def some_contact(self) -> ContactId:
        return ContactId(f"c{self.dice.randrange(max(0, self.count - 12), self.count + 1):04}")

    def next_slot(self) -> float:
        return (self.clock.now // 40.0 + 1) * 40.0

    async def happen(self) -> None:
        """One random event."""
        await self.dice.choice(
            (
                *((self.enqueue,) * 5),
                *((self.assign,) * 4),
                *((self.move,) * 10),
                *((self.end,) * 2),
                *(self.leave, self.cancel, self.become_callback, self.return_to_line),
                *(self.operators, self.operators, self.time, self.time, self.a_node_dies),
                *(self.resume, self.resume),
            )
        )()

    async def enqueue(self) -> None:
        kind = self.dice.choice((ContactKind.CALL, ContactKind.CALLBACK))
        self.count += 1
        fields: dict[str, Any] = {
            "number": self.dice.choice((*NUMBERS, "")),
            "caller": self.dice.choice((*NUMBERS, "")),
            "topic": self.dice.choice(("operator", "tariff")),
            "skill": self.dice.choice(("general", "general", "roaming")),
            "language": self.dice.choice(("ru", "ru", "en")),
            "priority": self.dice.choice(list(Priority)),
        }
        if kind is ContactKind.CALL:
            fields["node"] = self.dice.choice(NODES)
        elif self.dice.random() < 0.3:
            fields["due_at"] = fields["place_at"] = self.next_slot()
        if self.dice.random() < 0.3:
            fields["preferred_operator"] = OperatorId(self.dice.choice(OPERATORS))
        at = self.clock.now - self.dice.randrange(3)
        contact = a_contact(f"c{self.count:04}", at, kind, RULES, **fields)
        await self.same(
            self.store.enqueue(contact), lambda: self.model.enqueue(contact, self.clock.now)
        )

    async def assign(self) -> None:
        for node in NODES:
            await self.store.renew(node)
            self.model.renew(node, self.clock.now)
        node, room = self.dice.choice(NODES), self.dice.randrange(3)
        self.note(
            await self.same(
                self.store.assign(node, room),
                lambda: self.model.assign(node, room, self.clock.now),
            )
        )
        for node in NODES:
            expected = sorted(self.model.outbox(node), key=lambda trio: order_of(trio.contact))
            assert told(await self.store.outbox(node)) == told(tuple(expected))

    async def move(self) -> None:
        """The next step of an attempt, written by its node."""
        if not self.live:
            return
        contact_id = self.dice.choice(sorted(self.live))
        real, modelled = self.live[contact_id]
        await self.store.renew(real.node)
        self.model.renew(real.node, self.clock.now)
        now = self.clock.now
        order = (AttemptStep.CLAIMED, *STEPS[real.mode])
        if real.step is AttemptStep.PLANNED:
            answers = await self.same(
                self.store.claim(real), lambda: self.model.claim(modelled, now)
            )
            if answers[0] is None:
                del self.live[contact_id]  # not wanted any more: ended by the claim
            else:
                self.live[contact_id] = answers[0].attempt, answers[1].attempt
            return
        if real.step in order[:-1]:
            step = order[order.index(real.step) + 1]
            answers = await self.same(
                self.store.advance(real, step), lambda: self.model.advance(modelled, step)
            )
        else:
            answers = await self.same(self.store.join(real), lambda: self.model.join(modelled, now))
        if answers is not None and answers[0] is not None:
            self.live[contact_id] = answers

    async def end(self) -> None:
        if not self.live:
            return
        contact_id = self.dice.choice(sorted(self.live))
        real, modelled = self.live[contact_id]
        outcome = self.dice.choice(OUTCOMES)
        answers = await self.same(
            self.store.end(real, outcome),
            lambda: self.model.end(modelled, outcome, self.clock.now),
        )
        self.note(((answers[0],), (answers[1],)))
        assert await self.store.end(real, outcome) is None

    async def leave(self) -> None:
        contact_id = self.some_contact()
        await self.same(
            self.store.leave(contact_id), lambda: self.model.leave(contact_id, self.clock.now)
        )

    async def cancel(self) -> None:
        contact_id = self.some_contact()
        await self.same(
            self.store.cancel(contact_id), lambda: self.model.cancel(contact_id, self.clock.now)
        )

    async def become_callback(self) -> None:
        contact_id, number = self.some_contact(), self.dice.choice(NUMBERS)
        slot_at = self.dice.choice((0.0, self.next_slot()))
        await self.same(
            self.store.become_callback(contact_id, number, slot_at=slot_at),
            lambda: self.model.become_callback(contact_id, number, self.clock.now, slot_at=slot_at),
        )

    async def return_to_line(self) -> None:
        contact_id, node = self.some_contact(), self.dice.choice(NODES)
        await self.same(
            self.store.return_to_line(contact_id, node=node, call_id="again"),
            lambda: self.model.return_to_line(
                contact_id, self.clock.now, node=node, call_id="again"
            ),
        )

    async def resume(self) -> None:
        """A node that was gone says that two of its people talk still."""
        talks = sorted(name for name, (real, _) in self.unseen.items() if real.joined_at)
        contact_id = self.dice.choice(talks or sorted(self.unseen) or [""])
        if not contact_id:
            return
        real, modelled = self.unseen[contact_id]
        await self.store.renew(real.node)
        self.model.renew(real.node, self.clock.now)
        answers = await self.same(
            self.store.resume(real), lambda: self.model.resume(modelled, self.clock.now)
        )
        if answers[0] is not None:
            self.live[contact_id] = answers
            del self.unseen[contact_id]

    async def operators(self) -> None:
        name, now = OperatorId(self.dice.choice(OPERATORS)), self.clock.now
        staff = self.model.staff
        await self.dice.choice(
            (
                lambda: self.same(self.store.log_in(name), lambda: staff.log_in(name, now)),
                lambda: self.same(self.store.log_in(name), lambda: staff.log_in(name, now)),
                lambda: self.same(self.store.log_out(name), lambda: staff.log_out(name, now)),
                lambda: self.same(
                    self.store.pause(name, "tea"), lambda: staff.pause(name, "tea", now)
                ),
                lambda: self.same(
                    self.store.wrap_up_over(name), lambda: staff.wrap_up_over(name, now)
                ),
            )
        )()

    async def time(self) -> None:
        self.clock.forward(self.dice.choice((0.5, 5.0, 20.0)))
        await self.recover(self.dice.choice(NODES))

    async def a_node_dies(self) -> None:
        """The other one takes over, or it starts again at once."""
        if self.dice.random() < 0.5:
            await self.recover(self.dice.choice(NODES), starting=True)
            return
        self.clock.forward(8.5)
        await self.recover(self.dice.choice(NODES))
        await self.resume()

    async def recover(self, node: NodeId, *, starting: bool = False) -> None:
        """Renewed by both that live, so that who is dead does not depend on the dice."""
        await self.store.renew(node)
        self.model.renew(node, self.clock.now)
        got = await self.store.recover(node, starting=starting)
        expected = self.model.recover(node, self.clock.now, starting=starting)
        assert {told(trio) for trio in got} == {told(trio) for trio in expected}
        for trio in got:
            known = self.live.pop(trio.contact.contact_id, None)
            if known is not None:
                self.unseen[trio.contact.contact_id] = known

    async def compare(self) -> None:
        """Everything that can be seen of both."""
        got, expected = await self.store.snapshot(), self.model.snapshot(self.clock.now)
        assert told(got) == told(expected)
        for contact in expected.waiting:
            place = await self.store.place(contact.contact_id)
            assert place == self.model.place(contact.contact_id, self.clock.now)
        for number in NUMBERS:
            assert await self.store.open_contacts(number) == self.model.open_contacts(
                number, self.clock.now
            )


def told(answer: Any) -> Any:
    """Without the names of attempts, which each queue gives as it likes."""
    match answer:
        case Trio():
            return answer.contact, told(answer.operator), told(answer.attempt)
        case Operator():
            talk = AttemptId("lost") if answer.lost_talk else NO_TALK
            plain = replace(answer, lost_talk=talk, languages=frozenset())
            return repr((plain, sorted(answer.languages)))  # equal sets may be written differently
        case Attempt():
            return replace(answer, attempt_id=AttemptId(""))
        case Snapshot():
            return (
                due_and_later(answer),
                answer.waiting_count,
                sorted(map(told, answer.operators)),
                sorted(repr(told(attempt)) for attempt in answer.attempts),
                answer.nodes,
            )
        case tuple():
            return tuple(told(one) for one in answer)
        case Enqueued() | _:
            return answer


def due_and_later(snapshot: Snapshot) -> tuple[tuple[Contact, ...], frozenset[Contact]]:
    """Those who can be served now in their order; the others in none."""
    due = tuple(one for one in snapshot.waiting if one.due_at <= snapshot.at)
    return due, frozenset(one for one in snapshot.waiting if one.due_at > snapshot.at)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rules", [RULES])
async def test_the_shared_queue_does_what_the_queue_in_memory_does(
    queue: SqlQueueStore, clock: SetClock, seed: int
) -> None:
    both = Both(queue, clock, seed)
    for index, name in enumerate(OPERATORS):
        operator = an_operator(
            name,
            skills={"general": 1 + index % 2} | ({"roaming": 1} if index > 1 else {}),
            languages=frozenset({"ru", "en"} if index % 2 else {"ru"}),
            state_since=clock.now,
        )
        await queue.save_operator(operator)
        both.model.staff.save(operator)
        await queue.log_in(operator.operator_id)
        both.model.staff.log_in(operator.operator_id, clock.now)
    for number in range(EVENTS):
        await both.happen()
        if number % 20 == 19:
            await both.compare()
    living = (await queue.snapshot()).attempts
    assert len({attempt.contact_id for attempt in living}) == len(living)
