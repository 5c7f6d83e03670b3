"""The shared queue -> Prometheus. Event loop only.

Gauges are the whole queue's, the same on every node. So are counters: each node counts all events
from its start on. Ask for `max by (...)` or one node of them, not for the sum over nodes.
"""

import logging
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ivr.analytics.queue_reading import events_since
from ivr.analytics.queue_telling import number_in, slot_of
from ivr.errors import StoreError
from ivr.queue.duty import OPERATOR_FAULTS
from ivr.queue.events import QueueEvent, What
from ivr.queue.model import (
    AttemptId,
    AttemptOutcome,
    AttemptStep,
    ContactId,
    ContactKind,
    OperatorState,
)
from ivr.queue.ports import QueueStore, Snapshot

log = logging.getLogger(__name__)

WAIT_BUCKETS_S: Final = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800)
BRIDGE_BUCKETS_S: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)
TALK_BUCKETS_S: Final = (15, 30, 60, 120, 180, 300, 600, 1200, 1800)
SETTLING_S: Final = 10.0
"""Two nodes may finish writing in another order than they began: events so young are read again."""


class QueueMetrics:
    """What Prometheus scrapes of the queue; `refresh` before each scrape."""

    def __init__(self, store: QueueStore, registry: CollectorRegistry) -> None:
        self._store = store
        self._since: float | None = None
        """Database's time of the first look: counting begins there."""
        self._counted: set[int] = set()
        """Events counted that may be read again."""
        self._settled = 0
        """Up to this `seq` all is counted."""
        self._happened = QueueCounters(registry)
        self._up = Gauge("ivr_queue_up", "1 while the queue's database answers.", registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"ivr_queue_{name}", text, labels, registry=registry)

        self._length = gauge("length", "Contacts; waiting ones are due.", "skill", "kind", "state")
        self._oldest = gauge("oldest_wait_seconds", "Of those waiting and due.", "skill", "kind")
        self._operators = gauge("operators", "Operators.", "state")
        self._unreached = Gauge(
            "ivr_queue_operators_unreached",
            "Operators who could not be reached for no fault of theirs, and are tried again.",
            registry=registry,
        )
        self._nodes = gauge("node_up", "1: the node has renewed its lease.", "node")

    async def refresh(self) -> None:
        """Look at the queue; a database that does not answer shows as `ivr_queue_up` 0."""
        gauges = (self._length, self._oldest, self._operators, self._nodes)
        try:
            snapshot = await self._store.snapshot()
            await self._count(snapshot.at)
            served = [
                (contact, attempt.step)
                for attempt in snapshot.attempts
                if (contact := await self._store.contact(attempt.contact_id)) is not None
            ]
        except StoreError as fault:
            log.warning("x queue metrics: %s", fault)
            for gauge in gauges:
                gauge.clear()  # what is not known is not shown
            self._up.set(0)
            return
        for gauge in gauges:
            gauge.clear()
        self._up.set(1)
        self._show(snapshot)
        for contact, step in served:
            state = "connected" if step is AttemptStep.JOINED else "offered"
            self._length.labels(contact.skill, contact.kind.value, state).inc()

    def _show(self, snapshot: Snapshot) -> None:
        oldest: dict[tuple[str, str], float] = {}
        for one in snapshot.waiting:
            which = (one.skill, one.kind.value)
            is_due = one.due_at <= snapshot.at
            self._length.labels(*which, "waiting" if is_due else "not_due").inc()
            if is_due:
                waited_s = snapshot.at - max(one.first_promised_at, one.due_at)
                oldest[which] = max(waited_s, oldest.get(which, 0.0))
        for which, waited_s in oldest.items():
            self._oldest.labels(*which).set(waited_s)
        for state in OperatorState:
            self._operators.labels(state.value).set(0)
        for operator in snapshot.operators:
            self._operators.labels(operator.state.value).inc()
        self._unreached.set(sum(operator.retry_at > 0 for operator in snapshot.operators))
        for node, lease_until in snapshot.nodes.items():
            self._nodes.labels(node).set(lease_until > snapshot.at)

    async def _count(self, now: float) -> None:
        if self._since is None:
            self._since = now
        settled = self._settled
        async for event in events_since(self._store, self._since, after=self._settled):
            if event.seq not in self._counted:
                self._counted.add(event.seq)
                self._happened.observe(event)
            if event.at < now - SETTLING_S:
                settled = max(settled, event.seq)
        self._settled = settled
        self._counted = {seq for seq in self._counted if seq > settled}


