"""One simulated day: callers and operators of a plan around the real queue engine.

The engine decides everything about order and matching; here is only what people and telephones do.
Virtual time, one event after the other, the same seed the same day.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import log, sqrt
from typing import Final

from ivr.queue.engine import QueueEngine
from ivr.queue.model import (
    Attempt,
    AttemptMode,
    AttemptOutcome,
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    Operator,
    OperatorId,
    OperatorState,
)
from ivr.queue.rules import QueueRules
from ivr.queue.steps import OPERATOR_STEPS, STEPS
from ivr.queue.transitions import Trio
from ivr.queue.waiting_time import RECENT, Wait, estimate, measured
from ivr.simulate.leaving import Leaving
from ivr.simulate.plan import Caller, DayPlan, callers
from ivr.simulate.visits import Sample, Visit

NODE: Final = NodeId("node")
SAMPLE_S: Final = 60.0
UNREACHED: Final = (
    (0.30, AttemptOutcome.CUSTOMER_BUSY),
    (0.85, AttemptOutcome.CUSTOMER_NO_ANSWER),
    (1.00, AttemptOutcome.CUSTOMER_VOICEMAIL),
)
"""Cumulated shares of dials that nobody answers."""


@dataclass
class Visitor:
    """A caller, and how often this one has called."""

    caller: Caller
    visit: Visit
    calls: int = 1
    occupied_s: float = 0.0
    """Of operators, by attempts that came to nothing."""


@dataclass
class Day:
    """`virtual`: callbacks are offered; else everybody waits on the line."""

    plan: DayPlan
    seed: int
    virtual: bool
    visits: list[Visit] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._engine = QueueEngine(QueueRules(wrap_up_s=self.plan.wrap_up_s))
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()
        self._visitors: dict[ContactId, Visitor] = {}
        self._handled: deque[float] = deque(maxlen=RECENT)
        self._leaving = Leaving()
        self._promised = 0
        """Callbacks that wait."""

    def run(self) -> None:
        """From the opening until nobody waits any more."""
        for number in range(self.plan.operators):
            operator_id = OperatorId(f"operator-{number:02}")
            self._engine.staff.save(Operator(operator_id=operator_id, target="sip:desk"))
            self._engine.staff.log_in(operator_id, 0.0)
        for caller in callers(self.plan, self.seed):
            self._at(caller.arrives_s, partial(self._call, caller, 1))
        self._at(0.0, self._sample)
        while self._events:
            timer = self._engine.next_at()
            if timer is not None and timer < self._events[0][0]:
                self._after(timer)
            else:
                now, _, event = heappop(self._events)
                event(now)
                self._after(now)

    def _after(self, now: float) -> None:
        """Whoever became free takes the next."""
        for trio in self._engine.assign(NODE, self.plan.operators, now):
            self._ring(trio, now)
        self._leaving.waiting(self._engine.waiting_count() - self._promised, now)

    # ---- callers

    def _call(self, caller: Caller, calls: int, now: float) -> None:
        contact_id = ContactId(f"{caller.number:06}-{calls}")
        contact = Contact(
            contact_id=contact_id,
            kind=ContactKind.CALL,
            number=f"9{caller.number:09}",
            topic="operator",
            first_promised_at=now,
            place_at=now,
            node=NODE,
        )
        place = self._engine.enqueue(contact, now).place
        wait = self._estimate(place.ahead, place.operators, now)
        visit = Visit(caller=caller.number, asked_s=now)
        if wait is not None:
            visit.told_s, visit.bound_s = wait.median_s, wait.bound_s
        self.visits.append(visit)
        self._visitors[contact_id] = Visitor(caller, visit, calls)
        patience_s = caller.source.expovariate(1.0 / self.plan.patience_s)
        accepts = caller.source.random() < self.plan.accept
        long = wait is None or wait.median_s > self.plan.offer_s
        if self.virtual and accepts and long and patience_s > self.plan.accept_after_s:
            self._at(now + self.plan.accept_after_s, lambda at: self._hang_up(contact_id, at))
        else:
            self._at(now + patience_s, lambda at: self._lose_patience(contact_id, at))

    def _estimate(self, ahead: int, on_duty: int, now: float) -> Wait | None:
        available = sum(o.state is OperatorState.AVAILABLE for o in self._engine.staff)
        return estimate(
            measured(self._handled, self.plan.handling_s),
            ahead=ahead,
            on_duty=on_duty,
            available=available,
            leaving_per_s=self._leaving.rate(now),
            staying=self._promised / max(1, self._engine.waiting_count()),
        )

    def _hang_up(self, contact_id: ContactId, now: float) -> None:
        """With a promise, unless an operator is there already."""
        contact = self._engine.contact(contact_id)
        if contact is not None and contact.state is ContactState.WAITING:
            self._engine.become_callback(contact_id, contact.number, now)
            self._visitors[contact_id].visit.promised_s = now
            self._promised += 1

    def _lose_patience(self, contact_id: ContactId, now: float) -> None:
        visitor = self._visitors[contact_id]
        if not self._engine.leave(contact_id, now):
            return
        visitor.visit.left_s = now
        self._leaving.left(now)
        source, plan = visitor.caller.source, self.plan
        if visitor.calls < plan.calls and source.random() < plan.redial:
            again = now + source.expovariate(1.0 / plan.redial_after_s)
            if again < plan.close_s:
                calls = visitor.calls + 1
                self._at(again, lambda at: self._call(visitor.caller, calls, at))

    # ---- attempts

    def _ring(self, trio: Trio, now: float) -> None:
        visitor = self._visitors[trio.contact.contact_id]
        if visitor.visit.reserved_s is None:
            visitor.visit.reserved_s = now
        self._promised -= trio.contact.kind is ContactKind.CALLBACK
        source, plan = visitor.caller.source, self.plan
        claimed = self._engine.claim(trio.attempt, now)
        assert claimed is not None
        attempt = claimed.attempt
        if source.random() < plan.operator_misses:
            missed = AttemptOutcome.OPERATOR_NO_ANSWER
            self._at(now + plan.missed_after_s, lambda at: self._fail(attempt, missed, at))
        else:
            picked_up = now + source.expovariate(1.0 / plan.answer_s)
            self._at(picked_up, lambda at: self._picked_up(attempt, at))

    def _picked_up(self, attempt: Attempt, now: float) -> None:
        for step in OPERATOR_STEPS:
            moved = self._engine.advance(attempt, step)
            if moved is None:
                self._fail(attempt, AttemptOutcome.CALLER_LEFT, now)
                return
            attempt = moved
        if attempt.mode is AttemptMode.DELIVERY:
            self._join(attempt, now)
        else:
            self._dial(attempt, now)

    def _dial(self, attempt: Attempt, now: float) -> None:
        visitor = self._visitors[attempt.contact_id]
        visitor.visit.dials += 1
        drawn = visitor.caller.source.random()
        if drawn < self.plan.reached:
            answered = now + self.plan.customer_answer_s
            self._at(answered, lambda at: self._join(attempt, at))
            return
        rest = (drawn - self.plan.reached) / (1.0 - self.plan.reached)
        outcome = next(outcome for share, outcome in UNREACHED if rest <= share)
        self._at(now + self.plan.no_answer_s, lambda at: self._fail(attempt, outcome, at))

    def _join(self, attempt: Attempt, now: float) -> None:
        for step in STEPS[attempt.mode][len(OPERATOR_STEPS) :]:
            moved = self._engine.advance(attempt, step)
            assert moved is not None
            attempt = moved
        joined = self._engine.join(attempt, now)
        if joined is None:
            self._fail(attempt, AttemptOutcome.CALLER_LEFT, now)
            return
        visitor = self._visitors[attempt.contact_id]
        visitor.visit.joined_s = now
        sigma = sqrt(log(1.0 + self.plan.talk_spread**2))
        mu = log(self.plan.talk_s) - sigma**2 / 2.0
        talk_s = visitor.caller.source.lognormvariate(mu, sigma)
        self._at(now + talk_s, lambda at: self._finish(joined, visitor, at))

    def _finish(self, attempt: Attempt, visitor: Visitor, now: float) -> None:
        self._engine.end(attempt, AttemptOutcome.CONNECTED, now)
        occupied_s = now - attempt.planned_at + self.plan.wrap_up_s
        self._handled.append(occupied_s + visitor.occupied_s)

    def _fail(self, attempt: Attempt, outcome: AttemptOutcome, now: float) -> None:
        trio = self._engine.end(attempt, outcome, now)
        assert trio is not None
        visitor = self._visitors[attempt.contact_id]
        visitor.occupied_s += now - attempt.planned_at
        waits = trio.contact.state is ContactState.WAITING
        self._promised += waits and trio.contact.kind is ContactKind.CALLBACK
        if trio.contact.state is ContactState.GIVEN_UP:
            visitor.visit.given_up_s = now
        if trio.operator.state is OperatorState.PAUSED:
            operator_id = trio.operator.operator_id
            self._at(now + self.plan.back_after_s, lambda at: self._back(operator_id, at))

    def _back(self, operator_id: OperatorId, now: float) -> None:
        self._engine.staff.log_in(operator_id, now)

    # ---- watching

    def _sample(self, now: float) -> None:
        seen = [c for c in self._engine.contacts() if c.state is ContactState.WAITING]
        promised = sum(contact.kind is ContactKind.CALLBACK for contact in seen)
        busy = sum(
            operator.state not in (OperatorState.AVAILABLE, OperatorState.PAUSED)
            for operator in self._engine.staff
        )
        self.samples.append(Sample(now, len(seen) - promised, promised, busy))
        if self._events or seen:
            self._at(now + SAMPLE_S, self._sample)

    def _at(self, at: float, event: Callable[[float], None]) -> None:
        heappush(self._events, (at, next(self._numbers), event))
