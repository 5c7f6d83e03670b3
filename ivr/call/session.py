"""One call from INVITE to the last released resource. Event loop only."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Final

from ivr.audio.recorder import TwoChannelRecorder
from ivr.call.caller import subscriber_number
from ivr.call.conversation import Conversation, Outside
from ivr.call.ears import Ears, Utterance
from ivr.call.echo import EchoGuard
from ivr.call.floor import Floor, FloorListener, Senses
from ivr.call.handing_over import HandingOver
from ivr.call.handoff_notes import HandoffNotes
from ivr.call.in_line import InLine
from ivr.call.patience import Patience
from ivr.call.recording import CallRecording
from ivr.call.session_parts import SessionSettings, SharedParts
from ivr.call.speculation import Speculation
from ivr.call.turn_log import TurnLog
from ivr.dialogue.actions import QuestionKind
from ivr.errors import AudioError, SipError, SynthesisError
from ivr.events import CallAnswered, CallEnded, CallId, PartialHeard, SpeechBegan
from ivr.sip.causes import OUR_FAULTS, HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Dtmf, Leg, LegFrame, TransferProgress
from ivr.speech.asr import Recognizer
from ivr.speech.phrase import Phrase
from ivr.speech.player import Player
from ivr.speech.vad import SpeechDetector

log = logging.getLogger(__name__)

RELEASE_S = 2.0
"""A far end that does not answer our BYE holds the call's resources no longer than this."""
VOICED = 0.6
"""Share of speech in the last 100 ms that counts as a voice: 60 ms of it; clicks are shorter."""
LOOK_S = 1.0
"""How often it is looked whether the call's time counts."""
ANSWER_S = 32.0
"""An INVITE whose ACK never comes is over after 64*T1 (RFC 3261 section 13.3.1.4)."""
SHUTTING_DOWN: Final = 503
LOST_SIDES: Final = OUR_FAULTS | {HangupSide.MEDIA_LOST}


