"""Handing the caller to an operator: REFER first, a bridged second leg when that fails. Pure.

    REFERRING --NOTIFY 2xx--------------------------------> CONNECTED
        | 3xx-6xx, deadline
        v
    DIALLING --answered--> BRIDGED   (an operator who hangs up later ends the call normally)
        | busy, no answer, failed,    | hangs up at once
        | deadline                    |
        v                             |
    FAILED <--------------------------+

REFER is RFC 3515; the fall-back to a local bridge follows RFC 5589 section 6.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ivr.errors import SipError

SHORTEST_TALK_S = 1.5
"""An operator who hangs up sooner has not talked to the caller, who goes on without."""


class TransferState(StrEnum):
    """In lifecycle order."""

    REFERRING = "referring"
    DIALLING = "dialling"
    CONNECTED = "connected"
    BRIDGED = "bridged"
    FAILED = "failed"


class TransferOutcome(StrEnum):
    """How the hand-off ended, as records and the policy know it."""

    CONNECTED = "connected"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """The caller hung up meanwhile."""


def outcome_of_status(status: int) -> TransferOutcome:
    """SIP final status of the operator's leg -> outcome (RFC 3261 section 21)."""
    if 200 <= status < 300:
        return TransferOutcome.CONNECTED
    if status in (486, 600):
        return TransferOutcome.BUSY
    if status in (408, 480, 487):
        return TransferOutcome.NO_ANSWER
    return TransferOutcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One hand-off. Times are seconds of the injected clock."""

    state: TransferState
    refer_timeout_s: float
    dial_timeout_s: float
    deadline: float
    """When the present attempt is given up."""
    status: int = 0
    """Last SIP status seen."""
    bridged_at: float = 0.0

    @classmethod
    def begun(
        cls, now: float, *, refer: bool, refer_timeout_s: float, dial_timeout_s: float
    ) -> "Transfer":
        """A hand-off starting now, with REFER or, where that is switched off, by dialling."""
        first = refer_timeout_s if refer else dial_timeout_s
        return cls(
            state=TransferState.REFERRING if refer else TransferState.DIALLING,
            refer_timeout_s=refer_timeout_s,
            dial_timeout_s=dial_timeout_s,
            deadline=now + first,
        )

    @property
    def over(self) -> bool:
        """No further event is awaited."""
        return self.state not in (TransferState.REFERRING, TransferState.DIALLING)

    @property
    def outcome(self) -> TransferOutcome:
        """Meaning of a finished hand-off."""
        if self.state in (TransferState.CONNECTED, TransferState.BRIDGED):
            return TransferOutcome.CONNECTED
        return outcome_of_status(self.status)

    def on_refer_progress(self, now: float, status: int, *, final: bool) -> "Transfer":
        """The REFER's response or a NOTIFY's sipfrag."""
        if self.state is not TransferState.REFERRING:
            return self  # a late NOTIFY of an attempt already given up
        if status >= 300:
            return self._dialling(now, status)
        if final and status < 200:
            # The subscription ended while the target still rang: nothing more will be heard.
            return self._dialling(now, 408)
        if status >= 200 and final:
            return replace(self, state=TransferState.CONNECTED, status=status)
        if 180 <= status < 200:
            # The operator's phone rings: that deserves the time a dialled one would get.
            return replace(self, status=status, deadline=now + self.dial_timeout_s)
        return replace(self, status=status)

    def on_answered(self, now: float) -> "Transfer":
        """The operator picked up the leg we dialled."""
        if self.state is not TransferState.DIALLING:
            raise SipError("transfer_state", f"operator answered while {self.state.value}")
        return replace(self, state=TransferState.BRIDGED, status=200, bridged_at=now)

    def on_operator_left(self, now: float) -> "Transfer":
        """The operator hung up on a caller they were joined with."""
        if self.state is TransferState.BRIDGED and now - self.bridged_at < SHORTEST_TALK_S:
            return replace(self, state=TransferState.FAILED, status=480)
        return self

    def on_dial_failed(self, status: int) -> "Transfer":
        """The operator's leg ended before it was answered."""
        if self.state is not TransferState.DIALLING:
            raise SipError("transfer_state", f"operator leg failed while {self.state.value}")
        return replace(self, state=TransferState.FAILED, status=status)

    def on_bridge_failed(self, status: int) -> "Transfer":
        """The operator picked up, and the two legs could not be joined."""
        return replace(self, state=TransferState.FAILED, status=status)

    def on_deadline(self, now: float) -> "Transfer":
        """The present attempt took too long."""
        if now < self.deadline or self.over:
            return self
        if self.state is TransferState.REFERRING:
            return self._dialling(now, 408)
        return replace(self, state=TransferState.FAILED, status=408)

    def _dialling(self, now: float, status: int) -> "Transfer":
        return replace(
            self,
            state=TransferState.DIALLING,
            status=status,
            deadline=now + self.dial_timeout_s,
        )
