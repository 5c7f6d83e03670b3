"""The floor with a line that plays, a voice and an echo: who is heard, and what is stored of it."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ivr.call.ears import Utterance
from ivr.call.floor import Answer, Floor, FloorListener, Pressed, Senses, Silent, Spoken
from ivr.speech.asr import Hypothesis, HypothesisWord
from ivr.speech.phrase import Prompt
from ivr.speech.player import Player, Segment

pytestmark = pytest.mark.unit

FRAME_S = 0.02


@dataclass
class Line:
    """Takes everything; plays 20 ms a frame."""

    queued_samples: int = 0
    told: list[object] = field(default_factory=list)

    def play(self, samples: bytes) -> None:
        self.queued_samples += len(samples) // 2

    def stop_playback(self) -> None:
        self.queued_samples = 0
        self.told.append("stop")

    def set_playback_gain(self, gain: float) -> None:
        self.told.append(gain)


class Scene:
    """A question that plays for `prompt_s`, and a caller whose voice and echo are told."""

    def __init__(self, prompt_s: float = 2.0) -> None:
        self.line = Line()
        self.player = Player(self.line)
        self.voiced = self.echo = self.background = False
        self.began: list[tuple[float, bool]] = []
        self.unanswered: list[tuple[float, float]] = []
        listener = FloorListener(
            speech_began=lambda at_s, barge_in: self.began.append((at_s, barge_in)),
            partial=lambda text, at_s: None,
            stale=lambda utterance: None,
        )
        senses = Senses(
            voiced=lambda: self.voiced,
            echo=lambda: self.echo,
            answers=lambda text: text == "баланс",
            background=self._is_background,
            unanswered=lambda start_s, end_s: self.unanswered.append((start_s, end_s)),
            soft_gain=0.1,
        )
        self.floor = Floor(self.player, listener, senses)
        self.now_s = 0.0
        prompt = bytes(round(prompt_s * 16000))
        self.player.play(Segment(phrase=(Prompt("x"),), text="", samples=prompt, barge_in=True))

    def _is_background(self, start_s: float, end_s: float, answers: bool) -> bool:
        return self.background and not answers

    async def asked(self, *, takes_row: bool = False) -> "asyncio.Task[Answer]":
        task = asyncio.create_task(self.floor.ask(5.0, takes_row=takes_row))
        await asyncio.sleep(0)
        return task

    def passes(self, seconds: float, *, voiced: bool = False, echo: bool = False) -> None:
        self.voiced, self.echo = voiced, echo
        for _ in range(round(seconds / FRAME_S)):
            self.now_s += FRAME_S
            self.line.queued_samples = max(0, self.line.queued_samples - 160)
            self.floor.on_frame(self.now_s)

    def said(self, start_s: float, *words: tuple[str, float, float]) -> None:
        """The utterance's end and text; words with their times since its beginning."""
        timed = tuple(HypothesisWord(text, start, end, 0.9) for text, start, end in words)
        text = " ".join(word.text for word in timed)
        self.floor.on_speech_ended()
        self.floor.on_utterance(
            Utterance(
                hypothesis=Hypothesis(text, is_final=True, confidence=0.9, words=timed),
                last_partial="",
                start_s=start_s,
                end_s=self.now_s,
                ended_at=self.now_s,
                asr_ms=1.0,
            )
        )


async def test_a_short_answer_in_the_tail_of_an_echo_is_heard_without_the_echo():
    scene = Scene(prompt_s=1.0)
    answer = await scene.asked()
    scene.passes(0.6)
    scene.voiced = scene.echo = True
    scene.floor.on_speech_started(scene.now_s)
    scene.passes(0.6, voiced=True, echo=True)  # the prompt ends, its echo lasts 0.2 s longer
    scene.passes(0.14, voiced=True)  # «да»
    scene.passes(0.4)
    scene.said(0.6, ("помочь", 0.1, 0.6), ("да", 0.75, 1.0))
    spoken = await answer
    assert isinstance(spoken, Spoken)
    assert spoken.utterance.hypothesis.text == "да"
    assert not spoken.barge_in


