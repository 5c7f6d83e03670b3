"""What can happen to a dialogue, as data: the second argument of the policy."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ivr.dialogue.actions import ServiceCall
from ivr.nlu.schema import NluResult
from ivr.queue.model import Place
from ivr.services.port import (
    Balance,
    Charge,
    ConnectedService,
    Outage,
    Payment,
    PromisedPaymentTerms,
    Tariff,
)

ServiceReply = (
    Balance
    | Tariff
    | tuple[ConnectedService, ...]
    | PromisedPaymentTerms
    | Payment
    | tuple[Charge, ...]
    | Outage
    | None
)


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The leg is up. The first input of every dialogue."""

    caller_number: str
    """Ten digits, or '' when the caller's number is not known or not ours to trust."""
    recorded: bool
    """True when the call is recorded and the caller has to be told."""
    promises: tuple[Place, ...] = ()
    """What this number is still owed: calls, and a place on the line that was lost lately."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller said something and NLU understood it in some way; thresholds are the policy's."""

    result: NluResult
    asr_confidence: float = 1.0
    item: int | None = None
    """Number of the choice that was being named when the caller began to speak, from 1 on."""
    cut: bool = False
    """The caller spoke longer than is listened to; this is the beginning."""


@dataclass(frozen=True, slots=True)
class Unintelligible:
    """There was speech, and the recognizer made no words of it."""

    cut: bool = False
    """It lasted longer than is listened to."""


@dataclass(frozen=True, slots=True)
class NluUnavailable:
    """The caller said `text`, and the NLU engine is down or too slow."""

    text: str


@dataclass(frozen=True, slots=True)
class NoInput:
    """Nothing was said or keyed in time."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """The caller pressed a key: 0-9, *, #; several where a number was asked for."""

    digit: str


@dataclass(frozen=True, slots=True)
class ServiceReplied:
    """The back office answered a `CallService`."""

    call: ServiceCall
    reply: ServiceReply


@dataclass(frozen=True, slots=True)
class ServiceFailed:
    """The back office could not answer; `code` as in `ServiceError.code`."""

    call: ServiceCall | None
    code: str


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """No operator took the call; `reason` is 'busy', 'no_answer', 'failed' or 'closed'."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The caller waits on the line: said at first, from time to time, and when a try failed."""

    place: Place
    callback: bool = False
    """The wait is long enough to offer a call back. One that is asked for needs no offer."""
    slots: tuple[datetime, ...] = ()
    """Beginnings of times that may be chosen for it, soonest first, with their zone."""
    ringing: bool = False
    """An operator has been found, whose phone rings."""
    after_failure: bool = False
    """The operator did not pick up; the place is kept."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody works now."""

    opens_at: datetime | None = None
    """With its zone; None when that is not known."""
    slots: tuple[datetime, ...] = ()
    """As in `Queued`."""


@dataclass(frozen=True, slots=True)
class OperatorReady:
    """An operator is on the line, knows what it is about, and waits for the caller."""


@dataclass(frozen=True, slots=True)
class CallbackStored:
    """The promise is on disk."""

    number: str
    ahead: int | None = None
    """How many will be served before; None when that is not known."""
    slot: datetime | None = None
    """Beginning of the booked time; None: in turn."""
    calls_from: datetime | None = None
    """When calls to the number begin, where the hours allow none now; None: they do."""


class Refusal(StrEnum):
    """Why a call is not promised."""

    NUMBER = "number"  # foreign, premium or otherwise not allowed
    LIMIT = "limit"  # too many promises to this number, or on this day
    SLOT = "slot"  # the time is taken, or outside the hours in which the customer may be called


@dataclass(frozen=True, slots=True)
class CallbackRefused:
    """The call cannot be promised; the caller keeps the place on the line, if there was one."""

    reason: Refusal
    slots: tuple[datetime, ...] = ()
    """Times that may be chosen instead."""


@dataclass(frozen=True, slots=True)
class PromiseCancelled:
    """A `CancelCallback` was carried out."""


UserInput = (
    CallStarted
    | Heard
    | Unintelligible
    | NluUnavailable
    | NoInput
    | Keyed
    | ServiceReplied
    | ServiceFailed
    | TransferFailed
    | Queued
    | Closed
    | OperatorReady
    | CallbackStored
    | CallbackRefused
    | PromiseCancelled
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the policy may know of the world around a turn."""

    now: datetime
