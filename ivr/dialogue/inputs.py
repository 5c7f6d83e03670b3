"""What can happen to a dialogue, as data: the second argument of the policy."""

from dataclasses import dataclass
from datetime import datetime

from ivr.dialogue.actions import ServiceCall
from ivr.nlu.schema import NluResult
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


@dataclass(frozen=True, slots=True)
class CallbackStored:
    """The callback request is on disk."""

    number: str


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
    | CallbackStored
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the policy may know of the world around a turn."""

    now: datetime
