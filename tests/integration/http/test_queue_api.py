"""The queue's HTTP interface: a real server, a real database whose clock the test turns."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ivr.analytics.metrics import Metrics
from ivr.http.api import create_app
from ivr.http.health import Health
from ivr.http.server import HttpServer
from ivr.queue.model import AttemptOutcome, OperatorId, Priority
from ivr.storage.sql import SqlStore
from ivr.testing.queue_life import QueueLife, queue_life

pytestmark = pytest.mark.integration

NOON = 1_795_600_800.0


@dataclass
class Desk:
    life: QueueLife
    client: httpx.AsyncClient

    async def get(self, path: str, status: int = 200, **parameters: Any) -> Any:
        response = await self.client.get(path, params=parameters)
        assert response.status_code == status, response.text
        return response.json()

    async def send(self, method: str, path: str, status: int, body: Any = None) -> Any:
        response = await self.client.request(method, path, json=body)
        assert response.status_code == status, response.text
        return response.json() if response.content else None


@asynccontextmanager
async def a_desk(folder: Path, token: str = "", address: str = "127.0.0.1") -> AsyncIterator[Desk]:
    async with queue_life(f"sqlite:///{folder}/queue.db", NOON) as life:
        records = await SqlStore.open(f"sqlite:///{folder}/ivr.db")
        app = create_app(
            health=lambda: Health({}),
            store=records,
            metrics=Metrics(),
            token=token,
            address=address,
            queue=life.store,
        )
        server = await HttpServer.start(app, "127.0.0.1", 0)
        try:
            async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
                yield Desk(life, client)
        finally:
            await server.aclose()
            await records.aclose()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as made:
        yield made


async def test_the_queue_shows_who_waits_who_talks_and_who_works(desk: Desk) -> None:
    life = desk.life
    await life.operator("anna")
    await life.operator("boris", "sales", on_duty=False)
    await life.call("first")
    (trio,) = await life.assign()
    life.now += 10
    await life.join(trio)
    await life.callback("later", "9030000003", slot_at=life.now + 3600)
    await life.call("second", "9030000002", topic="complaint")
    await life.call("urgent", "9030000004", priority=Priority.VIP)
    life.now += 5
    seen = await desk.get("/queue")
    assert seen["waiting_count"] == 3
    assert [(one["contact_id"], one["position"]) for one in seen["waiting"]] == [
        ("urgent", 1),
        ("second", 2),
        ("later", None),
    ]
    second = seen["waiting"][1]
    assert (second["number"], second["waited_s"], second["due_at"]) == ("9030000002", 5.0, None)
    assert seen["waiting"][2]["due_at"] == "2026-11-25T11:00:10Z"
    (talk,) = seen["served"]
    assert (talk["contact_id"], talk["state"], talk["waited_s"]) == ("first", "connected", 10.0)
    assert (talk["attempt"]["step"], talk["attempt"]["operator_id"]) == ("joined", "anna")
    operators = {one["operator_id"]: one for one in seen["operators"]}
    assert (operators["anna"]["state"], operators["anna"]["contact_id"]) == ("on_call", "first")
    assert (operators["boris"]["state"], operators["boris"]["contact_id"]) == ("offline", None)
    assert seen["nodes"][0]["alive"] is True
    assert seen["last_hour"]["line"]["answered"] == 1
    assert seen["last_hour"]["line"]["asa_s"] == 10.0
    assert seen["last_hour"]["promises"]["pending"] == 1
    life.now += 60
    again = await desk.get("/queue")
    assert again["nodes"][0]["alive"] is False
    assert again["last_hour"]["line"]["longest_wait_s"] == 65.0


async def test_figures_of_any_time_by_skill_and_interval(desk: Desk) -> None:
    life = desk.life
    await life.operator("anna", "general", "sales")
    for name, wait_s, skill in (("a", 10.0, "general"), ("b", 40.0, "sales")):
        await life.call(name, skill=skill, number=f"903000000{ord(name) % 10}")
        (trio,) = await life.assign()
        life.now += wait_s
        attempt = await life.join(trio)
        life.now += 100
        await life.store.end(attempt, AttemptOutcome.CONNECTED)
        await life.store.wrap_up_over(OperatorId("anna"))
        life.now += 1800 - wait_s - 100
    found = await desk.get("/queue/figures", interval_s=1800)
    assert found["total"]["line"]["service_level"] == 0.5
    assert found["total"]["handling"]["conversations"] == 2
    assert [one["line"]["asa_s"] for one in found["intervals"]] == [10.0, 40.0]
    assert [(one["skill"], one["line"]["answered"]) for one in found["skills"]] == [
        ("general", 1),
        ("sales", 1),
    ]
    sales = await desk.get("/queue/figures", skill="sales", target_s=60, abandons="late")
    assert sales["total"]["line"]["service_level"] == 1.0
    assert sales["rules"]["sentence"].startswith("service level 80/60: ")
    before = await desk.get("/queue/figures", until="2026-11-25T10:00:00Z")
    assert before["total"]["line"]["offered"] == 0
    assert before["total"]["line"]["service_level"] is None
    await desk.get("/queue/figures", 422, since="2026-11-25T10:00:00", until="2026-11-25T10:00:00")
    await desk.get("/queue/figures", 422, since="2020-01-01T00:00:00", interval_s=60)


async def test_an_operator_s_life(desk: Desk) -> None:
    new = {"operator_id": "anna", "target": "sip:101@pbx", "name": "Анна", "skills": {"sales": 3}}
    made = await desk.send("POST", "/operators", 201, new)
    assert (made["state"], made["skills"], made["languages"]) == ("offline", {"sales": 3}, ["ru"])
    assert "already" in (await desk.send("POST", "/operators", 409, new))["detail"]
    wrong = await desk.send("POST", "/operators", 422, new | {"target": "tel:1 23"})
    assert "a SIP URI such as" in wrong["detail"]
    await desk.send("POST", "/operators", 422, new | {"colour": "red"})
    for target, rule in (
        ("sip:101@trunk.example", "handoff.hosts"),
        ("sip:+8821612345678@trunk", "callback.exceptions"),
    ):
        refused = await desk.send("PATCH", "/operators/anna", 422, {"target": target})
        assert rule in refused["detail"]
        refused = await desk.send("POST", "/operators", 422, {"operator_id": "b", "target": target})
        assert rule in refused["detail"]
    changed = await desk.send("PATCH", "/operators/anna", 200, {"skills": {"general": 1}})
    assert (changed["skills"], changed["name"]) == ({"general": 1}, "Анна")
    assert (await desk.send("POST", "/operators/anna/pause", 409))["detail"]
    assert (await desk.send("POST", "/operators/anna/ready", 409))["detail"]
    assert (await desk.send("POST", "/operators/anna/login", 200))["state"] == "available"
    paused = await desk.send("POST", "/operators/anna/pause", 200, {"reason": "обед"})
    assert (paused["state"], paused["reason"]) == ("paused", "обед")
    assert (await desk.send("POST", "/operators/anna/ready", 200))["state"] == "available"
    assert (await desk.send("POST", "/operators/anna/logout", 200))["state"] == "offline"
    assert [one["operator_id"] for one in await desk.get("/operators")] == ["anna"]
    assert (await desk.get("/operators/anna"))["target"] == "sip:101@pbx"
    await desk.send("DELETE", "/operators/anna", 204)
    for method, path in (
        ("GET", "/operators/anna"),
        ("DELETE", "/operators/anna"),
        ("POST", "/operators/anna/login"),
        ("PATCH", "/operators/anna"),
    ):
        assert (await desk.send(method, path, 404, {}))["detail"]


async def test_during_a_contact_wishes_wait_and_wrap_up_can_be_ended(desk: Desk) -> None:
    life = desk.life
    await life.operator("anna")
    await life.call("a")
    (trio,) = await life.assign()
    attempt = await life.join(trio)
    wished = await desk.send("POST", "/operators/anna/pause", 200)
    assert (wished["state"], wished["wish"]) == ("on_call", "paused")
    assert (await desk.send("POST", "/operators/anna/ready", 200))["wish"] is None
    assert "on a call" in (await desk.send("DELETE", "/operators/anna", 409))["detail"]
    await life.store.end(attempt, AttemptOutcome.CONNECTED)
    wrapping_up = await desk.get("/operators/anna")
    assert (wrapping_up["state"], wrapping_up["wrap_up_until"]) == (
        "wrap_up",
        "2026-11-25T10:00:20Z",
    )
    assert (await desk.send("POST", "/operators/anna/ready", 200))["state"] == "available"


async def test_promises_are_found_and_taken_back(desk: Desk) -> None:
    life = desk.life
    await life.call("live", "9030000001")
    await life.callback("one", "9030000002", topic="balance")
    await life.callback("two", "9030000002", topic="complaint")
    await life.callback("three", "9030000003")
    ids = [one["contact_id"] for one in await desk.get("/promises")]
    assert sorted(ids) == ["one", "three", "two"]
    found = await desk.get("/promises", number="+7 903 000-00-02")
    assert [one["contact_id"] for one in found] == ["one", "two"]
    await desk.get("/promises", 422, number="02")
    place = await desk.get("/promises/three")
    assert (place["ahead"], place["contact"]["position"]) == (2, 3)
    await desk.send("DELETE", "/promises/three", 204)
    assert "is over" in (await desk.send("DELETE", "/promises/three", 409))["detail"]
    over = await desk.get("/promises/three")
    assert (over["contact"]["state"], over["ahead"]) == ("cancelled", None)
    for contact in ("live", "nobody"):
        await desk.send("DELETE", f"/promises/{contact}", 404)
    order = {"number": "8 (903) 000-00-02", "topic": "complaint"}
    assert await desk.send("POST", "/promises/cancel", 200, order) == {"cancelled": ["two"]}
    order.pop("topic")
    assert await desk.send("POST", "/promises/cancel", 200, order) == {"cancelled": ["one"]}
    assert await desk.send("POST", "/promises/cancel", 200, order) == {"cancelled": []}
    await desk.send("POST", "/promises/cancel", 422, {"number": "sip:1@2"})
    assert (await desk.get("/queue"))["waiting_count"] == 1


async def test_a_number_that_is_being_called_back_is_cancelled_too(desk: Desk) -> None:
    life = desk.life
    await life.operator("anna")
    await life.callback("one", "9030000002")
    (trio,) = await life.assign()
    assert [one["state"] for one in await desk.get("/promises")] == ["offered"]
    assert [one["request_id"] for one in await desk.get("/callback-requests")] == ["one"]
    order = {"number": "9030000002"}
    assert await desk.send("POST", "/promises/cancel", 200, order) == {"cancelled": ["one"]}
    assert await life.store.claim(trio.attempt) is None


async def test_with_a_token_nothing_is_told_or_done_without_it(tmp_path: Path) -> None:
    async with a_desk(tmp_path, token="secret", address="0.0.0.0") as desk:
        for method, path in (
            ("GET", "/queue"),
            ("GET", "/operators"),
            ("GET", "/promises"),
            ("GET", "/calls"),
            ("POST", "/operators/anna/login"),
            ("POST", "/promises/cancel"),
        ):
            refused = await desk.client.request(method, path, json={"number": "9030000001"})
            assert refused.status_code == 401, path
            assert refused.headers["www-authenticate"] == "Bearer"
        desk.client.headers["authorization"] = "Bearer secret"
        new = {"operator_id": "anna", "target": "sip:101@pbx"}
        await desk.send("POST", "/operators", 201, new)
        wrong = [(b"authorization", "Bearer секрет".encode())]
        assert (await desk.client.get("/queue", headers=wrong)).status_code == 401


async def test_without_a_token_only_this_machine_changes_anything(tmp_path: Path) -> None:
    async with a_desk(tmp_path, address="0.0.0.0") as desk:
        await desk.get("/queue")
        refused = await desk.send("POST", "/operators/anna/login", 403)
        assert "set http.token" in refused["detail"]
        await desk.send("DELETE", "/promises/one", 403)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "evil.example"}, 403),
        ({"host": "localhost:8061", "origin": "http://localhost:8061"}, 404),
    ],
)
async def test_a_page_from_elsewhere_in_a_browser_here_changes_nothing(
    desk: Desk, headers: dict[str, str], status: int
) -> None:
    response = await desk.client.post("/operators/anna/logout", headers=headers)
    assert response.status_code == status


async def test_a_closed_database_is_a_503_and_a_metric(desk: Desk) -> None:
    await desk.life.store.aclose()
    assert (await desk.get("/queue", 503))["detail"] == "the database is closed"
    response = await desk.client.get("/metrics")
    assert "ivr_queue_up 0.0" in response.text


async def test_metrics_tell_lengths_operators_and_what_happened(desk: Desk) -> None:
    life = desk.life
    assert "ivr_queue_up 1.0" in (await desk.client.get("/metrics")).text
    await life.operator("anna")
    await life.call("a")
    (trio,) = await life.assign()
    life.now += 12
    await life.join(trio)
    await life.call("b", "9030000002")
    await life.callback("c", "9030000003")
    await life.callback("d", "9030000004", slot_at=life.now + 900)
    life.now += 30
    text = (await desk.client.get("/metrics")).text
    for line in (
        'ivr_queue_length{kind="call",skill="general",state="waiting"} 1.0',
        'ivr_queue_length{kind="call",skill="general",state="connected"} 1.0',
        'ivr_queue_length{kind="callback",skill="general",state="waiting"} 1.0',
        'ivr_queue_length{kind="callback",skill="general",state="not_due"} 1.0',
        'ivr_queue_oldest_wait_seconds{kind="call",skill="general"} 30.0',
        'ivr_queue_operators{state="on_call"} 1.0',
        'ivr_queue_operators{state="available"} 0.0',
        'ivr_queue_offered_total{skill="general"} 2.0',
        'ivr_queue_promises_total{skill="general"} 2.0',
        'ivr_queue_answered_total{skill="general"} 1.0',
        'ivr_queue_wait_seconds_bucket{le="10.0",skill="general"} 0.0',
        'ivr_queue_wait_seconds_bucket{le="20.0",skill="general"} 1.0',
    ):
        assert line in text.splitlines(), line
    # nothing is counted twice, what is gone is not shown
    await life.store.leave(trio.contact.contact_id)
    life.now += 60
    text = (await desk.client.get("/metrics")).text
    assert 'ivr_queue_offered_total{skill="general"} 2.0' in text
    assert 'ivr_queue_node_up{node="node-a"} 0.0' in text


async def test_the_description_is_good_enough_to_program_against(desk: Desk) -> None:
    api = await desk.get("/openapi.json")
    operations = [
        (method, path, operation)
        for path, methods in api["paths"].items()
        for method, operation in methods.items()
        if path.startswith(("/queue", "/operators", "/promises"))
    ]
    assert len(operations) == 15
    for method, path, operation in operations:
        assert operation.get("description"), (method, path)
        assert operation["security"] == [{"HTTPBearer": []}], (method, path)
        assert "401" in operation["responses"], (method, path)
        assert ("403" in operation["responses"]) == (method != "get"), (method, path)
    schemas = api["components"]["schemas"]
    level = schemas["LineFigures"]["properties"]["service_level"]
    assert level["description"].startswith("Share answered in time")
    undescribed = [
        f"{name}.{field}"
        for name in ("LineFigures", "PromiseFigures", "HandlingFigures", "EstimateFigures")
        for field, schema in schemas[name]["properties"].items()
        if field.endswith("_s") and "description" not in schema
    ]
    assert not undescribed
