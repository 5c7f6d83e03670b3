"""Figures of the queue -> JSON, and Markdown between two marks of a document."""

from collections.abc import Iterable
from typing import Final

import msgspec

from ivr.bench.queue.driver import Driver
from ivr.bench.queue.stores import StoreRate
from ivr.bench.queue.timing import Cost, Rate
from ivr.bench.report import table
from ivr.documents import Marked
from ivr.queue.model import Priority

MARKED: Final = Marked("ivr bench queue")
TARGET: Final = 10_000
"""Enqueue + assign a second on one core."""


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """Random events, each of which was compared with the oracle."""

    events: int
    queues: int
    """Each with rules of its own."""
    seconds: float
    contacts: int
    attempts: int
    conversations: int
    ended: dict[str, int]
    """Final state -> contacts."""
    overtaken_s: dict[str, float]
    """By class: the most that anybody served earlier had come later."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one run measured."""

    day: str
    machine: str
    command: str
    rate: Rate
    costs: tuple[Cost, ...]
    stores: tuple[StoreRate, ...]
    events: Events | None


def events_of(drivers: Iterable[Driver], seconds: float) -> Events:
    """Sums over all queues."""
    found = tuple(drivers)
    states = sorted({state for driver in found for state in driver.pair.oracle.ended})
    return Events(
        events=sum(driver.events for driver in found),
        queues=len(found),
        seconds=seconds,
        contacts=sum(driver.pair.enqueued for driver in found),
        attempts=sum(driver.pair.planned for driver in found),
        conversations=sum(driver.pair.joined for driver in found),
        ended={
            state: sum(driver.pair.oracle.ended.get(state, 0) for driver in found)
            for state in states
        },
        overtaken_s={
            priority.value: max(driver.pair.overtaken_s.get(priority, 0.0) for driver in found)
            for priority in Priority
        },
    )


def as_json(report: Report) -> bytes:
    """All figures."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def markdown(report: Report) -> str:
    """Tables."""
    rate = report.rate
    verdict = "met" if rate.enqueue_assign >= TARGET else "**missed**"
    parts = [
        [f"Measured {report.day} on {report.machine}: `{report.command}`."],
        [
            f"In memory, CPU time of one core, {rate.waiting} contacts waiting: "
            f"**{rate.enqueue_assign:,.0f} enqueue + assign a second** (target {TARGET:,}: "
            f"{verdict}); {rate.whole_life:,.0f} whole lives (with claim, every step, joining, "
            "end) a second."
        ],
        _costs(report.costs),
        _stores(report.stores),
        _events(report.events),
    ]
    return "\n".join(line for part in parts if part for line in (*part, ""))


def _costs(costs: Iterable[Cost]) -> list[str]:
    operations = list(dict.fromkeys(cost.operation for cost in costs))
    found = {(cost.operation, cost.waiting): cost for cost in costs}
    sizes = sorted({cost.waiting for cost in costs})
    rows = (
        (
            f"{waiting:,}",
            *(
                f"{found[name, waiting].p50_us:.0f} / {found[name, waiting].p99_us:.0f}"
                for name in operations
            ),
        )
        for waiting in sizes
    )
    return table(("contacts waiting", *(f"{name} P50 / P99 µs" for name in operations)), rows)


def _stores(stores: Iterable[StoreRate]) -> list[str]:
    rows = [
        (
            store.name,
            f"{store.enqueue_p50_ms:.1f} / {store.enqueue_p99_ms:.1f}",
            f"{store.assign_p50_ms:.1f} / {store.assign_p99_ms:.1f}",
            f"{store.enqueue_assign:.0f}",
            f"{store.whole_life:.0f}",
        )
        for store in stores
    ]
    head = ("database", "enqueue P50 / P99 ms", "assign P50 / P99 ms")
    return table((*head, "enqueue + assign /s", "whole lives /s"), rows) if rows else []


def _events(found: Events | None) -> list[str]:
    if found is None:
        return []
    ended = ", ".join(f"{count:,} {state}" for state, count in found.ended.items())
    most = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in found.overtaken_s.items())
    return [
        f"{found.events:,} random events on {found.queues:,} queues in {found.seconds:.0f} s, each "
        f"compared with the oracle: {found.contacts:,} contacts ({ended}), {found.attempts:,} "
        f"attempts, {found.conversations:,} conversations. No difference, nobody lost or doubled. "
        f"The most that somebody was overtaken by (the rules drawn allow vip 0 s, normal 120 s, "
        f"low 300 s): {most}.",
    ]
