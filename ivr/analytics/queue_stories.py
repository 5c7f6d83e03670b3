"""What became of each contact, each operator's hours: the values that figures are made from. Pure.

Times are seconds since the epoch, as in `ivr.queue.model`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ivr.queue.model import ContactId, ContactKind, OperatorId, OperatorState


@dataclass(frozen=True, slots=True)
class Told:
    """An estimate a caller heard."""

    at: float
    wait_s: float
    """Median of the wait from then on."""
    bound_s: float | None = None
    """Bound that nine of ten waits keep."""


class Fate(StrEnum):
    """What has become of a contact."""

    OPEN = "open"  # waits, or an operator is being reached
    ANSWERED = "answered"
    LEFT = "left"  # hung up on the line
    LOST = "lost"  # the line went with the node that held it
    CANCELLED = "cancelled"
    GAVE_WAY = "gave_way"  # to a promise that the number had already
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStory:
    """One contact from its place to its end."""

    contact_id: ContactId
    kind: ContactKind
    """How it came; a call that became a callback stays a call here."""
    skill: str
    came_at: float
    """When its place was first promised."""
    promised_at: float | None = None
    """When a call back was promised first; None: always on the line."""
    slot_at: float | None = None
    """Beginning of the booked slot; None: in turn."""
    joined_at: float | None = None
    """When it was first joined with an operator."""
    ended_at: float | None = None
    fate: Fate = Fate.OPEN
    told: tuple[Told, ...] = ()
    dialled_at: tuple[float, ...] = ()
    """Each time the customer was dialled."""
    faults: int = 0
    """Dials of the customer that came to nothing because of us."""
    put_off: bool = False
    """Its turn had come at an hour at which it might not be called."""

    @property
    def came_on_line(self) -> bool:
        """It waited on the line at first."""
        return self.kind is not ContactKind.CALLBACK

    @property
    def off_line_at(self) -> float | None:
        """When waiting on the line was over, however; None while it lasts."""
        ends = [at for at in (self.promised_at, self.joined_at, self.ended_at) if at is not None]
        return min(ends, default=None)

    @property
    def waited_until(self) -> float | None:
        """When it ceased to be owed an operator; None while it waits."""
        return self.joined_at if self.joined_at is not None else self.ended_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A contact and an operator who heard each other."""

    contact_id: ContactId
    operator_id: OperatorId
    skill: str
    joined_at: float
    ended_at: float | None = None
    wrapped_up_at: float | None = None
    """When the operator was free again; the same as `ended_at` where there is no wrap-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSpan:
    """An operator in one state."""

    operator_id: OperatorId
    state: OperatorState
    skills: frozenset[str]
    since: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class RungInVain:
    """An operator was reserved and could not be reached."""

    at: float
    skill: str
    operator_id: OperatorId
    silent: bool = True
    """Nobody answered; False: the phone refused or could not be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """Everything the figures of a time need."""

    contacts: Sequence[ContactStory] = ()
    conversations: Sequence[Conversation] = ()
    spans: Sequence[OperatorSpan] = ()
    rung_in_vain: Sequence[RungInVain] = ()
