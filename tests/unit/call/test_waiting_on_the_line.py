"""A conversation whose caller waits in the queue: music, news, answers, an operator."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ, SAMPLE_BYTES
from ivr.call import hold_music
from ivr.call.conversation import Conversation, Outside, Understanding
from ivr.call.ears import Utterance
from ivr.call.floor import Floor, FloorListener, Senses
from ivr.call.turn_log import TurnLog
from ivr.clock import SystemClock
from ivr.dialogue.inputs import CallbackStored, Queued
from ivr.dialogue.policy import Policy, PolicySettings
from ivr.errors import StoreError
from ivr.events import CallId, TurnCompleted
from ivr.handoff.transfer import TransferOutcome
from ivr.queue.model import ContactId, ContactKind, Place
from ivr.services.demo import create
from ivr.speech.asr import Hypothesis
from ivr.speech.player import Player
from ivr.speech.prompt_texts import load_prompt_texts
from ivr.testing.legs import FakeLeg
from ivr.testing.parts import EventLog, FakeNlu, FakeRenderer
from tests.unit.dialogue.conftest import place

pytestmark = pytest.mark.unit

INTENTS = {"оператор": "operator", "мой номер": "own_number", "да": "affirm"}
MUSIC = b"".join(number.to_bytes(2, "little") for number in range(1, 5001))
"""5000 different samples, 0.6 s."""


class KeepingLeg(FakeLeg):
    """Remembers what it was given to play."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[bytes] = []

    def play(self, samples: bytes) -> None:
        super().play(samples)
        self.played.append(samples)

    @property
    def music(self) -> list[int]:
        """Samples of music in the order in which they were handed over."""
        loud = b"".join(piece for piece in self.played if any(piece))
        return [int.from_bytes(loud[at : at + 2], "little") for at in range(0, len(loud), 2)]


class Queue:
    """The other end of `Outside`."""

    def __init__(self) -> None:
        self.ahead = 3
        self.callback = False
        self.broken = False
        self.joined: TransferOutcome | Queued = TransferOutcome.CONNECTED
        self.joins = 0
        self.promises: tuple[Place, ...] = ()
        self.asked: list[str] = []

    def outside(self) -> Outside:
        return Outside(
            expect=lambda kind: None,
            hand_off=self._hand_off,
            promise_callback=self._promise,
            waiting_place=self._place,
            join=self._join,
            cancel_promise=self._cancel,
            return_to_line=self._return,
            promises=self._promises,
            queue_music=lambda: MUSIC,
        )

    async def _hand_off(self, reason: str) -> Queued:
        return await self._place(f"hand_off {reason}")

    async def _place(self, asked: str = "place") -> Queued:
        self.asked.append(asked)
        if self.broken:
            raise StoreError("fake", "the queue is gone")
        return Queued(place=place(self.ahead), callback=self.callback)

    async def _join(self) -> TransferOutcome | Queued:
        self.joins += 1
        return self.joined

    async def _promise(self, number: str, reason: str, slot: datetime | None) -> CallbackStored:
        await self._place(f"promise {number} {reason} {slot}")
        return CallbackStored(number, self.ahead)

    async def _cancel(self, contact_id: ContactId) -> None:
        await self._place(f"cancel {contact_id}")

    async def _return(self, contact_id: ContactId) -> Queued:
        return await self._place(f"return {contact_id}")

    async def _promises(self) -> tuple[Place, ...]:
        if self.broken:
            raise StoreError("fake", "the queue is gone")
        return self.promises


