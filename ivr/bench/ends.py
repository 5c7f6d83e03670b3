"""How well ends of requests are told from pauses within, on recordings, and what calls make of it.

Every recording is listened to whole and cut at every border of its words; what the call core would
think of a silence there is compared with what is true. No line, no dialogue: minutes, not hours.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from math import log
from pathlib import Path
from statistics import NormalDist
from typing import Final

import numpy as np

from ivr.app import session_settings
from ivr.audio.pcm import FRAME_MS, LINE_RATE_HZ, SAMPLE_BYTES
from ivr.audio.wav import load_audio
from ivr.bench.figures import percentile
from ivr.bench.turns.borders import TAIL, between, heard
from ivr.bench.turns.compose import (
    LONGEST_PAUSE_MS,
    PAUSE_MS,
    PAUSE_SPREAD,
    SHORTEST_PAUSE_MS,
)
from ivr.call.conversation import Understanding
from ivr.call.patience import Patience
from ivr.call.speculation import Speculation
from ivr.config import Settings
from ivr.dialogue.actions import QuestionKind
from ivr.fixtures.manifest import FixtureRow
from ivr.nlu.model_choice import choose_model
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.rasa_server import RasaServer
from ivr.speech.melody import Melody, voice_of
from ivr.speech.models import in_use
from ivr.speech.vosk_asr import VoskRecognizer, VoskRecognizerFactory

PAUSE: Final = bytes(round(0.1 * LINE_RATE_HZ) * SAMPLE_BYTES)
"""As much silence as calls look at words after; the look gets it twice."""
NLU_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a recording where the voice paused, and what was thought of it."""

    voice: str
    text: str
    is_end: bool
    by_words: float
    """Sureness that the turn is over, 0..1."""
    by_both: float
    melody: Melody | None
    wait_ms: int
    """How long a call would wait there, whole frames."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What that comes to for one voice; NaN where it has no such place."""

    voice: str
    p50_ms: float
    p95_ms: float
    """Silence after an end until the turn is taken for over."""
    cut: float
    """Share of the pauses that would be cut off, 0..1, were they as long as those of the set of
    turns (`ivr.bench.turns.compose`)."""


@dataclass(frozen=True, slots=True)
class Separation:
    """Areas under the curve of one voice's places, 0.5 is chance, 1 faultless; NaN without both
    ends and pauses."""

    voice: str
    ends: int
    pauses: int
    words: float
    melody: float
    """Of the places whose pitch could be followed."""
    both: float
    followed: float
    """Share of those places, 0..1."""


async def places(
    settings: Settings,
    rows: Sequence[FixtureRow],
    fixtures: Path,
    folder: Path,
    progress: Callable[[int], None],
) -> list[Place]:
    """What calls would make of every border of words. `IvrError` when a part is missing."""
    found: list[Place] = []
    async with AsyncExitStack() as stack:
        factory = await VoskRecognizerFactory.load(in_use(settings.speech).path, threads=1)
        stack.push_async_callback(factory.aclose)
        archive = choose_model(settings.nlu).archive
        rasa = RasaServer(python=Path(settings.nlu.python), model=archive, runtime=folder)
        stack.push_async_callback(rasa.aclose)
        await rasa.start()
        client = RasaNlu(rasa.url, rasa.token, NLU_TIMEOUT_S, today=date.today)
        stack.push_async_callback(client.aclose)
        recognizer = factory.create()
        stack.push_async_callback(recognizer.aclose)
        listener = _Listener(settings, client, recognizer)
        for row in rows:
            samples = load_audio(fixtures / row.file)
            cuts = between(await heard(factory, samples + TAIL))
            async for place in listener.places(row, samples, [second for second, _ in cuts]):
                found.append(place)
            progress(1)
    return found


