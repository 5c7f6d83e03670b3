"""The engine and the oracle side by side: every event goes to both, and they must agree.

Besides, after every match: nobody who could have had the operator stands before the one who got
them; at every `check` nobody is lost, doubled or in two states. Violations: AssertionErrors.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ivr.queue.engine import QueueEngine
from ivr.queue.model import (
    Attempt,
    AttemptId,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactId,
    ContactState,
    NodeId,
    Operator,
    OperatorId,
    OperatorState,
    Priority,
)
from ivr.queue.ports import Enqueued
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import InvalidStateError, SlotTakenError, Trio
from ivr.testing.queue_oracle import Oracle
from ivr.testing.queue_people import STEPS, Person, Try

Value = TypeVar("Value")


class SideBySide:
    """Both queues, the time, and the ledger of what was promised."""

    def __init__(self, rules: QueueRules) -> None:
        self.rules = rules
        self.engine = QueueEngine(rules)
        self.oracle = Oracle(rules)
        self.now = 0.0
        self.enqueued = 0
        self.refused = 0
        """Slots that were full."""
        self.joined = 0
        self.planned = 0
        self.overtaken_s: dict[Priority, float] = {}
        """By class: the most that somebody served earlier had come later, seconds."""
        self.ended: list[Attempt] = []
        """The last few attempts that are over, to try what late messages do."""
        self.resumed = 0
        self._over: dict[AttemptId, Try] = {}
        """The same as the oracle knows them."""

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        self.engine.tick(self.now)
        self.oracle.tick(self.now)

    # ---- contacts

    def enqueue(self, contact: Contact) -> None:
        """A call or a callback asks for a place."""
        got = _possible(lambda: self.engine.enqueue(contact, self.now))
        person = Person(
            name=contact.contact_id,
            kind=contact.kind.value,
            number=contact.number,
            topic=contact.topic,
            skill=contact.skill,
            language=contact.language,
            priority=contact.priority.value,
            place=contact.place_at,
            prefers=contact.preferred_operator,
            node=contact.node,
            due=contact.due_at,
        )
        answer = self.oracle.enqueue(person, self.now)
        assert (got is None) == (answer is None)
        if got is None or answer is None:
            self.refused += 1
            return
        expected, known = answer
        self.enqueued += not known
        assert (got.contact.contact_id, got.known) == (expected.name, known)
        self._same_place(got, expected)

    def leave(self, contact_id: ContactId) -> None:
        """The caller hangs up."""
        person = self.oracle.people[contact_id]
        assert self.engine.leave(contact_id, self.now) == self.oracle.leave(person, self.now)
        self._same_contact(person)

    def cancel(self, contact_id: ContactId) -> None:
        """The promise is taken back."""
        person = self.oracle.people[contact_id]
        assert self.engine.cancel(contact_id, self.now) == self.oracle.cancel(person, self.now)
        self._same_contact(person)

    def become_callback(self, contact_id: ContactId, number: str, slot_at: float) -> None:
        """The caller hangs up and is to be called."""
        person = self.oracle.people[contact_id]
        got = _possible(
            lambda: self.engine.become_callback(contact_id, number, self.now, slot_at=slot_at)
        )
        expected = self.oracle.become_callback(person, number, self.now, slot_at)
        assert (got and got.contact.contact_id) == (expected and expected.name)
        self._same_contact(person)
        self.refused += got is None and person.state == "waiting"
        if got is not None and expected is not None:
            assert got.known == (expected is not person)
            self._same_place(got, expected)

    def return_to_line(self, contact_id: ContactId, node: NodeId) -> None:
        """Somebody who was promised a call, or whose line was lost, calls."""
        person = self.oracle.people[contact_id]
        got = _possible(
            lambda: self.engine.return_to_line(contact_id, self.now, node=node, call_id="again")
        )
        assert (got is not None) == self.oracle.return_to_line(person, self.now, node)
        self._same_contact(person)

    def place(self, contact_id: ContactId) -> None:
        """How many are ahead."""
        person = self.oracle.people[contact_id]
        place = self.engine.place(contact_id, self.now)
        if person.over:
            assert place is None
            return
        assert place is not None
        waits = person.state == "waiting"
        assert place.ahead == (self.oracle.ahead(person, self.now) if waits else 0)
        assert place.operators == self.oracle.on_duty(person.skill, person.language)

    # ---- attempts

    def assign(self, node: NodeId, callbacks: int) -> None:
        """Match, and look whether anybody was passed over."""
        got = self.engine.assign(node, callbacks, self.now)
        expected = self.oracle.assign(node, callbacks, self.now)
        assert [(t.contact.contact_id, t.operator.operator_id) for t in got] == [
            (attempt.person.name, attempt.desk.name) for attempt in expected
        ]
        for trio, attempt in zip(got, expected, strict=True):
            attempt.name = trio.attempt.attempt_id
            assert (trio.attempt.mode, trio.attempt.node) == (attempt.mode, attempt.node)
            self.oracle.tries[attempt.name] = attempt
            self.planned += 1
            self._nobody_passed_over(trio, callbacks)
            callbacks -= attempt.person.kind == "callback"

    def _nobody_passed_over(self, trio: Trio, callbacks: int) -> None:
        desk = self.oracle.desks[trio.operator.operator_id]
        served = self.oracle.people[trio.contact.contact_id]
        for other in self.oracle.due(self.now):
            able = self.oracle.level(desk, other, self.now) is not None
            no_room = other.kind == "callback" and callbacks == 0
            if not able or no_room or self.oracle.stands_aside(other, self.now):
                continue
            assert self.oracle.order(served) < self.oracle.order(other), "passed over"
            overtaken_s = served.place - other.place
            priority = Priority(other.priority)
            assert overtaken_s <= self.rules.most_overtaking_s(priority), "starvation"
            self.overtaken_s[priority] = max(overtaken_s, self.overtaken_s.get(priority, 0.0))

    def advance(self, attempt: Attempt) -> Attempt | None:
        """The next step of a living attempt; None: it is to give up."""
        known = self.oracle.tries[attempt.attempt_id]
        order = STEPS[known.mode]
        step = AttemptStep(order[order.index(known.step) + 1])
        moved = self._step(attempt, step)
        assert (moved is not None) == self.oracle.step(known, step.value, self.now)
        if moved is None and step is AttemptStep.CLAIMED:
            self.oracle.end(known, "caller_left", self.now)
            self._same_contact(known.person)
            self._same_operator(known.desk.name)
            self._remember(attempt, known)
        self.joined += moved is not None and step is AttemptStep.JOINED
        return moved

    def end(self, attempt: Attempt, outcome: AttemptOutcome) -> None:
        """A living attempt is over."""
        known = self.oracle.tries[attempt.attempt_id]
        trio = self.engine.end(attempt, outcome, self.now)
        self.oracle.end(known, outcome.value, self.now)
        assert trio is not None
        self._same_contact(known.person)
        self._same_operator(known.desk.name)
        self._remember(trio.attempt, known)

    def late(self, attempt: Attempt) -> None:
        """A message about an attempt that is over changes nothing."""
        for step in (AttemptStep.CLAIMED, AttemptStep.OPERATOR_UP, AttemptStep.JOINED):
            assert self._step(attempt, step) is None
        assert self.engine.end(attempt, AttemptOutcome.OPERATOR_NO_ANSWER, self.now) is None

    def resume(self, attempt: Attempt) -> None:
        """The node says that the two talk still, of a talk or of anything else that is over."""
        known = self._over[attempt.attempt_id]
        resumed = self.engine.resume(attempt, self.now)
        assert (resumed is not None) == self.oracle.resume(known, self.now)
        if resumed is not None:
            self.resumed += 1
            self.ended = [one for one in self.ended if one.attempt_id != resumed.attempt_id]
        self.check()

    def _step(self, attempt: Attempt, step: AttemptStep) -> Attempt | None:
        if step is AttemptStep.CLAIMED:
            trio = self.engine.claim(attempt, self.now)
            return None if trio is None else trio.attempt
        if step is AttemptStep.JOINED:
            return self.engine.join(attempt, self.now)
        return self.engine.advance(attempt, step)

    def _remember(self, attempt: Attempt, known: Try) -> None:
        self.ended = [*self.ended[-9:], attempt]
        self._over = {one.attempt_id: self._over.get(one.attempt_id, known) for one in self.ended}

    # ---- operators and nodes

    def save(self, operator: Operator) -> None:
        """New, or with other skills."""
        self.engine.staff.save(operator)
        self.oracle.save(operator)

    def log_in(self, operator_id: OperatorId) -> None:
        self.engine.staff.log_in(operator_id, self.now)
        self.oracle.log_in(self.oracle.desks[operator_id], self.now)
        self._same_operator(operator_id)

    def log_out(self, operator_id: OperatorId) -> None:
        self.engine.staff.log_out(operator_id, self.now)
        assert self.oracle.rest(self.oracle.desks[operator_id], "offline")
        self._same_operator(operator_id)

    def pause(self, operator_id: OperatorId) -> None:
        paused = _possible(lambda: self.engine.staff.pause(operator_id, "break", self.now))
        desk = self.oracle.desks[operator_id]
        assert (paused is not None) == self.oracle.rest(desk, "paused")
        self._same_operator(operator_id)

    def renew(self, node: NodeId) -> None:
        self.engine.renew(node, self.now)
        self.oracle.leases[node] = self.now + self.rules.lease_s

    def recover(self, node: NodeId, *, starting: bool) -> None:
        """Nodes that are gone, or this one before it was started again."""
        lost = self.engine.recover(node, self.now, starting=starting)
        before = dict(self.oracle.tries)
        self.oracle.recover(node, self.now, starting=starting)
        assert {trio.attempt.attempt_id for trio in lost} == set(before) - set(self.oracle.tries)
        for trio in lost:
            self._remember(trio.attempt, before[trio.attempt.attempt_id])
        self.check()

    # ---- agreement

    def living(self) -> list[Attempt]:
        """Attempts that may go on."""
        return list(self.engine.snapshot(self.now).attempts)

    def check(self) -> None:
        """Everything about everybody, and the invariants that need no oracle."""
        self.oracle.forget(self.now)
        snapshot = self.engine.snapshot(self.now)
        for person in self.oracle.people.values():
            self._same_contact(person)
        remembered = {contact.contact_id for contact in self.engine.contacts()}
        assert remembered == set(self.oracle.people), "lost or doubled"
        live = sum(contact.is_live for contact in self.engine.contacts())
        over = sum(self.oracle.ended.values())
        assert self.enqueued == live + over, "lost or doubled"
        for desk in self.oracle.desks:
            self._same_operator(desk)
        waiting = [person for person in self.oracle.people.values() if person.state == "waiting"]
        assert snapshot.waiting_count == len(waiting)
        in_order = [person.name for person in self.oracle.due(self.now)]
        assert [c.contact_id for c in snapshot.waiting][: len(in_order)] == in_order
        self._one_of_each(snapshot.attempts, self.oracle.tries)

    def _one_of_each(self, attempts: Sequence[Attempt], known: dict[str, Try]) -> None:
        assert {(a.attempt_id, a.step) for a in attempts} == {
            (attempt.name, attempt.step) for attempt in known.values()
        }
        assert len({a.contact_id for a in attempts}) == len(attempts), "dialled twice"
        held = {a.operator_id: a.step for a in attempts}
        assert len(held) == len(attempts), "operator in two attempts"
        for operator in self.engine.staff:
            step = held.get(operator.operator_id)
            if step is AttemptStep.JOINED:
                assert operator.state is OperatorState.ON_CALL
            else:
                assert (operator.state is OperatorState.RESERVED) == (step is not None)
        for contact in self.engine.contacts():
            tried = [a.step for a in attempts if a.contact_id == contact.contact_id]
            if contact.state is ContactState.CONNECTED:
                assert tried == [AttemptStep.JOINED]
            elif contact.state is ContactState.OFFERED:
                assert len(tried) == 1
                assert tried[0] is not AttemptStep.JOINED
            elif contact.state is ContactState.WAITING:
                assert not tried
        keys = [c.promise for c in self.engine.contacts() if c.promise is not None]
        assert len(keys) == len(set(keys)), "one promise per number and topic"

    def _same_contact(self, person: Person) -> None:
        contact = self.engine.contact(ContactId(person.name))
        if contact is None:
            assert person.over, f"{person} is lost"
            return
        got = (
            contact.state,
            contact.kind,
            contact.number,
            contact.place_at,
            contact.rank,
            contact.due_at,
            contact.tries,
            contact.faults,
            contact.node,
            contact.promised,
            contact.end_reason,
        )
        expected = (
            person.state,
            person.kind,
            person.number,
            person.place,
            self.oracle.rank(person),
            person.due,
            person.tries,
            person.faults,
            person.node,
            person.promised,
            person.reason,
        )
        assert got == expected, f"{person.name}: {got} instead of {expected}"

    def _same_operator(self, name: str) -> None:
        operator = self.engine.staff.known(OperatorId(name))
        desk = self.oracle.desks[name]
        assert operator is not None
        got = operator.state, operator.wish, operator.idle_since
        assert got == (desk.state, desk.wish, desk.idle), f"{got} instead of {desk}"

    def _same_place(self, got: Enqueued, person: Person) -> None:
        self._same_contact(person)
        waits = person.state == "waiting"
        assert got.place.ahead == (self.oracle.ahead(person, self.now) if waits else 0)


def _possible(event: Callable[[], Value]) -> Value | None:
    """None: it does not fit the state."""
    try:
        return event()
    except (InvalidStateError, SlotTakenError):
        return None
