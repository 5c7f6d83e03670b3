"""What every outbound leg needs: an answer within a time, a sound to its end, a sure release."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final

from ivr.audio.pcm import duration_s
from ivr.errors import SipError
from ivr.sip.causes import OUR_FAULTS, HangupCause
from ivr.sip.leg import (
    Answered,
    Disconnected,
    Dtmf,
    EarlyMedia,
    Leg,
    PlaybackFinished,
    Ringing,
)

log = logging.getLogger(__name__)

ANSWERED: Final = 200
NO_ANSWER: Final = 408
PLAYBACK_LATE_S: Final = 2.0
"""A leg that has not reported the end of a sound so long after it should have is not waited for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a leg that was dialled."""

    status: int
    """200, the final status, or 408 when time was up."""
    rang: bool = False
    """The far end was heard of before that: it rang, or sent sound."""

    @property
    def is_up(self) -> bool:
        """Somebody picked up."""
        return self.status == ANSWERED


async def answered(leg: Leg, limit_s: float) -> Reply:
    """Wait at most `limit_s` for the far end to pick up.

    `SipError` 'leg_lost', here and below, when a fault of ours ended the leg: whoever is at its far
    end has neither refused nor hung up.
    """
    rang = False
    try:
        async with asyncio.timeout(limit_s):
            while True:
                match await leg.next_event():
                    case Ringing() | EarlyMedia():
                        rang = True
                    case Answered():
                        return Reply(ANSWERED, rang)
                    case Disconnected(cause=cause):
                        return Reply(_by_far_end(cause).status, rang)
    except TimeoutError:
        return Reply(NO_ANSWER, rang)


async def heard(leg: Leg, samples: bytes) -> bool:
    """Play to the end, or to the first key that is pressed; False: the far end hung up."""
    leg.play(samples)
    try:
        async with asyncio.timeout(duration_s(samples) + PLAYBACK_LATE_S):
            while True:
                match await leg.next_event():
                    case PlaybackFinished():
                        return True
                    case Dtmf():
                        leg.stop_playback()
                        return True
                    case Disconnected(cause=cause):
                        _by_far_end(cause)
                        return False
    except TimeoutError:
        return True


async def ended(leg: Leg) -> None:
    """Until the far end has hung up."""
    while not isinstance(event := await leg.next_event(), Disconnected):
        pass
    _by_far_end(event.cause)


def _by_far_end(cause: HangupCause) -> HangupCause:
    if cause.side in OUR_FAULTS:
        raise SipError("leg_lost", f"a leg was lost ({cause.side.value})")
    return cause


async def unless_ended(work: Awaitable[Any], *legs: Leg) -> Leg | None:
    """Do `work` while all legs last; the leg that ended first, None when the work was done.

    Events of the legs are consumed meanwhile. A fault of the work or of a leg is raised.
    """
    task = asyncio.ensure_future(work)
    ends = {asyncio.ensure_future(ended(leg)): leg for leg in legs}
    try:
        await asyncio.wait({task, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return None
        end = next(end for end in ends if end.done())
        end.result()
        return ends[end]
    finally:
        task.cancel()
        for end in ends:
            end.cancel()
        await asyncio.gather(task, *ends, return_exceptions=True)


async def release(leg: Leg) -> None:
    """Hang up whatever state the leg is in; a worker that is gone has done it already."""
    try:
        await asyncio.shield(leg.hang_up(reason="handoff over"))
    except SipError as exc:
        log.info("- leg already gone: %s", exc.message)
