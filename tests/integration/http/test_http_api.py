"""The HTTP API over a real socket with a real database behind it."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from ivr.analytics.cdr import Cdr
from ivr.analytics.metrics import Metrics
from ivr.errors import SetupError
from ivr.events import CallId, HandoffStarted, TurnCompleted
from ivr.http.api import create_app
from ivr.http.health import Health, PartHealth
from ivr.http.server import HttpServer
from ivr.storage.ports import CallbackRequest, HandoffRecord, TranscriptLine
from ivr.storage.sql import SqlStore

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CALL = CallId("abcd-1")


@dataclass
class Service:
    store: SqlStore
    client: httpx.AsyncClient
    metrics: Metrics
    health: Health = field(default_factory=lambda: Health({"asr": PartHealth(True, "ru-0611")}))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    store = await SqlStore.open(f"sqlite:///{tmp_path}/ivr.db")
    metrics = Metrics()
    made: Service
    app = create_app(health=lambda: made.health, store=store, metrics=metrics)
    server = await HttpServer.start(app, "127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        made = Service(store, client, metrics)
        yield made
    await server.aclose()
    await store.aclose()


def cdr(call_id: str) -> Cdr:
    return Cdr(
        call_id=CallId(call_id), offered_at=NOW, ani="9031234567", dnis="0611", sip_call_id="s"
    )


async def test_alive_and_ready_tell_each_part(service: Service) -> None:
    assert (await service.client.get("/healthz")).json() == {"status": "alive"}
    ready = await service.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["parts"]["asr"] == {"ok": True, "detail": "ru-0611", "required": True}


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health({"workers": PartHealth(False, "0 of 4")}), 503),
        (Health({"rasa": PartHealth(False, "down", required=False)}), 200),
        (Health({}, draining=True), 503),
    ],
)
async def test_not_ready_while_a_required_part_is_down_or_draining(
    service: Service, health: Health, status: int
) -> None:
    service.health = health
    response = await service.client.get("/readyz")
    assert response.status_code == status
    assert response.json()["ready"] is (status == 200)


async def test_metrics_are_served_as_prometheus_text(service: Service) -> None:
    service.metrics.workers_up_from(lambda: 4)
    response = await service.client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert "ivr_media_workers_up 4.0" in response.text


async def test_an_operator_sees_who_calls_and_what_was_said(service: Service) -> None:
    await service.store.save_handoff(
        HandoffRecord(
            handoff_id="h1",
            call_id=CALL,
            created_at=NOW,
            caller_number="9031234567",
            reason="complaint",
            intent="complaint",
            slots={"city": "Новосибирск"},
            transcript=(TranscriptLine("caller", "жалоба"),),
        )
    )
    body = (await service.client.get("/handoffs/h1")).json()
    assert body["caller_number"] == "9031234567"
    assert body["slots"] == {"city": "Новосибирск"}
    assert body["transcript"] == [{"who": "caller", "text": "жалоба"}]
    assert (await service.client.get("/handoffs/h2")).status_code == 404


async def test_calls_are_listed_and_shown_with_turns_and_handoffs(service: Service) -> None:
    await service.store.save_call(cdr(CALL))
    await service.store.save_call(cdr("abce-2"))
    await service.store.add_turn(
        TurnCompleted(
            call_id=CALL,
            index=0,
            at=NOW,
            kind="heard",
            question="open",
            text="баланс",
            barge_in=True,
            played_s=1.5,
            played_item=2,
        )
    )
    await service.store.add_handoff_event(
        HandoffStarted(
            call_id=CALL, at=NOW, handoff_id="h", mode="refer", target="sip:o@p", reason="r"
        )
    )
    assert len((await service.client.get("/calls")).json()) == 2
    assert len((await service.client.get("/calls", params={"ani": "1"})).json()) == 0
    assert (await service.client.get("/calls", params={"limit": 0})).status_code == 422
    body = (await service.client.get("/calls/abcd")).json()
    assert body["call"]["call_id"] == CALL
    turn = body["turns"][0]
    assert turn["text"] == "баланс"
    assert (turn["barge_in"], turn["played_s"], turn["played_item"]) == (True, 1.5, 2)
    assert body["handoffs"][0]["mode"] == "refer"
    assert (await service.client.get("/calls/zz")).status_code == 404
    assert (await service.client.get("/calls/abc")).status_code == 409


async def test_promises_are_listed(service: Service) -> None:
    await service.store.add_callback_request(
        CallbackRequest(
            request_id="r", call_id=CALL, number="9031234567", reason="busy", requested_at=NOW
        )
    )
    body = (await service.client.get("/callback-requests")).json()
    assert [(row["number"], row["state"]) for row in body] == [("9031234567", "requested")]


async def test_a_closed_database_is_a_503_with_a_sentence(service: Service) -> None:
    await service.store.aclose()
    response = await service.client.get("/calls")
    assert response.status_code == 503
    assert response.json() == {"detail": "the database is closed"}


async def test_the_description_is_served_and_no_page_needs_the_internet(service: Service) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    assert set(paths) >= {"/healthz", "/readyz", "/metrics", "/handoffs/{handoff_id}", "/calls"}
    assert (await service.client.get("/docs")).status_code == 404


async def test_with_a_token_records_need_it_and_health_does_not(tmp_path: Path) -> None:
    store = await SqlStore.open(f"sqlite:///{tmp_path}/ivr.db")
    app = create_app(health=lambda: Health({}), store=store, metrics=Metrics(), token="s3cret-ё")
    server = await HttpServer.start(app, "127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/calls")).status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert (await client.get("/calls", headers=wrong)).status_code == 401
    await server.aclose()
    await store.aclose()


async def test_a_token_lets_in(tmp_path: Path) -> None:
    store = await SqlStore.open(f"sqlite:///{tmp_path}/ivr.db")
    app = create_app(health=lambda: Health({}), store=store, metrics=Metrics(), token="s3cret")
    server = await HttpServer.start(app, "127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        right = {"Authorization": "Bearer s3cret"}
        assert (await client.get("/calls", headers=right)).status_code == 200
    await server.aclose()
    await store.aclose()


async def test_the_server_leaves_signals_alone_and_closes_twice(service: Service) -> None:
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    server = await HttpServer.start(
        create_app(health=lambda: service.health, store=service.store, metrics=service.metrics),
        "127.0.0.1",
        0,
    )
    port = server.port
    await server.aclose()
    await server.aclose()
    with pytest.raises(OSError, match=r".+"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_told(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        app = create_app(health=lambda: service.health, store=service.store, metrics=Metrics())
        with pytest.raises(SetupError, match=f"cannot listen on 127.0.0.1 port {port}"):
            await HttpServer.start(app, "127.0.0.1", port)
