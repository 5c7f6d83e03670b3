"""A whole call on fakes: what the caller does, what is said, what is published and released."""

import asyncio
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ivr.audio.pcm import FRAME_BYTES, LINE_RATE_HZ
from ivr.audio.wav import load_audio
from ivr.call import conversation, session
from ivr.call.conversation import Understanding
from ivr.call.patience import PatienceSettings
from ivr.call.queue_desk import QueueDesk
from ivr.call.session import CallSession
from ivr.call.session_parts import SessionSettings, SharedParts
from ivr.clock import SystemClock
from ivr.dialogue.actions import QuestionKind
from ivr.dialogue.policy import Policy, PolicySettings
from ivr.events import (
    CallAnswered,
    CallbackRequested,
    CallEnded,
    CallId,
    HandoffEnded,
    HandoffStarted,
    TurnCompleted,
)
from ivr.handoff.operator import OperatorSettings
from ivr.queue.model import ContactState, NodeId
from ivr.queue.rules import QueueRules
from ivr.services.demo import create
from ivr.services.guard import GuardedBackOffice
from ivr.services.port import Balance
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Dtmf, TransferProgress
from ivr.speech.endpointing import EndpointingProfile
from ivr.speech.prompt_texts import load_prompt_texts
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.legs import FakeLeg
from ivr.testing.parts import (
    EventLog,
    FakeNlu,
    FakeRecognizerFactory,
    FakeRenderer,
    MemoryPromises,
)
from tests.unit.call.test_in_line import House

pytestmark = pytest.mark.unit

SPEECH = load_audio(Path("audio_fixtures/tts/0270.flac"), LINE_RATE_HZ)
INTENTS = {"мой баланс": "balance", "оператор": "operator", "да": "affirm", "пока": "goodbye"}
PROFILE = EndpointingProfile(complete_ms=300, trailing_silence_ms=400, incomplete_ms=600)
PATIENCE = PatienceSettings(profiles=dict.fromkeys(QuestionKind, PROFILE))


class Stage:
    """A session with everything around it scripted."""

    def __init__(
        self,
        tmp_path: Path,
        *texts: str,
        operator: str = "sip:operator@pbx",
        back_office: Any = None,
        soft_gain: float = 0.0,
        announce_recording: bool = False,
        max_call_s: float = 60.0,
        queue: QueueDesk | None = None,
    ) -> None:
        self.leg = FakeLeg()
        self.events = EventLog()
        self.recognizers = FakeRecognizerFactory(*texts)
        self.nlu = FakeNlu(INTENTS)
        self.promises = MemoryPromises()
        parts = SharedParts(
            policy=Policy(PolicySettings(no_input_s=2.0, operator_available=bool(operator))),
            renderer=FakeRenderer(load_prompt_texts(Path("models/voice-elena"))),
            recognizers=self.recognizers,
            understanding=Understanding(client=self.nlu, accept=0.6, confirm=0.3),
            back_office=back_office or create(f"sqlite:///{tmp_path}/office.db"),
            store=self.promises,  # type: ignore[arg-type]
            publish=self.events.append,
            clock=SystemClock(),
            queue=queue,
        )
        settings = SessionSettings(
            patience=PATIENCE,
            vad_aggressiveness=2,
            operator=OperatorSettings(
                target=operator, refer=True, refer_timeout_s=0.2, dial_timeout_s=0.2
            ),
            max_call_s=max_call_s,
            recordings=tmp_path / "recordings",
            announce_recording=announce_recording,
            soft_gain=soft_gain,
        )
        self.session = CallSession(CallId("call"), self.leg, parts, settings)
        self.leg.happens(Answered("PCMA"))

    async def __aenter__(self) -> "Stage":
        self.task = asyncio.create_task(self.session.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.task.done():
            self.leg.happens(Disconnected(HangupCause(200, "", HangupSide.REMOTE)))
        await asyncio.wait_for(self.task, 5.0)

    async def hears(self, samples: bytes) -> None:
        """Audio of the caller; as much time passes as it lasts."""
        for start in range(0, len(samples) - FRAME_BYTES + 1, FRAME_BYTES):
            self.leg.hears(samples[start : start + FRAME_BYTES])
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)

    async def passes(self, seconds: float) -> None:
        await self.hears(bytes(round(seconds * LINE_RATE_HZ) * 2))

    async def prompt_ends(self) -> None:
        """Wait for the bot to say something, then let it be heard to its end."""
        async with asyncio.timeout(5.0):
            while not self.leg.queued_samples and not self.task.done():
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        await self.passes(self.leg.queued_samples / LINE_RATE_HZ + 0.1)

    async def menu_plays(self) -> None:
        """The first seconds of a long prompt."""
        await self.prompt_ends()
        self.leg.happens(Dtmf("*"))
        async with asyncio.timeout(5.0):
            while not self.leg.queued_samples:
                await self.passes(0.02)
        await self.passes(0.2)

    async def speaks(self) -> None:
        await self.hears(SPEECH)
        await self.passes(0.8)
        await asyncio.sleep(0.1)

    @property
    def replies(self) -> list[str]:
        return [turn.reply for turn in self.events.of(TurnCompleted)]

    @property
    def ended(self) -> CallEnded:
        (event,) = self.events.of(CallEnded)
        assert isinstance(event, CallEnded)
        return event


