"""What happens in the queue, counted for Prometheus."""

import pytest
from prometheus_client import CollectorRegistry

from ivr.analytics.queue_metrics import QueueCounters
from ivr.queue.events import What
from ivr.queue.model import ContactKind
from tests.unit.analytics.queue_days import Day

pytestmark = pytest.mark.unit

BACK = ContactKind.CALLBACK


def counted(day: Day) -> CollectorRegistry:
    registry = CollectorRegistry()
    counters = QueueCounters(registry)
    for event in day:
        counters.observe(event)
    return registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"ivr_queue_{name}", labels or {"skill": "general"})


def test_calls_and_promises_are_counted_apart() -> None:
    day = Day()
    day.answered("a", 0.0, 12.0, talked=100.0)
    day.abandoned("b", 0.0, 40.0)
    day.promised("c", 0.0, 30.0)
    day.served("c", 0.0, 200.0, kind=BACK)
    registry = counted(day)
    assert value(registry, "offered_total") == 3
    assert value(registry, "answered_total") == 1
    assert value(registry, "abandoned_total") == 1
    assert value(registry, "promises_total") == value(registry, "promises_kept_total") == 1
    assert value(registry, "wait_seconds_sum") == 12.0
    assert value(registry, "promise_to_bridge_seconds_sum") == 200.0
    assert value(registry, "talk_seconds_sum") == 200.0
    assert value(registry, "talk_seconds_count") == 2


def test_a_slot_is_late_from_its_beginning_and_a_change_of_it_no_second_promise() -> None:
    day = Day()
    day.promised("a", 0.0, 10.0, slot_in=500.0)
    day.add(20.0, What.BECAME_CALLBACK, "a", kind=BACK, due_s=980.0, waited_s=20.0)
    day.served("a", 0.0, 1060.0, kind=BACK)
    registry = counted(day)
    assert value(registry, "promises_total") == 1
    assert value(registry, "promise_to_bridge_seconds_sum") == 60.0


def test_a_promise_kept_on_the_line_is_kept() -> None:
    day = Day()
    day.promised("a", 0.0, 10.0)
    day.add(100.0, What.BACK_ON_LINE, "a", waited_s=100.0)
    day.served("a", 0.0, 130.0)
    registry = counted(day)
    assert (value(registry, "promises_kept_total"), value(registry, "answered_total")) == (1, None)


def test_of_a_promise_made_before_counting_began_only_the_lateness_is_known() -> None:
    day = Day()
    more = {"kind": BACK, "operator": "anna"}
    day.add(90_000.0, What.CONNECTED, "a", **more, waited_s=86_000.0, late_s=30.0)
    day.add(90_100.0, What.SERVED, "a", **more, talk_s=100.0)
    registry = counted(day)
    assert value(registry, "promise_to_bridge_seconds_sum") == 30.0


def test_a_promise_in_which_nobody_talked_is_kept_once_they_have() -> None:
    day = Day()
    day.promised("a", 0.0, 10.0)
    joined = {"kind": BACK, "operator": "bert"}
    day.add(50.0, What.CONNECTED, "a", **joined, waited_s=50.0)
    day.add(51.0, What.RETURNED, "a", **joined, reason="operator_refused", faults=1)
    day.add(51.0, What.ATTEMPT_ENDED, "a", **joined, outcome="operator_refused")
    day.served("a", 0.0, 200.0, kind=BACK)
    registry = counted(day)
    assert value(registry, "promises_kept_total") == 1
    assert value(registry, "promise_to_bridge_seconds_sum") == 200.0
    assert value(registry, "attempts_total", outcome="operator_refused") == 1


def test_what_fails_is_counted_too() -> None:
    day = Day()
    day.promised("a", 0.0, 10.0)
    day.add(50.0, What.RETRIED, "a", kind=BACK, reason="customer_busy", tries=1, due_s=120.0)
    day.add(200.0, What.GIVEN_UP, "a", kind=BACK, waited_s=200.0)
    day.promised("b", 0.0, 10.0)
    day.add(60.0, What.CANCELLED, "b", kind=BACK, waited_s=60.0)
    day.add(70.0, What.CANCELLED, "line", waited_s=1.0, reason="known")
    day.add(80.0, What.ATTEMPT_ENDED, "x", operator="anna", outcome="operator_no_answer")
    day.add(81.0, What.ATTEMPT_ENDED, "x", operator="anna", outcome="customer_busy")
    registry = counted(day)
    assert value(registry, "retries_total") == 1
    assert value(registry, "promises_given_up_total") == 1
    assert value(registry, "promises_cancelled_total") == 1
    assert value(registry, "rings_in_vain_total", outcome="operator_no_answer") == 1
    assert value(registry, "rings_in_vain_total", outcome="customer_busy") is None
