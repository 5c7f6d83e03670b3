"""The policy's loop on a live call: input -> actions -> carried out -> next input."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Final, Protocol
from uuid import uuid4

from ivr.audio.pcm import SAMPLE_BYTES
from ivr.call.ears import Utterance
from ivr.call.floor import Answer, Floor, Pressed, Silent, Spoken
from ivr.call.turn_log import TurnLog
from ivr.clock import Clock
from ivr.dialogue.actions import (
    Action,
    Ask,
    CallService,
    HangUp,
    QuestionKind,
    RequestCallback,
    Say,
    ServiceCall,
    Transfer,
)
from ivr.dialogue.inputs import (
    CallbackStored,
    CallStarted,
    Heard,
    Keyed,
    Moment,
    NluUnavailable,
    NoInput,
    ServiceFailed,
    ServiceReplied,
    TransferFailed,
    Unintelligible,
    UserInput,
)
from ivr.dialogue.policy import Policy
from ivr.dialogue.state import DialogueState
from ivr.errors import AudioError, NluError, ServiceError, StoreError, SynthesisError
from ivr.handoff.transfer import TransferOutcome
from ivr.nlu.schema import NluClient, NluResult
from ivr.nlu.thresholds import Decision, decide
from ivr.services.port import BackOffice
from ivr.speech.phrase import Phrase, Prompt
from ivr.speech.player import Player, Segment

log = logging.getLogger(__name__)

FILLERS: Final[tuple[tuple[float, Phrase], ...]] = (
    (1.0, (Prompt("filler.moment"),)),
    (3.0, (Prompt("filler.still"),)),
    (5.0, (Prompt("ack.one_moment"),)),
)
"""What is said while the back office is asked, each so many seconds after the one before; the last
again and again. While the bot still speaks of something else none is needed."""
PHRASE_GAP = bytes(2 * 8 * 150)
"""150 ms between two phrases of one reply, 8 kHz."""


class Rendered(Protocol):
    """A phrase as audio and text."""

    @property
    def pcm(self) -> bytes: ...

    @property
    def text(self) -> str: ...

    @property
    def marks(self) -> tuple[tuple[int, str], ...]:
        """Where each spoken part begins: sample offset and its words."""
        ...


class Renderer(Protocol):
    """Phrases to audio; `ivr.speech.prompts.PromptBank` is one."""

    async def render(self, phrase: Phrase) -> Rendered: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """NLU with the thresholds that its confidence is measured against."""

    client: NluClient
    accept: float
    confirm: float

    def decide(self, result: NluResult) -> Decision:
        return decide(result, accept=self.accept, confirm=self.confirm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the conversation can make happen beyond talking."""

    hand_off: Callable[[str], Awaitable[TransferOutcome]]
    """Reason -> outcome; returns CONNECTED only when the call is over for the bot."""
    promise_callback: Callable[[str, str], Awaitable[None]]
    """Number, reason; durable when it returns, `StoreError` otherwise."""
    expect: Callable[[QuestionKind], None]
    """Tell the ears what kind of answer is awaited."""