async def test_a_question_is_answered_from_the_back_office(tmp_path):
    async with Stage(tmp_path, "мой баланс") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
    assert "триста двадцать один рубль" in stage.replies[1]
    turn = stage.events.of(TurnCompleted)[1]
    assert (turn.intent, turn.decision, turn.barge_in) == ("balance", "accept", False)
    assert turn.response_ms is not None
    assert stage.ended.outcome == "contained"
    assert stage.recognizers.made[0].closed


async def test_the_recording_is_there_and_named_in_the_events(tmp_path):
    async with Stage(tmp_path) as stage:
        await stage.passes(0.5)
    (answered,) = stage.events.of(CallAnswered)
    assert Path(answered.recording).stat().st_size > 44


async def test_speech_into_the_prompt_stops_it(tmp_path):
    async with Stage(tmp_path, "мой баланс") as stage:
        await stage.passes(0.6)
        await stage.speaks()
        await stage.prompt_ends()
    assert "stop_playback" in stage.leg.commands
    turn = stage.events.of(TurnCompleted)[1]
    assert turn.barge_in
    assert turn.played_s == pytest.approx(0.7, abs=0.3)


async def test_only_understanding_runs_ahead_of_the_end_of_a_turn(tmp_path):
    async with Stage(tmp_path, "оператор > мой баланс") as stage:
        await stage.prompt_ends()
        done, events = len(stage.leg.commands), len(stage.events.of(TurnCompleted))
        await stage.hears(SPEECH)
        await stage.passes(0.16)
        assert stage.nlu.asked == ["оператор"]
        assert stage.leg.commands[done:] == []
        assert len(stage.events.of(TurnCompleted)) == events
        await stage.speaks()
        await stage.prompt_ends()
    assert stage.nlu.asked == ["оператор", "мой баланс"]
    assert not stage.events.of(HandoffStarted)
    assert "триста двадцать один рубль" in stage.replies[1]


async def test_words_understood_ahead_are_not_asked_about_again(tmp_path):
    async with Stage(tmp_path, "мой баланс") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
    assert stage.nlu.asked == ["мой баланс"]
    turn = stage.events.of(TurnCompleted)[1]
    assert turn.text == "мой баланс"
    assert turn.endpoint.endswith(" request")
    assert 300 <= turn.patience_ms <= 600


async def test_keys_do_what_words_do(tmp_path):
    async with Stage(tmp_path) as stage:
        await stage.prompt_ends()
        stage.leg.happens(Dtmf("1"))
        await stage.prompt_ends()
    assert "триста двадцать один рубль" in stage.replies[1]
    assert stage.ended.outcome == "contained"


async def test_goodbye_hangs_up_after_the_last_word(tmp_path):
    async with Stage(tmp_path, "пока") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        await asyncio.wait_for(stage.task, 2.0)
    assert stage.leg.commands[-2].startswith("play")
    assert stage.leg.commands[-1] == "hang_up"
    assert stage.leg.queued_samples == 0


async def test_silence_ends_politely(tmp_path):
    async with Stage(tmp_path) as stage:
        for _ in range(4):
            await stage.prompt_ends()
            await stage.passes(2.2)
        await stage.prompt_ends()
        await asyncio.wait_for(stage.task, 2.0)
    assert stage.ended.outcome == "no_input"


