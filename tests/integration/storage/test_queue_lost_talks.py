"""Talks whose node is cut off, and operators to whom the way is broken: on both databases, and over
a network that is really cut."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.analytics.queue_stories import Fate
from ivr.analytics.queue_telling import tell
from ivr.queue.events import What
from ivr.queue.model import (
    Attempt,
    AttemptOutcome,
    AttemptStep,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    Operator,
    OperatorId,
    OperatorState,
)
from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.postgresql import PostgresServer
from ivr.testing.queue_breaks import diary
from ivr.testing.queue_far_ends import Manners
from ivr.testing.queue_life import NODE, QueueLife, queue_life
from ivr.testing.queue_node import NodeOrders, node_process
from ivr.testing.queue_values import a_contact, an_operator
from ivr.testing.tcp_proxy import TcpProxy
from tests.integration.storage.queue_crash_support import until

pytestmark = pytest.mark.integration

OTHER = NodeId("node-b")
RULES = QueueRules(wrap_up_s=0.0, retry_operator_s=5.0, retry_operator_most_s=20.0)
GONE_S = RULES.lease_s + RULES.lease_grace_s + 0.5


@pytest.fixture
async def life(queue_url: str) -> AsyncIterator[QueueLife]:
    async with queue_life(queue_url, 1000.0, RULES) as opened:
        await opened.operator("anna")
        yield opened


async def anna(life: QueueLife) -> Operator:
    operator = await life.store.operator(OperatorId("anna"))
    assert operator is not None
    return operator


async def talk(life: QueueLife) -> Attempt:
    """A caller and the operator hear each other."""
    await life.call("c1")
    (trio,) = await life.assign()
    return await life.join(trio)


async def taken_for_over(life: QueueLife) -> Attempt:
    """They talk on while another node takes theirs for dead."""
    attempt = await talk(life)
    life.now += GONE_S
    await life.store.renew(OTHER)
    (lost,) = await life.store.recover(OTHER)
    assert (lost.contact.state, lost.operator.state) == (
        ContactState.DONE,
        OperatorState.AVAILABLE,
    )
    return attempt


async def test_a_node_that_is_back_has_its_talk_back_and_figures_count_one_conversation(
    life: QueueLife,
) -> None:
    attempt = await taken_for_over(life)
    life.now += 30.0
    await life.store.renew(NODE)
    resumed = await life.store.resume(attempt)
    assert resumed is not None
    assert (resumed.step, resumed.joined_at) == (AttemptStep.JOINED, attempt.joined_at)
    assert (await anna(life)).state is OperatorState.ON_CALL
    contact = await life.store.contact(ContactId("c1"))
    assert contact is not None
    assert (contact.state, contact.ended_at) == (ContactState.CONNECTED, None)
    assert await life.store.resume(resumed) == resumed
    life.now += 60.0
    assert await life.store.end(resumed, AttemptOutcome.CONNECTED) is not None
    events = await life.store.events()
    told = [event.what for event in events if event.contact_id == "c1"]
    assert told.count(What.CONNECTED) == 1
    assert told[-4:-1] == [What.ATTEMPT_ENDED, What.RESUMED, What.SERVED]
    stories = tell(events, (await life.store.snapshot()).operators)
    (conversation,) = stories.conversations
    assert conversation.ended_at is not None
    assert conversation.ended_at - conversation.joined_at == pytest.approx(GONE_S + 90.0)
    (story,) = stories.contacts
    assert (story.fate, story.joined_at) == (Fate.ANSWERED, conversation.joined_at)
    (handled,) = await life.store.history()
    assert handled.talk_s == pytest.approx(GONE_S + 90.0)


async def test_while_a_talk_goes_on_again_no_figure_takes_it_for_over(life: QueueLife) -> None:
    attempt = await taken_for_over(life)
    await life.store.renew(NODE)
    await life.store.resume(attempt)
    stories = tell(await life.store.events(), (await life.store.snapshot()).operators)
    assert [one.ended_at for one in stories.conversations] == [None]
    assert [one.ended_at for one in stories.contacts] == [None]


async def test_a_busy_operator_of_a_lost_talk_is_taken_back_once_the_other_attempt_is_over(
    life: QueueLife,
) -> None:
    attempt = await taken_for_over(life)
    await life.call("c2", "9030000002")
    (other,) = await life.assign()
    assert await life.store.resume(attempt) is None  # they are being rung for somebody else
    await life.fail(other, AttemptOutcome.OPERATOR_REFUSED)
    busy = await anna(life)
    assert (busy.state, busy.retry_at) == (OperatorState.PAUSED, life.now + 5.0)
    assert await life.store.resume(attempt) is not None
    assert (await anna(life)).state is OperatorState.ON_CALL
    assert not await life.assign()
    life.now += 100.0
    assert (await anna(life)).state is OperatorState.ON_CALL


async def test_a_busy_operator_of_a_lost_talk_is_rung_again_of_no_ones_doing(
    life: QueueLife,
) -> None:
    """Their node may never come back."""
    await taken_for_over(life)
    await life.call("c2", "9030000002")
    for pause_s in (5.0, 10.0, 20.0, 20.0):
        (trio,) = await life.assign()
        await life.fail(trio, AttemptOutcome.OPERATOR_REFUSED)
        assert (await anna(life)).retry_at == pytest.approx(life.now + pause_s)
        life.now += pause_s - 0.5
        assert not await life.assign()
        life.now += 0.5
    (trio,) = await life.assign()
    await life.join(trio)
    assert (await anna(life)).misses == 0


async def test_a_talk_that_a_restart_cut_is_over_for_good(life: QueueLife) -> None:
    attempt = await talk(life)
    (lost,) = await life.store.recover(NODE, starting=True)
    assert lost.attempt.attempt_id == attempt.attempt_id
    assert await life.store.resume(attempt) is None


async def test_to_whom_the_way_is_broken_is_put_aside_for_a_while_and_the_contact_keeps_its_place(
    life: QueueLife,
) -> None:
    await life.call("c1")
    await life.call("c2", "9030000002")
    (trio,) = await life.assign()
    await life.fail(trio, AttemptOutcome.OPERATOR_UNREACHABLE)
    aside = await anna(life)
    assert (aside.state, aside.reason, aside.misses) == (
        OperatorState.PAUSED,
        "operator_unreachable",
        1,
    )
    assert not await life.assign()
    life.now += 5.0
    (again,) = await life.assign()
    assert again.contact.contact_id == "c1"


async def test_an_operator_who_is_removed_takes_the_lost_talk_along(life: QueueLife) -> None:
    attempt = await taken_for_over(life)
    assert await life.store.remove_operator(OperatorId("anna"))
    await life.store.renew(NODE)
    assert await life.store.resume(attempt) is None


async def test_two_who_talk_while_their_node_is_cut_off_are_connected_again_when_it_is_back(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    """Two node processes; the network between one of them and the database is cut."""
    rules = QueueRules(wrap_up_s=0.0, lease_s=1.2, lease_grace_s=0.6)
    url = postgres.new_database()
    queue = await SqlQueueStore.open(url, rules)
    try:
        operator = an_operator("anna")
        await queue.save_operator(operator)
        await queue.log_in(operator.operator_id)
        contact = a_contact("c1", 1.0, ContactKind.CALLBACK)
        await queue.enqueue(contact)

        async def is_now(contact_state: ContactState, operator_state: OperatorState) -> bool:
            found = await queue.contact(contact.contact_id)
            known = await queue.operator(operator.operator_id)
            assert found is not None
            assert known is not None
            return (found.state, known.state) == (contact_state, operator_state)

        async with TcpProxy(postgres.port) as network:
            lonely = NodeOrders(
                url=postgres.url(url.rsplit("/", 1)[1], network.port),
                node=NODE,
                log=tmp_path / "diary.jsonl",
                rules=rules,
                manners=Manners(talk_s=3600.0),
            )
            idle = replace(lonely, url=url, node=OTHER, room=0)
            with node_process(lonely):
                await until(
                    lambda: is_now(ContactState.CONNECTED, OperatorState.ON_CALL), "nobody talks"
                )
                await asyncio.sleep(rules.cut_short_s)  # so long that they have talked in any case
                network.cut()
                with node_process(idle):
                    await until(
                        lambda: is_now(ContactState.DONE, OperatorState.AVAILABLE),
                        "the talk was not taken for over",
                    )
                    network.mend()
                    await until(
                        lambda: is_now(ContactState.CONNECTED, OperatorState.ON_CALL),
                        "the talk was not resumed",
                    )
        joined = [line for line in diary(lonely.log) if line["what"] == "joins"]
        assert len(joined) == 1
        stories = tell(await queue.events(), (await queue.snapshot()).operators)
        assert [one.ended_at for one in stories.conversations] == [None]
    finally:
        await queue.aclose()
