"""The order to supervise: a real server and command, a real database; the talk is on fake legs."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ivr.analytics.metrics import Metrics
from ivr.handoff.running_talks import RunningTalks
from ivr.http.api import create_app
from ivr.http.health import Health
from ivr.http.server import HttpServer
from ivr.media.addresses import free_sip_port
from ivr.queue.model import OperatorId
from ivr.storage.sql import SqlStore
from ivr.testing.legs import FakeLeg
from ivr.testing.queue_life import QueueLife, queue_life

pytestmark = pytest.mark.integration

NOON = 1_795_600_800.0
ANNA, TARGET = OperatorId("anna"), "sip:200@127.0.0.1"


class Floor:
    """A service in which Anna talks to somebody, if the test says so."""

    def __init__(self, life: QueueLife, url: str, talks: RunningTalks) -> None:
        self.life = life
        self.url = url
        self.talks = talks
        self.anna, self.supervisor = FakeLeg(), FakeLeg()
        self.anna.operator = self.supervisor

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        async with self.talks.open(ANNA, FakeLeg(), self.anna):
            yield

    async def post(
        self, name: str = "anna", *, token: str = "", origin: str = "", **body: str
    ) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        if origin:
            sent["Origin"] = origin
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, headers=sent) as client:
            answer = await client.post(
                f"/operators/{name}/supervise", json={"target": TARGET, **body}
            )
        return answer.status_code, answer.json()


@asynccontextmanager
async def a_floor(folder: Path, token: str = "") -> AsyncIterator[Floor]:
    async with queue_life(f"sqlite:///{folder}/queue.db", NOON) as life:
        await life.operator("anna")
        records = await SqlStore.open(f"sqlite:///{folder}/ivr.db")
        talks = RunningTalks()
        app = create_app(
            health=lambda: Health({}),
            store=records,
            metrics=Metrics(),
            token=token,
            queue=life.store,
            talks=talks,
        )
        server = await HttpServer.start(app, "127.0.0.1", 0)
        try:
            yield Floor(life, server.url, talks)
        finally:
            await server.aclose()
            await records.aclose()


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with a_floor(tmp_path) as made:
        yield made


async def ivr(*words: str, **variables: str) -> tuple[int, str]:
    """(exit code, what was printed) of a command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ivr", "operators", "supervise", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "300", **variables},
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_a_supervisor_is_rung_beside_an_operator_who_talks(floor: Floor) -> None:
    async with floor.talking():
        status, answer = await floor.post(mode="whisper")
        assert (status, answer) == (202, {"target": TARGET, "mode": "whisper"})
        assert floor.anna.commands == [f"dial {TARGET}"]
        status, answer = await floor.post()
        assert (status, answer["detail"]) == (409, "anna is supervised already")
    assert floor.supervisor.commands == ["hang_up"]


async def test_orders_that_cannot_be_carried_out_say_why(floor: Floor) -> None:
    status, answer = await floor.post("nobody")
    assert (status, answer["detail"]) == (404, "there is no operator 'nobody'")
    status, answer = await floor.post()
    assert (status, answer["detail"]) == (409, "anna has no conversation at present")
    await floor.life.call("first")
    (trio,) = await floor.life.assign()
    await floor.life.join(trio)
    status, answer = await floor.post()
    assert status == 409
    assert answer["detail"] == "anna does not talk on this node but on node-a: ask that one"
    async with floor.talking():
        assert (await floor.post(target="tel:200"))[0] == 422
        assert (await floor.post(target="sip:200@elsewhere.example.com"))[0] == 422
        assert not floor.anna.commands
        assert (await floor.post(mode="shout"))[0] == 422
        floor.anna.operator = None
        status, answer = await floor.post()
        assert status == 409
        assert "the supervisor's phone cannot be dialled" in answer["detail"]


async def test_only_who_may_change_things_may_supervise(tmp_path: Path, floor: Floor) -> None:
    async with floor.talking():
        assert (await floor.post(origin="http://elsewhere.test"))[0] == 403
    (tmp_path / "other").mkdir()
    async with a_floor(tmp_path / "other", token="secret") as guarded, guarded.talking():
        assert (await guarded.post())[0] == 401
        assert not guarded.anna.commands
        assert (await guarded.post(token="secret"))[0] == 202


async def test_the_command_asks_the_service_of_the_configuration(tmp_path: Path) -> None:
    async with a_floor(tmp_path, token="secret") as floor, floor.talking():
        service = {
            "IVR_HTTP__PORT": floor.url.rpartition(":")[2],
            "IVR_HTTP__TOKEN": "secret",
        }
        code, told = await ivr("anna", TARGET, "--mode", "barge", **service)
        assert (code, told) == (0, f"{TARGET} is being rung beside anna: barge\n")
        code, told = await ivr("anna", TARGET, "--url", floor.url, **service)
        assert (code, told) == (2, "ivr: anna is supervised already\n")


async def test_the_command_says_when_no_service_answers() -> None:
    url = f"http://127.0.0.1:{free_sip_port('127.0.0.1')}"
    code, told = await ivr("anna", TARGET, "--url", url)
    assert code == 2
    assert told.startswith(f"ivr: no service answers at {url} (")
    assert "Traceback" not in told