async def test_a_dead_intent_engine_leaves_the_keys(tmp_path):
    async with Stage(tmp_path, "мой баланс") as stage:
        stage.nlu.down = True
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        stage.leg.happens(Dtmf("1"))
        await stage.prompt_ends()
    assert "Нажмите один, чтобы узнать баланс" in stage.replies[1]
    assert "триста двадцать один рубль" in stage.replies[2]


async def test_a_broken_recognizer_leaves_the_keys(tmp_path):
    async with Stage(tmp_path, "!") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
    assert "Нажмите один, чтобы узнать баланс" in stage.replies[1]


async def test_a_followed_transfer_ends_the_call_with_its_context_saved(tmp_path):
    async with Stage(tmp_path, "мой баланс", "оператор") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        stage.leg.happens(TransferProgress(202, "Accepted", False))
        stage.leg.happens(TransferProgress(200, "OK", True))
        await asyncio.wait_for(stage.task, 2.0)
    assert stage.ended.outcome == "transferred"
    (record,) = stage.promises.handoffs
    assert record.reason == "operator"
    assert ("caller", "мой баланс") in {(line.who, line.text) for line in record.transcript}
    assert "refer sip:operator@pbx" in stage.leg.commands


async def test_a_bye_right_behind_the_transfer_does_not_make_it_a_failure(tmp_path):
    async with Stage(tmp_path, "оператор") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        stage.leg.happens(TransferProgress(200, "OK", True))
        stage.leg.happens(Disconnected(HangupCause(200, "", HangupSide.REMOTE)))
        await asyncio.wait_for(stage.task, 2.0)
    assert stage.ended.outcome == "transferred"
    assert [event.outcome for event in stage.events.of(HandoffEnded)] == ["connected"]


async def test_nobody_there_and_a_callback_is_stored_before_it_is_promised(tmp_path):
    async with Stage(tmp_path, "оператор", "да") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        await asyncio.sleep(0.5)  # no answer to REFER, no leg for an operator
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        await asyncio.wait_for(stage.task, 2.0)
    assert stage.ended.outcome == "callback"
    assert [request.number for request in stage.promises.callbacks] == ["9030000001"]
    assert [type(event) for event in stage.events.of(HandoffStarted, HandoffEnded)] == [
        HandoffStarted,
        HandoffEnded,
    ] * 2
    assert len(stage.events.of(CallbackRequested)) == 1


async def test_the_recognizer_is_told_which_kind_of_answer_is_awaited(tmp_path):
    async with Stage(tmp_path, "оператор", operator="") as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
    assert stage.recognizers.made[0].expected == ["", "yes_no"]


async def test_a_callback_that_could_not_be_stored_is_not_promised(tmp_path):
    async with Stage(tmp_path, "оператор", "да", operator="") as stage:
        stage.promises.broken = True
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
    assert stage.events.of(CallbackRequested) == []
    assert "записать номер не получилось" in " ".join(stage.replies)


async def test_a_caller_who_leaves_at_once_is_an_abandoned_call(tmp_path):
    async with Stage(tmp_path) as stage:
        await stage.passes(0.2)
    assert stage.ended.outcome == "abandoned"
    assert stage.ended.side == "remote"


async def test_a_fault_inside_ends_this_call_only_and_is_recorded(tmp_path, caplog):
    async with Stage(tmp_path, "мой баланс") as stage:
        stage.session._parts.policy.step = None  # type: ignore[method-assign,assignment]
        await asyncio.wait_for(stage.task, 2.0)
    assert stage.ended.outcome == "failed"
    assert stage.leg.commands[-1] == "hang_up"


async def test_keys_do_not_cut_a_prompt_that_forbids_it_and_are_taken_after_it(tmp_path):
    async with Stage(tmp_path, announce_recording=True, soft_gain=0.1) as stage:
        await stage.passes(0.3)
        stage.leg.happens(Dtmf("1"))
        await stage.hears(SPEECH[:16000])
        assert not {"stop_playback", "gain 0.10"} & set(stage.leg.commands)
        await stage.prompt_ends()
        await stage.prompt_ends()
    assert "stop_playback" in stage.leg.commands
    assert "триста двадцать один рубль" in stage.replies[1]


class SlowBackOffice:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def balance(self, msisdn: str) -> Balance:
        self.asked.set()
        await self.may_answer.wait()
        return Balance(Decimal(7), Decimal(0), False, Decimal(0), date(2026, 12, 1))


