"""Who may be dialled is asked again before every dial: operators' phones, customers' numbers."""

import logging
import time
from datetime import UTC, datetime
from datetime import time as clock_time

import pytest

from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.guarded import guarded
from ivr.handoff.promising import Promising
from ivr.queue.destinations import DestinationRules, Spent
from ivr.queue.hours import WHOLE_DAY, Calendar, CallingHours, Slots
from ivr.queue.model import AttemptOutcome, AttemptStep, Contact, Operator, OperatorId
from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore
from tests.unit.handoff.conftest import NODE, waits

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]

NUMBER = "9030000001"
CALLER = "9160000001"


@pytest.fixture
async def retrying(tmp_path):
    """Customers who are busy are tried again at once."""
    rules = QueueRules(wrap_up_s=0.0, retry_delays={AttemptOutcome.CUSTOMER_BUSY: 0.0})
    store = await SqlQueueStore.open(f"sqlite:///{tmp_path}/retrying.db", rules)
    await store.renew(NODE)
    yield store
    await store.aclose()


async def an_operator(queue: SqlQueueStore, target: str) -> None:
    operator = Operator(operator_id=OperatorId("anna"), target=target)
    await queue.save_operator(operator)
    await queue.log_in(operator.operator_id)


async def begun(queue: SqlQueueStore) -> LiveAttempt:
    (trio,) = await queue.assign(NODE, 1)
    live = LiveAttempt(queue, trio, may_act=lambda: True)
    await live.claim()
    return live


async def dialled_in_vain(queue: SqlQueueStore) -> None:
    live = await begun(queue)
    await live.advance(AttemptStep.OPERATOR_DIALLED)
    await live.advance(AttemptStep.OPERATOR_UP)
    await live.advance(AttemptStep.CUSTOMER_DIALLED)
    await queue.end(live.trio.attempt, AttemptOutcome.CUSTOMER_BUSY)


async def promised(queue: SqlQueueStore, name: str = "c1", number: str = NUMBER) -> Contact:
    return await waits(
        queue, name, number=number, caller=CALLER, promised=True, first_promised_at=time.time()
    )


def promising(queue: SqlQueueStore, **caps: int) -> Promising:
    business = Calendar(zone=UTC, week=dict.fromkeys(range(7), WHOLE_DAY))
    hours = CallingHours(business=business, regions={}, begin=clock_time(0), end=clock_time(0))
    return Promising(
        store=queue, guard=DestinationRules(**caps), hours=hours, slots=Slots(length_s=3600.0)
    )


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("sip:anna@phones", AttemptOutcome.CONNECTED),
        ("sip:+8821612345678@trunk", AttemptOutcome.OPERATOR_FAILED),
        ("sip:anna@trunk.example", AttemptOutcome.OPERATOR_FAILED),
    ],
)
async def test_a_phone_that_may_not_be_called_is_not_dialled(retrying, caplog, target, outcome):
    ran = []

    async def carry_out(live: LiveAttempt) -> AttemptOutcome:
        ran.append(live)
        return AttemptOutcome.CONNECTED

    await an_operator(retrying, target)
    await waits(retrying)
    live = await begun(retrying)
    with caplog.at_level(logging.ERROR):
        ended = await guarded(carry_out, DestinationRules(own_network=True))(live)
    assert ended is outcome
    allowed = outcome is AttemptOutcome.CONNECTED
    assert bool(ran) is allowed
    assert ("anna not dialled" in caplog.text) is not allowed


async def test_dials_count_with_their_retries_and_promises_until_dialled(retrying):
    since = time.time() - 60.0
    await an_operator(retrying, "sip:anna@phones")
    await promised(retrying)
    assert await retrying.spent(NUMBER, CALLER, since) == Spent(number=1, caller=1, all=1)
    assert await retrying.dialled(NUMBER, CALLER, since) == Spent()
    for dials in (1, 2):
        await dialled_in_vain(retrying)
        used = Spent(number=dials, caller=dials, all=dials)
        assert await retrying.dialled(NUMBER, CALLER, since) == used
        assert await retrying.spent(NUMBER, CALLER, since) == used
    await promised(retrying, "c2", "9030000002")
    assert await retrying.spent(NUMBER, CALLER, since) == Spent(number=2, caller=3, all=3)
    assert await retrying.spent(NUMBER, "", since) == Spent(number=2, caller=0, all=3)
    assert await retrying.dialled("9030000002", "", time.time() + 60.0) == Spent()


@pytest.mark.parametrize("cap", ["per_number", "per_caller", "per_day"])
async def test_a_customer_is_dialled_so_often_a_day_and_not_again(retrying, cap):
    await an_operator(retrying, "sip:anna@phones")
    contact = await promised(retrying)
    rules, now = promising(retrying, **{cap: 2}), datetime.now(UTC)
    for _ in range(2):
        assert await rules.may_dial(contact, now)
        await dialled_in_vain(retrying)
    assert not await rules.may_dial(contact, now)
