"""Seeded random events against the queue, the oracle beside it: a million of them finds what a few
hundred do not. Small crowds and few operators, so that everything meets everything."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

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

SKILLS: Final = ("general", "billing", "tech")
NODES: Final = (NodeId("node-a"), NodeId("node-b"), NodeId("node-c"))
CROWD: Final = 40
"""Waiting contacts above which nobody else comes for a while."""
OPERATORS: Final = 8
SLOT_S: Final = 300.0
CHECK_EVERY: Final = 10
"""Events between two comparisons of everything with everything."""


def quiet_sevens(number: str, at: float) -> float:
    """Numbers that end in 7 may not be called in the second half of an hour."""
    hour, rest = divmod(at, 3600.0)
    return (hour + 1) * 3600.0 if number.endswith("7") and rest >= 1800.0 else at


def rules_of(random: Random) -> QueueRules:
    """Rules that make everything happen within minutes."""
    return QueueRules(
        head_starts={
            Priority.VIP: random.choice((0.0, 120.0)),
            Priority.NORMAL: 0.0,
            Priority.LOW: random.choice((0.0, -180.0)),
        },
        overflows={"billing": Overflow("general", 60.0), "tech": Overflow("billing", 90.0)},
        prefer_s=random.choice((0.0, 30.0, 120.0)),
        wrap_up_s=random.choice((0.0, 10.0)),
        callback_mode=random.choice((AttemptMode.OPERATOR_FIRST, AttemptMode.CUSTOMER_FIRST)),
        tries=random.choice((1, 3)),
        faults=random.choice((1, 4)),
        slot_calls=random.choice((None, 1, 2)),
        call_from=quiet_sevens,
        lost_place_s=120.0,
    )


@dataclass
class Driver:
    """One queue under random events."""

    random: Random
    pair: SideBySide = field(init=False)
    events: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    """Event -> how often."""

    def __post_init__(self) -> None:
        self.pair = SideBySide(rules_of(self.random))
        for number in range(OPERATORS):
            self._save(OperatorId(f"o{number}"))
            self.pair.log_in(OperatorId(f"o{number}"))

    def run(self, events: int) -> None:
        """So many events, everything compared every now and then and at the end."""
        names = [name for name, _ in EVENTS]
        weights = [weight for _, weight in EVENTS]
        for name in self.random.choices(names, weights, k=events):
            self.pair.wait(self.random.expovariate(1 / 3.0))
            getattr(self, f"_{name}")()
            self.kinds[name] = self.kinds.get(name, 0) + 1
            self.events += 1
            if self.events % CHECK_EVERY == 0:
                self.pair.check()
        self.pair.check()

    # ---- events

    def _enqueue(self) -> None:
        random, pair = self.random, self.pair
        if pair.engine.waiting_count() > CROWD:
            return
        kind = random.choice((ContactKind.CALL, ContactKind.CALL, ContactKind.CALLBACK))
        books = kind is ContactKind.CALLBACK and random.random() < 0.3
        slot_at = self._slot() if books else 0.0
        prefers = OperatorId(f"o{random.randrange(OPERATORS + 1)}")  # one of them is unknown
        pair.enqueue(
            a_contact(
                f"c{pair.enqueued:07}",
                pair.now,
                kind,
                self.pair.rules,
                place_at=slot_at or pair.now,
                due_at=slot_at,
                number=self._number(),
                caller=self._number(),
                topic=random.choice(("operator", "billing")),
                skill=random.choice(SKILLS),
                language=random.choice(("ru", "ru", "tt")),
                priority=random.choice(tuple(Priority)),
                preferred_operator=random.choice((None, None, prefers)),
                node=NodeId("") if kind is ContactKind.CALLBACK else random.choice(NODES),
            )
        )

    def _assign(self) -> None:
        self.pair.assign(self.random.choice(NODES), self.random.choice((0, 1, 5, 5, 5)))

    def _advance(self) -> None:
        living = self.pair.living()
        if living:
            attempt = self.random.choice(living)
            if attempt.joined_at is None and self.pair.advance(attempt) is None:
                self._end_of(attempt.attempt_id)

    def _end(self) -> None:
        living = self.pair.living()
        if living:
            self._end_of(self.random.choice(living).attempt_id)

    def _end_of(self, attempt_id: str) -> None:
        for attempt in self.pair.living():
            if attempt.attempt_id == attempt_id:
                outcomes = [o for o in AttemptOutcome if o is not AttemptOutcome.CONNECTED]
                self.pair.end(attempt, self.random.choice(outcomes))

    def _late(self) -> None:
        if self.pair.ended:
            self.pair.late(self.random.choice(self.pair.ended))

    def _resume(self) -> None:
        talks = [one for one in self.pair.ended if one.joined_at is not None]
        if talks:
            self.pair.resume(self.random.choice(talks))

    def _leave(self) -> None:
        self._with_somebody(self.pair.leave)

    def _cancel(self) -> None:
        self._with_somebody(self.pair.cancel)

    def _place(self) -> None:
        self._with_somebody(self.pair.place)

    def _become_callback(self) -> None:
        slot_at = self.random.choice((0.0, self._slot()))
        number = self._number()
        self._with_somebody(lambda name: self.pair.become_callback(name, number, slot_at))

    def _return_to_line(self) -> None:
        node = self.random.choice(NODES)
        self._with_somebody(lambda name: self.pair.return_to_line(name, node))

    def _log_in(self) -> None:
        self.pair.log_in(self._operator())

    def _log_out(self) -> None:
        self.pair.log_out(self._operator())

    def _pause(self) -> None:
        self.pair.pause(self._operator())

    def _retrain(self) -> None:
        self._save(self._operator())

    def _renew(self) -> None:
        for node in NODES[: self.random.randint(2, 3)]:
            self.pair.renew(node)

    def _recover(self) -> None:
        node, starting = self.random.choice(NODES), self.random.random() < 0.2
        self.pair.recover(node, starting=starting)

    def _rush_over(self) -> None:
        self.pair.wait(self.random.choice((60.0, 600.0, 2000.0)))

    # ---- inside

    def _with_somebody(self, event: Callable[[ContactId], None]) -> None:
        people = list(self.pair.oracle.people)
        if people:
            event(ContactId(self.random.choice(people)))

    def _slot(self) -> float:
        """Few, so that they are full now and then; one of them has begun."""
        return (self.pair.now // SLOT_S + self.random.choice((0, 1, 2))) * SLOT_S

    def _operator(self) -> OperatorId:
        return OperatorId(f"o{self.random.randrange(OPERATORS)}")

    def _number(self) -> str:
        return self.random.choice(("", f"903000{self.random.randrange(60):04}"))

    def _save(self, name: OperatorId) -> None:
        skills = self.random.sample(SKILLS, self.random.randint(1, 3))
        self.pair.save(
            an_operator(
                name,
                skills={skill: self.random.randint(1, 3) for skill in skills},
                languages=frozenset(self.random.choice((("ru",), ("ru", "tt")))),
            )
        )


EVENTS: Final = (
    ("enqueue", 22.0),
    ("assign", 20.0),
    ("advance", 28.0),
    ("end", 6.0),
    ("late", 2.0),
    ("resume", 6.0),
    ("leave", 3.0),
    ("cancel", 1.5),
    ("place", 4.0),
    ("become_callback", 4.0),
    ("return_to_line", 3.0),
    ("log_in", 7.0),
    ("log_out", 0.5),
    ("pause", 0.5),
    ("retrain", 0.3),
    ("renew", 3.0),
    ("recover", 0.4),
    ("rush_over", 0.3),
)
"""Name of a method of `Driver` without its underscore, and how often in relation."""


def drive(events: int, seed: int, each: int = 2_000) -> list[Driver]:
    """`events` in all, with new rules and a new queue after `each` of them."""
    drivers: list[Driver] = []
    left = events
    while left > 0:
        driver = Driver(Random(seed + len(drivers)))
        driver.run(min(each, left))
        left -= each
        drivers.append(driver)
    return drivers
