"""Brings an operator to a caller who waits on the line: dial, whisper, join. Event loop only.

The operator's leg is dialled beside the caller's, in the same media worker. Whatever ends the
attempt - the caller hangs up, the operator does not pick up, the contact is taken back, this node
loses its lease - the leg is released at once, before anything is written about it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from ivr.clock import Clock
from ivr.errors import SipError
from ivr.handoff.attempt import AttemptOverError, LiveAttempt
from ivr.handoff.callers import WaitingCaller, WaitingCallers
from ivr.handoff.dialling import NO_ANSWER, Reply, answered, heard, release, unless_ended
from ivr.handoff.operator import context_headers, lifetime
from ivr.handoff.running_talks import RunningTalks
from ivr.handoff.talk import talk
from ivr.handoff.transfer import SHORTEST_TALK_S
from ivr.handoff.whisper import Brief, whisper
from ivr.queue.model import AttemptOutcome, AttemptStep
from ivr.sip.leg import Leg
from ivr.speech.phrase import Phrase

log = logging.getLogger(__name__)

JOIN_S: Final = 30.0
"""An operator waits no longer for a caller whom the bot still tells something."""
BUSY: Final = (480, 486, 600, 603)
"""Answers of a person or a phone that does not want the call now."""
NO_WAY: Final = (NO_ANSWER, 500, 502, 503, 504)
"""Answers of what stands between us and a phone that has not rung: nobody there is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSide:
    """How operators are called."""

    ring_s: float
    """Their phones ring at most so long."""
    whispers: bool
    """Tell them what it is about before joining."""
    speak: Callable[[Phrase], Awaitable[bytes]]
    """Phrase -> int16 mono 8 kHz; a tone where it cannot be spoken."""
    music: bytes
    """For whoever waits for them or is put on hold; int16 mono 8 kHz."""
    clock: Clock
    shortest_talk_s: float = SHORTEST_TALK_S
    """A promised call that is over sooner was no conversation."""
    talks: RunningTalks = field(default_factory=RunningTalks)
    """Told of every conversation, so that a supervisor can be brought in."""


def operator_outcome(reply: Reply) -> AttemptOutcome:
    """What it means that an operator's leg was not answered."""
    if reply.status in NO_WAY and not reply.rang:
        return AttemptOutcome.OPERATOR_UNREACHABLE
    if reply.status in (NO_ANSWER, 487):
        return AttemptOutcome.OPERATOR_NO_ANSWER
    refused = reply.status in BUSY
    return AttemptOutcome.OPERATOR_REFUSED if refused else AttemptOutcome.OPERATOR_FAILED


class Delivery:
    """Carries out attempts in which the caller is on the line of this node."""

    def __init__(self, callers: WaitingCallers, side: OperatorSide) -> None:
        self._callers = callers
        self._side = side

    async def run(self, live: LiveAttempt) -> AttemptOutcome:
        """From the claimed attempt to its end."""
        caller = self._callers.get(live.trio.contact.contact_id)
        if caller is None:
            return AttemptOutcome.LOST  # the line is gone, and the queue was not told
        work = asyncio.ensure_future(self._deliver(live, caller))
        gone = asyncio.ensure_future(caller.gone())
        outcome = AttemptOutcome.NODE_FAILED
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            outcome = work.result() if work.done() else _as_left(live, gone.result())
        except AttemptOverError as over:
            outcome = over.outcome
        finally:
            work.cancel()
            gone.cancel()
            try:
                await asyncio.gather(work, gone, return_exceptions=True)
            finally:  # cancelled once more meanwhile: the conversation waits for this word
                caller.on_over(outcome)
        return outcome

    async def _deliver(self, live: LiveAttempt, caller: WaitingCaller) -> AttemptOutcome:
        operator = live.trio.operator
        await live.advance(AttemptStep.OPERATOR_DIALLED)
        caller.on_ringing(operator.target)
        try:
            leg = await caller.leg.dial_beside(
                operator.target,
                headers=context_headers(caller.handoff_id) | lifetime(self._side.ring_s),
                caller=caller.leg.identity.ani,
            )
        except SipError as exc:
            log.warning("x operator not dialled: %s", exc.message, extra={"action": "dial"})
            return AttemptOutcome.NODE_FAILED
        try:
            return await self._with_operator(live, caller, leg)
        except SipError as exc:
            log.error("x not joined: %s", exc.message, extra={"action": "bridge"})
            return live.outcome_of_fault
        finally:
            await release(leg)

    async def _with_operator(
        self, live: LiveAttempt, caller: WaitingCaller, leg: Leg
    ) -> AttemptOutcome:
        reply = await answered(leg, self._side.ring_s)
        caller.on_status(reply.status)
        if not reply.is_up:
            return operator_outcome(reply)
        await live.advance(AttemptStep.OPERATOR_UP)
        if not await self._told(live, caller, leg):
            return AttemptOutcome.OPERATOR_REFUSED
        try:
            async with asyncio.timeout(JOIN_S):
                hung_up = await unless_ended(caller.summon(), leg)
        except TimeoutError:
            return AttemptOutcome.NODE_FAILED
        if hung_up is not None:
            return AttemptOutcome.OPERATOR_REFUSED
        await live.join()
        await caller.leg.bridge(leg)
        caller.on_joined(leg)
        async with self._side.talks.open(live.trio.operator.operator_id, caller.leg, leg):
            await talk(caller.leg, leg, leg.next_event, self._side.music)
        return AttemptOutcome.CONNECTED

    async def _told(self, live: LiveAttempt, caller: WaitingCaller, leg: Leg) -> bool:
        """Whisper, unless the operator skips it by a key; False when they hang up."""
        if not self._side.whispers:
            return True
        now = self._side.clock.now().timestamp()
        brief = Brief(contact=live.trio.contact, now=now, facts=caller.facts)
        return await heard(leg, await self._side.speak(whisper(brief)))


def _as_left(live: LiveAttempt, outcome: AttemptOutcome) -> AttemptOutcome:
    """Who hangs up after talking has not left the queue."""
    hung_up = outcome is AttemptOutcome.CALLER_LEFT
    return AttemptOutcome.CONNECTED if live.is_joined and hung_up else outcome
