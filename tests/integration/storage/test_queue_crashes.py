"""A node is killed between the writes of every life in the queue: nothing is lost, nothing doubled.

The node is a process with the real dispatcher, deliveries, callbacks, places in the line and store;
it kills itself with SIGKILL at the named point. Then it is started again, as a supervisor would,
people whose line was cut call again, and everybody has to be served as if nothing had happened.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.analytics.queue_figures import QueueFigures, figures
from ivr.analytics.queue_reading import read_stories
from ivr.queue.events import What
from ivr.queue.model import ContactState
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_breaks import Break, Moment, diary
from ivr.testing.queue_far_ends import CALLERS
from ivr.testing.queue_node import customer_uri, node_process
from ivr.testing.queue_values import an_operator
from tests.integration.storage.queue_crash_support import (
    agrees,
    all_over,
    check,
    contacts,
    killed,
    until,
)
from tests.integration.storage.queue_lives import (
    DATABASES,
    DELIVERY,
    LIVES,
    NUMBERS,
    OPERATOR,
    OPERATOR_FIRST,
    Life,
    Point,
)

pytestmark = pytest.mark.integration

POINTS = [
    pytest.param(database, life, point, id=f"{database}-{life}-{point}")
    for database in DATABASES
    for life in LIVES
    for point in life.chosen(database)
]
IN_RECOVERY = [
    (OPERATOR_FIRST, Point(Break(Moment.AFTER, "customer_dialled"))),
    (DELIVERY, Point(Break(Moment.AFTER, "operator_up"))),
]


class World:
    """A queue, one operator, and a node that lives several times."""

    def __init__(self, queue: SqlQueueStore, url: str, log: Path) -> None:
        self.queue = queue
        self.url = url
        self.log = log

    async def dies(self, life: Life, point: Point) -> None:
        """The node lives until there."""
        await killed(life.orders(self.url, self.log, point))
        await agrees(self.queue)

    async def lives(self, life: Life, writes: int = 0) -> None:
        """The node lives until nobody is owed anything and nobody calls any more, and has noted so
        many writes: the note of the last one follows its commit."""
        with node_process(life.orders(self.url, self.log)) as process:

            async def over() -> bool:
                lines = diary(self.log)
                done = any(
                    (line["what"], line["pid"]) == ("nobody calls", process.pid) for line in lines
                )
                noted = self.writes().total() >= writes
                return done and noted and await all_over(self.queue, NUMBERS)

            await until(over, "somebody is still owed something, or a write was not noted")

    def writes(self) -> Counter[str]:
        """What the nodes have noted down as written."""
        return Counter(line["write"] for line in diary(self.log) if line["what"] == "writes")

    async def figures(self) -> QueueFigures:
        """What a report says of all this."""
        now = time.time()
        stories = await read_stories(self.queue, 0.0)
        (found,) = figures(stories, since=now - 3600, until=now + 1, now=now)
        return found

    def talked(self, number: str) -> int:
        """How often somebody talked to an operator to the end."""
        targets = (customer_uri(number), f"sip:{number}@{CALLERS}")
        return sum(
            line["what"] == "has talked" and line["target"] in targets for line in diary(self.log)
        )


@pytest.fixture
async def world(queue_url: str, tmp_path: Path) -> AsyncIterator[World]:
    queue = await SqlQueueStore.open(queue_url)
    await queue.save_operator(an_operator(OPERATOR))
    yield World(queue, queue_url, tmp_path / "diary.jsonl")
    await queue.aclose()


async def all_is_well(world: World, life: Life) -> None:
    """At the end of a life, whatever has happened in it."""
    ends = {NUMBERS[0]: life.ends, NUMBERS[1]: {ContactState.DONE}}
    await check(world.queue, world.log, ends, most_dials=2 + bool(life.manners.first))
    known = await contacts(world.queue)
    told = Counter((event.what, event.contact_id) for event in await world.queue.events())
    for contact in known:
        served = contact.state is ContactState.DONE
        # A node that dies as they talk cannot tell whether they did: promises are kept again.
        joins = told[What.CONNECTED, contact.contact_id]
        assert int(served) <= world.talked(contact.number) <= joins <= int(served) + 1
        assert told[What.SERVED, contact.contact_id] >= served
    found = await world.figures()
    states = Counter(contact.state for contact in known)
    line, owed = found.line, found.promises
    assert line.offered == (2 if life.calls else 0)
    assert (line.answered, line.moved) == ((0, line.offered) if life.owed else (line.offered, 0))
    assert owed.promised == (2 if life.owed else 0)
    assert owed.kept == (states[ContactState.DONE] if life.owed else 0)
    assert owed.cancelled == states[ContactState.CANCELLED]
    talks = sum(count for (what, _), count in told.items() if what is What.SERVED)
    assert found.handling.conversations == talks


@pytest.mark.parametrize(("queue_url", "life", "point"), POINTS, indirect=["queue_url"])
async def test_a_node_killed_there_loses_nobody_and_reaches_nobody_twice(
    world: World, life: Life, point: Point
) -> None:
    await world.dies(life, point)
    await world.lives(life)
    await all_is_well(world, life)


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize(("life", "point"), IN_RECOVERY, ids=str)
async def test_a_node_killed_again_while_it_recovers_loses_nothing_either(
    world: World, life: Life, point: Point, moment: Moment
) -> None:
    await world.dies(life, point)
    await world.dies(life, Point(Break(moment, "recover")))
    await world.lives(life)
    await all_is_well(world, life)


@pytest.mark.parametrize("life", LIVES, ids=str)
async def test_without_a_fault_a_life_has_these_writes_and_no_others(
    world: World, life: Life
) -> None:
    """Or the points above would not be all there are."""
    await world.lives(life, writes=len(life.writes))
    await all_is_well(world, life)
    assert not life.writes or world.writes() == Counter(life.writes)


async def test_people_are_called_back_in_the_order_of_their_promises(world: World) -> None:
    await world.lives(OPERATOR_FIRST)
    joined = [line["target"] for line in diary(world.log) if line["what"] == "joins"]
    assert joined == [customer_uri(number) for number in NUMBERS]
