"""What a conversation can make happen beyond talking, as callables that the session provides."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from ivr.dialogue.actions import QuestionKind
from ivr.dialogue.inputs import CallbackRefused, CallbackStored, Closed, Queued
from ivr.errors import StoreError
from ivr.handoff.transfer import TransferOutcome
from ivr.queue.model import ContactId, Place

Waiting = Queued | Closed
"""Where somebody on the line stands."""


async def _nothing_promised() -> tuple[Place, ...]:
    return ()


async def _no_place() -> Waiting:
    raise StoreError("no_queue", "this call has no queue")


async def _nothing_of(_contact_id: ContactId) -> Waiting:
    raise StoreError("no_queue", "this call has no queue")


def _no_music() -> bytes:
    return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The conversation's way out. Coroutines raise `StoreError` when the queue cannot be reached.

    What belongs to the queue has defaults for calls without one.
    """

    expect: Callable[[QuestionKind], None]
    """Tell the ears what kind of answer is awaited."""
    hand_off: Callable[[str], Awaitable[TransferOutcome | Waiting]]
    """Reason -> outcome, or the place in the queue; CONNECTED only when the call is over for the
    bot."""
    promise_callback: Callable[
        [str, str, datetime | None], Awaitable[CallbackStored | CallbackRefused | Waiting]
    ]
    """Number, reason, slot; durable when it returns. `Queued` when an operator has been reserved
    meanwhile, so that the caller is better off on the line."""
    waiting_place: Callable[[], Awaitable[TransferOutcome | Waiting]] = _no_place
    """The place now; an outcome when the contact is not in the queue any more."""
    join: Callable[[], Awaitable[TransferOutcome | Waiting]] = _no_place
    """Connect with the operator who is ready. As `hand_off`."""
    cancel_promise: Callable[[ContactId], Awaitable[object]] = _nothing_of
    """Durable when it returns; the present place on the line is a promise, too."""
    return_to_line: Callable[[ContactId], Awaitable[TransferOutcome | Waiting]] = _nothing_of
    promises: Callable[[], Awaitable[tuple[Place, ...]]] = _nothing_promised
    """What the caller's number is still owed; asked once, before the greeting."""
    queue_music: Callable[[], bytes] = _no_music
    """What is played again and again, int16 mono 8 kHz; b'': silence."""
