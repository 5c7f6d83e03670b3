"""Events, counted."""

from datetime import UTC, datetime

import pytest

from ivr.analytics.metrics import Metrics
from ivr.events import (
    CallbackRequested,
    CallEnded,
    CallId,
    CallOffered,
    CallRejected,
    EventBus,
    HandoffEnded,
    TurnCompleted,
)

pytestmark = pytest.mark.unit

CALL = CallId("c1")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
OFFERED = CallOffered(call_id=CALL, at=NOW, ani="9031234567", dnis="0611", sip_call_id="")
ENDED = CallEnded(
    call_id=CALL,
    at=NOW,
    status=200,
    reason="",
    side="remote",
    outcome="contained",
    dropped_frames=7,
    asr_audio_s=10.0,
    asr_busy_s=0.3,
)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def turn(kind: str = "heard", **fields: float | str | bool) -> TurnCompleted:
    return TurnCompleted(call_id=CALL, index=0, at=NOW, kind=kind, question="", **fields)  # type: ignore[arg-type]


def test_live_calls_rise_and_fall_and_ended_calls_count_by_outcome() -> None:
    metrics = Metrics()
    metrics.observe(OFFERED)
    assert value(metrics, "ivr_live_calls") == 1
    metrics.observe(ENDED)
    metrics.observe(ENDED)
    assert value(metrics, "ivr_live_calls") == 0
    assert value(metrics, "ivr_calls_total", outcome="contained") == 2
    assert value(metrics, "ivr_dropped_frames_total") == 14
    assert value(metrics, "ivr_asr_real_time_factor_sum") == pytest.approx(0.06)


def test_turns_feed_latencies_and_failures_to_understand() -> None:
    metrics = Metrics()
    metrics.observe(turn(response_ms=640.0, asr_ms=12.0, nlu_ms=8.0, barge_in=True))
    metrics.observe(turn(decision="reject"))
    metrics.observe(turn("unintelligible"))
    metrics.observe(turn("no_input"))
    assert value(metrics, "ivr_response_seconds_sum") == pytest.approx(0.64)
    assert value(metrics, "ivr_response_seconds_count") == 1
    assert value(metrics, "ivr_response_seconds_bucket", le="0.8") == 1
    assert value(metrics, "ivr_asr_final_seconds_sum") == pytest.approx(0.012)
    assert value(metrics, "ivr_nlu_seconds_sum") == pytest.approx(0.008)
    assert value(metrics, "ivr_no_match_total") == 2
    assert value(metrics, "ivr_no_input_total") == 1
    assert value(metrics, "ivr_barge_ins_total") == 1
    assert value(metrics, "ivr_turns_total", kind="heard") == 2


def test_rejections_handoffs_and_callbacks_are_counted() -> None:
    metrics = Metrics()
    metrics.observe(CallRejected(at=NOW, ani="", dnis="999", status=404))
    metrics.observe(
        HandoffEnded(call_id=CALL, at=NOW, handoff_id="h", mode="refer", outcome="busy")
    )
    metrics.observe(CallbackRequested(call_id=CALL, at=NOW, request_id="r", number="", reason=""))
    assert value(metrics, "ivr_calls_rejected_total", status="404") == 1
    assert value(metrics, "ivr_handoffs_total", mode="refer", outcome="busy") == 1
    assert value(metrics, "ivr_callback_requests_total") == 1


def test_gauges_of_the_parts_are_asked_or_set() -> None:
    metrics = Metrics()
    metrics.rasa_up_from(lambda: True)
    metrics.workers_up_from(lambda: 4)
    assert value(metrics, "ivr_rasa_up") == 1
    assert value(metrics, "ivr_media_workers_up") == 4
    metrics.workers_up_from(lambda: 3)
    metrics.rasa_up_from(lambda: False)
    assert value(metrics, "ivr_media_workers_up") == 3
    assert value(metrics, "ivr_rasa_up") == 0


def test_the_intent_model_that_answers_is_asked_for_at_every_scrape() -> None:
    metrics, models = Metrics(), ["first", "second"]
    metrics.intent_model_from(lambda: models[0])
    assert value(metrics, "ivr_intent_model_info", version="first") == 1
    models.pop(0)
    assert value(metrics, "ivr_intent_model_info", version="second") == 1


async def test_the_bus_is_followed_and_its_losses_are_exported() -> None:
    metrics, bus = Metrics(), EventBus()
    subscription = bus.subscribe("metrics", capacity=1)
    metrics.watch(subscription)
    bus.publish(OFFERED)
    bus.publish(ENDED)
    bus.unsubscribe(subscription)
    await metrics.run(subscription)
    assert value(metrics, "ivr_subscriber_lost_events", subscriber="metrics") == 1
    assert value(metrics, "ivr_calls_total", outcome="contained") == 1


def test_the_exposition_is_prometheus_text_and_names_nobody() -> None:
    metrics = Metrics()
    metrics.observe(OFFERED)
    text = metrics.exposition().decode()
    assert "ivr_live_calls 1.0" in text
    assert "9031234567" not in text
