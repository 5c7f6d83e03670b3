"""Whole services killed, or cut off from the queue, while phones ring and people talk.

One service keeps its queue in SQLite and is started again; two share one in PostgreSQL, and the
other one takes over. Phones are real: what they got is what is judged.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from ivr.handoff.transfer import SHORTEST_TALK_S
from ivr.queue.events import What
from ivr.queue.model import Contact, ContactState, OperatorState
from ivr.queue.rules import QueueRules
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.postgresql import PostgresServer
from ivr.testing.raw_phone import Message
from ivr.testing.service import ServiceProcess
from ivr.testing.tcp_proxy import TcpProxy
from tests.acceptance.queue.handset import Handset
from tests.acceptance.queue.support import (
    Queue,
    past_whisper,
    picked_up,
    service_with_queue,
    wait_in_line,
)
from tests.acceptance.support import Records

CALLER, CUSTOMER = "9030000001", "9030000003"
LEASE_S, GRACE_S = 3, 2
TALK_S = SHORTEST_TALK_S + 0.3
LET_GO_S = 2.0
"""A killed service's phones are let go within this time."""
SETTINGS = {
    "IVR_QUEUE__LEASE_S": LEASE_S,
    "IVR_QUEUE__LEASE_GRACE_S": GRACE_S,
    "IVR_QUEUE__RING_S": 15,
    "IVR_CALLBACK__RING_S": 5,
    "IVR_CALLBACK__FAILED_RETRY_S": 1,
    "IVR_CALLBACK__PER_NUMBER": 100,
    "IVR_MEDIA__WORKERS": 2,
    "IVR_MEDIA__RTP_TIMEOUT_S": 60,  # the customer's phone sends no audio
    "IVR_NLU__URL": "http://127.0.0.1:9",  # keys do here, and a start without Rasa is quick
}


