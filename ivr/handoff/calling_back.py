"""Keeps a promised call: operator first or customer first, each step written before it is acted on.

    operator first   operator rings, hears the whisper -> customer rings -> says that it suits them
                     -> joined. No customer ever waits for an operator who is not there
    customer first   the operator is reserved, so nobody else gets them; rung only when the customer
                     is there and wants to talk

Whoever hangs up ends the attempt; the other one is told by the line. Where nobody has talked the
outcome says who was gone, and the promise goes back to its place. Event loop only.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from ivr.audio.tones import ringback
from ivr.errors import SipError
from ivr.handoff.attempt import AttemptOverError, LiveAttempt
from ivr.handoff.delivery import OperatorSide, operator_outcome
from ivr.handoff.dialling import answered, heard, release, unless_ended
from ivr.handoff.operator import context_headers, lifetime
from ivr.handoff.talk import playing, talk
from ivr.handoff.whisper import Brief, whisper
from ivr.queue.model import AttemptMode, AttemptOutcome, AttemptStep, Contact
from ivr.sip.leg import Leg
from ivr.speech.phrase import FreeText, Phrase

log = logging.getLogger(__name__)

TONE_S: Final = 50.0
"""Ringing tone handed over at once; the playback ring holds 60 s."""
BUSY: Final = (486, 600)
NOT_THERE: Final = (408, 480, 487)
DECLINED: Final = (603,)
"""They have pressed the red button: not now."""
NO_SUCH: Final = (404, 410, 484, 604)
"""The number is nobody's; every other refusal is one on the way there, and none of theirs."""
PICKED_UP: Final = (AttemptStep.CUSTOMER_UP, AttemptStep.IDENTIFIED)
JOINING: Final[Phrase] = (FreeText("Соединяю с оператором."),)
SORRY: Final[Phrase] = (FreeText("Извините, оператор не ответил."),)
AGAIN: Final[Phrase] = (FreeText("Мы перезвоним вам ещё раз."),)
CUSTOMER_LEFT: Final[Phrase] = (FreeText("Клиент сейчас не может говорить."),)


class Answer(StrEnum):
    """What the customer said to the call."""

    YES = "yes"
    LATER = "later"
    CANCEL = "cancel"
    SILENT = "silent"
    MACHINE = "machine"  # voicemail
    GONE = "gone"


OUTCOMES: Final = {
    Answer.LATER: AttemptOutcome.CUSTOMER_LATER,
    Answer.CANCEL: AttemptOutcome.CUSTOMER_REFUSED,
    Answer.SILENT: AttemptOutcome.CUSTOMER_NO_ANSWER,
    Answer.MACHINE: AttemptOutcome.CUSTOMER_VOICEMAIL,
    Answer.GONE: AttemptOutcome.CALLER_LEFT,
}


def customer_outcome(status: int) -> AttemptOutcome:
    """Final status of a customer's leg that was not answered."""
    if status in BUSY or status in DECLINED:
        return AttemptOutcome.CUSTOMER_BUSY
    if status in NOT_THERE:
        return AttemptOutcome.CUSTOMER_NO_ANSWER
    return AttemptOutcome.CUSTOMER_FAILED if status in NO_SUCH else AttemptOutcome.TRUNK_FAILED


class Dial(Protocol):
    """A leg that begins a call; `SipError` when there is no place for one."""

    async def __call__(self, target: str, *, headers: dict[str, str], caller: str) -> Leg: ...


class CallbackListener(Protocol):
    """Who writes down what becomes of the customer's call."""

    def on_dialled(self, live: LiveAttempt, target: str) -> None: ...

    def on_status(self, live: LiveAttempt, status: int) -> None: ...

    def on_joined(self, live: LiveAttempt, customer: Leg, operator: Leg) -> Awaitable[None]:
        """They hear each other; awaited until one of them hangs up or it is cancelled."""
        ...

    def on_over(self, live: LiveAttempt, outcome: AttemptOutcome) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSide:
    """How customers are called."""

    dial: Dial
    uri: Callable[[str], str]
    """Ten digits -> SIP URI."""
    may_call: Callable[[Contact], Awaitable[bool]]
    """The guard against toll fraud, asked before every dial; dials of the day count."""
    identify: Callable[[Leg], Awaitable[Answer]]
    """Greet, and ask whether it suits them; returns when that is clear or the leg has ended."""
    ring_s: float
    caller: str
    """Number that the customer sees."""
    listener: CallbackListener
    calls_again: Callable[[Contact], bool] = lambda _: True
    """Whether the promise stands if this attempt fails because of us."""


