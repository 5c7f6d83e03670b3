"""The client against servers that answer in every wrong way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from ivr.errors import NluError
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.rasa_server import free_port
from ivr.nlu.schema import ScoredIntent

pytestmark = pytest.mark.integration

Answer = Callable[[asyncio.StreamWriter], Coroutine[None, None, None]]

GOOD = (
    b'{"text": "x", "extra": [1], "intent_ranking": ['
    b'{"name": "balance", "confidence": 0.2}, {"name": "operator", "confidence": 0.7}]}'
)


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 100.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)


@dataclass
class Requests:
    """Raw requests a fake server got."""

    url: str
    raw: list[bytes] = field(default_factory=list)


def replying(body: bytes, status: str = "200 OK") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def hanging_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def not_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 smtp ready\r\n")
    writer.close()


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[Requests]:
    """A server on loopback that answers every request alike."""
    port = free_port()
    requests = Requests(f"http://127.0.0.1:{port}")
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                requests.raw.append(head + await reader.readexactly(length))
                await answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield requests
    finally:
        listening.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await listening.wait_closed()


@asynccontextmanager
async def client(
    url: str, *, token: str = "", timeout_s: float = 2.0, clock: HandClock | None = None
) -> AsyncIterator[RasaNlu]:
    nlu = RasaNlu(url, token, timeout_s, today=lambda: date(2026, 11, 22), clock=clock)
    try:
        yield nlu
    finally:
        await nlu.aclose()


async def test_the_ranking_is_sorted_and_the_connection_is_kept() -> None:
    async with server(replying(GOOD)) as requests, client(requests.url, token="secret") as nlu:
        result = await nlu.parse("/оператор вчера")
        await nlu.parse("ещё раз")
    assert result.ranking == (ScoredIntent("operator", 0.7), ScoredIntent("balance", 0.2))
    assert [entity.value for entity in result.entities] == ["2026-11-21"]
    assert requests.raw[0].startswith(b"POST /model/parse?token=secret HTTP/1.1")
    assert '"оператор вчера"'.encode() in requests.raw[0]


async def test_a_text_without_words_is_not_sent_at_all() -> None:
    async with server(replying(GOOD)) as requests, client(requests.url) as nlu:
        result = await nlu.parse(" /!? ")
    assert result.ranking == (ScoredIntent("out_of_scope", 0.0),)
    assert requests.raw == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{}", "200 OK", "shape"),
        (b"[]", "200 OK", "shape"),
        (b"", "200 OK", "shape"),
        (b"\xff\xfe", "200 OK", "shape"),
        (b'{"intent_ranking": []}', "200 OK", "shape"),
        (b'{"intent_ranking": [{"name": "a"}]}', "200 OK", "shape"),
        (b'{"intent_ranking": [{"name": "", "confidence": 0.5}]}', "200 OK", "shape"),
        (b'{"intent_ranking": [{"name": "a", "confidence": 1.5}]}', "200 OK", "shape"),
        (b'{"intent_ranking": [{"name": "a", "confidence": "1"}]}', "200 OK", "shape"),
        (b"no", "500 Internal Server Error", "status"),
        (GOOD, "401 Unauthorized", "status"),
        (b"", "302 Found", "status"),
    ],
)
async def test_any_wrong_answer_is_a_fault(body: bytes, status: str, code: str) -> None:
    async with server(replying(body, status)) as requests, client(requests.url) as nlu:
        with pytest.raises(NluError) as caught:
            await nlu.parse("баланс")
    assert caught.value.code == code


@pytest.mark.parametrize("answer", [hanging_up, not_http])
async def test_a_broken_connection_is_a_fault(answer: Answer) -> None:
    async with server(answer) as requests, client(requests.url) as nlu:
        with pytest.raises(NluError) as caught:
            await nlu.parse("баланс")
    assert caught.value.code == "unreachable"


async def test_a_slow_server_costs_no_more_than_the_limit() -> None:
    async with server(silence) as requests, client(requests.url, timeout_s=0.2) as nlu:
        began = time.monotonic()
        with pytest.raises(NluError, match=r"longer than 0\.2 s"):
            await nlu.parse("баланс")
        assert time.monotonic() - began < 5.0


async def test_after_three_failures_nothing_is_sent_for_two_seconds() -> None:
    clock = HandClock()
    async with (
        server(replying(b"", "500 Oops")) as requests,
        client(requests.url, clock=clock) as nlu,
    ):
        codes = []
        for _ in range(5):
            with pytest.raises(NluError) as caught:
                await nlu.parse("баланс")
            codes.append(caught.value.code)
        assert codes == ["status"] * 3 + ["circuit_open"] * 2
        clock.time += 2.0
        with pytest.raises(NluError, match="500"):
            await nlu.parse("баланс")
    assert len(requests.raw) == 4


async def test_nobody_listening_is_a_fault() -> None:
    async with client(f"http://127.0.0.1:{free_port()}") as nlu:
        with pytest.raises(NluError) as caught:
            await nlu.parse("баланс")
    assert caught.value.code == "unreachable"
