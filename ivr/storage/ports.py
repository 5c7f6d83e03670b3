"""The seam to the database: what is kept and how it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ivr.analytics.cdr import Cdr
from ivr.events import (
    CallId,
    HandoffEnded,
    HandoffProgressed,
    HandoffStarted,
    TurnCompleted,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A promise to call somebody back."""

    request_id: str
    call_id: CallId
    number: str
    """Ten digits."""
    reason: str
    requested_at: datetime
    state: str = "requested"


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One thing said: `who` is 'caller' or 'bot'."""

    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffRecord:
    """What the operator gets to know of the call; looked up by the id in User-to-User."""

    handoff_id: str
    call_id: CallId
    created_at: datetime
    caller_number: str
    reason: str
    intent: str
    slots: Mapping[str, str] = field(default_factory=dict)
    transcript: tuple[TranscriptLine, ...] = ()


@dataclass(frozen=True, slots=True)
class HandoffStep:
    """One status on the way to an operator."""

    at: datetime
    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffAttempt:
    """One way tried to reach an operator: a transfer or a bridged call."""

    handoff_id: str
    call_id: CallId
    mode: str
    target: str
    reason: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""
    """'' while under way."""
    steps: tuple[HandoffStep, ...] = ()


class CallStore(Protocol):
    """Records of calls. Coroutines of the event loop; every method raises `StoreError`."""

    async def save_call(self, cdr: Cdr) -> None:
        """Write or overwrite a call's record."""
        ...

    async def add_turn(self, turn: TurnCompleted) -> None: ...

    async def add_handoff_event(
        self, event: HandoffStarted | HandoffProgressed | HandoffEnded
    ) -> None: ...

    async def add_callback_request(self, request: CallbackRequest) -> None:
        """On disk when this returns: only then may the caller be promised anything."""
        ...

    async def save_handoff(self, record: HandoffRecord) -> None:
        """On disk when this returns, so that the operator's look-up cannot come too early."""
        ...

    async def handoff(self, handoff_id: str) -> HandoffRecord | None: ...

    async def call(self, call_id: str) -> Cdr | None:
        """The call whose id begins so; `StoreError` 'ambiguous' if there are several."""
        ...

    async def calls(
        self, limit: int = 50, *, ani: str = "", since: datetime | None = None
    ) -> tuple[Cdr, ...]:
        """Newest first; `since`: only those offered at that time or later."""
        ...

    async def turns(self, call_id: CallId) -> tuple[TurnCompleted, ...]: ...

    async def turns_of(
        self, call_ids: Sequence[CallId]
    ) -> Mapping[CallId, tuple[TurnCompleted, ...]]:
        """Turns of several calls at once; every id asked for is a key."""
        ...

    async def handoff_attempts(self, call_id: CallId) -> tuple[HandoffAttempt, ...]: ...

    async def callback_requests(
        self, *, state: str = "requested", limit: int = 200
    ) -> tuple[CallbackRequest, ...]:
        """Oldest first; any state where `state` is ''."""
        ...

    async def aclose(self) -> None: ...