class CallingBack:
    """Carries out attempts that call the customer."""

    def __init__(self, operators: OperatorSide, customers: CustomerSide) -> None:
        self._operators = operators
        self._customers = customers

    async def run(self, live: LiveAttempt) -> AttemptOutcome:
        """From the claimed attempt to its end."""
        if not await self._customers.may_call(live.trio.contact):
            log.warning("x number is not called back", extra={"action": "toll_guard"})
            return AttemptOutcome.NOT_ALLOWED
        operator_first = live.trio.attempt.mode is AttemptMode.OPERATOR_FIRST
        outcome = AttemptOutcome.NODE_FAILED
        try:
            carry_out = self._operator_first if operator_first else self._customer_first
            outcome = await carry_out(live)
        except AttemptOverError as over:
            outcome = over.outcome
        except SipError as exc:
            log.error("x callback failed: %s", exc.message, extra={"action": "callback"})
            outcome = live.outcome_of_fault
        finally:
            self._customers.listener.on_over(live, outcome)
        return outcome

    # ---- operator first

    async def _operator_first(self, live: LiveAttempt) -> AttemptOutcome:
        await live.advance(AttemptStep.OPERATOR_DIALLED)
        operator = await self._customers.dial(
            live.trio.operator.target,
            headers=self._headers(live.trio.contact),
            caller=live.trio.contact.number,
        )
        try:
            reply = await answered(operator, self._operators.ring_s)
            if not reply.is_up:
                return operator_outcome(reply)
            await live.advance(AttemptStep.OPERATOR_UP)
            if not await self._whispered(live, operator):
                return AttemptOutcome.OPERATOR_REFUSED
            return await self._then_customer(live, operator)
        finally:
            await release(operator)

    async def _then_customer(self, live: LiveAttempt, operator: Leg) -> AttemptOutcome:
        await live.advance(AttemptStep.CUSTOMER_DIALLED)
        customer = await self._dial_customer(live, operator)
        try:
            operator.play(ringback(TONE_S))
            outcome = await self._unless_hung_up(self._customer_there(live, customer), operator)
            operator.stop_playback()
            if outcome is AttemptOutcome.OPERATOR_REFUSED:
                if live.trio.attempt.step in PICKED_UP:  # who is only rung has nothing to hear
                    await self._apologise(live, customer)
            elif outcome is not AttemptOutcome.CONNECTED:
                await heard(operator, await self._operators.speak(CUSTOMER_LEFT))
            if outcome is not AttemptOutcome.CONNECTED:
                return outcome
            return await self._talk(live, customer, operator)
        finally:
            await release(customer)

    # ---- customer first

    async def _customer_first(self, live: LiveAttempt) -> AttemptOutcome:
        await live.advance(AttemptStep.CUSTOMER_DIALLED)
        customer = await self._dial_customer(live, None)
        try:
            outcome = await self._customer_there(live, customer)
            if outcome is not AttemptOutcome.CONNECTED:
                return outcome
            if not await heard(customer, await self._operators.speak(JOINING)):
                return AttemptOutcome.CALLER_LEFT
            return await self._then_operator(live, customer)
        finally:
            await release(customer)

    async def _then_operator(self, live: LiveAttempt, customer: Leg) -> AttemptOutcome:
        await live.advance(AttemptStep.OPERATOR_DIALLED)
        operator = await customer.dial_beside(
            live.trio.operator.target,
            headers=self._headers(live.trio.contact),
            caller=live.trio.contact.number,
        )
        try:
            async with playing(customer, self._operators.music):
                outcome = await self._unless_hung_up(
                    self._operator_there(live, operator), customer, AttemptOutcome.CALLER_LEFT
                )
            if outcome is AttemptOutcome.CONNECTED:
                return await self._talk(live, customer, operator)
            if outcome is not AttemptOutcome.CALLER_LEFT:
                await self._apologise(live, customer)
            return outcome
        finally:
            await release(operator)

    # ---- both

    async def _dial_customer(self, live: LiveAttempt, beside: Leg | None) -> Leg:
        target = self._customers.uri(live.trio.contact.number)
        headers = lifetime(self._customers.ring_s)
        self._customers.listener.on_dialled(live, target)
        if beside is not None:
            return await beside.dial_beside(target, headers=headers, caller=self._customers.caller)
        return await self._customers.dial(target, headers=headers, caller=self._customers.caller)

    async def _customer_there(self, live: LiveAttempt, customer: Leg) -> AttemptOutcome:
        """CONNECTED when the customer has picked up and wants to talk."""
        reply = await answered(customer, self._customers.ring_s)
        self._customers.listener.on_status(live, reply.status)
        if not reply.is_up:
            return customer_outcome(reply.status)
        await live.advance(AttemptStep.CUSTOMER_UP)
        answer = await self._customers.identify(customer)
        if answer is not Answer.YES:
            return OUTCOMES[answer]
        await live.advance(AttemptStep.IDENTIFIED)
        return AttemptOutcome.CONNECTED

    async def _operator_there(self, live: LiveAttempt, operator: Leg) -> AttemptOutcome:
        """CONNECTED when the operator has picked up and heard the whisper."""
        reply = await answered(operator, self._operators.ring_s)
        if not reply.is_up:
            return operator_outcome(reply)
        await live.advance(AttemptStep.OPERATOR_UP)
        if not await self._whispered(live, operator):
            return AttemptOutcome.OPERATOR_REFUSED
        return AttemptOutcome.CONNECTED

    async def _unless_hung_up(
        self,
        work: Awaitable[AttemptOutcome],
        waiting: Leg,
        outcome: AttemptOutcome = AttemptOutcome.OPERATOR_REFUSED,
    ) -> AttemptOutcome:
        """What comes of `work`, or `outcome` when whoever waits for it hangs up."""
        task = asyncio.ensure_future(work)
        hung_up = await unless_ended(task, waiting)
        return task.result() if hung_up is None else outcome

    async def _whispered(self, live: LiveAttempt, operator: Leg) -> bool:
        if not self._operators.whispers:
            return True
        now = self._operators.clock.now().timestamp()
        brief = Brief(contact=live.trio.contact, now=now)
        return await heard(operator, await self._operators.speak(whisper(brief)))

    async def _talk(self, live: LiveAttempt, customer: Leg, operator: Leg) -> AttemptOutcome:
        await live.join()
        await customer.bridge(operator)
        writing = asyncio.ensure_future(
            self._customers.listener.on_joined(live, customer, operator)
        )
        try:
            talking = talk(customer, operator, operator.next_event, self._operators.music)
            operator_id = live.trio.operator.operator_id
            began = self._operators.clock.monotonic()
            async with self._operators.talks.open(operator_id, customer, operator):
                left = await unless_ended(talking, customer)
            talked_s = self._operators.clock.monotonic() - began
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        if talked_s >= self._operators.shortest_talk_s:
            return AttemptOutcome.CONNECTED
        # One was gone before, or at, the first word: nobody has been served.
        if left is not None:
            return AttemptOutcome.CALLER_LEFT
        await self._apologise(live, customer)
        return AttemptOutcome.OPERATOR_REFUSED

    async def _apologise(self, live: LiveAttempt, customer: Leg) -> None:
        """The operator is gone; another call is announced only where there will be one."""
        again = self._customers.calls_again(live.trio.contact)
        await heard(customer, await self._operators.speak((*SORRY, *(AGAIN if again else ()))))

    def _headers(self, contact: Contact) -> dict[str, str]:
        """For the operator's phone."""
        known = context_headers(contact.handoff_id) if contact.handoff_id else {}
        return known | lifetime(self._operators.ring_s)
