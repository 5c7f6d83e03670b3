"""A service whose call core stands still (SIGSTOP) and goes on later, alone and beside another."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.handoff.transfer import SHORTEST_TALK_S
from ivr.queue.model import ContactState, NodeId, OperatorState
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.queue.support import (
    Queue,
    past_whisper,
    picked_up,
    queue_of,
    service_with_queue,
    wait_in_line,
)
from tests.acceptance.support import Records

CALLER, CUSTOMER = "9030000001", "9030000003"
LEASE_S, GRACE_S = 4.0, 3.0
LEASES = {
    "IVR_QUEUE__LEASE_S": LEASE_S,
    "IVR_QUEUE__LEASE_GRACE_S": GRACE_S,
    "IVR_QUEUE__RING_S": 60,
    "IVR_CALLBACK__RING_S": 15,
    "IVR_CALLBACK__FAILED_RETRY_S": 1,
    "IVR_MEDIA__WORKERS": 1,
    "IVR_NLU__URL": "http://127.0.0.1:9",  # keys will do
}


@pytest_asyncio.fixture(loop_scope="session")
async def queue(tmp_path: Path, anna: Softphone) -> AsyncIterator[Queue]:
    """With one operator on duty before any service starts."""
    async with queue_of(tmp_path) as opened:
        await opened.on_duty("anna", anna)
        yield opened


@contextmanager
def standing_still(service: ServiceProcess) -> Iterator[float]:
    """The core alone is stopped, its media workers and Kamailio are not; since when."""
    service.process.suspend()
    try:
        yield time.monotonic()
    finally:
        service.process.resume()


async def stops_ringing(ringing: PhoneCall, since: float) -> None:
    """Before another node may call the same people."""
    assert (await ringing.ended(LEASE_S + GRACE_S)).status == 487
    assert time.monotonic() - since < LEASE_S + GRACE_S


async def both_at_work(queue: Queue) -> None:
    """Until both nodes have renewed their leases from now on."""
    since = (await queue.store.snapshot()).at
    async with asyncio.timeout(20.0):
        while True:
            nodes = (await queue.store.snapshot()).nodes
            if len(nodes) == 2 and min(nodes.values()) > since + LEASE_S:
                return
            await asyncio.sleep(0.1)


def workers_of(service: ServiceProcess) -> set[int]:
    """Process ids of its media workers."""
    children = service.process.children(recursive=True)
    return {one.pid for one in children if "ivr.media.worker" in " ".join(one.cmdline())}


async def test_an_operators_phone_stops_ringing_and_rings_again_when_the_core_goes_on(
    tmp_path, queue, phone, anna, customer
):
    async with (
        service_with_queue(tmp_path, customer, **LEASES) as service,
        await phone.call(service.sip, caller=CALLER) as call,
    ):
        workers = workers_of(service)
        await wait_in_line(call)
        async with await anna.next_incoming() as ringing:
            await ringing.leg.ring()
            await queue.waits(CALLER, state=ContactState.OFFERED)
            with standing_still(service) as since:
                await stops_ringing(ringing, since)
        assert call.cause is None
        async with await picked_up(anna) as operator:
            await past_whisper(operator)
            contact = await queue.waits(CALLER, state=ContactState.CONNECTED)
            with standing_still(service):
                await operator.passed(LEASE_S + GRACE_S)  # they talk all the time
                assert (operator.cause, call.cause) == (None, None)
            await operator.hang_up()
            await call.ended()
        assert await queue.is_over(contact) is ContactState.DONE
        await queue.has_state("anna", OperatorState.AVAILABLE)
        assert workers_of(service) == workers  # none was taken for stuck
        assert (await Records(service).get("/readyz"))["ready"]


@pytest_asyncio.fixture(loop_scope="session")
async def nodes(
    tmp_path: Path, queue: Queue, customer: Softphone
) -> AsyncIterator[dict[NodeId, ServiceProcess]]:
    """Two services that share the queue."""
    shared = {**LEASES, "IVR_QUEUE__DATABASE": f"sqlite:///{tmp_path}/queue.db"}

    def node(name: str, rtp_port: int) -> ServiceProcess:
        own = {"IVR_QUEUE__NODE": name, "IVR_MEDIA__RTP_PORT": rtp_port}
        return service_with_queue(tmp_path / name, customer, **shared, **own)

    async with node("one", 24000) as one, node("other", 26000) as other:
        yield {NodeId("one"): one, NodeId("other"): other}


async def test_a_customer_is_never_rung_by_two_nodes_and_the_first_one_serves_again(
    nodes, queue, anna, customer
):
    promise = await queue.promise(CUSTOMER)
    async with await picked_up(anna) as operator:
        await past_whisper(operator)
        async with await customer.next_incoming() as ringing:
            await ringing.leg.ring()
            (attempt,) = (await queue.store.snapshot()).attempts
            with standing_still(nodes[attempt.node]) as since:
                await asyncio.gather(
                    stops_ringing(ringing, since), operator.ended(LEASE_S + GRACE_S)
                )
                again = await picked_up(anna, 45.0)
    async with again:
        await past_whisper(again)
        async with await customer.next_incoming() as called:
            await called.leg.ring()
            await both_at_work(queue)
            with pytest.raises(TimeoutError):
                await customer.next_incoming(1.0)
            assert called.cause is None
            (taken_over,) = (await queue.store.snapshot()).attempts
            assert taken_over.node != attempt.node
            await called.leg.answer()
            await called.answered()
            await called.prompt_heard()
            await called.press("1")
            await queue.waits(CUSTOMER, state=ContactState.CONNECTED)
            await again.passed(SHORTEST_TALK_S + 0.5)
            await again.hang_up()
            await called.ended()
    assert await queue.is_over(promise) is ContactState.DONE
    await queue.has_state("anna", OperatorState.AVAILABLE)
    await nodes[taken_over.node].stop()
    later = await queue.promise("9030000005")
    async with await anna.next_incoming() as operator:
        await operator.leg.ring()
        served = await queue.store.contact(later.contact_id)
        assert served is not None
        assert served.state is ContactState.OFFERED
        (attempt_again,) = (await queue.store.snapshot()).attempts
        assert attempt_again.node == attempt.node
