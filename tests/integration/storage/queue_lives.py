"""The lives that a contact of the queue may have, each with the writes between which a node can die
in it, and how it has to end whatever happens.
"""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ivr.queue.model import (
    AttemptMode,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    OperatorId,
)
from ivr.queue.rules import RETRY_DELAYS, QueueRules
from ivr.testing.queue_breaks import Break, Moment
from ivr.testing.queue_far_ends import Manner, Manners
from ivr.testing.queue_node import NodeOrders, customer_uri
from ivr.testing.queue_values import a_contact

LEAST = 12
"""Points in which each life is broken off on each database, chosen the same way every time;
CRASH_POINTS=all takes all there are."""
NODE = NodeId("node-a")
OPERATOR = OperatorId("o1")
NUMBERS = ("9030000000", "9030000001")
NAMES = ("c0", "c1")
RULES = QueueRules(
    wrap_up_s=0.0,
    again_s=0.0,
    tries=100,
    retry_delays=dict.fromkeys(RETRY_DELAYS, 0.0),
)

OPERATOR_RUNG = ("operator_dialled", "operator_up")
CUSTOMER_CALLED = ("customer_dialled", "customer_up", "identified")
REACHING = ("assign", "claim", *OPERATOR_RUNG)
CALLED_BACK = (*REACHING, *CUSTOMER_CALLED, "join", "end")


@dataclass(frozen=True, slots=True)
class Point:
    """Where a node dies, and at which write a promise is taken back, if one is."""

    dies: Break
    taken_back_at: str = ""

    def __str__(self) -> str:
        return f"{self.dies}" + (f"-{self.taken_back_at}" if self.taken_back_at else "")


@dataclass(frozen=True, kw_only=True)
class Life:
    """Two people and one operator, and a node that may die on the way."""

    name: str
    writes: tuple[str, ...]
    """All of them when nothing happens, in the order of time as far as there is one."""
    like_another: int = 0
    """So many of the first are the same as in another life."""
    calls: bool = False
    """People call themselves, and call again when their line was cut."""
    owed: bool = True
    """They are promised a call."""
    taken_back: bool = False
    """The first one's promise is taken back by somebody else in the meantime."""
    ends: frozenset[ContactState] = frozenset({ContactState.DONE})
    """Of the first one; the other one is served."""
    mode: AttemptMode = AttemptMode.OPERATOR_FIRST
    manners: Manners = field(default_factory=Manners)
    ring_s: float = 5.0
    """Customers are rung so long."""

    def __str__(self) -> str:
        return self.name

    def orders(self, url: str, log: Path, point: Point | None = None) -> NodeOrders:
        """For one life of the node. Who lives again asks for the same again, as people do who heard
        no answer."""
        orders = NodeOrders(
            url=url,
            node=NODE,
            log=log,
            rules=replace(RULES, callback_mode=self.mode),
            breaks=point.dies if point else None,
            manners=self.manners,
            on_duty=(OPERATOR,),
            ring_s=self.ring_s,
        )
        if self.taken_back:
            orders = replace(
                orders, taken_back=(ContactId("c0"), point.taken_back_at if point else "")
            )
        if self.calls:
            return (
                replace(orders, leaving=NUMBERS) if self.owed else replace(orders, callers=NUMBERS)
            )
        since = time.time() - 60
        promises = tuple(
            a_contact(name, since + index, ContactKind.CALLBACK, number=number)
            for index, (name, number) in enumerate(zip(NAMES, NUMBERS, strict=True))
        )
        return replace(orders, promises=promises)

    @property
    def points(self) -> tuple[Point, ...]:
        """All in which a node may die."""
        if self.taken_back:
            return tuple(self._points_of_race())
        counts: dict[str, int] = {}
        found = []
        for number, what in enumerate(self.writes):
            counts[what] = counts.get(what, 0) + 1
            if number >= self.like_another:
                found += [Point(Break(moment, what, counts[what])) for moment in Moment]
        return tuple(found)

    def _points_of_race(self) -> Iterator[Point]:
        for at in CALLED_BACK:
            for what in (at, "cancel"):
                for moment in Moment:
                    yield Point(Break(moment, what), at)

    def chosen(self, database: str) -> list[Point]:
        """Those of a test run, of as many kinds of writes as there are."""
        every = self.points
        if os.environ.get("CRASH_POINTS") == "all":
            return list(every)
        draw = random.Random(f"{self.name} {database}")
        shuffled = draw.sample(every, len(every))
        kinds = {(point.dies.what, point.taken_back_at): point for point in shuffled}
        rest = [point for point in shuffled if point not in kinds.values()]
        return [*kinds.values(), *rest][:LEAST]


OPERATOR_FIRST = Life(
    name="operator-first", writes=("enqueue", "enqueue", *CALLED_BACK, *CALLED_BACK)
)
CUSTOMER_FIRST = Life(
    name="customer-first",
    mode=AttemptMode.CUSTOMER_FIRST,
    writes=(
        *("enqueue", "enqueue"),
        *("assign", "claim", *CUSTOMER_CALLED, *OPERATOR_RUNG, "join", "end") * 2,
    ),
)
AGAIN = Life(
    name="busy-and-silent",
    manners=Manners(
        first={customer_uri(NUMBERS[0]): Manner.BUSY, customer_uri(NUMBERS[1]): Manner.SILENT}
    ),
    writes=(
        *("enqueue", "enqueue"),
        *(*REACHING, "customer_dialled", "end", *CALLED_BACK) * 2,
    ),
    like_another=7,
    ring_s=0.3,
)
DELIVERY = Life(
    name="delivery",
    calls=True,
    owed=False,
    writes=("enqueue", "told", "enqueue", "told", *(*REACHING, "join", "end", "leave") * 2),
)
MOVED = Life(
    name="line-to-callback",
    calls=True,
    writes=(
        *("enqueue", "told", "enqueue", "told", "become_callback", "become_callback"),
        *CALLED_BACK * 2,
    ),
)
TAKEN_BACK = Life(
    name="taken-back",
    writes=(),
    taken_back=True,
    ends=frozenset({ContactState.CANCELLED, ContactState.DONE}),
)
UNWILLING = Life(
    name="unwilling",
    manners=Manners(unwilling=frozenset({customer_uri(NUMBERS[0])})),
    writes=(
        *("enqueue", "enqueue"),
        *(*REACHING, "customer_dialled", "customer_up", "end"),
        *CALLED_BACK,
    ),
    like_another=8,
    ends=frozenset({ContactState.CANCELLED}),
)
LIVES = (OPERATOR_FIRST, CUSTOMER_FIRST, AGAIN, DELIVERY, MOVED, TAKEN_BACK, UNWILLING)
DATABASES = ("sqlite", "postgresql")
