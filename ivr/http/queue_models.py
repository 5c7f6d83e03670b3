"""What the queue's HTTP interface takes and gives. Times are ISO 8601 in UTC, durations seconds."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ivr.analytics.queue_measures import (
    EstimateFigures,
    HandlingFigures,
    LineFigures,
    PromiseFigures,
)
from ivr.analytics.queue_rules import AbandonRule
from ivr.handoff.supervision import SupervisionMode
from ivr.queue.model import (
    DEFAULT_LANGUAGE,
    DEFAULT_SKILL,
    AttemptMode,
    AttemptStep,
    ContactKind,
    ContactState,
    OperatorState,
    Priority,
)

Skills = Annotated[
    dict[str, int],
    Field(examples=[{"general": 1, "sales": 3}], description="Skill -> level, 1 to 100."),
]


class View(BaseModel):
    """Something told; the sentence under each field goes into the description."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True)


class Order(BaseModel):
    """Something asked for; what is not known is an error."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True, extra="forbid")


class OperatorView(View):
    """A person who answers contacts."""

    operator_id: str
    name: str
    target: str
    """SIP URI of the phone."""
    skills: Skills
    languages: list[str]
    state: OperatorState
    state_since: datetime | None
    idle_since: datetime | None
    """End of the last contact, or log-in; whoever idles longest is next."""
    wrap_up_until: datetime | None
    """When wrap-up ends by itself; null in other states."""
    retry_at: datetime | None
    """Paused because the phone could not be reached, and tried again then; null otherwise."""
    wish: OperatorState | None
    """Asked for during a contact: entered as soon as that is over."""
    reason: str
    """Why paused; 'operator_no_answer' and the like: put aside because the phone rang in vain."""
    contact_id: str | None = None
    """Who the operator is reserved for or talks to; only in GET /queue."""


class AttemptView(View):
    """One try to join a contact and an operator."""

    attempt_id: str
    operator_id: str
    mode: AttemptMode
    step: AttemptStep
    node: str
    """The node that carries it out."""
    planned_at: datetime
    joined_at: datetime | None


class ContactView(View):
    """Somebody who waits for an operator, is being connected or talks to one."""

    contact_id: str
    kind: ContactKind
    """call: on the line; callback: was promised a call."""
    state: ContactState
    position: int | None
    """1 is served next; null when not waiting, or not due yet."""
    number: str
    """Ten digits that will be called, of a call the caller's own; '' when unknown."""
    caller: str
    """Ten digits the request came from, where another number was named."""
    topic: str
    """What it is about: intent or cause."""
    skill: str
    language: str
    priority: Priority
    promised: bool
    """A call was promised, also if the customer waits on the line at present."""
    since: datetime
    """When the place was first promised."""
    waited_s: float
    """Since then."""
    due_at: datetime | None
    """Not called before this time: a booked slot, or a pause before the next try; null: in turn."""
    tries: int
    """Dials in vain because of the customer."""
    faults: int
    """Dials in vain because of us."""
    node: str
    """The node that holds the call; '' for a callback."""
    call_id: str
    """The call in the records: GET /calls/{call_id}."""
    handoff_id: str
    """What the operator should know: GET /handoffs/{handoff_id}."""
    end_reason: str
    attempt: AttemptView | None = None


class PlaceView(View):
    """A promised call, with its place in the queue while it waits."""

    contact: ContactView
    ahead: int | None
    """Contacts that will be served before it; null when it is over."""
    operators: int | None
    """On duty with the skill."""


class NodeView(View):
    """A service that works on this queue."""

    node: str
    lease_until: datetime
    alive: bool
    """It has renewed its lease; otherwise others take over what it had begun."""


class FigureRow(View):
    """One line of figures."""

    skill: str
    """'': all of them."""
    since: datetime
    until: datetime
    """The end, not included."""
    line: LineFigures
    promises: PromiseFigures
    handling: HandlingFigures
    estimates: EstimateFigures


class RulesView(View):
    """How the service level is counted."""

    target_s: float
    goal: float
    short_abandon_s: float
    abandons: AbandonRule
    sentence: str
    """The rule in words."""


class QueueView(View):
    """The whole queue at one moment."""

    at: datetime
    """By the database's clock."""
    waiting_count: int
    waiting: list[ContactView]
    """In the order in which they will be served, at most a thousand; those not due come last."""
    served: list[ContactView]
    """Those that an operator is reserved for or talks to."""
    operators: list[OperatorView]
    nodes: list[NodeView]
    last_hour: FigureRow
    rules: RulesView


class FiguresView(View):
    """A report: the whole time, by skill, by interval."""

    since: datetime
    until: datetime
    at: datetime
    """Until when what has not ended was counted."""
    rules: RulesView
    total: FigureRow
    skills: list[FigureRow]
    """Empty where one skill was asked for."""
    intervals: list[FigureRow]
    """All skills together, or the one asked for."""


class NewOperator(Order):
    """An operator to add, offline at first."""

    operator_id: str = Field(examples=["anna"])
    """Letters, digits, . _ -; does not change any more."""
    name: str = Field(default="", examples=["Анна Смирнова"])
    target: str = Field(examples=["sip:101@192.168.1.5"])
    """SIP URI of the phone."""
    skills: Skills = {DEFAULT_SKILL: 1}
    languages: list[str] = [DEFAULT_LANGUAGE]


class OperatorChange(Order):
    """What is left out stays. Skills and languages are replaced as a whole."""

    name: str | None = None
    target: str | None = None
    skills: Skills | None = None
    languages: list[str] | None = None


class Pause(Order):
    """Why there are no contacts for a while."""

    reason: str = Field(default="pause", examples=["обед"])


class Supervise(Order):
    """A supervisor to bring into a conversation."""

    target: str = Field(examples=["sip:200@192.168.1.5"])
    """SIP URI of the supervisor's phone."""
    mode: SupervisionMode = SupervisionMode.LISTEN
    """What it begins with; keys 4, 5 and 6 of the phone change it."""


class CancelByNumber(Order):
    """For a gateway that takes «отмена» by SMS: whose promises are taken back."""

    number: str = Field(examples=["+7 903 000-00-01"])
    """Any common form of a Russian number."""
    topic: str = ""
    """Only what was promised about it; '': everything."""


class Cancelled(View):
    """What was taken back; empty when nothing was owed."""

    cancelled: list[str]
    """Ids of the promises."""


class Fault(View):
    """Why something was not done."""

    detail: str
