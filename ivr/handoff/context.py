"""What the operator's side gets to know of a handed-off call, and what was promised to callers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.events import CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptLine:
    """One utterance; `speaker` is 'caller' or 'bot'."""

    speaker: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffContext:
    """Everything the bot knows when it hands a caller over."""

    handoff_id: str
    """32 hexadecimal digits; travels in User-to-User (RFC 7433) as hex-encoded bytes."""
    call_id: CallId
    at: datetime
    ani: str
    reason: str
    intent: str
    slots: tuple[tuple[str, str], ...]
    transcript: tuple[TranscriptLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPromise:
    """A caller was told that somebody will call back."""

    request_id: str
    call_id: CallId
    at: datetime
    number: str
    """Ten digits."""
    reason: str


class PromiseStore(Protocol):
    """Durable before it returns: what it took survives kill -9. Raises `StoreError`."""

    async def save_handoff(self, context: HandoffContext) -> None: ...

    async def add_callback_request(self, promise: CallbackPromise) -> None: ...
