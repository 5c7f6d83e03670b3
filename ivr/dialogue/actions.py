"""What the policy wants done, as data. The session carries it out; the policy never does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ivr.queue.model import ContactId
from ivr.speech.phrase import Phrase


class QuestionKind(StrEnum):
    """What kind of answer is awaited; decides endpointing and how DTMF is read."""

    OPEN = "open"
    YES_NO = "yes_no"
    CITY = "city"
    MENU = "menu"
    CHOICE = "choice"
    """One of several things that were just named."""
    DIGITS = "digits"
    """A telephone number."""
    AMOUNT = "amount"
    DATE = "date"
    TARIFF = "tariff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Play a phrase, then go on with the next action."""

    phrase: Phrase
    barge_in: bool = True
    """False: must be heard to its end, speech and keys meanwhile are kept, not acted on."""
    item: int | None = None
    """Number of the choice that the phrase names, from 1 on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Play a phrase (may be empty) and wait for the caller. Always the last action of a list."""

    phrase: Phrase
    kind: QuestionKind = QuestionKind.OPEN
    no_input_s: float = 6.0
    """Silence after the phrase that counts as no input, seconds."""
    barge_in: bool = True
    takes_row: bool = False
    """Answered by a row of keys, such as a telephone number: all that are pressed are kept."""
    music: bool = False
    """The caller waits in the queue: after the phrase music plays for `no_input_s`, unless somebody
    speaks or keys. Silence is no `NoInput` then but a fresh `Queued`."""
    droppable: bool = False
    """The phrase is cut off when an operator is there: it is about the waiting."""


class ServiceCall(StrEnum):
    """Methods of `ivr.services.port.BackOffice`."""

    BALANCE = "balance"
    TARIFF = "tariff"
    SERVICES = "services"
    PROMISED_PAYMENT_TERMS = "promised_payment_terms"
    CONNECT_PROMISED_PAYMENT = "connect_promised_payment"
    DISCONNECT_SERVICE = "disconnect_service"
    LAST_PAYMENT = "last_payment"
    LAST_CHARGES = "last_charges"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallService:
    """Ask the back office; the answer comes back as `ServiceReplied` or `ServiceFailed`.

    Always the last action of a list. The session adds the caller's number and, for orders, the
    idempotency key.
    """

    call: ServiceCall
    arguments: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Hand the caller to an operator, or put them in the queue.

    Comes back as `Queued`, `Closed` or, if it fails, `TransferFailed`. Always the last action of a
    list.
    """

    reason: str
    """Intent or cause, e.g. 'operator', 'complaint', 'no_match'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Connect the caller with the operator who is on the line and waits for it.

    Comes back as `Queued` (with `after_failure`) or `TransferFailed` if it fails. Always the last
    action of a list.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCallback:
    """Promise a call durably: who waits on the line keeps the place, others get one.

    Answered by `CallbackStored`, `CallbackRefused`, `ServiceFailed`, or by `Queued` when an
    operator has been found meanwhile. Always the last action of a list.
    """

    number: str
    """Ten digits."""
    reason: str
    slot: datetime | None = None
    """Beginning of the time that the caller has chosen; None: in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCallback:
    """Take back what the caller was promised: a call, or the place on the line.

    Answered by `PromiseCancelled` or `ServiceFailed`. Always the last action of a list.
    """

    contact_id: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToLine:
    """The caller was promised a call, or lost the line, and now waits on this one.

    Answered by `Queued`, `Closed` or `ServiceFailed`. Always the last action of a list.
    """

    contact_id: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End the call after everything before it was heard."""

    reason: str
    """'goodbye', 'no_input', 'callback', ..."""


Action = (
    Say
    | Ask
    | CallService
    | Transfer
    | Join
    | RequestCallback
    | CancelCallback
    | ReturnToLine
    | HangUp
)
