"""The words of the virtual queue: contacts, operators and attempts to join them, as frozen values.

Times are seconds since the epoch (UTC), because they are shared between nodes and outlive them.
Pure: nothing here acts, `ivr.queue.transitions` says which value follows which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

ContactId = NewType("ContactId", str)
OperatorId = NewType("OperatorId", str)
AttemptId = NewType("AttemptId", str)
NodeId = NewType("NodeId", str)

NO_TALK: Final = AttemptId("")

DEFAULT_SKILL: Final = "general"
DEFAULT_LANGUAGE: Final = "ru"


class ContactKind(StrEnum):
    """How somebody waits."""

    CALL = "call"  # on the line
    CALLBACK = "callback"  # hung up, was promised a call
    CHAT = "chat"


class Priority(StrEnum):
    """Classes, the most urgent first; ageing keeps each from starving the next."""

    VIP = "vip"
    NORMAL = "normal"
    LOW = "low"


class ContactState(StrEnum):
    """In lifecycle order."""

    WAITING = "waiting"
    OFFERED = "offered"  # an operator is reserved for it and exactly one attempt lives
    CONNECTED = "connected"  # talks to an operator
    DONE = "done"
    ABANDONED = "abandoned"  # the live caller hung up, or the line to them was lost
    CANCELLED = "cancelled"  # the caller takes the promise back
    GIVEN_UP = "given_up"  # the customer could not be reached in the allowed number of tries


LIVE_STATES: Final = frozenset({ContactState.WAITING, ContactState.OFFERED, ContactState.CONNECTED})
"""A contact in one of these is owed something."""
PENDING: Final = frozenset({ContactState.WAITING, ContactState.OFFERED})
"""Nobody has talked to the customer yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody who waits for an operator, on the line or for a promised call."""

    contact_id: ContactId
    kind: ContactKind
    number: str
    """Ten digits to call back, of a live call the caller's own; '' when unknown."""
    caller: str = ""
    """Ten digits the request came from; differs from `number` where another one was named."""
    topic: str
    """What it is about: intent or cause. One promised call per number and topic."""
    skill: str = DEFAULT_SKILL
    language: str = DEFAULT_LANGUAGE
    priority: Priority = Priority.NORMAL
    first_promised_at: float
    """When a place was first promised. Never changes, whatever becomes of the contact."""
    place_at: float
    """What the order goes by: `first_promised_at`, or the beginning of a booked slot."""
    rank: float = 0.0
    """`place_at` less the head start of the priority class; the lowest is served first,
    `contact_id` decides between equals. Fixed, so that the order of two contacts never changes
    while they wait. Filled in by `transitions.placed`, as are overflow and time of preference."""
    due_at: float = 0.0
    """No operator is sought before this time: a booked slot, a pause before the next try."""
    overflow_at: float | None = None
    """From then on operators of `overflow_skill` may take it too."""
    overflow_skill: str = ""
    preferred_operator: OperatorId | None = None
    """Who served this number last; others may take it from `preferred_until` on."""
    preferred_until: float = 0.0
    promised: bool = False
    """A call was promised: always so with a callback; and whoever comes back to the line and hangs
    up again is called all the same."""
    state: ContactState = ContactState.WAITING
    node: NodeId = NodeId("")
    """The node that holds the live call; '' for a callback, which any node may carry out."""
    call_id: str = ""
    """The call in the records that asked."""
    handoff_id: str = ""
    """What the operator should know, in the records."""
    tries: int = 0
    """Dials that came to nothing because of the customer: not there, busy, declined, a machine."""
    faults: int = 0
    """Dials that came to nothing because of us, and have a limit of their own."""
    version: int = 0
    """Grows with every change: compare-and-set and fencing token in one."""
    ended_at: float | None = None
    end_reason: str = ""

    @property
    def is_live(self) -> bool:
        """Something is still owed."""
        return self.state in LIVE_STATES

    @property
    def promise(self) -> tuple[str, str] | None:
        """(number, topic) that only one pending contact may have; None where nothing but the line
        keeps the place: two people behind one company number may both wait on the line."""
        owed = self.promised and self.number and self.state in PENDING
        return (self.number, self.topic) if owed else None


