"""What happens in calls, as frozen events, and the bus that carries them.

Publishing never blocks and never fails a call: each subscriber has its own bounded queue, and one
that cannot keep up loses its oldest events, counted and logged.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NewType

from ivr.nlu.schema import Entity

log = logging.getLogger(__name__)

CallId = NewType("CallId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffered:
    """An INVITE came in and was admitted."""

    call_id: CallId
    at: datetime
    ani: str
    dnis: str
    sip_call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRejected:
    """An INVITE was turned away: 404 wrong number, 486/503 over the limit or draining."""

    at: datetime
    ani: str
    dnis: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    """The caller's leg is up."""

    call_id: CallId
    at: datetime
    codec: str
    recording: str
    """Path of the two-channel WAV, '' when the call is not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBegan:
    """Voice activity began. Times of audio events are seconds since the leg's first frame."""

    call_id: CallId
    audio_s: float
    barge_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialHeard:
    """A new partial hypothesis."""

    call_id: CallId
    audio_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCompleted:
    """One turn: what the caller did, what was understood and what the bot answered."""

    call_id: CallId
    index: int
    at: datetime
    kind: str
    """'started', 'heard', 'unintelligible', 'keyed', 'no_input', 'service', 'transfer', ..."""
    question: str
    """Kind of the question that was open: 'open', 'yes_no', ...; '' when none."""
    speech_start_s: float | None = None
    speech_end_s: float | None = None
    text: str = ""
    """Final hypothesis, or the keys pressed."""
    last_partial: str = ""
    asr_confidence: float | None = None
    intent: str = ""
    intent_confidence: float | None = None
    entities: tuple[Entity, ...] = ()
    decision: str = ""
    """'accept', 'confirm', 'reject' or ''."""
    reply: str = ""
    """Text of everything the bot said in answer."""
    barge_in: bool = False
    played_s: float | None = None
    """How much of the previous reply the caller had heard when beginning to speak over it, or to
    key; None when it was not interrupted."""
    played_item: int | None = None
    """Number of the choice it was just naming, from 1 on."""
    endpoint: str = ""
    """Why the speech was taken for over, e.g. 'complete number', 'incomplete leads_on', 'silence',
    'too_long'; '' without speech."""
    patience_ms: int | None = None
    """The silence that was waited for; None when it was cut for its length."""
    asr_ms: float | None = None
    """End of speech detected -> final hypothesis."""
    nlu_ms: float | None = None
    response_ms: float | None = None
    """Last sample of the caller's speech -> first sample of the reply handed to the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffStarted:
    """The caller is being handed to an operator."""

    call_id: CallId
    at: datetime
    handoff_id: str
    mode: str
    """'refer' or 'bridge'."""
    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffProgressed:
    """Status of the hand-off: NOTIFY's sipfrag or the operator leg's progress."""

    call_id: CallId
    at: datetime
    handoff_id: str
    mode: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffEnded:
    """The hand-off is over; `outcome`: 'connected', 'busy', 'no_answer', 'failed', 'cancelled'."""

    call_id: CallId
    at: datetime
    handoff_id: str
    mode: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequested:
    """A callback request is on disk."""

    call_id: CallId
    at: datetime
    request_id: str
    number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The caller's leg is gone and everything of the call is released. The last event of a call."""

    call_id: CallId
    at: datetime
    status: int
    reason: str
    side: str
    """`HangupSide` value."""
    outcome: str
    """'contained', 'transferred', 'callback', 'abandoned', 'no_input', 'failed'."""
    dropped_frames: int = 0
    asr_audio_s: float = 0.0
    asr_busy_s: float = 0.0
    """Seconds spent decoding; real-time factor = asr_busy_s / asr_audio_s."""


Event = (
    CallOffered
    | CallRejected
    | CallAnswered
    | SpeechBegan
    | PartialHeard
    | TurnCompleted
    | HandoffStarted
    | HandoffProgressed
    | HandoffEnded
    | CallbackRequested
    | CallEnded
)

QUEUE_EVENTS: Final = 4096


@dataclass(slots=True)
class Subscription:
    """One subscriber's bounded queue; iterate over it on the event loop."""

    name: str
    capacity: int
    dropped: int = 0
    _queue: asyncio.Queue[Event | None] = field(init=False)

    def __post_init__(self) -> None:
        self._queue = asyncio.Queue()

    def push(self, event: Event) -> None:
        """Take an event; the oldest goes when the queue is full."""
        if self._queue.qsize() >= self.capacity:
            self._queue.get_nowait()
            self.dropped += 1
            if self.dropped & (self.dropped - 1) == 0:  # at 1, 2, 4, 8 ...: no log flood
                log.warning("x subscriber %s lost %d events", self.name, self.dropped)
        self._queue.put_nowait(event)

    def close(self) -> None:
        """End the iteration after what is queued."""
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            yield event


class EventBus:
    """Fan-out of events to subscribers. Event loop only."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self, name: str, capacity: int = QUEUE_EVENTS) -> Subscription:
        """A new subscriber that sees every event published from now on."""
        subscription = Subscription(name, capacity)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop delivery and end the subscriber's iteration."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
        subscription.close()

    def publish(self, event: Event) -> None:
        """Hand the event to every subscriber; returns at once."""
        for subscription in self._subscriptions:
            subscription.push(event)