class House:
    """The services that share a queue."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.services: dict[str, ServiceProcess] = {}
        self.networks: dict[str, TcpProxy] = {}
        self._killed: set[str] = set()

    async def carrier(self) -> str:
        """The node that carries out the living attempt."""
        (attempt,) = (await self.queue.store.snapshot()).attempts
        return str(attempt.node)

    async def kill(self, node: str) -> float:
        """SIGKILL for the service; when."""
        self._killed.add(node)
        killed_at = time.monotonic()
        await self.services[node].stop(signal.SIGKILL)
        return killed_at

    async def kill_machine(self, node: str) -> float:
        """SIGKILL for the service and all that it had started, with no time for a last word."""
        process = self.services[node].process
        gone = [process, *process.children(recursive=True)]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for one in gone:
                one.send_signal(number)
        return await self.kill(node)

    async def another_than(self, node: str) -> ServiceProcess:
        """The service that goes on; this one started again where there is no other."""
        others = [service for name, service in self.services.items() if name not in self._killed]
        if not others:
            await self.complete()
        return next(iter(others), self.services[node])

    async def complete(self) -> None:
        """Until everything runs again."""
        killed, self._killed = self._killed, set()
        await asyncio.gather(*(self.services[node].start() for node in killed))

    async def outcomes(self, contact: Contact) -> list[str]:
        """How each attempt to reach a contact ended."""
        return [
            str(event.values["outcome"])
            for event in await self.queue.store.events()
            if event.what is What.ATTEMPT_ENDED and event.contact_id == contact.contact_id
        ]

    async def is_joined(self, contact: Contact) -> bool:
        now = await self.queue.store.contact(contact.contact_id)
        return now is not None and now.state is ContactState.CONNECTED


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def handset() -> AsyncIterator[Handset]:
    """The phone that is called back."""
    phone = await Handset.open()
    assert isinstance(phone, Handset)
    yield phone
    phone.close()


@pytest_asyncio.fixture(
    scope="module", loop_scope="session", params=["sqlite", "postgresql"], name="houses"
)
async def opened_house(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    anna: Softphone,
    handset: Handset,
) -> AsyncIterator[House]:
    """One service with SQLite, or two with PostgreSQL; the operator is known from the beginning."""
    folder = tmp_path_factory.mktemp(request.param)
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            urls = {"a": f"sqlite:///{folder}/queue.db"}
            url, networks = urls["a"], {}
        else:
            server = stack.enter_context(PostgresServer(durable=False))
            url = server.new_database()
            networks = {
                node: await stack.enter_async_context(TcpProxy(server.port)) for node in ("a", "b")
            }
            database = url.rsplit("/", 1)[1]
            urls = {node: server.url(database, proxy.port) for node, proxy in networks.items()}
        store = await SqlQueueStore.open(url)
        stack.push_async_callback(store.aclose)
        house = House(Queue(store))
        house.networks = networks
        await house.queue.on_duty("anna", anna)
        await house.queue.off_duty("anna")
        for node, own_url in urls.items():
            settings = {"IVR_QUEUE__DATABASE": own_url, "IVR_QUEUE__NODE": node, **SETTINGS}
            house.services[node] = service_with_queue(folder / node, handset, **settings)
        await asyncio.gather(
            *(stack.enter_async_context(service) for service in house.services.values())
        )
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(houses: House) -> AsyncIterator[House]:
    """Everything runs and nobody is on duty; nothing is owed afterwards."""
    await houses.complete()
    yield houses
    await houses.queue.is_left_by("anna")


class CallBack:
    """One attempt to keep a promise, as the two phones see it."""

    def __init__(self, house: House, promise: Contact, anna: Softphone, handset: Handset) -> None:
        self.promise = promise
        self._house = house
        self._anna = anna
        self._handset = handset
        self._dials_before = len(handset.invites)
        self._stack = AsyncExitStack()
        self.operator: PhoneCall | None = None
        self.invite: Message | None = None

    async def __aenter__(self) -> "CallBack":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def comes_to(self, point: str) -> None:
        """Step by step until there."""
        for step in POINTS[: POINTS.index(point) + 1]:
            await getattr(self, step)()

    async def operator_rings(self) -> None:
        self.operator = await self._stack.enter_async_context(await self._anna.next_incoming(30.0))
        await self.operator.leg.ring()

    async def whisper_plays(self) -> None:
        await self.operator.leg.answer()
        await self.operator.answered()
        await self.operator.until(
            lambda: self.operator.listening.heard_anything, 10.0, "the whisper"
        )

    async def customer_rings(self) -> None:
        await self.operator.press("5")
        self.invite = await self._handset.rings()

    async def both_talk(self) -> None:
        await self._handset.picks_up(self.invite)
        async with asyncio.timeout(20.0):
            while not await self._house.is_joined(self.promise):
                self._handset.press(self.invite, "1")
                await asyncio.sleep(0.3)

    async def is_let_go(self, since: float, within_s: float) -> None:
        """Both phones, as far as they were reached."""
        assert self.operator is not None
        await self.operator.ended(within_s)
        if self.invite is not None:
            assert await self._handset.let_go(self.invite, since, within_s) < within_s

    async def ends_well(self) -> None:
        """They talk, the operator says goodbye, and the customer's line is free."""
        await asyncio.sleep(TALK_S)
        await self.operator.hang_up()
        await self._handset.let_go(self.invite, time.monotonic())

    async def is_kept_by_another(self) -> None:
        """By one more attempt, and that is all."""
        async with CallBack(self._house, self.promise, self._anna, self._handset) as again:
            await again.comes_to("both_talk")
            await again.ends_well()
        assert await self._house.queue.is_over(self.promise) is ContactState.DONE
        assert await self._house.outcomes(self.promise) == ["lost", "connected"]
        await self.is_the_end(dials=1 + (self.invite is not None))

    async def is_the_end(self, *, dials: int) -> None:
        """Nobody is called any more, and the customer was called so often, once at a time."""
        await self._house.queue.has_state("anna", OperatorState.AVAILABLE)
        assert await self._handset.is_left_alone(1.5)
        assert len(self._handset.invites) - self._dials_before == dials
        assert self._handset.most_at_once() <= 1


POINTS = ("operator_rings", "whisper_plays", "customer_rings", "both_talk")
REACHED = POINTS[:-1]


@pytest_asyncio.fixture(loop_scope="session")
async def first(house: House, anna: Softphone, handset: Handset) -> AsyncIterator[CallBack]:
    """A call is promised, and the operator is there to make it."""
    promise = await house.queue.promise(CUSTOMER)
    await house.queue.on_duty("anna", anna)
    async with CallBack(house, promise, anna, handset) as attempt:
        yield attempt


@pytest.mark.parametrize("point", REACHED)
async def test_a_service_killed_while_it_calls_back_lets_phones_go_and_one_more_attempt_is_made(
    house: House, first: CallBack, point: str
):
    await first.comes_to(point)
    node = await house.carrier()
    await first.is_let_go(await house.kill(node), LET_GO_S)
    await house.another_than(node)
    await first.is_kept_by_another()


