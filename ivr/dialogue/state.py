"""Everything the policy remembers between two turns of one dialogue, as a frozen value."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ivr.dialogue.actions import QuestionKind, ServiceCall
from ivr.nlu.schema import Entity
from ivr.queue.model import Place
from ivr.speech.phrase import Phrase


class Phase(StrEnum):
    """Who has to act next."""

    NEW = "new"
    ASKING = "asking"  # the caller
    SERVICE = "service"  # the back office
    TRANSFER = "transfer"  # the hand-off
    JOINING = "joining"  # the operator on the other line
    RETURNING = "returning"  # the queue, with a place that the caller had before
    STORING_CALLBACK = "storing_callback"  # the store of promises
    CANCELLING = "cancelling"  # the same
    ENDED = "ended"  # nobody: the call is being hung up


class Topic(StrEnum):
    """What the open question is about; with the key or words heard it decides what they mean."""

    OPEN = "open"
    ANYTHING_ELSE = "anything_else"
    MENU = "menu"
    CONFIRM_INTENT = "confirm_intent"
    CONFIRM_PROMISED_PAYMENT = "confirm_promised_payment"
    WHICH_SERVICE = "which_service"
    CONFIRM_DISCONNECTING = "confirm_disconnecting"
    CITY = "city"
    ADVICE_HELPED = "advice_helped"
    OFFER_OPERATOR = "offer_operator"
    CALLBACK_HERE = "callback_here"  # call back to the number the caller is calling from?
    CALLBACK_NUMBER = "callback_number"
    CALLBACK_CHECK = "callback_check"  # is the number read back right?
    CALLBACK_WHEN = "callback_when"  # in turn, or at a time of the caller's choice?
    CALLBACK_SLOT = "callback_slot"  # which of these times?
    IN_QUEUE = "in_queue"  # music plays; whatever the caller says is welcome
    QUEUE_OFFER = "queue_offer"  # a call back instead of waiting?
    CLOSED_OFFER = "closed_offer"  # a call back when somebody works again?
    CONFIRM_LEAVING = "confirm_leaving"  # give up the place in the queue?
    PROMISE_FOUND = "promise_found"  # stay on the line, or wait for the promised call?
    PLACE_FOUND = "place_found"  # back to the place that a lost line had?
    CONFIRM_CANCELLING = "confirm_cancelling"  # no call back after all?


YES_NO_TOPICS = frozenset(
    {
        Topic.CONFIRM_INTENT,
        Topic.CONFIRM_PROMISED_PAYMENT,
        Topic.CONFIRM_DISCONNECTING,
        Topic.ADVICE_HELPED,
        Topic.OFFER_OPERATOR,
        Topic.CALLBACK_HERE,
        Topic.CALLBACK_CHECK,
        Topic.QUEUE_OFFER,
        Topic.CLOSED_OFFER,
        Topic.CONFIRM_LEAVING,
        Topic.PLACE_FOUND,
        Topic.CONFIRM_CANCELLING,
    }
)
CALLBACK_TOPICS = frozenset(
    {
        Topic.CALLBACK_HERE,
        Topic.CALLBACK_NUMBER,
        Topic.CALLBACK_CHECK,
        Topic.CALLBACK_WHEN,
        Topic.CALLBACK_SLOT,
    }
)

OPEN_TOPICS = frozenset({Topic.OPEN, Topic.ANYTHING_ELSE, Topic.MENU})


@dataclass(frozen=True, slots=True)
class Question:
    """A question put to the caller: enough to put it again word for word."""

    topic: Topic
    phrase: Phrase = ()
    intro: Phrase = ()
    """Said before the choices."""
    choices: tuple[str, ...] = ()
    """What can be chosen, named one by one before `phrase`."""

    @property
    def kind(self) -> QuestionKind:
        """What kind of answer the ears should expect."""
        if self.topic in YES_NO_TOPICS:
            return QuestionKind.YES_NO
        if self.topic is Topic.CITY:
            return QuestionKind.CITY
        if self.choices:
            return QuestionKind.CHOICE
        if self.topic is Topic.MENU:
            return QuestionKind.MENU
        if self.topic is Topic.CALLBACK_NUMBER:
            return QuestionKind.DIGITS
        return QuestionKind.OPEN


@dataclass(frozen=True, slots=True)
class Errand:
    """What the caller wants: an intent's name and the entities said with it."""

    intent: str
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Somebody waits on the line: where, and what they were told of it."""

    place: Place
    seen_at: datetime
    """When the place was looked up."""
    callback: bool = False
    """The wait is long enough to offer a call back."""
    slots: tuple[datetime, ...] = ()
    ringing: bool = False
    told: tuple[int, int | None] | None = None
    """Contacts ahead and minutes of waiting as they were told last."""
    told_at: datetime | None = None
    tellings: int = 0
    offered: bool = False
    """A call back was offered."""
    explained: bool = False
    """The caller was told what can be said and keyed meanwhile."""


HISTORY_LENGTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueState:
    """One dialogue between turns. `DialogueState()` is the value before `CallStarted`."""

    phase: Phase = Phase.NEW
    question: Question = Question(Topic.OPEN)
    """The question that is open, or was last."""
    caller_number: str = ""
    """Ten digits, '' when unknown."""
    not_ours: bool = False
    """The back office does not know the caller's number."""
    errand: Errand | None = None
    """What is being served, or waits to be confirmed."""
    pending_call: ServiceCall | None = None
    """The back office call that is awaited; a reply to any other is stale."""
    said: Phrase = ()
    """The last answer, for «повторите»; without the question after it."""
    no_inputs: int = 0
    """Silences in a row."""
    no_matches: int = 0
    """Times in a row that nothing was understood."""
    nlu_failures: int = 0
    waiting: bool = False
    """The caller asked for a minute."""
    service_failures: int = 0
    transfer_attempts: int = 0
    """Hand-offs tried in this dialogue."""
    transfer_reason: str = ""
    callback_offered: bool = False
    callback_number: str = ""
    """Digits keyed so far, or the number read back."""
    slot: datetime | None = None
    """Beginning of the time chosen for the call back; None: in turn."""
    slots: tuple[datetime, ...] = ()
    """Times that may be chosen by somebody who is not in the queue."""
    line: Line | None = None
    """Set while the caller waits on the line for an operator."""
    promise: Place | None = None
    """What the caller was promised in an earlier call."""
    end_reason: str = ""
    history: tuple[str, ...] = ()
    """Intents acted on, oldest first, the last `HISTORY_LENGTH` of them."""
