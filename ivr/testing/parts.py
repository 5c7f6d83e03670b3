"""Stand-ins for what calls share: recognizer, intents, prompts, store. Scripted, in memory."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.errors import AsrError, NluError, StoreError
from ivr.events import Event
from ivr.nlu.schema import NluResult, ScoredIntent
from ivr.speech.asr import Hypothesis
from ivr.speech.grammar import text_of
from ivr.speech.phrase import Phrase
from ivr.speech.prompt_texts import PromptTexts
from ivr.storage.ports import CallbackRequest, HandoffRecord


class FakeRecognizer:
    """Hears the scripted texts one after the other, whatever was said. '!' is a fault."""

    def __init__(self, texts: deque[str]) -> None:
        self._texts = texts
        self.audio_s = 0.0
        self.busy_s = 0.0
        self.closed = False

    async def accept(self, samples: bytes) -> Hypothesis | None:
        self.audio_s += len(samples) / SAMPLE_BYTES / LINE_RATE_HZ
        return None

    async def finish(self) -> Hypothesis:
        text = self._texts.popleft() if self._texts else ""
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

    async def parse(self, text: str) -> NluResult:
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