class QueueCounters:
    """Events, counted."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._promises: dict[ContactId, float | None] = {}
        """Promises that are owed -> beginning of the slot, None: in turn."""
        self._talking: dict[AttemptId, float] = {}
        """Promises that are being kept -> how late: they count once the two have talked."""

        def counter(name: str, text: str, label: str = "skill") -> Counter:
            return Counter(f"ivr_queue_{name}", text, (label,), registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(
                f"ivr_queue_{name}_seconds", text, ("skill",), buckets=buckets, registry=registry
            )

        self._offered = counter("offered", "Contacts that came by line.")
        self._answered = counter("answered", "Contacts answered on the line.")
        self._abandoned = counter("abandoned", "Contacts that hung up on the line, or were lost.")
        self._promised = counter("promises", "Calls back promised.")
        self._kept = counter("promises_kept", "Promised calls joined with an operator.")
        self._given_up = counter("promises_given_up", "Promises not reached in all tries.")
        self._cancelled = counter("promises_cancelled", "Promises taken back.")
        self._retries = counter("retries", "Dials of customers in vain, to be repeated.")
        self._attempts = counter("attempts", "Attempts to join two people, over.", "outcome")
        self._rings = counter("rings_in_vain", "Operators who could not be reached.", "outcome")
        self._wait = histogram("wait", "Wait of those answered on the line.", WAIT_BUCKETS_S)
        self._bridge = histogram(
            "promise_to_bridge", "From first place, or slot, to the joining.", BRIDGE_BUCKETS_S
        )
        self._talk = histogram("talk", "Conversations.", TALK_BUCKETS_S)

    def observe(self, event: QueueEvent) -> None:
        """Count one event."""
        skill = event.skill
        match event.what:
            case What.ENQUEUED | What.BECAME_CALLBACK:
                self._on_place(event)
            case What.CONNECTED:
                self._on_connected(event)
            case What.SERVED:
                self._on_served(event)
            case What.ABANDONED:
                self._abandoned.labels(skill).inc()
            case What.CANCELLED if self._is_promise(event):
                self._cancelled.labels(skill).inc()
            case What.GIVEN_UP:
                self._given_up.labels(skill).inc()
            case What.RETRIED:
                self._retries.labels(skill).inc()
            case What.ATTEMPT_ENDED:
                outcome = str(event.values.get("outcome", ""))
                self._attempts.labels(outcome).inc()
                self._talking.pop(event.attempt_id, None)
                if outcome in OPERATOR_FAULTS:
                    self._rings.labels(outcome).inc()
        if event.what in (What.CANCELLED, What.GIVEN_UP, What.SERVED):
            self._promises.pop(event.contact_id, None)

    def _on_place(self, event: QueueEvent) -> None:
        if event.kind is not ContactKind.CALLBACK:
            self._offered.labels(event.skill).inc()
            return
        if event.contact_id not in self._promises:  # else another slot, or off the line again
            self._promised.labels(event.skill).inc()
        self._promises[event.contact_id] = slot_of(event)

    def _on_connected(self, event: QueueEvent) -> None:
        waited_s = number_in(event, "waited_s")
        if not self._is_promise(event):
            self._answered.labels(event.skill).inc()
            self._wait.labels(event.skill).observe(waited_s)
            return
        slot_at = self._promises.get(event.contact_id)
        late_s = waited_s if slot_at is None else max(0.0, event.at - slot_at)
        if event.contact_id not in self._promises:  # made before counting began
            late_s = number_in(event, "late_s")
        self._talking[event.attempt_id] = late_s

    def _on_served(self, event: QueueEvent) -> None:
        # Out of sight is not over: a talk that is resumed is told once, at its end.
        if event.values.get("reason") != AttemptOutcome.LOST:
            self._talk.labels(event.skill).observe(number_in(event, "talk_s"))
        late_s = self._talking.pop(event.attempt_id, None)
        if late_s is not None:
            self._kept.labels(event.skill).inc()
            self._bridge.labels(event.skill).observe(late_s)

    def _is_promise(self, event: QueueEvent) -> bool:
        return event.kind is ContactKind.CALLBACK or event.contact_id in self._promises
