"""Events -> Prometheus metrics in a registry of their own. Event loop only."""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from ivr.analytics.cdr import is_no_input, is_no_match
from ivr.events import (
    CallbackRequested,
    CallEnded,
    CallId,
    CallOffered,
    CallRejected,
    Event,
    HandoffEnded,
    Subscription,
    TurnCompleted,
)

RESPONSE_BUCKETS_S: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3, 1.7, 2.5, 4.0, 8.0)
"""Around 0.8 s (P50 wanted) and 1.3 s (P95 wanted)."""
PATIENCE_BUCKETS_S: Final = (0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0)
STAGE_BUCKETS_S: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5)
FACTOR_BUCKETS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Metrics:
    """What Prometheus scrapes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._live: set[CallId] = set()
        self._calls = self._counter("ivr_calls", "Calls ended, by outcome.", "outcome")
        self._rejected = self._counter("ivr_calls_rejected", "Calls turned away.", "status")
        self._live_calls = self._gauge("ivr_live_calls", "Calls under way.")
        self._tasks = self._gauge("ivr_tasks", "Tasks of the call core's event loop.")
        self._turns = self._counter("ivr_turns", "Turns, by kind.", "kind")
        self._no_match = self._counter("ivr_no_match", "Speech that was not understood.")
        self._no_input = self._counter("ivr_no_input", "Questions that got no answer in time.")
        self._patience = Histogram(
            "ivr_turn_patience_seconds",
            "Silence waited for at the end of a turn.",
            ("question", "words"),
            buckets=PATIENCE_BUCKETS_S,
            registry=self.registry,
        )
        self._barge_ins = self._counter("ivr_barge_ins", "Replies the caller spoke into.")
        self._response = self._histogram(
            "ivr_response_seconds", "End of speech to first reply sample.", RESPONSE_BUCKETS_S
        )
        self._asr_final = self._histogram(
            "ivr_asr_final_seconds", "End of speech noticed to final text.", STAGE_BUCKETS_S
        )
        self._nlu = self._histogram("ivr_nlu_seconds", "Text to intent.", STAGE_BUCKETS_S)
        self._asr_factor = self._histogram(
            "ivr_asr_real_time_factor", "Decoding time by audio time, per call.", FACTOR_BUCKETS
        )
        self._handoffs = Counter(
            "ivr_handoffs",
            "Hand-offs to operators ended.",
            ("mode", "outcome"),
            registry=self.registry,
        )
        self._callbacks = self._counter("ivr_callback_requests", "Promises to call back.")
        self._dropped_frames = self._counter("ivr_dropped_frames", "Audio frames lost inside.")
        self._lost_events = self._gauge(
            "ivr_subscriber_lost_events", "Events a slow subscriber lost.", "subscriber"
        )
        self._workers_up = self._gauge("ivr_media_workers_up", "Media workers that answer.")
        self._rasa_up = self._gauge("ivr_rasa_up", "1 while the intent engine answers.")

    async def run(self, subscription: Subscription) -> None:
        """Count what one subscription delivers until it is closed."""
        async for event in subscription:
            self.observe(event)

    def observe(self, event: Event) -> None:
        """Count one event."""
        match event:
            case CallOffered():
                self._live.add(event.call_id)
                self._live_calls.set(len(self._live))
            case CallRejected():
                self._rejected.labels(str(event.status)).inc()
            case TurnCompleted():
                self._on_turn(event)
            case HandoffEnded():
                self._handoffs.labels(event.mode, event.outcome).inc()
            case CallbackRequested():
                self._callbacks.inc()
            case CallEnded():
                self._on_call_ended(event)

    def watch(self, subscription: Subscription) -> None:
        """Export how many events this subscription has lost."""
        self._lost_events.labels(subscription.name).set_function(lambda: subscription.dropped)

    def workers_up_from(self, count: Callable[[], int]) -> None:
        """Ask `count` at every scrape how many media workers answer."""
        self._workers_up.set_function(count)

    def rasa_up_from(self, healthy: Callable[[], bool]) -> None:
        """Ask `healthy` at every scrape whether the intent engine answers."""
        self._rasa_up.set_function(healthy)

    def intent_model_from(self, model: Callable[[], str]) -> None:
        """Ask `model` at every scrape which version of the intent model answers."""
        self.registry.register(_IntentModel(model))

    def tasks_from(self, count: Callable[[], int]) -> None:
        """Ask `count` at every scrape how many tasks the event loop has: leaks show here."""
        self._tasks.set_function(count)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _on_turn(self, turn: TurnCompleted) -> None:
        self._turns.labels(turn.kind).inc()
        self._no_match.inc(is_no_match(turn))
        self._no_input.inc(is_no_input(turn))
        self._barge_ins.inc(turn.barge_in)
        if turn.patience_ms is not None:
            words = turn.endpoint.split(" ")[0]
            self._patience.labels(turn.question, words).observe(turn.patience_ms / 1000)
        for histogram, milliseconds in (
            (self._response, turn.response_ms),
            (self._asr_final, turn.asr_ms),
            (self._nlu, turn.nlu_ms),
        ):
            if milliseconds is not None:
                histogram.observe(milliseconds / 1000)

    def _on_call_ended(self, event: CallEnded) -> None:
        self._live.discard(event.call_id)
        self._live_calls.set(len(self._live))
        self._calls.labels(event.outcome).inc()
        self._dropped_frames.inc(event.dropped_frames)
        if event.asr_audio_s > 0:
            self._asr_factor.observe(event.asr_busy_s / event.asr_audio_s)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self.registry)


class _IntentModel(Collector):
    """A text as a metric: Prometheus keeps it as a label."""

    def __init__(self, model: Callable[[], str]) -> None:
        self._model = model

    def collect(self) -> Iterator[Metric]:
        text = "The intent model that answers."
        yield InfoMetricFamily("ivr_intent_model", text, value={"version": self._model()})