async def test_two_who_talked_when_the_service_was_killed_are_not_called_again(
    house: House, first: CallBack
):
    await first.comes_to("both_talk")
    await asyncio.sleep(QueueRules(lease_s=LEASE_S, lease_grace_s=GRACE_S).cut_short_s)
    node = await house.carrier()
    await first.is_let_go(await house.kill(node), LET_GO_S)
    await house.another_than(node)
    assert await house.queue.is_over(first.promise, 15.0) is ContactState.DONE
    assert await house.outcomes(first.promise) == ["connected"]
    await first.is_the_end(dials=1)


@pytest.mark.parametrize(
    ("houses", "point"),
    [("sqlite", "whisper"), ("postgresql", "rings"), ("postgresql", "talk")],
    indirect=["houses"],
    scope="module",
)
async def test_a_caller_whose_service_was_killed_comes_back_to_the_old_place(
    house: House, phone: Softphone, anna: Softphone, point: str
):
    await house.queue.on_duty("anna", anna)
    node = next(iter(house.services))
    async with await phone.call(house.services[node].sip, caller=CALLER) as call:
        await wait_in_line(call)
        async with await anna.next_incoming() as operator:
            await operator.leg.ring()
            waiting = await house.queue.waits(CALLER, state=ContactState.OFFERED)
            if point != "rings":
                await operator.leg.answer()
                await operator.answered()
                await operator.until(lambda: operator.listening.heard_anything, 10.0, "the whisper")
            if point == "talk":
                await operator.press("5")
                await house.queue.waits(CALLER, 30.0, state=ContactState.CONNECTED)
            await house.kill(node)
            await operator.ended(LET_GO_S)
            await call.ended(LET_GO_S)
    other = await house.another_than(node)
    lost = await house.queue.waits(CALLER, 15.0, end_reason="lost")
    assert (lost.contact_id, lost.place_at) == (waiting.contact_id, waiting.place_at)
    await house.queue.has_state("anna", OperatorState.AVAILABLE)
    with pytest.raises(TimeoutError):
        await anna.next_incoming(1.0)
    async with await phone.call(other.sip, caller=CALLER) as call:
        await call.answered()
        await call.prompt_heard()  # «Ваше место в очереди сохранено. Вернуться в очередь?»
        await call.press("1")
        back = await is_served(house, call, anna)
    assert (back.contact_id, back.place_at) == (waiting.contact_id, waiting.place_at)
    assert await house.queue.is_over(waiting) is ContactState.DONE


async def is_served(house: House, call: PhoneCall, anna: Softphone) -> Contact:
    """The caller on the line gets the operator, who talks and hangs up."""
    async with await picked_up(anna) as operator:
        await past_whisper(operator)
        contact = await house.queue.waits(CALLER, 30.0, state=ContactState.CONNECTED)
        await operator.hang_up()
        await call.ended()
    return contact


@pytest.mark.parametrize("houses", ["postgresql"], indirect=True, scope="module")
@pytest.mark.parametrize("point", ["whisper_plays", "customer_rings"])
async def test_a_node_cut_off_from_the_database_hangs_up_before_the_other_one_calls(
    house: House, first: CallBack, anna: Softphone, phone: Softphone, point: str
):
    await first.comes_to(point)
    node = await house.carrier()
    house.networks[node].cut()
    await first.is_let_go(time.monotonic(), LEASE_S + LET_GO_S)
    assert (await house.carrier()) == node, "nobody else has begun yet"
    await first.is_kept_by_another()
    house.networks[node].mend()
    await serves(house, house.services[node], phone, anna)


async def serves(house: House, service: ServiceProcess, phone: Softphone, anna: Softphone) -> None:
    """It takes part in the queue again: a caller of its own is brought to an operator."""
    async with asyncio.timeout(20.0):
        while not (await Records(service).get("/readyz"))["parts"]["queue"]["ok"]:
            await asyncio.sleep(0.2)
    async with await phone.call(service.sip, caller=CALLER) as call:
        await wait_in_line(call)
        await is_served(house, call, anna)


@pytest.mark.parametrize("houses", ["postgresql"], indirect=True, scope="module")
async def test_a_customer_is_not_called_while_the_call_of_a_dead_machine_still_rings(
    house: House, first: CallBack
):
    """Last of all: nobody is left to end those calls, so the phones have to."""
    await first.comes_to("customer_rings")
    await house.kill_machine(await house.carrier())
    await first.operator.hang_up()
    await first.is_kept_by_another()
