"""Calls as a service leaves them: a SQLite database and two-channel recordings."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ivr.analytics.cdr import Cdr
from ivr.audio.resample import to_pcm
from ivr.audio.wav import load_samples, write_wav
from ivr.events import CallId, HandoffEnded, HandoffStarted, TurnCompleted
from ivr.storage.sql import SqlStore

DAY = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
RATE = 8000
GREETING = "Добрый день! Чем я могу помочь?"
AGAIN = "Извините, не расслышала. Чем я могу помочь?"


@dataclass(frozen=True)
class Said:
    """A caller's turn: what was heard, what was made of it, what the bot answered."""

    text: str
    intent: str = ""
    sure: float = 0.0
    decision: str = "reject"
    reply: str = AGAIN
    heard: float = 0.9
    partial: str = ""
    question: str = "open"
    sound: str = "tts/0003.flac"


@dataclass(frozen=True)
class Story:
    """A call."""

    call_id: str
    turns: tuple[Said, ...]
    recorded: bool = True
    handed_off: bool = False


@dataclass
class Recorded:
    """One call's channels, growing."""

    left: list[Any] = field(default_factory=list)
    at: int = RATE * 3
    """Samples so far; the greeting takes three seconds."""

    def say(self, sound: str) -> tuple[float, float]:
        samples = load_samples(Path("audio_fixtures") / sound)
        start, end = self.at, self.at + len(samples)
        self.left.append((start, samples))
        self.at = end + RATE * 4
        return start / RATE, end / RATE

    def write(self, path: Path) -> None:
        stereo = np.zeros((self.at, 2), dtype=np.float32)
        for start, samples in self.left:
            stereo[start : start + len(samples), 0] = samples
        # The bot's side is a tone: a cut that mixes channels would hold it.
        stereo[:, 1] = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(self.at) / RATE)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, to_pcm(stereo.reshape(-1)), channels=2)


def make_calls(folder: Path, stories: tuple[Story, ...]) -> str:
    """Database and recordings below `folder`; the database's URL."""
    url = f"sqlite:///{folder}/ivr.db"
    asyncio.run(_fill(url, folder, stories))
    return url


async def _fill(url: str, folder: Path, stories: tuple[Story, ...]) -> None:
    store = await SqlStore.open(url)
    for number, story in enumerate(stories):
        await _call(store, folder, story, DAY + timedelta(minutes=7 * number))
    await store.aclose()


async def _call(store: SqlStore, folder: Path, story: Story, offered_at: datetime) -> None:
    recorded = Recorded()
    path = folder / "recordings" / f"{story.call_id}.wav"
    call_id = CallId(story.call_id)
    started = TurnCompleted(
        call_id=call_id, index=0, at=offered_at, kind="started", question="", reply=GREETING
    )
    await store.add_turn(started)
    at = offered_at
    for index, said in enumerate(story.turns, 1):
        start_s, end_s = recorded.say(said.sound)
        at = offered_at + timedelta(seconds=end_s)
        await store.add_turn(
            TurnCompleted(
                call_id=call_id,
                index=index,
                at=at,
                kind="heard" if said.text else "unintelligible",
                question=said.question,
                speech_start_s=start_s,
                speech_end_s=end_s,
                text=said.text,
                last_partial=said.partial or said.text,
                asr_confidence=said.heard,
                intent=said.intent,
                intent_confidence=said.sure if said.intent else None,
                decision=said.decision if said.intent else "",
                reply=said.reply,
            )
        )
    if story.recorded:
        recorded.write(path)
    if story.handed_off:
        common = {"call_id": call_id, "handoff_id": f"h-{call_id}", "mode": "refer"}
        later = at + timedelta(seconds=1)
        await store.add_handoff_event(
            HandoffStarted(**common, at=later, target="sip:o@pbx", reason="no_match")
        )
        await store.add_handoff_event(HandoffEnded(**common, at=later, outcome="connected"))
    await store.save_call(
        Cdr(
            call_id=call_id,
            offered_at=offered_at,
            ani="9030000001",
            dnis="0611",
            sip_call_id=story.call_id,
            answered_at=offered_at,
            ended_at=at + timedelta(seconds=5),
            recording=str(path) if story.recorded else "",
            handoffs=int(story.handed_off),
            turns=len(story.turns) + 1,
        )
    )


STORIES = (
    Story(
        "20261121-100000-aa01",
        (
            Said("меня зовут анна сергеевна мой номер девятьсот шестнадцать сто двадцать три "
                 "сорок пять шестьдесят восемь подключите услугу мобильный журавлик",
                 "service_connect", 0.34, "confirm", "Правильно ли я поняла, вы хотите подключить "
                 "услугу?", 0.71, sound="tts/0016.flac"),
            Said("нет", "deny", 0.97, "accept", AGAIN, question="yes_no", sound="tts/0006.flac"),
        ),
        handed_off=True,
    ),
    Story("20261121-100700-aa02", (
        Said("интернет в деревне отвалился совсем", "out_of_scope", 0.41, "confirm", AGAIN, 0.62,
             "интернет в деревне от вас", sound="tts/0005.flac"),
    ), handed_off=True),
    Story("20261121-101400-aa03", (Said("интернет в деревне отвалился", "out_of_scope", 0.44,
          "confirm", AGAIN, 0.66, sound="tts/0005.flac"),)),
    Story("20261121-102100-aa04", (Said("какой мой тариф сейчас стоит", "tariff_info", 0.55,
          "confirm", "Правильно ли я поняла, вы хотите узнать тариф?", 0.81),)),
    Story("20261121-102800-aa05", (Said("алло вы меня слышите", "greeting", 0.31, "confirm", AGAIN,
          0.65),), recorded=False),
    Story("20261121-103500-aa06", (Said("сколько у меня осталось денег на телефоне", "balance",
          0.98, "accept", "На вашем счету триста двадцать один рубль.", 0.95,
          sound="tts/0016.flac"),)),
    Story("20261121-104200-aa07", (Said("", sound="tts/0006.flac"),)),
)  # fmt: skip
"""Seven calls; by value: the denied one, the folded pair, ..."""
