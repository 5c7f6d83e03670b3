"""Attended transfer: the operator is asked first, then takes the caller over. Pure.

    CONSULTING --answered--> BRIEFING --told--> REFERRING --NOTIFY 2xx--> CONNECTED
        | busy, no answer        | hangs up          | 3xx-6xx, deadline
        v                        v                   v
      FAILED                   FAILED              BRIDGED   (FAILED when the operator has left)

The caller hears music until the end of it. REFER with Replaces is RFC 3891 and RFC 5589 section 7;
where it is switched off, the two legs are bridged at once. An operator who leaves while the
caller's phone is being referred may have been replaced or may have hung up: only the NOTIFY tells.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ivr.errors import SipError
from ivr.handoff.transfer import SHORTEST_TALK_S, TransferOutcome, outcome_of_status

LEFT_STATUS = 480
"""What an operator who hung up instead of taking the caller counts as: temporarily unavailable."""
TIMED_OUT = 408


class AttendedState(StrEnum):
    """In lifecycle order."""

    CONSULTING = "consulting"
    BRIEFING = "briefing"
    REFERRING = "referring"
    CONNECTED = "connected"
    BRIDGED = "bridged"
    FAILED = "failed"


WAITING = (AttendedState.CONSULTING, AttendedState.BRIEFING, AttendedState.REFERRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """One attended transfer. Times are seconds of the injected clock."""

    state: AttendedState
    refer: bool
    """Try REFER with Replaces before a bridge."""
    briefing_s: float
    """Longest time the operator is told things."""
    refer_timeout_s: float
    deadline: float
    """When the present state is given up."""
    status: int = 0
    """Last SIP status seen."""
    operator_left: bool = False
    bridged_at: float = 0.0

    @classmethod
    def begun(
        cls,
        now: float,
        *,
        refer: bool,
        dial_timeout_s: float,
        briefing_s: float,
        refer_timeout_s: float,
    ) -> "Attended":
        """A transfer whose operator is being dialled now."""
        return cls(
            state=AttendedState.CONSULTING,
            refer=refer,
            briefing_s=briefing_s,
            refer_timeout_s=refer_timeout_s,
            deadline=now + dial_timeout_s,
        )

    @property
    def over(self) -> bool:
        """Nothing further is awaited before the two talk or the caller goes on without."""
        return self.state not in WAITING

    @property
    def outcome(self) -> TransferOutcome:
        """Meaning of a transfer that is over."""
        if self.state in (AttendedState.CONNECTED, AttendedState.BRIDGED):
            return TransferOutcome.CONNECTED
        return outcome_of_status(self.status)

    def on_answered(self, now: float) -> "Attended":
        """The operator picked up: tell them what it is about."""
        if self.state is not AttendedState.CONSULTING:
            raise SipError("transfer_state", f"operator answered while {self.state.value}")
        return replace(
            self, state=AttendedState.BRIEFING, status=200, deadline=now + self.briefing_s
        )

    def on_briefed(self, now: float) -> "Attended":
        """The operator has heard it, or does not want to hear more."""
        if self.state is not AttendedState.BRIEFING:
            raise SipError("transfer_state", f"operator briefed while {self.state.value}")
        if not self.refer:
            return self._bridged(now)
        return replace(self, state=AttendedState.REFERRING, deadline=now + self.refer_timeout_s)

    def on_refer_progress(self, now: float, status: int, *, final: bool) -> "Attended":
        """The REFER's response or a NOTIFY's sipfrag; a late one changes nothing."""
        if self.state is not AttendedState.REFERRING:
            return self
        if status >= 300 or (final and status < 200):
            return self._not_replaced(now)
        if final:
            return replace(self, state=AttendedState.CONNECTED, status=status)
        return replace(self, status=status)

    def on_operator_left(self, now: float, status: int) -> "Attended":
        """The operator's leg ended; `status` counts when it was never answered."""
        match self.state:
            case AttendedState.CONSULTING:
                return replace(self, state=AttendedState.FAILED, status=status)
            case AttendedState.BRIEFING:
                return replace(self, state=AttendedState.FAILED, status=LEFT_STATUS)
            case AttendedState.REFERRING:
                return replace(self, operator_left=True)
            case AttendedState.BRIDGED if now - self.bridged_at < SHORTEST_TALK_S:
                return replace(self, state=AttendedState.FAILED, status=LEFT_STATUS)
        return self

    def on_bridge_failed(self, status: int) -> "Attended":
        """The two legs could not be joined."""
        return replace(self, state=AttendedState.FAILED, status=status)

    def on_deadline(self, now: float) -> "Attended":
        """The present state took too long."""
        if now < self.deadline or self.over:
            return self
        match self.state:
            case AttendedState.CONSULTING:
                return replace(self, state=AttendedState.FAILED, status=TIMED_OUT)
            case AttendedState.BRIEFING:
                return self.on_briefed(now)  # the caller has waited long enough
            case _:
                return self._not_replaced(now)

    def _not_replaced(self, now: float) -> "Attended":
        if self.operator_left:
            return replace(self, state=AttendedState.FAILED, status=LEFT_STATUS)
        return self._bridged(now)

    def _bridged(self, now: float) -> "Attended":
        return replace(self, state=AttendedState.BRIDGED, status=200, bridged_at=now)