class OperatorState(StrEnum):
    """In the order of a working day."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    RESERVED = "reserved"  # an attempt has been planned with this operator
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


BUSY_STATES: Final = frozenset({OperatorState.RESERVED, OperatorState.ON_CALL})
ON_DUTY: Final = BUSY_STATES | {OperatorState.AVAILABLE, OperatorState.WRAP_UP}
"""Those that waiting contacts may count on; whoever pauses may not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person who answers contacts, at a SIP address."""

    operator_id: OperatorId
    name: str = ""
    target: str
    """SIP URI of the phone."""
    skills: Mapping[str, int] = field(default_factory=lambda: {DEFAULT_SKILL: 1})
    """Skill -> level, 1 and up; the highest level is preferred."""
    languages: frozenset[str] = frozenset({DEFAULT_LANGUAGE})
    state: OperatorState = OperatorState.OFFLINE
    state_since: float = 0.0
    idle_since: float = 0.0
    """End of the last contact or log-in; whoever idles longest comes first. A reservation that
    came to nothing does not move it."""
    wrap_up_until: float = 0.0
    wish: OperatorState | None = None
    """PAUSED or OFFLINE asked for while busy: entered as soon as the contact is over."""
    reason: str = ""
    """Why paused: 'break', 'operator_no_answer', ..."""
    version: int = 0
    misses: int = 0
    """Dials in a row that did not get as far as the phone."""
    retry_at: float = 0.0
    """Paused until then, and available of its own accord; 0: until somebody says ready."""
    lost_talk: AttemptId = NO_TALK
    """A conversation that was out of sight when its node was lost, and may still go on."""


class AttemptMode(StrEnum):
    """Who is called in which order."""

    DELIVERY = "delivery"  # the caller is on the line: dial the operator
    OPERATOR_FIRST = "operator_first"
    CUSTOMER_FIRST = (
        "customer_first"  # the operator is reserved, and rung once the customer is there
    )


class AttemptStep(StrEnum):
    """How far an attempt has come; each is written before it is acted on. In a delivery there are
    no customer steps, with customer first they come before the operator's."""

    PLANNED = "planned"  # the dial command is in the outbox
    CLAIMED = "claimed"  # by the one node that may carry it out
    OPERATOR_DIALLED = "operator_dialled"
    OPERATOR_UP = "operator_up"
    CUSTOMER_DIALLED = "customer_dialled"
    CUSTOMER_UP = "customer_up"
    IDENTIFIED = "identified"
    JOINED = "joined"
    ENDED = "ended"


class AttemptOutcome(StrEnum):
    """Why an attempt ended."""

    CONNECTED = "connected"
    OPERATOR_NO_ANSWER = "operator_no_answer"
    OPERATOR_REFUSED = "operator_refused"
    OPERATOR_FAILED = "operator_failed"
    OPERATOR_UNREACHABLE = "operator_unreachable"  # the way there is broken: the phone never rang
    CUSTOMER_BUSY = "customer_busy"
    CUSTOMER_NO_ANSWER = "customer_no_answer"
    CUSTOMER_VOICEMAIL = "customer_voicemail"
    CUSTOMER_LATER = "customer_later"  # somebody answered, and asked to be called later
    CUSTOMER_REFUSED = "customer_refused"  # somebody answered, who does not want the call
    CUSTOMER_FAILED = "customer_failed"  # there is no such number
    TRUNK_FAILED = "trunk_failed"  # a proxy or network of ours did not put the dial through
    NOT_ALLOWED = "not_allowed"  # the guard against toll fraud lets nobody dial it (any more)
    CALLER_LEFT = "caller_left"
    CANCELLED = "cancelled"
    NODE_FAILED = "node_failed"  # no free leg or worker, or shutting down: nobody else's fault
    LOST = "lost"  # the node that carried it out is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to join a contact and an operator. A contact has one living attempt at most."""

    attempt_id: AttemptId
    contact_id: ContactId
    operator_id: OperatorId
    mode: AttemptMode
    node: NodeId
    """The only node that may carry it out."""
    fence: int
    """Version of the contact that it was planned with: an older attempt cannot touch a newer one's
    contact."""
    step: AttemptStep = AttemptStep.PLANNED
    planned_at: float
    joined_at: float | None = None
    ended_at: float | None = None
    outcome: AttemptOutcome | None = None

    @property
    def is_live(self) -> bool:
        """It may still reach somebody."""
        return self.step is not AttemptStep.ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a contact stands, as a caller may be told."""

    contact_id: ContactId
    kind: ContactKind
    state: ContactState
    ahead: int
    """Contacts that will be served before it."""
    waited_s: float
    """Since the first promise."""
    wait_s: float | None = None
    """Median of the estimated wait from now on, seconds; None while too little was measured."""
    wait_bound_s: float | None = None
    """Bound that nine of ten waits keep."""
    operators: int = 0
    """On duty with the skill: available, busy or in wrap-up."""
    due_at: float = 0.0
    """Beginning of a booked slot; 0: in turn."""
    calls_from: float = 0.0
    """In turn, but calls to `number` begin only then, because of opening or quiet hours; 0: as soon
    as it is its turn."""
    number: str = ""
    """Ten digits that will be called."""
    topic: str = ""
