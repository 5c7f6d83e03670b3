"""Time that passes only as audio does, and knowing when everybody waits for more of it.

The pipeline follows audio time anyway. What does not is work: decoding, intents, back office,
prompts. While any of that is under way no frame is delivered, so a reply comes at the same audio
time however fast or busy the machine is. Event loop only.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.dialogue.actions import Action
from ivr.dialogue.inputs import Moment, UserInput
from ivr.dialogue.policy import DialogueState, Policy, PolicySettings, Turn
from ivr.errors import AsrError
from ivr.events import CallEnded, Event, TurnCompleted
from ivr.nlu.schema import NluClient, NluResult
from ivr.speech.asr import Hypothesis
from ivr.speech.vosk_asr import DECODE_STEP_S, VoskRecognizer, VoskRecognizerFactory

THE_DAY: Final = datetime(2026, 6, 10, 12, 0, tzinfo=timezone(timedelta(hours=3)))
"""When every replayed call begins: greeting, dates and outages are the same in every run."""
SETTLING_PASSES: Final = 3
"""Passes of the event loop within which a task that was just woken has begun its work."""
STEP_BYTES: Final = int(DECODE_STEP_S * LINE_RATE_HZ) * SAMPLE_BYTES


@dataclass(slots=True)
class VirtualClock:
    """`ivr.clock.Clock` of one replayed call: `audio_s` is moved by its leg."""

    audio_s: float = 0.0

    def monotonic(self) -> float:
        return self.audio_s

    def now(self) -> datetime:
        return THE_DAY + timedelta(seconds=self.audio_s)


@dataclass(slots=True)
class Stillness:
    """Whether the conversation waits for its caller.

    It thinks from a step of the policy until the turn is published, which the session does just
    before it listens, hangs up or transfers; and while an intent is looked up.
    """

    thinking: bool = True
    parsing: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def reached(self) -> None:
        """Return once nothing is under way that audio would overtake."""
        await self._pass()
        while self.thinking or self.parsing:
            self._changed.clear()
            await self._changed.wait()
            await self._pass()

    def tell(self) -> None:
        """Something has ended."""
        self._changed.set()

    @staticmethod
    async def _pass() -> None:
        for _ in range(SETTLING_PASSES):
            await asyncio.sleep(0)


class WatchedPolicy(Policy):
    """The dialogue's rules; notes every step and holds audio back until it is carried out."""

    def __init__(self, settings: PolicySettings, stillness: Stillness) -> None:
        super().__init__(settings)
        self._stillness = stillness
        self.steps: list[tuple[UserInput, tuple[Action, ...]]] = []

    def step(self, state: DialogueState, user_input: UserInput, moment: Moment) -> Turn:
        self._stillness.thinking = True
        state, actions = super().step(state, user_input, moment)
        self.steps.append((user_input, actions))
        return state, actions


class WatchedNlu:
    """An `NluClient` that holds audio back while it is asked, and takes the real time."""

    def __init__(self, client: NluClient, stillness: Stillness) -> None:
        self._client = client
        self._stillness = stillness
        self.took_ms: list[float] = []
        """Real milliseconds of every request."""

    async def parse(self, text: str) -> NluResult:
        self._stillness.parsing += 1
        began = time.perf_counter()
        try:
            return await self._client.parse(text)
        finally:
            self.took_ms.append((time.perf_counter() - began) * 1000)
            self._stillness.parsing -= 1
            self._stillness.tell()


@dataclass(slots=True)
class Journal:
    """Everything a call published, each with the audio time at which it did."""

    clock: VirtualClock
    stillness: Stillness
    entries: list[tuple[float, Event]] = field(default_factory=list)

    def publish(self, event: Event) -> None:
        """Given to the session as its way to the event bus."""
        self.entries.append((self.clock.audio_s, event))
        if isinstance(event, TurnCompleted | CallEnded):
            self.stillness.thinking = False
            self.stillness.tell()


class SettledRecognizer:
    """A Vosk recognizer that has decoded what it was given before it takes more.

    In steps as long as those of a live call, so that both decode the same pieces.
    """

    def __init__(self, recognizer: VoskRecognizer) -> None:
        self._recognizer = recognizer
        self._unsettled = 0

    @property
    def audio_s(self) -> float:
        return self._recognizer.audio_s

    @property
    def busy_s(self) -> float:
        return self._recognizer.busy_s

    def expect(self, question: str) -> None:
        self._recognizer.expect(question)

    async def accept(self, samples: bytes) -> Hypothesis | None:
        self._unsettled += len(samples)
        partial = await self._recognizer.accept(samples)
        if self._unsettled < STEP_BYTES:
            return partial
        self._unsettled = 0
        return await self._recognizer.settle()

    async def finish(self) -> Hypothesis:
        self._unsettled = 0
        if self._recognizer.dropped_s:
            lost = f"{self._recognizer.dropped_s:.1f} s of audio were dropped in a replay"
            raise AsrError("dropped", lost)
        return await self._recognizer.finish()

    async def look(self, samples: bytes) -> Hypothesis:
        return await self._recognizer.look(samples)

    async def aclose(self) -> None:
        await self._recognizer.aclose()


class SettledFactory:
    """`RecognizerFactory` of settled recognizers; for one call at a time in its process.

    Kaldi adds a little noise to the audio before it takes features (dither), from C's rand().
    Seeded anew for every call, it is the same noise in every run: otherwise a word of confidence
    0.57 is heard in one run and not in the next.
    """

    def __init__(self, factory: VoskRecognizerFactory) -> None:
        self._factory = factory
        self._libc = ctypes.CDLL(None)

    def create(self) -> SettledRecognizer:
        self._libc.srand(1)
        return SettledRecognizer(self._factory.create())


Finished = Callable[[], bool]
"""Whether the call has shown all that it was made for; asked before every frame after speech."""