async def test_an_echo_alone_is_no_answer_and_does_not_soften():
    scene = Scene(prompt_s=1.0)
    answer = await scene.asked()
    scene.passes(0.6, voiced=True, echo=True)
    scene.floor.on_speech_started(scene.now_s)
    scene.passes(0.6, voiced=True, echo=True)
    scene.passes(0.06, voiced=True)
    scene.passes(0.4)
    scene.said(0.6, ("помочь", 0.1, 0.6))
    assert not answer.done()
    assert scene.began == []
    assert scene.line.told == []
    answer.cancel()


async def test_a_caller_who_speaks_into_an_echo_while_it_plays_needs_a_little_longer():
    scene = Scene(prompt_s=3.0)
    answer = await scene.asked()
    scene.passes(0.4)
    scene.voiced = scene.echo = True
    scene.floor.on_speech_started(scene.now_s)
    scene.passes(0.2, voiced=True, echo=True)
    scene.passes(0.16, voiced=True)
    assert scene.began == []
    scene.passes(0.08, voiced=True)
    assert [barge_in for _, barge_in in scene.began] == [True]
    answer.cancel()


async def test_a_voice_softens_the_prompt_before_the_utterance_and_silence_gives_it_back():
    scene = Scene(prompt_s=3.0)
    answer = await scene.asked()
    scene.passes(0.4)
    scene.passes(0.04, voiced=True)
    assert scene.line.told == [0.1]
    scene.passes(0.22)
    assert scene.line.told == [0.1, 1.0]
    answer.cancel()


async def test_what_was_heard_of_the_prompt_ends_where_the_caller_begins():
    scene = Scene(prompt_s=3.0)
    answer = await scene.asked()
    scene.passes(1.0)
    scene.passes(0.1, voiced=True)
    scene.floor.on_speech_started(1.0)
    scene.floor.on_partial("мой", 1.2)
    scene.passes(0.8, voiced=True)
    assert scene.line.told == [0.1, "stop"]
    scene.passes(0.5)
    scene.said(1.0, ("мой", 0.1, 0.3), ("баланс", 0.3, 0.9))
    spoken = await answer
    assert isinstance(spoken, Spoken)
    assert spoken.barge_in
    assert spoken.played_s == pytest.approx(1.1, abs=0.05)


async def test_a_key_pressed_while_a_television_talks_is_taken():
    scene = Scene(prompt_s=0.2)
    scene.background = True
    answer = await scene.asked(takes_row=True)
    scene.passes(0.4)
    scene.floor.on_speech_started(scene.now_s)
    scene.floor.on_key("9")
    scene.passes(0.2, voiced=True)
    scene.said(0.4, ("новости", 0.0, 0.2))
    pressed = await asyncio.wait_for(answer, 1.0)
    assert isinstance(pressed, Pressed)
    assert pressed.digits == "9"


@pytest.mark.parametrize("over_prompt", [False, True])
async def test_soft_words_that_answer_are_the_callers_but_not_over_a_prompt(*, over_prompt: bool):
    scene = Scene(prompt_s=2.0)
    answer = await scene.asked()
    scene.background = True
    scene.passes(0.2 if over_prompt else 2.2)
    start_s = scene.now_s
    scene.floor.on_speech_started(start_s)
    scene.passes(0.4, voiced=True)
    scene.said(start_s, ("баланс", 0.0, 0.4))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert answer.done() is not over_prompt
    answer.cancel()


async def test_a_key_held_for_one_question_does_not_answer_the_next():
    scene = Scene(prompt_s=0.2)
    answer = await scene.asked(takes_row=True)
    scene.passes(0.4)
    scene.floor.on_speech_started(scene.now_s)
    scene.floor.on_key("1")
    answer.cancel()
    answer = await scene.asked()
    scene.passes(0.2)
    scene.said(0.4)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not answer.done()
    answer.cancel()


async def test_the_wait_for_an_answer_that_did_not_come_is_told():
    scene = Scene(prompt_s=1.0)
    answer = await scene.asked()
    scene.passes(6.2)
    assert await answer == Silent()
    ((start_s, end_s),) = scene.unanswered
    assert (start_s, end_s) == (pytest.approx(1.0, abs=0.05), pytest.approx(6.0, abs=0.05))


async def test_an_operator_who_is_gone_again_answers_no_question():
    scene = Scene(prompt_s=1.0)
    scene.floor.summon()
    scene.floor.unsummon()
    answer = await scene.asked()
    await asyncio.sleep(0)
    assert not answer.done()
    answer.cancel()
