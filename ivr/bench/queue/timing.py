"""What operations of the queue in memory cost: how many a second, and how that grows with its size.

CPU time of this thread, so that other work on the machine does not count. The collector of cycles
stays on, as in a service.
"""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from statistics import median, quantiles
from time import thread_time
from typing import Final, TypeVar

import msgspec

from ivr.queue.engine import QueueEngine
from ivr.queue.model import (
    AttemptOutcome,
    Contact,
    ContactId,
    ContactKind,
    NodeId,
    OperatorId,
    Priority,
)
from ivr.queue.rules import Overflow, QueueRules
from ivr.queue.steps import STEPS
from ivr.queue.transitions import Trio
from ivr.testing.queue_values import NODE, a_contact, an_operator

SKILLS: Final = ("general", "billing", "tech", "sales")
RULES: Final = QueueRules(wrap_up_s=0.0, overflows={"tech": Overflow("general", 600.0)})
OPERATORS: Final = 100
SAMPLES: Final = 2000
"""Operations of each kind timed at each size."""

Value = TypeVar("Value")


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Cycles a second of one core."""

    contacts: int
    waiting: int
    """All the time, besides."""
    enqueue_assign: float
    """Enqueue + assign: a place for one contact, an operator for the first in the order."""
    whole_life: float
    """Those, and claim, every step, joining, end."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One operation at one size, microseconds."""

    operation: str
    waiting: int
    p50_us: float
    p99_us: float


class Stopwatch:
    """CPU seconds of operations."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def time(self, operation: Callable[..., Value], *arguments: object) -> Value:
        """Do it and note how long it took."""
        begun = thread_time()
        result = operation(*arguments)
        self.times.append(thread_time() - begun)
        return result

    @property
    def total_s(self) -> float:
        return sum(self.times)

    def cost(self, operation: str, waiting: int) -> Cost:
        """Median and the slowest hundredth."""
        return Cost(
            operation=operation,
            waiting=waiting,
            p50_us=median(self.times) * 1e6,
            p99_us=quantiles(self.times, n=100)[-1] * 1e6,
        )


def contacts(random: Random) -> Iterator[Contact]:
    """Callers of all skills and classes, one a millisecond; endless."""
    for number in count():
        callback = number % 3 == 0
        yield a_contact(
            f"contact-{number:08}",
            number / 1000.0,
            ContactKind.CALLBACK if callback else ContactKind.CALL,
            RULES,
            number=f"9{number:09}",
            skill=random.choice(SKILLS),
            priority=random.choices(tuple(Priority), (1, 8, 1))[0],
            node=NodeId("") if callback else NODE,
        )


def filled(waiting: int, source: Iterator[Contact]) -> QueueEngine:
    """So many wait, nobody is on duty."""
    engine = QueueEngine(RULES)
    for _ in range(waiting):
        contact = next(source)
        engine.enqueue(contact, contact.place_at)
    return engine


def staffed(engine: QueueEngine, now: float) -> None:
    """Operators log in and are busy at once when enough are waiting."""
    for number in range(OPERATORS):
        name = OperatorId(f"operator-{number:03}")
        skills = {SKILLS[number % 4]: 1, SKILLS[(number + 1) % 4]: 2}
        engine.staff.save(an_operator(name, skills=skills))
        engine.staff.log_in(name, now)


def rate(contacts_timed: int, waiting: int, seed: int) -> Rate:
    """A queue of constant length: one comes, one operator becomes free and takes the first."""
    source = contacts(Random(seed))
    engine = filled(waiting, source)
    now = waiting / 1000.0
    staffed(engine, now)
    held = list(engine.assign(NODE, OPERATORS, now))
    entering, ending = Stopwatch(), Stopwatch()
    for _ in range(contacts_timed):
        contact = next(source)
        now = contact.place_at
        trio = held.pop(0)
        ending.time(live, engine, trio, now)
        held.extend(entering.time(_enter, engine, contact, now))
    return Rate(
        contacts=contacts_timed,
        waiting=engine.waiting_count(),
        enqueue_assign=contacts_timed / entering.total_s,
        whole_life=contacts_timed / (entering.total_s + ending.total_s),
    )


def _enter(engine: QueueEngine, contact: Contact, now: float) -> tuple[Trio, ...]:
    engine.enqueue(contact, now)
    return engine.assign(NODE, OPERATORS, now)


def live(engine: QueueEngine, trio: Trio, now: float) -> None:
    """An attempt that succeeds, from its claim to the end of the conversation."""
    claimed = engine.claim(trio.attempt, now)
    assert claimed is not None
    attempt = claimed.attempt
    for step in STEPS[attempt.mode]:
        moved = engine.advance(attempt, step)
        assert moved is not None
        attempt = moved
    engine.join(attempt, now)
    engine.end(attempt, AttemptOutcome.CONNECTED, now)


def costs(sizes: tuple[int, ...], seed: int, told: Callable[[str], None]) -> list[Cost]:
    """Enqueue, place, leave and assign with so many waiting."""
    found: list[Cost] = []
    for waiting in sizes:
        random = Random(seed)
        source = contacts(random)
        engine = filled(waiting, source)
        told(f"{waiting} contacts wait")
        found += _costs(engine, waiting, source, random)
    return found


def _costs(
    engine: QueueEngine, waiting: int, source: Iterator[Contact], random: Random
) -> list[Cost]:
    enqueue, place, leave, assign = (Stopwatch() for _ in range(4))
    entered = []
    for _ in range(SAMPLES):
        contact = next(source)
        enqueue.time(engine.enqueue, contact, contact.place_at)
        entered.append(contact.contact_id)
    now = contact.place_at
    for _ in range(SAMPLES):
        anybody = ContactId(f"contact-{random.randrange(waiting):08}")
        place.time(engine.place, anybody, now)
    for contact_id in entered:
        leave.time(engine.cancel, contact_id, now)
    staffed(engine, now)
    held = list(engine.assign(NODE, OPERATORS, now))
    for _ in range(min(SAMPLES, waiting - OPERATORS)):
        live(engine, held.pop(0), now)
        held += assign.time(engine.assign, NODE, OPERATORS, now)
    watches = {"enqueue": enqueue, "assign": assign, "place": place, "cancel": leave}
    return [watch.cost(name, waiting) for name, watch in watches.items()]
