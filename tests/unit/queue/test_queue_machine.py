"""Any sequence of events: the engine does what the oracle does, and the promises of the queue hold.

Hypothesis looks for short sequences that break something; the seeded driver runs long ones
(`ivr bench queue --events 1000000` runs a million).
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ivr.bench.queue.driver import drive, quiet_sevens
from ivr.queue.model import (
    AttemptMode,
    AttemptOutcome,
    ContactId,
    ContactKind,
    NodeId,
    OperatorId,
    Priority,
)
from ivr.queue.rules import Overflow, QueueRules
from ivr.testing.queue_pair import SideBySide
from ivr.testing.queue_values import a_contact, an_operator

pytestmark = pytest.mark.unit

skills = st.sampled_from(["general", "billing"])
languages = st.sampled_from(["ru", "tt"])
numbers = st.sampled_from(["", "9030000001", "9030000002", "9030000007"])
nodes = st.sampled_from([NodeId("node-a"), NodeId("node-b")])
operators = st.sampled_from([OperatorId(f"o{number}") for number in range(3)])
outcomes = st.sampled_from([o for o in AttemptOutcome if o is not AttemptOutcome.CONNECTED])


class QueueMachine(RuleBasedStateMachine):
    """Rules are the events of the queue; what they must keep is in `SideBySide`."""

    @initialize(
        vip=st.sampled_from([0.0, 100.0]),
        prefer_s=st.sampled_from([0.0, 60.0]),
        wrap_up_s=st.sampled_from([0.0, 20.0]),
        mode=st.sampled_from([AttemptMode.OPERATOR_FIRST, AttemptMode.CUSTOMER_FIRST]),
    )
    def begin(self, vip: float, prefer_s: float, wrap_up_s: float, mode: AttemptMode) -> None:
        self.pair = SideBySide(
            QueueRules(
                head_starts={Priority.VIP: vip, Priority.NORMAL: 0.0, Priority.LOW: -100.0},
                overflows={"billing": Overflow("general", 50.0)},
                prefer_s=prefer_s,
                wrap_up_s=wrap_up_s,
                callback_mode=mode,
                tries=2,
                faults=2,
                slot_calls=1,
                call_from=quiet_sevens,
                lost_place_s=100.0,
            )
        )
        for number in range(3):
            operator_id = OperatorId(f"o{number}")
            languages = frozenset({"ru", "tt"} if number == 2 else {"ru"})
            own = {"general": 1, "billing": 2} if number else {"general": 1}
            self.pair.save(an_operator(operator_id, skills=own, languages=languages))
            self.pair.log_in(operator_id)

    @rule(seconds=st.sampled_from([0.0, 1.0, 20.0, 61.0, 700.0, 1800.0]))
    def time_passes(self, seconds: float) -> None:
        self.pair.wait(seconds)

    @rule(
        kind=st.sampled_from([ContactKind.CALL, ContactKind.CALLBACK]),
        number=numbers,
        skill=skills,
        language=languages,
        priority=st.sampled_from(Priority),
        prefers=st.none() | operators,
        node=nodes,
    )
    def somebody_asks(self, kind, number, skill, language, priority, prefers, node) -> None:
        self.pair.wait(0.5)
        self.pair.enqueue(
            a_contact(
                f"c{self.pair.enqueued:04}",
                self.pair.now,
                kind,
                self.pair.rules,
                number=number,
                skill=skill,
                language=language,
                priority=priority,
                preferred_operator=prefers,
                node=NodeId("") if kind is ContactKind.CALLBACK else node,
            )
        )

    def somebody(self, data: st.DataObject) -> ContactId:
        return ContactId(data.draw(st.sampled_from(sorted(self.pair.oracle.people))))

    @precondition(lambda self: self.pair.oracle.people)
    @rule(data=st.data())
    def leaves(self, data: st.DataObject) -> None:
        self.pair.leave(self.somebody(data))

    @precondition(lambda self: self.pair.oracle.people)
    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        self.pair.cancel(self.somebody(data))

    @precondition(lambda self: self.pair.oracle.people)
    @rule(data=st.data(), number=numbers, slot_in=st.sampled_from([None, 0, 1, 2]))
    def hangs_up_to_be_called(self, data, number: str, slot_in: int | None) -> None:
        slot_at = 0.0 if slot_in is None else (self.pair.now // 300 + slot_in) * 300
        self.pair.become_callback(self.somebody(data), number, slot_at)

    @precondition(lambda self: self.pair.oracle.people)
    @rule(data=st.data(), node=nodes)
    def comes_back(self, data: st.DataObject, node: NodeId) -> None:
        self.pair.return_to_line(self.somebody(data), node)

    @precondition(lambda self: self.pair.oracle.people)
    @rule(data=st.data())
    def asks_for_the_place(self, data: st.DataObject) -> None:
        self.pair.place(self.somebody(data))

    @rule(node=nodes, callbacks=st.sampled_from([0, 1, 9]))
    def match(self, node: NodeId, callbacks: int) -> None:
        self.pair.assign(node, callbacks)

    @precondition(lambda self: self.pair.oracle.tries)
    @rule(data=st.data(), steps=st.integers(1, 8))
    def attempt_goes_on(self, data: st.DataObject, steps: int) -> None:
        attempt = data.draw(st.sampled_from(self.pair.living()))
        for _ in range(steps):
            known = self.pair.oracle.tries.get(attempt.attempt_id)
            if known is None or known.step == "joined":
                break
            moved = self.pair.advance(attempt)
            attempt = attempt if moved is None else moved

    @precondition(lambda self: self.pair.oracle.tries)
    @rule(data=st.data(), outcome=outcomes)
    def attempt_ends(self, data: st.DataObject, outcome: AttemptOutcome) -> None:
        self.pair.end(data.draw(st.sampled_from(self.pair.living())), outcome)

    @precondition(lambda self: self.pair.ended)
    @rule(data=st.data())
    def late_message(self, data: st.DataObject) -> None:
        self.pair.late(data.draw(st.sampled_from(self.pair.ended)))

    @precondition(lambda self: self.pair.ended)
    @rule(data=st.data())
    def talk_goes_on(self, data: st.DataObject) -> None:
        self.pair.resume(data.draw(st.sampled_from(self.pair.ended)))

    @rule(name=operators, event=st.sampled_from(["log_in", "log_out", "pause"]))
    def operator_does(self, name: OperatorId, event: str) -> None:
        getattr(self.pair, event)(name)

    @rule(name=operators, skill=skills, level=st.integers(1, 3))
    def operator_learns(self, name: OperatorId, skill: str, level: int) -> None:
        self.pair.save(an_operator(name, skills={skill: level}))

    @rule(node=nodes)
    def node_lives(self, node: NodeId) -> None:
        self.pair.renew(node)

    @rule(node=nodes, starting=st.booleans())
    def node_recovers(self, node: NodeId, starting: bool) -> None:
        self.pair.recover(node, starting=starting)

    @invariant()
    def both_agree(self) -> None:
        if hasattr(self, "pair"):
            self.pair.check()


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(
    max_examples=300,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_a_hundred_thousand_random_events_keep_every_promise():
    drivers = drive(100_000, seed=611)
    assert sum(driver.events for driver in drivers) == 100_000
    met = {kind for driver in drivers for kind in driver.kinds}
    assert len(met) == 18  # nothing was left out
    joined = sum(driver.pair.joined for driver in drivers)
    refused = sum(driver.pair.refused for driver in drivers)
    overtaken = sum(bool(driver.pair.overtaken_s.get(Priority.LOW)) for driver in drivers)
    resumed = sum(driver.pair.resumed for driver in drivers)
    assert joined > 1000
    assert refused > 50  # slots were full
    assert resumed > 5
    assert overtaken > 5  # the bound on starvation was put to the test
