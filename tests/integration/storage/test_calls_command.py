"""`ivr calls` on a database that a service left behind."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.analytics.cdr import Cdr
from ivr.cli.calls import app
from ivr.events import CallId, HandoffEnded, HandoffProgressed, HandoffStarted, TurnCompleted
from ivr.nlu.schema import Entity, EntityKind
from ivr.storage.sql import SqlStore

pytestmark = pytest.mark.integration

CALL = CallId("abcd1234ef")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

CDR = Cdr(
    call_id=CALL,
    offered_at=NOW,
    ani="9031234567",
    dnis="0611",
    sip_call_id="s",
    answered_at=NOW,
    ended_at=NOW + timedelta(seconds=75),
    duration_s=75.0,
    billsec=75.0,
    disposition="ANSWERED",
    hangup_status=200,
    hangup_side="remote",
    outcome="transferred",
    codec="PCMA",
    recording="var/recordings/[1].wav",
)
TURN = TurnCompleted(
    call_id=CALL,
    index=0,
    at=NOW + timedelta(seconds=5),
    kind="heard",
    question="open",
    text="триста рублей [не] пришли",
    asr_confidence=0.93,
    intent="payment_missing",
    intent_confidence=0.88,
    entities=(Entity(EntityKind.AMOUNT, "300", "триста", 0, 6),),
    decision="accept",
    reply="Проверяю платёж",
    barge_in=True,
    played_s=1.2,
    played_item=3,
    asr_ms=11.0,
    nlu_ms=7.0,
    response_ms=700.0,
)


async def fill(path: Path) -> None:
    store = await SqlStore.open(f"sqlite:///{path}")
    await store.save_call(CDR)
    await store.save_call(
        Cdr(
            call_id=CallId("ffff"),
            offered_at=NOW + timedelta(minutes=1),
            ani="",
            dnis="0611",
            sip_call_id="",
        )
    )
    await store.add_turn(TURN)
    await store.add_turn(replace(TURN, index=1, text="", kind="no_input", response_ms=900.0))
    common = {"call_id": CALL, "at": NOW, "handoff_id": "h", "mode": "refer"}
    for event in (
        HandoffStarted(**common, target="sip:o@pbx", reason="operator"),
        HandoffProgressed(**common, status=100, reason="Trying"),
        HandoffProgressed(**common, status=200, reason="OK"),
        HandoffEnded(**common, outcome="connected"),
    ):
        await store.add_handoff_event(event)
    await store.aclose()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ivr.db"
    monkeypatch.setenv("IVR_RECORDS__DATABASE", f"sqlite:///{path}")
    monkeypatch.setenv("COLUMNS", "200")
    return path


@pytest.fixture
def filled(database: Path) -> Path:
    asyncio.run(fill(database))
    return database


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.usefixtures("filled")
def test_calls_are_a_table_newest_first() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    newest, oldest = result.output.index("ffff"), result.output.index("abcd1234")
    assert newest < oldest
    for text in ("9031234567", "1:15", "transferred", "payment_missing", "800 ms", "under way"):
        assert text in result.output


@pytest.mark.usefixtures("filled")
def test_numbers_can_be_hidden_and_calls_chosen() -> None:
    result = run("--mask", "--number", "9031234567")
    assert "********67" in result.output
    assert "9031234567" not in result.output
    assert "ffff" not in result.output


@pytest.mark.usefixtures("filled")
def test_calls_as_json_are_for_programs() -> None:
    rows = json.loads(run("--json", "--limit", "5").output)
    assert [row["call_id"] for row in rows] == ["ffff", CALL]
    assert rows[1]["intents"] == ["payment_missing"]


@pytest.mark.usefixtures("filled")
def test_a_call_is_shown_turn_by_turn_with_its_handoff_and_recording() -> None:
    result = run("show", "abcd")
    assert result.exit_code == 0, result.output
    for text in (
        "триста рублей [не] пришли  0.93",
        "payment_missing 0.88 accept",
        "amount=300",
        "Проверяю платёж",
        "spoke into the reply after 1.2 s, at choice 3",
        "(no_input)",
        "reply 700",
        "refer to sip:o@pbx (operator): 100 200 connected",
        "var/recordings/[1].wav",
        "5.0 s",
    ):
        assert text in result.output


@pytest.mark.usefixtures("filled")
def test_a_call_as_json_has_turns_and_handoffs() -> None:
    body = json.loads(run("show", "abcd", "--json").output)
    assert body["ani"] == "9031234567"
    assert body["turns"][0]["entities"][0]["value"] == "300"
    assert body["handoffs"][0]["steps"][1]["status"] == 200


@pytest.mark.usefixtures("filled")
def test_an_unknown_call_is_told() -> None:
    result = run("show", "zz")
    assert result.exit_code == 1
    assert "no call 'zz'" in result.output


@pytest.mark.usefixtures("database")
def test_without_a_database_one_sentence_says_so() -> None:
    result = run()
    assert result.exit_code == 1
    assert "no call was recorded" in result.output.replace("\n", " ")