class CallSession:
    """Runs one caller's leg: ears, floor, conversation, hand-off, records."""

    def __init__(
        self, call_id: CallId, leg: Leg, parts: SharedParts, settings: SessionSettings
    ) -> None:
        self.call_id = call_id
        self._leg = leg
        self._parts = parts
        self._settings = settings
        self._number = subscriber_number(leg.identity.ani)
        self._turns = TurnLog(call_id, parts.clock, parts.publish)
        self._recognizer: Recognizer = parts.recognizers.create()
        self._speculation = Speculation(parts.understanding.client)
        self._patience = Patience(settings.patience, self._speculation, parts.understanding)
        self._recording: CallRecording | None = None
        self._side_tasks: set[asyncio.Task[None]] = set()
        self._failed = False
        self._ended_with = ""
        self._handing_over = self._make_handing_over()

    def _make_handing_over(self) -> HandingOver:
        parts = self._parts
        notes = HandoffNotes(
            call_id=self.call_id,
            caller_number=self._number or self._leg.identity.ani,
            store=parts.store,
            turns=self._turns,
            publish=parts.publish,
            clock=parts.clock,
        )
        line = None
        if parts.queue is not None:
            line = InLine(
                call_id=self.call_id,
                leg=self._leg,
                number=self._number,
                desk=parts.queue,
                notes=notes,
                call_conversation=self._summon,
                leave_conversation=self._unsummon,
                joined=self._on_operator_joined,
            )
        return HandingOver(
            leg=self._leg,
            settings=self._settings.operator,
            notes=notes,
            joined=self._on_operator_joined,
            parted=self._on_operator_parted,
            speak=self._speak,
            music=parts.queue.music if parts.queue is not None else b"",
            line=line,
        )

    async def run(self) -> None:
        """Answer, serve, release. Nothing that happens within the call gets out of here."""
        cause = HangupCause(500, "internal fault", HangupSide.LOCAL)
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self._recognizer.aclose)
                cause = await self._answer(stack)
        except SipError as exc:
            log.error("x call lost: %s", exc.message, extra={"action": "call"})
            self._failed = True
            # Commands keep their order: an answer that was only late is taken back.
            await self._hang_up("internal fault")
        except asyncio.CancelledError:
            cause = HangupCause(SHUTTING_DOWN, "shutting down", HangupSide.LOCAL)
            await self._hang_up("shutting down")
            raise
        except Exception:  # the session supervisor: one bad call takes no other call down
            log.exception("x call failed", extra={"action": "call"})
            self._failed = True
            await self._hang_up("internal fault")
        finally:
            await self._handing_over.close(lost=self._is_lost(cause))
            self._turns.complete()
            self._publish_end(cause)

    async def _answer(self, stack: AsyncExitStack) -> HangupCause:
        await self._leg.answer()
        async with asyncio.timeout(ANSWER_S):
            while not isinstance(event := await self._leg.next_event(), Answered | Disconnected):
                pass
        if isinstance(event, Disconnected):
            return event.cause
        await self._start_recording(stack, event.codec)
        return await self._serve(stack)

    async def _start_recording(self, stack: AsyncExitStack, codec: str) -> None:
        path = ""
        folder = self._settings.recordings
        if folder is not None:
            file = folder / f"{self._parts.clock.now():%Y-%m-%d}" / f"{self.call_id}.wav"
            try:
                recorder = TwoChannelRecorder(file)
            except (AudioError, OSError) as exc:
                log.error("x call not recorded: %s", exc, extra={"action": "recording"})
            else:
                self._recording = CallRecording(self._leg, recorder)
                stack.push_async_callback(self._recording.aclose)
                path = str(file)
        self._parts.publish(
            CallAnswered(
                call_id=self.call_id, at=self._parts.clock.now(), codec=codec, recording=path
            )
        )

    async def _serve(self, stack: AsyncExitStack) -> HangupCause:
        self._echo_guard = EchoGuard(self._recording or self._leg)
        player = Player(self._echo_guard)
        conversation = self._make_conversation(player)
        detector = SpeechDetector(self._settings.vad_aggressiveness)
        floor = Floor(player, self._floor_listener(conversation), self._senses(detector))
        self._floor = floor
        self._ears = Ears(
            self._leg,
            self._recognizer,
            detector,
            listener=floor,
            patience=self._patience,
            clock=self._parts.clock,
            tap=self._tap,
        )
        stack.push_async_callback(self._cancel_side_tasks)
        recorded = self._recording is not None and self._settings.announce_recording
        ears = asyncio.create_task(self._ears.run())
        talk = asyncio.create_task(conversation.run(floor, recorded=recorded))
        events = asyncio.create_task(self._follow_events(floor))
        try:
            return await self._until_over(ears, talk, events)
        finally:
            await _cancel({ears, talk, events})
            self._speculation.forget()
            self._ended_with = conversation.ended_with

    async def _until_over(
        self,
        ears: "asyncio.Task[None]",
        talk: "asyncio.Task[None]",
        events: "asyncio.Task[HangupCause]",
    ) -> HangupCause:
        """The leg's end, the conversation's, or the limit of what a caller may talk with the bot.

        Nobody is cut off who waits for an operator, as was promised, or talks with one.
        """
        left_s = self._settings.max_call_s
        pending: set[asyncio.Task[None] | asyncio.Task[HangupCause]] = {ears, talk, events}
        while not (events.done() or talk.done()):
            began_s = self._parts.clock.monotonic()
            done, pending = await asyncio.wait(
                pending, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not self._handing_over.engaged:
                left_s -= self._parts.clock.monotonic() - began_s
            if left_s <= 0.0 and not done:
                log.warning("x call reached its longest time", extra={"action": "call"})
                break
            if ears in done and (fault := ears.exception()) is not None:
                raise fault
        if events.done():
            return events.result()
        if talk.done() and not talk.cancelled() and (fault := talk.exception()) is not None:
            raise fault
        await self._hang_up("goodbye")
        await asyncio.wait({events}, timeout=RELEASE_S)
        if events.done():
            return events.result()
        return HangupCause(408, "no answer to BYE", HangupSide.LOCAL)

    def _make_conversation(self, player: Player) -> Conversation:
        parts = self._parts
        queue = parts.queue
        staffed = queue is not None and queue.outlook.staffed
        return Conversation(
            policy=queue.policy if queue is not None and staffed else parts.policy,
            renderer=parts.renderer,
            understanding=replace(parts.understanding, client=self._speculation),
            back_office=parts.back_office,
            player=player,
            turns=self._turns,
            outside=self._outside(),
            clock=parts.clock,
            caller_number=self._number,
        )

    def _outside(self) -> Outside:
        handing_over, line = self._handing_over, self._handing_over.line
        outside = Outside(
            hand_off=handing_over.to_operator,
            promise_callback=handing_over.promise_callback,
            expect=self._expect,
        )
        if line is None:
            return outside
        return replace(
            outside,
            waiting_place=line.place,
            join=line.join,
            cancel_promise=line.cancel,
            return_to_line=line.return_to_line,
            promises=line.promises,
            queue_music=lambda: line.desk.music,
        )

    def _summon(self) -> None:
        self._floor.summon()  # nobody waits in the queue before there is a floor

    def _unsummon(self) -> None:
        self._floor.unsummon()

    def _senses(self, detector: SpeechDetector) -> Senses:
        return Senses(
            voiced=lambda: detector.probability >= VOICED,
            echo=self._echo_guard.is_echo,
            end_utterance=self._end_utterance,
            answers=self._patience.answers,
            background=lambda start_s, end_s, answers: detector.foreground.is_background(
                start_s, end_s, answers=answers
            ),
            learn=detector.foreground.learn,
            unanswered=detector.foreground.unanswered,
            soft_gain=self._settings.soft_gain,
        )

    def _end_utterance(self) -> None:
        self._ears.end_utterance()  # the floor is there before the ears, so it cannot hold them

    def _floor_listener(self, conversation: Conversation) -> FloorListener:
        def speech_began(audio_s: float, barge_in: bool) -> None:
            self._parts.publish(
                SpeechBegan(call_id=self.call_id, audio_s=audio_s, barge_in=barge_in)
            )

        def partial(text: str, audio_s: float) -> None:
            self._parts.publish(PartialHeard(call_id=self.call_id, audio_s=audio_s, text=text))

        def stale(utterance: Utterance) -> None:
            self._start_side_task(conversation.judge_stale(utterance, self._floor))

        return FloorListener(speech_began=speech_began, partial=partial, stale=stale)

    async def _follow_events(self, floor: Floor) -> HangupCause:
        while True:
            match await self._leg.next_event():
                case Dtmf(digit=digit):
                    floor.on_key(digit)
                case TransferProgress() as progress:
                    self._handing_over.on_progress(progress)
                case Disconnected(cause=cause):
                    self._handing_over.on_gone(lost=self._is_lost(cause))
                    return cause
                case _:
                    pass  # playback is followed by the frames' counters

    def _is_lost(self, cause: HangupCause) -> bool:
        """The line was cut: by a fault of ours, of the network, or by a restart."""
        return self._failed or cause.side in LOST_SIDES or cause.status == SHUTTING_DOWN

    def _expect(self, kind: QuestionKind) -> None:
        self._patience.expect(kind)
        self._ears.expect("" if kind is QuestionKind.OPEN else kind.value)

    def _tap(self, received: LegFrame) -> None:
        self._echo_guard.on_frame(received)
        if self._recording is not None:
            self._recording.on_frame(received)

    def _on_operator_joined(self, operator: Leg) -> None:
        self._ears.deaf = True  # two people talk: that is not for the recognizer
        if self._recording is not None:
            self._start_side_task(self._recording.follow(operator))

    def _on_operator_parted(self) -> None:
        self._ears.deaf = False

    async def _speak(self, phrase: Phrase) -> bytes:
        try:
            return (await self._parts.renderer.render(phrase)).pcm
        except SynthesisError as exc:
            log.error("x phrase not spoken: %s", exc.message, extra={"action": "render"})
            return b""

    def _start_side_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._side_tasks.add(task)
        task.add_done_callback(self._side_tasks.discard)

    async def _cancel_side_tasks(self) -> None:
        await _cancel(set(self._side_tasks))

    async def _hang_up(self, reason: str) -> None:
        try:
            await self._leg.hang_up(reason=reason)
        except SipError as exc:
            log.info("- leg already gone: %s", exc.message)

    def _publish_end(self, cause: HangupCause) -> None:
        log.info(
            "- call ended: %s, %s %d",
            self._outcome(),
            cause.side,
            cause.status,
            extra={"action": "ended"},
        )
        self._parts.publish(
            CallEnded(
                call_id=self.call_id,
                at=self._parts.clock.now(),
                status=cause.status,
                reason=cause.reason,
                side=cause.side.value,
                outcome=self._outcome(),
                dropped_frames=self._leg.dropped_frames,
                asr_audio_s=self._recognizer.audio_s,
                asr_busy_s=self._recognizer.busy_s,
            )
        )

    def _outcome(self) -> str:
        if self._failed:
            return "failed"
        if self._handing_over.connected:
            return "transferred"
        if self._handing_over.promised_callback:
            return "callback"
        if self._ended_with == "no_input":
            return "no_input"
        return "contained" if self._ended_with or self._turns.served else "abandoned"


async def _cancel(tasks: "set[asyncio.Task[None] | asyncio.Task[HangupCause]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