class _Listener:
    """Looks at stretches of recordings as a call does in a pause."""

    def __init__(self, settings: Settings, client: RasaNlu, recognizer: VoskRecognizer) -> None:
        self._speculation = Speculation(client)
        understanding = Understanding(
            client=client, accept=settings.nlu.accept, confirm=settings.nlu.confirm
        )
        patience = session_settings(settings).patience
        self._patience = Patience(patience, self._speculation, understanding)
        self._patience.expect(QuestionKind.OPEN)
        self._recognizer = recognizer

    async def places(
        self, row: FixtureRow, samples: bytes, cuts: Sequence[float]
    ) -> AsyncIterator[Place]:
        """The recording up to every cut, and whole."""
        for cut_s in cuts:
            end = round(cut_s * LINE_RATE_HZ) * SAMPLE_BYTES
            if place := await self._place(row, samples[:end], is_end=False):
                yield place
        if place := await self._place(row, samples, is_end=True):
            yield place

    async def _place(self, row: FixtureRow, samples: bytes, *, is_end: bool) -> Place | None:
        text = (await self._recognizer.look(samples + PAUSE + PAUSE)).text
        if not text:
            return None
        self._patience.ahead(text)
        await self._speculation.settled()
        melody = voice_of(samples).melody
        by_words = self._patience.judge(text).sureness
        by_both = self._patience.judge(text, melody).sureness
        wait_ms = whole_frames_ms(self._patience.profile.patience_ms(by_both))
        return Place(row.voice, text, is_end, by_words, by_both, melody, wait_ms)


def separations(found: Sequence[Place]) -> list[Separation]:
    """By voice, and of all together last."""
    return [_separation(voice, group) for voice, group in _by_voice(found)]


def waitings(found: Sequence[Place]) -> list[Waiting]:
    """By voice, and of all together last."""
    return [_waiting(voice, group) for voice, group in _by_voice(found)]


def _by_voice(found: Sequence[Place]) -> Iterator[tuple[str, list[Place]]]:
    for voice in sorted({place.voice for place in found}):
        yield voice, [place for place in found if place.voice == voice]
    yield "all", list(found)


def _waiting(voice: str, group: Sequence[Place]) -> Waiting:
    waits_ms = [place.wait_ms for place in group if place.is_end]
    cut = [longer_than(place.wait_ms) for place in group if not place.is_end]
    return Waiting(
        voice=voice,
        p50_ms=percentile(waits_ms, 50),
        p95_ms=percentile(waits_ms, 95),
        cut=float(np.mean(cut)) if cut else float("nan"),
    )


def longer_than(wait_ms: float) -> float:
    """Share of the set's pauses within recordings that last longer, 0..1."""
    if wait_ms < SHORTEST_PAUSE_MS:
        return 1.0
    if wait_ms >= LONGEST_PAUSE_MS:
        return 0.0
    return 1 - NormalDist(0, PAUSE_SPREAD).cdf(log(wait_ms / PAUSE_MS))


def whole_frames_ms(wait_ms: int) -> int:
    """Silence is counted by the frame: 384 ms are over after 400."""
    return -(-wait_ms // FRAME_MS) * FRAME_MS


def _separation(voice: str, group: Sequence[Place]) -> Separation:
    followed = [(place.is_end, -place.melody.fall_st) for place in group if place.melody]
    return Separation(
        voice=voice,
        ends=sum(place.is_end for place in group),
        pauses=sum(not place.is_end for place in group),
        words=area([(place.is_end, place.by_words) for place in group]),
        melody=area(followed),
        both=area([(place.is_end, place.by_both) for place in group]),
        followed=len(followed) / len(group) if group else float("nan"),
    )


def area(scored: Sequence[tuple[bool, float]]) -> float:
    """Chance that an end has a higher score than a pause; equal scores count half."""
    ends = np.array([score for is_end, score in scored if is_end])
    pauses = np.array([score for is_end, score in scored if not is_end])
    if not len(ends) or not len(pauses):
        return float("nan")
    higher = (ends[:, None] > pauses[None, :]).mean()
    equal = (ends[:, None] == pauses[None, :]).mean()
    return float(higher + equal / 2)