class Call:
    """The caller's side of a conversation, in audio time."""

    def __init__(self, queue: Queue, tmp_path: Path) -> None:
        self.leg = KeepingLeg()
        self.events = EventLog()
        player = Player(self.leg)
        listener = FloorListener(
            speech_began=lambda at, barge_in: None,
            partial=lambda text, at: None,
            stale=lambda utterance: None,
        )
        self.floor = Floor(player, listener, Senses(soft_gain=0.3))
        self.conversation = Conversation(
            policy=Policy(PolicySettings(no_input_s=2.0)),
            renderer=FakeRenderer(load_prompt_texts(Path("models/voice-elena"))),
            understanding=Understanding(client=FakeNlu(INTENTS), accept=0.6, confirm=0.3),
            back_office=create(f"sqlite:///{tmp_path}/office.db"),
            player=player,
            turns=TurnLog(CallId("call"), SystemClock(), self.events.append),
            outside=queue.outside(),
            clock=SystemClock(),
            caller_number="9030000001",
        )
        self.audio_s = 0.0
        self.task = asyncio.create_task(self.conversation.run(self.floor, recorded=False))

    async def passes(self, seconds: float) -> None:
        for _ in range(round(seconds * LINE_RATE_HZ / FRAME_SAMPLES)):
            self.leg.queued_samples -= min(FRAME_SAMPLES, self.leg.queued_samples)
            self.audio_s += FRAME_SAMPLES / LINE_RATE_HZ
            self.floor.on_frame(self.audio_s)
            for _ in range(4):
                await asyncio.sleep(0)

    async def says(self, text: str, *, lasts_s: float = 0.3) -> None:
        began = self.audio_s
        self.floor.on_speech_started(began)
        await self.passes(lasts_s)
        self.floor.on_speech_ended()
        self.floor.on_utterance(
            Utterance(
                hypothesis=Hypothesis(text, is_final=True, confidence=0.9),
                last_partial=text,
                start_s=began,
                end_s=self.audio_s,
                ended_at=0.0,
                asr_ms=1.0,
            )
        )
        await self.passes(0.1)

    async def hears_out(self) -> None:
        """Until what the bot says is over; music never is."""
        ahead_s = hold_music.LEAD_S + hold_music.PIECE_S
        while self.leg.queued_samples > ahead_s * LINE_RATE_HZ:
            await self.passes(0.1)

    @property
    def replies(self) -> list[str]:
        return [turn.reply for turn in self.events.of(TurnCompleted)]

    @property
    def kinds(self) -> list[str]:
        return [turn.kind for turn in self.events.of(TurnCompleted)]


Dial = Callable[[Queue], Awaitable[Call]]


@pytest.fixture
def dial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dial:
    """A call in which the caller has asked for an operator and waits."""
    monkeypatch.setattr(hold_music, "POLL_S", 0.0)

    async def make(queue: Queue) -> Call:
        call = Call(queue, tmp_path)
        await call.passes(0.1)
        while call.leg.queued_samples:
            await call.passes(0.1)
        await call.says("оператор")
        while not queue.asked:
            await call.passes(0.1)
        await call.passes(0.1)
        await call.hears_out()
        return call

    return make


@pytest.fixture
def queue() -> Queue:
    return Queue()


