"""Stand-ins for what calls share: recognizer, intents, prompts, store. Scripted, in memory."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.call.ears import Ears, EndJudge, Utterance
from ivr.clock import SystemClock
from ivr.errors import AsrError, NluError, StoreError
from ivr.events import Event
from ivr.nlu.schema import NluResult, ScoredIntent
from ivr.sip.leg import Leg
from ivr.speech.asr import Hypothesis, Recognizer
from ivr.speech.grammar import text_of
from ivr.speech.phrase import Phrase
from ivr.speech.prompt_texts import PromptTexts
from ivr.speech.vad import SpeechDetector
from ivr.storage.ports import CallbackRequest, HandoffRecord


class FakeRecognizer:
    """Hears the scripted texts one after the other, whatever was said. '!' is a fault.

    «раз > раз два»: the first look sees what is before the sign, the later ones and the end what
    is behind it.
    """

    def __init__(self, texts: deque[str]) -> None:
        self._texts = texts
        self.audio_s = 0.0
        self.busy_s = 0.0
        self.closed = False
        self.expected: list[str] = []
        """Every question it was told to expect."""

    def expect(self, question: str) -> None:
        self.expected.append(question)

    async def accept(self, samples: bytes) -> Hypothesis | None:
        self.audio_s += len(samples) / SAMPLE_BYTES / LINE_RATE_HZ
        return None

    async def finish(self) -> Hypothesis:
        text = self._texts.popleft() if self._texts else ""
        return self._heard(text.rpartition(" > ")[2])

    async def look(self, samples: bytes) -> Hypothesis:
        text, sign, later = self._texts[0].partition(" > ") if self._texts else ("", "", "")
        if sign:
            self._texts[0] = later
        return self._heard(text)

    @staticmethod
    def _heard(text: str) -> Hypothesis:
        if text == "!":
            raise AsrError("fake", "the recognizer broke")
        return Hypothesis(text, is_final=True, confidence=0.9)

    async def aclose(self) -> None:
        self.closed = True


class FakeRecognizerFactory:
    """Implements `RecognizerFactory`."""

    def __init__(self, *texts: str) -> None:
        self._texts = deque(texts)
        self.made: list[FakeRecognizer] = []

    def create(self) -> FakeRecognizer:
        self.made.append(FakeRecognizer(self._texts))
        return self.made[-1]


class FakeNlu:
    """Implements `NluClient`: a table of texts; anything else is out of scope."""

    def __init__(self, table: dict[str, str]) -> None:
        self._table = table
        self.down = False
        self.asked: list[str] = []

    async def parse(self, text: str) -> NluResult:
        self.asked.append(text)
        if self.down:
            raise NluError("fake", "the intent engine is down")
        return NluResult(text, (ScoredIntent(self._table.get(text, "out_of_scope"), 0.95),))


@dataclass(frozen=True, slots=True)
class FakeRendered:
    """Silence as long as the text, 10 ms a letter."""

    text: str

    @property
    def pcm(self) -> bytes:
        return bytes(SAMPLE_BYTES * LINE_RATE_HZ // 100 * len(self.text))

    @property
    def marks(self) -> tuple[tuple[int, str], ...]:
        return ((0, self.text),)


class FakeRenderer:
    """Implements `ivr.call.conversation.Renderer`."""

    def __init__(self, texts: PromptTexts) -> None:
        self._texts = texts

    async def render(self, phrase: Phrase) -> FakeRendered:
        return FakeRendered(text_of(phrase, self._texts))


@dataclass(slots=True)
class MemoryPromises:
    """The part of `CallStore` that a live call uses."""

    handoffs: list[HandoffRecord] = field(default_factory=list)
    callbacks: list[CallbackRequest] = field(default_factory=list)
    broken: bool = False

    async def save_handoff(self, record: HandoffRecord) -> None:
        self._check()
        self.handoffs.append(record)

    async def add_callback_request(self, request: CallbackRequest) -> None:
        self._check()
        self.callbacks.append(request)

    def _check(self) -> None:
        if self.broken:
            raise StoreError("fake", "the disk is full")


class EventLog(list[Event]):
    """Everything that was published, in order."""

    def of(self, *kinds: type[Event]) -> Sequence[Event]:
        """Events of these classes."""
        return [event for event in self if isinstance(event, kinds)]


class UtteranceLog:
    """An `EarListener` that keeps what it is told."""

    def __init__(self) -> None:
        self.utterances: list[Utterance] = []
        self.partials: list[str] = []
        self.ended_s: list[float] = []
        """Audio time of the last frame before each end of speech was noticed."""
        self._audio_s = 0.0

    def on_speech_started(self, audio_s: float) -> None:
        """Nothing to keep."""

    def on_speech_ended(self) -> None:
        self.ended_s.append(self._audio_s)

    def on_partial(self, text: str, audio_s: float) -> None:
        self.partials.append(text)

    def on_utterance(self, utterance: Utterance) -> None:
        self.utterances.append(utterance)

    def on_frame(self, audio_s: float) -> None:
        self._audio_s = audio_s


async def overheard(leg: Leg, recognizer: Recognizer, patience: EndJudge) -> UtteranceLog:
    """What ears make of everything that a leg has to hear."""
    listener = UtteranceLog()
    ears = Ears(
        leg,
        recognizer,
        SpeechDetector(),
        listener=listener,
        patience=patience,
        clock=SystemClock(),
        tap=lambda _: None,
    )
    await ears.run()
    return listener