async def said(stage: Stage, text: str) -> None:
    """Let time go by until the bot has been given these words to say."""
    async with asyncio.timeout(10.0):
        while not any(line.text == text for line in stage.session._turns.lines):
            await stage.passes(0.2)


async def test_a_slow_back_office_is_bridged_by_different_sentences(tmp_path, monkeypatch):
    quick = tuple((0.05, filler) for _, filler in conversation.FILLERS)
    monkeypatch.setattr(conversation, "FILLERS", quick)
    office = SlowBackOffice()
    async with Stage(tmp_path, "мой баланс", back_office=office) as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await office.asked.wait()
        for filler in ("Секунду, смотрю.", "Ещё немного, данные загружаются.", "Одну минуту."):
            await said(stage, filler)
        office.may_answer.set()
        await stage.prompt_ends()
        await stage.passes(0.5)
    reply = stage.replies[1]
    assert reply.index("Секунду") < reply.index("Ещё немного") < reply.index("семь рублей")


async def test_a_back_office_that_never_answers_ends_in_an_apology_and_a_way_on(tmp_path):
    office = GuardedBackOffice(SlowBackOffice(), 0.2)  # type: ignore[arg-type]
    async with Stage(tmp_path, "мой баланс", "да", back_office=office) as stage:
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
        await stage.speaks()
        await stage.prompt_ends()
    assert stage.replies[1].startswith("Извините, сейчас я не могу получить эти данные.")
    assert stage.replies[1].endswith("Соединить вас с оператором?")
    assert "refer sip:operator@pbx" in stage.leg.commands


async def test_a_backchannel_softens_the_prompt_and_answers_nothing(tmp_path):
    async with Stage(tmp_path, "угу", soft_gain=0.1) as stage:
        await stage.menu_plays()
        await stage.hears(SPEECH)
        await stage.passes(0.8)
        await stage.prompt_ends()
        gains = [command for command in stage.leg.commands if command.startswith("gain")]
    assert gains == ["gain 0.10", "gain 1.00"]
    assert "stop_playback" not in stage.leg.commands
    assert [turn.kind for turn in stage.events.of(TurnCompleted)] == ["started", "keyed"]


async def test_a_meant_word_stops_the_softened_prompt(tmp_path):
    async with Stage(tmp_path, "мой баланс", soft_gain=0.1) as stage:
        await stage.menu_plays()
        await stage.speaks()
        await stage.prompt_ends()
    assert "stop_playback" in stage.leg.commands
    turn = stage.events.of(TurnCompleted)[2]
    assert (turn.text, turn.barge_in) == ("мой баланс", True)


async def test_a_call_that_lasts_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "LOOK_S", 0.05)
    async with Stage(tmp_path, max_call_s=0.3) as stage:
        await stage.passes(0.1)
        await asyncio.wait_for(asyncio.shield(stage.task), 3.0)
    assert stage.leg.commands[-1] == "hang_up"


async def test_who_waits_for_an_operator_is_not_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "LOOK_S", 0.05)
    store = await SqlQueueStore.open(f"sqlite:///{tmp_path}/queue.db", QueueRules())
    await store.renew(NodeId("here"))
    async with Stage(tmp_path, max_call_s=0.3, queue=House(store).desk()) as stage:
        line = stage.session._handing_over.line
        assert line is not None
        await line.enter("operator")
        await asyncio.sleep(0.8)
        assert "hang_up" not in stage.leg.commands
        (contact,) = await store.open_contacts("9030000001")
        assert contact.state is ContactState.WAITING
        await line.cancel(contact.contact_id)
        await asyncio.wait_for(asyncio.shield(stage.task), 3.0)
    assert stage.leg.commands[-1] == "hang_up"
    await store.aclose()


async def test_who_talks_with_an_operator_is_not_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "LOOK_S", 0.05)
    async with Stage(tmp_path, max_call_s=0.3) as stage:
        await stage.passes(0.1)
        stage.session._handing_over.on_joined(FakeLeg())
        await asyncio.sleep(0.8)
        assert "hang_up" not in stage.leg.commands
        assert not stage.task.done()


def test_the_demo_subscriber_has_what_these_tests_expect():
    text = Path("ivr/services/demo_data.toml").read_text(encoding="utf-8")
    assert f'balance = "{Decimal("321.50")}"' in text