async def test_the_place_is_told_and_music_loops_without_a_gap(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    assert queue.asked == ["hand_off operator"]
    assert call.replies[-1].startswith("Перед вами в очереди: три человека.")
    await call.passes(10.0)
    assert call.leg.queued_samples > 0
    heard = call.leg.music
    assert len(heard) >= 10 * LINE_RATE_HZ
    jumps = {after - before for before, after in pairwise(heard)}
    assert jumps == {1, 1 - 5000}, "every sample follows the one before it, round and round"
    assert len(heard) * SAMPLE_BYTES == sum(len(piece) for piece in call.leg.played if any(piece))


async def test_silence_is_answered_by_a_look_at_the_place(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    told = len(call.replies)
    await call.passes(45.0)
    assert queue.asked.count("place") == 2
    assert "no_input" not in call.kinds[1:]
    assert len(call.replies) == told, "nothing new, so nothing is said and nothing recorded"
    assert call.leg.queued_samples > 0


async def test_a_queue_that_fails_leaves_the_music_on(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    queue.broken = True
    await call.passes(60.0)
    assert not call.task.done()
    assert call.leg.queued_samples > 0


async def test_short_words_do_not_stop_the_music(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    await call.passes(3.0)
    told = len(call.replies)
    await call.says("угу")
    await call.passes(3.0)
    assert "stop_playback" not in call.leg.commands
    assert call.leg.queued_samples > 0
    assert len(call.replies) == told


async def test_a_question_silences_the_music_and_is_answered(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    await call.passes(3.0)
    await call.says("мой номер", lasts_s=1.0)
    assert "stop_playback" in call.leg.commands
    assert "Ваш номер" in call.replies[-1]
    assert call.replies[-1].endswith("Перед вами в очереди: три человека.")
    await call.hears_out()
    before = len(call.leg.music)
    await call.passes(5.0)
    assert len(call.leg.music) > before, "the music is back"
    assert queue.asked.count("hand_off operator") == 1


async def test_an_operator_silences_the_music_and_joins(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    await call.passes(3.0)
    call.floor.summon()
    await call.passes(0.1)
    assert call.replies[-1] == "Оператор подключается."
    assert queue.joins == 0, "not before that was heard"
    await call.passes(1.0)
    assert queue.joins == 1
    await asyncio.wait_for(call.task, 1.0)
    assert call.conversation.ended_with == "transferred"


@pytest.mark.parametrize(
    ("callback", "news"), [(False, "Пока вы ждёте"), (True, "Перезвонить?")], ids=["keys", "offer"]
)
async def test_an_operator_does_not_wait_for_news_about_the_waiting(
    dial: Dial, queue: Queue, callback: bool, news: str
) -> None:
    queue.callback = callback
    call = await dial(queue)
    async with asyncio.timeout(5.0):
        while news not in call.replies[-1]:
            await call.passes(0.02)
    assert call.leg.queued_samples > LINE_RATE_HZ
    call.floor.summon()
    await call.passes(0.1)
    assert call.replies[-1] == "Оператор подключается."
    await call.passes(1.0)
    assert queue.joins == 1


async def test_an_operator_lets_an_answer_end_but_not_the_news_after_it(
    dial: Dial, queue: Queue
) -> None:
    call = await dial(queue)
    await call.says("мой номер", lasts_s=1.0)
    answer, _news = [piece for piece in call.leg.played if not any(piece)][-2:]
    left_s = (len(answer) / SAMPLE_BYTES - FRAME_SAMPLES) / LINE_RATE_HZ - 0.1
    assert left_s > 0.3
    stops = call.leg.commands.count("stop_playback")
    call.floor.summon()
    await call.passes(left_s)
    assert call.leg.commands.count("stop_playback") == stops
    assert call.replies[-1] != "Оператор подключается."
    await call.passes(0.1)
    assert call.leg.commands.count("stop_playback") == stops + 1
    assert call.replies[-1] == "Оператор подключается."
    await call.passes(1.0)
    assert queue.joins == 1


async def test_an_operator_who_comes_between_two_questions_waits(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    await call.passes(3.0)
    call.floor.on_key("1")  # answered, and not yet looked at
    call.floor.summon()
    await call.passes(3.0)
    assert call.replies[-1] == "Оператор подключается."
    assert queue.joins == 1


async def test_after_a_join_that_fails_the_caller_waits_on(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    queue.joined = Queued(place=place(0), after_failure=True)
    call.floor.summon()
    await call.passes(3.0)
    assert call.replies[-1] == "Оператор не ответил. Ваше место в очереди сохранено."
    assert call.leg.queued_samples > 0
    queue.joined = TransferOutcome.CONNECTED
    call.floor.summon()
    await call.passes(3.0)
    await asyncio.wait_for(call.task, 1.0)


async def test_a_call_back_is_promised_and_the_call_ends(dial: Dial, queue: Queue) -> None:
    queue.callback = True
    call = await dial(queue)
    assert call.replies[-1].endswith("Перезвонить?")
    for _ in range(2):
        call.floor.on_key("1")
        await call.passes(1.0)
    assert queue.asked[-1] == "promise 9030000001 operator None"
    assert call.replies[-1].startswith("Записала номер")
    await call.passes(60.0)
    await asyncio.wait_for(call.task, 1.0)
    assert call.conversation.ended_with == "callback"


async def test_a_promise_that_cannot_be_stored_is_not_made(dial: Dial, queue: Queue) -> None:
    queue.callback = True
    call = await dial(queue)
    queue.broken = True
    for _ in range(2):
        call.floor.on_key("1")
        await call.passes(1.0)
    assert call.replies[-1].startswith("К сожалению, записать номер не получилось.")
    assert not call.task.done()


async def test_who_leaves_the_queue_goes_on_with_the_bot(dial: Dial, queue: Queue) -> None:
    call = await dial(queue)
    call.floor.on_key("*")
    await call.passes(1.0)
    call.floor.on_key("1")
    await call.passes(0.5)
    assert queue.asked[-1] == "cancel contact"
    assert call.replies[-1] == "Хорошо, отменяю. Могу ли я ещё чем-нибудь помочь?"


@pytest.mark.parametrize("broken", [False, True])
async def test_an_earlier_promise_is_spoken_of_at_once(
    queue: Queue, tmp_path: Path, broken: bool
) -> None:
    changes: dict[str, Any] = {"kind": ContactKind.CALLBACK, "contact_id": ContactId("earlier")}
    queue.promises = (place(1, **changes),)
    queue.broken = broken
    call = Call(queue, tmp_path)
    await call.passes(0.5)
    found = "Вы уже в очереди на обратный звонок." in call.replies[0]
    assert found is not broken
    if found:
        call.floor.on_key("1")
        await call.passes(2.0)
        assert queue.asked == ["return earlier"]
    call.task.cancel()