class Conversation:
    """One caller's dialogue from greeting to goodbye. Event loop only."""

    def __init__(
        self,
        *,
        policy: Policy,
        renderer: Renderer,
        understanding: Understanding,
        back_office: BackOffice,
        player: Player,
        turns: TurnLog,
        outside: Outside,
        clock: Clock,
        caller_number: str,
    ) -> None:
        self._policy = policy
        self._renderer = renderer
        self._understanding = understanding
        self._back_office = back_office
        self._player = player
        self._turns = turns
        self._outside = outside
        self._clock = clock
        self._caller_number = caller_number
        self._question = ""
        self._order_id = ""
        self.ended_with = ""
        """Reason of the policy's HangUp, or 'transferred'."""

    async def run(self, floor: Floor, *, recorded: bool) -> None:
        """Until the policy hangs up or an operator has the caller."""
        state = DialogueState()
        user_input: UserInput | None = CallStarted(self._caller_number, recorded)
        self._turns.begin("started")
        while user_input is not None:
            state, actions = self._policy.step(state, user_input, Moment(self._clock.now()))
            user_input = await self._carry_out(actions, floor)

    async def _carry_out(self, actions: tuple[Action, ...], floor: Floor) -> UserInput | None:
        self._player.begin()
        for action in actions:
            match action:
                case Say(phrase=phrase, barge_in=barge_in, item=item):
                    await self._say(phrase, barge_in=barge_in, item=item)
                case Ask():
                    return await self._ask(action, floor)
                case CallService():
                    return await self._call_service(action)
                case Transfer(reason=reason):
                    return await self._transfer(reason, floor)
                case RequestCallback(number=number, reason=reason):
                    return await self._promise_callback(number, reason)
                case HangUp(reason=reason):
                    self._turns.complete()
                    await floor.played_out()
                    self.ended_with = reason
                    return None
        raise AssertionError("the policy's last action must wait for something")

    async def _say(
        self,
        phrase: Phrase,
        *,
        barge_in: bool,
        item: int | None = None,
        kind: QuestionKind | None = None,
    ) -> None:
        try:
            rendered = await self._renderer.render(phrase)
        except SynthesisError as exc:
            log.error("x phrase not spoken: %s", exc.message, extra={"action": "render"})
            return
        gap = PHRASE_GAP if self._player.playing else b""
        segment = Segment(
            phrase=phrase,
            text=rendered.text,
            samples=gap + rendered.pcm,
            barge_in=barge_in,
            item=item,
            answerable_from=0 if item else _answerable_from(rendered, len(gap), kind),
        )
        try:
            self._player.play(segment)
        except AudioError as exc:
            log.error("x phrase not played: %s", exc.message, extra={"action": "play"})
            return
        self._turns.replied(rendered.text)

    async def _ask(self, ask: Ask, floor: Floor) -> UserInput:
        if ask.phrase:
            await self._say(ask.phrase, barge_in=ask.barge_in, kind=ask.kind)
        self._turns.complete()
        self._question = ask.kind.value
        self._outside.expect(ask.kind)
        answer = await floor.ask(ask.no_input_s, takes_row=ask.takes_row)
        self._player.begin()
        self._turns.answered(answer, self._question)
        return await self._understood(answer)

    async def _understood(self, answer: Answer) -> UserInput:
        match answer:
            case Silent():
                return NoInput()
            case Pressed(digits=digits):
                return Keyed(digits)
            case Spoken(utterance=utterance) if utterance.failed:
                return NluUnavailable(utterance.hypothesis.text)
            case Spoken(utterance=utterance) if not utterance.hypothesis.text:
                return Unintelligible(cut=utterance.cut)
            case Spoken(utterance=utterance, item=item):
                return await self._parsed(utterance, item)

    async def _parsed(self, utterance: Utterance, item: int | None) -> UserInput:
        text = utterance.hypothesis.text
        began = self._clock.monotonic()
        try:
            result = await self._understanding.client.parse(text)
        except NluError as exc:
            log.warning("x not understood: %s", exc.message, extra={"action": "nlu_fault"})
            return NluUnavailable(text)
        decision = self._understanding.decide(result)
        self._turns.understood(result, decision.value, (self._clock.monotonic() - began) * 1000)
        return Heard(result, utterance.hypothesis.confidence, item=item, cut=utterance.cut)

    async def judge_stale(self, utterance: Utterance, floor: Floor) -> None:
        """Said before the question was put: let it through only when it is clear what it means."""
        question = floor.open_question
        try:
            result = await self._understanding.client.parse(utterance.hypothesis.text)
        except NluError:
            return
        clear = self._understanding.decide(result) is Decision.ACCEPT
        if clear and floor.open_question is question:  # by now another one may have been put
            floor.accept_stale(utterance)

    async def _call_service(self, action: CallService) -> UserInput:
        request = asyncio.ensure_future(self._service(action.call, dict(action.arguments)))
        try:
            await self._fill_in(request)
            reply = await request
            self._turns.served = True
            return ServiceReplied(action.call, reply)
        except ServiceError as exc:
            log.warning("x back office: %s", exc.message, extra={"action": action.call.value})
            return ServiceFailed(action.call, exc.code)
        finally:
            request.cancel()

    async def _fill_in(self, request: "asyncio.Future[Any]") -> None:
        """Keep the caller company until the reply is there; the guard sees to it that one comes."""
        for pause_s, filler in chain(FILLERS, repeat(FILLERS[-1])):
            speaking = True
            while speaking:
                done, _ = await asyncio.wait({request}, timeout=pause_s)
                if done:
                    return
                speaking = self._player.playing
            await self._say(filler, barge_in=True)

    async def _service(self, call: ServiceCall, arguments: dict[str, Any]) -> Any:
        if call is ServiceCall.CONNECT_PROMISED_PAYMENT:
            # One order a call: a caller who says yes twice is charged once.
            self._order_id = self._order_id or uuid4().hex
            arguments["order_id"] = self._order_id
        return await getattr(self._back_office, call.value)(self._caller_number, **arguments)

    async def _transfer(self, reason: str, floor: Floor) -> UserInput | None:
        self._turns.complete()
        await floor.played_out()
        outcome = await self._outside.hand_off(reason)
        if outcome is TransferOutcome.CONNECTED:
            self.ended_with = "transferred"
            return None
        self._turns.begin("transfer")
        return TransferFailed(outcome.value)

    async def _promise_callback(self, number: str, reason: str) -> UserInput:
        try:
            await self._outside.promise_callback(number, reason)
        except StoreError as exc:
            log.error("x callback not stored: %s", exc.message, extra={"action": "callback"})
            return ServiceFailed(None, exc.code)
        return CallbackStored(number)


def _answerable_from(rendered: Rendered, gap_bytes: int, kind: QuestionKind | None) -> int | None:
    """Sample of a segment from which a yes answers it: half-way through a question's last part."""
    if kind is QuestionKind.CHOICE:
        return 0
    if kind is not QuestionKind.YES_NO or not rendered.marks:
        return None
    last = rendered.marks[-1][0]
    length = len(rendered.pcm) // SAMPLE_BYTES
    return gap_bytes // SAMPLE_BYTES + last + (length - last) // 2
