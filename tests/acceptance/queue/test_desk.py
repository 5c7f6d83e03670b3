"""The operators' side beside a real service: HTTP, commands and figures tell what calls do."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.queue.support import Queue, past_whisper, picked_up, wait_in_line

CALLER, CUSTOMER = "9030000001", "9030000003"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(service: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.http, trust_env=False) as client:
        yield client


async def told(
    desk: httpx.AsyncClient, path: str, fits: Callable[[Any], bool], timeout_s: float = 10.0
) -> Any:
    """What the service tells, as soon as it fits."""
    for _ in range(round(timeout_s / 0.1)):
        answer = (await desk.get(path)).raise_for_status().json()
        if fits(answer):
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(answer)


async def ivr(folder: Path, *words: str) -> str:
    """What a command prints, of the same queue."""
    database = f"sqlite:///{folder}/queue.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ivr", *words, "--database", database),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "200"},
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_a_call_from_place_to_figures(
    service: ServiceProcess,
    queue: Queue,
    desk: httpx.AsyncClient,
    phone: Softphone,
    anna: Softphone,
) -> None:
    async with await phone.call(service.sip, caller=CALLER) as call:
        await wait_in_line(call)
        seen = await told(desk, "/queue", lambda queue: queue["waiting"])
        assert (seen["waiting"][0]["number"], seen["waiting"][0]["position"]) == (CALLER, 1)
        assert [node["alive"] for node in seen["nodes"]] == [True]
        assert (await desk.post("/operators/anna/login")).json()["state"] == "available"
        async with await picked_up(anna) as incoming:
            await past_whisper(incoming)
            seen = await told(
                desk, "/queue", lambda queue: queue["served"][0]["state"] == "connected"
            )
            assert seen["operators"][0]["contact_id"] == seen["served"][0]["contact_id"]
            wish = (await desk.post("/operators/anna/logout")).json()
            assert (wish["state"], wish["wish"]) == ("on_call", "offline")
            metrics = (await desk.get("/metrics")).text
            assert 'ivr_queue_length{kind="call",skill="general",state="connected"} 1.0' in metrics
            await incoming.hang_up()
            await call.ended()
    await told(desk, "/operators/anna", lambda operator: operator["state"] == "offline")
    figures = (await desk.get("/queue/figures")).json()["total"]
    assert (figures["line"]["offered"], figures["line"]["answered"]) == (1, 1)
    assert 0.5 < figures["line"]["asa_s"] < 90.0
    assert figures["handling"]["conversations"] == 1
    values = json.loads(await ivr(service.folder, "report", "-f", "json"))
    assert values["total"]["line"]["asa_s"] == round(figures["line"]["asa_s"], 1)


async def test_a_promise_cancelled_by_message_stops_the_operator_s_phone(
    queue: Queue, desk: httpx.AsyncClient, anna: Softphone
) -> None:
    promise = await queue.promise(CUSTOMER)
    await desk.post("/operators/anna/login")
    async with await anna.next_incoming() as incoming:
        await incoming.leg.ring()
        order = {"number": f"+7{CUSTOMER}"}
        cancelled = (await desk.post("/promises/cancel", json=order)).json()
        assert cancelled == {"cancelled": [promise.contact_id]}
        await incoming.ended(2.0)
    await told(desk, "/operators/anna", lambda operator: operator["state"] == "available")
    assert (await desk.get("/promises")).json() == []
