"""The benchmark of the queue: every part runs, at a small scale, and the report says what it is."""

from pathlib import Path

import pytest

from ivr.bench.queue.driver import drive
from ivr.bench.queue.page import write_page, write_picture
from ivr.bench.queue.report import Report, events_of, markdown
from ivr.bench.queue.timing import OPERATORS, Rate, Stopwatch, costs, filled, rate
from ivr.bench.queue.timing import contacts as callers

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def report() -> Report:
    return Report(
        day="2026-11-22",
        machine="a machine",
        command="ivr bench queue",
        rate=rate(300, 500, seed=1),
        costs=tuple(costs((300, 600), 1, lambda _line: None)),
        stores=(),
        events=events_of(drive(500, seed=1, each=250), 2.0),
    )


def test_the_queue_keeps_its_length_while_it_is_timed(report: Report):
    assert report.rate.waiting == 500 - OPERATORS
    assert report.rate.enqueue_assign > report.rate.whole_life > 0


def test_every_operation_is_timed_at_every_size(report: Report):
    measured = {(cost.operation, cost.waiting) for cost in report.costs}
    names = ("enqueue", "assign", "place", "cancel")
    assert measured == {(name, size) for name in names for size in (300, 600)}
    assert all(0 < cost.p50_us <= cost.p99_us for cost in report.costs)


def test_a_stopwatch_returns_what_it_timed():
    watch = Stopwatch()
    assert [watch.time(divmod, 7, 2), watch.time(int)] == [(3, 1), 0]
    assert len(watch.times) == 2


def test_events_are_summed_over_queues(report: Report):
    assert report.events is not None
    assert (report.events.events, report.events.queues) == (500, 2)
    assert report.events.contacts > 0


def test_a_missed_target_is_told(report: Report):
    slow = Rate(contacts=1, waiting=1, enqueue_assign=9_999.0, whole_life=1.0)
    values = {name: getattr(report, name) for name in report.__struct_fields__}
    assert "**missed**" in markdown(Report(**{**values, "rate": slow}))
    text = markdown(report)
    assert "500 random events on 2 queues" in text
    assert "| contacts waiting | enqueue P50 / P99 µs |" in text


def test_page_and_picture_have_the_curve(report: Report, tmp_path: Path):
    write_page(tmp_path / "bench.html", report)
    write_picture(tmp_path / "bench.png", report)
    assert "contacts waiting" in (tmp_path / "bench.html").read_text(encoding="utf-8")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_callers_of_the_benchmark_all_wait_in_the_queue():
    from random import Random

    engine = filled(50, callers(Random(3)))
    assert engine.waiting_count() == 50
