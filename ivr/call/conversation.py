"""The policy's loop on a live call: input -> actions -> carried out -> next input."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Final, Protocol
from uuid import uuid4

from ivr.audio.pcm import SAMPLE_BYTES
from ivr.call.ears import Utterance
from ivr.call.floor import Floor, Pressed, Silent, Spoken, Summoned
from ivr.call.hold_music import HoldMusic
from ivr.call.outside import Outside, Waiting
from ivr.call.turn_log import QUEUE, TurnLog
from ivr.clock import Clock
from ivr.dialogue.actions import (
    Action,
    Ask,
    CallService,
    CancelCallback,
    HangUp,
    Join,
    QuestionKind,
    RequestCallback,
    ReturnToLine,
    Say,
    ServiceCall,
    Transfer,
)
from ivr.dialogue.inputs import (
    CallStarted,
    Heard,
    Keyed,
    Moment,
    NluUnavailable,
    NoInput,
    OperatorReady,
    PromiseCancelled,
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
from ivr.queue.model import Place
from ivr.services.port import BackOffice
from ivr.speech.phrase import Phrase, Prompt
from ivr.speech.player import Player, Segment

__all__ = ["Conversation", "Outside", "Renderer", "Understanding"]

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
        self._music = HoldMusic(player, outside.queue_music)
        self._question = ""
        self._order_id = ""
        self.ended_with = ""
        """Reason of the policy's HangUp, or 'transferred'."""

    async def run(self, floor: Floor, *, recorded: bool) -> None:
        """Until the policy hangs up or an operator has the caller."""
        state = DialogueState()
        self._turns.begin("started")
        user_input: UserInput | None = CallStarted(
            self._caller_number, recorded, await self._promises()
        )
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
                    await self._heard_out(floor)
                    return await self._on_the_line(self._outside.hand_off(reason))
                case Join():
                    await self._heard_out(floor)
                    return await self._on_the_line(self._outside.join())
                case ReturnToLine(contact_id=contact_id):
                    return await self._on_the_line(self._outside.return_to_line(contact_id))
                case RequestCallback() | CancelCallback():
                    return await self._promise(action)
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
        droppable: bool = False,
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
            droppable=droppable,
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
            await self._say(
                ask.phrase, barge_in=ask.barge_in, kind=ask.kind, droppable=ask.droppable
            )
        self._turns.complete()
        self._question = ask.kind.value
        self._outside.expect(ask.kind)
        if ask.music:
            answer = await self._music.until_answered(floor, ask.no_input_s)
        else:
            answer = await floor.ask(ask.no_input_s, takes_row=ask.takes_row)
        if isinstance(answer, Summoned):
            await floor.news_left()
            self._player.stop()  # no operator waits for the end of news about the waiting
        self._player.begin()
        if isinstance(answer, Summoned) or (ask.music and isinstance(answer, Silent)):
            self._turns.begin(QUEUE, self._question)
            return OperatorReady() if isinstance(answer, Summoned) else await self._place()
        self._turns.answered(answer, self._question)
        return await self._understood(answer)

    async def _place(self) -> UserInput:
        """Where somebody who has listened to music for a while stands now."""
        place = await self._line_outcome(self._outside.waiting_place())
        # A queue that cannot be asked is no reason to leave it: the music goes on.
        return NoInput() if place is None or isinstance(place, ServiceFailed) else place

    async def _understood(self, answer: Spoken | Pressed | Silent) -> UserInput:
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

    async def _heard_out(self, floor: Floor) -> None:
        self._turns.complete()
        await floor.played_out()

    async def _on_the_line(self, asked: Awaitable[TransferOutcome | Waiting]) -> UserInput | None:
        """An operator, a place in the queue, or neither; None when the call is over for the bot."""
        outcome = await self._line_outcome(asked)
        if outcome is None:
            self.ended_with = "transferred"
        else:
            self._turns.begin("transfer")
        return outcome

    async def _line_outcome(
        self, asked: Awaitable[TransferOutcome | Waiting]
    ) -> Waiting | TransferFailed | ServiceFailed | None:
        try:
            outcome = await asked
        except StoreError as exc:
            log.error("x queue not reached: %s", exc.message, extra={"action": "queue"})
            return ServiceFailed(None, exc.code)
        if not isinstance(outcome, TransferOutcome):
            return outcome
        return None if outcome is TransferOutcome.CONNECTED else TransferFailed(outcome.value)

    async def _promise(self, action: RequestCallback | CancelCallback) -> UserInput:
        try:
            if isinstance(action, CancelCallback):
                await self._outside.cancel_promise(action.contact_id)
                return PromiseCancelled()
            number, reason, slot = action.number, action.reason, action.slot
            return await self._outside.promise_callback(number, reason, slot)
        except StoreError as exc:
            log.error("x promise not stored: %s", exc.message, extra={"action": "callback"})
            return ServiceFailed(None, exc.code)

    async def _promises(self) -> tuple[Place, ...]:
        try:
            return await self._outside.promises()
        except StoreError as exc:
            log.error("x promises not looked up: %s", exc.message, extra={"action": "queue"})
            return ()


def _answerable_from(rendered: Rendered, gap_bytes: int, kind: QuestionKind | None) -> int | None:
    """Sample of a segment from which a yes answers it: half-way through a question's last part."""
    if kind is QuestionKind.CHOICE:
        return 0
    if kind is not QuestionKind.YES_NO or not rendered.marks:
        return None
    last = rendered.marks[-1][0]
    length = len(rendered.pcm) // SAMPLE_BYTES
    return gap_bytes // SAMPLE_BYTES + last + (length - last) // 2
