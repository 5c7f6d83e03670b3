"""Intents suggested for a text: by the model while it answers, else by the likeness of phrases."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ivr.errors import NluError
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import NluClient
from ivr.review.sorting import PhraseIndex

SHOWN: Final = 9
"""As many as there are keys."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An intent and how sure it is, 0..1."""

    intent: str
    confidence: float
    by_model: bool
    """False: guessed from phrases that look alike."""


class Suggester:
    """Ranks intents. Event loop only; the client may come later, when its server has started."""

    def __init__(self, phrases: Iterable[LabelledPhrase], client: NluClient | None = None) -> None:
        self._phrases = PhraseIndex(phrases)
        self.client = client
        self.fault = ""
        """Why the model does not answer, '' while it does or is not there yet."""

    async def suggest(self, text: str) -> tuple[Suggestion, ...]:
        """The best first, up to nine; none for an empty text."""
        if not text:
            return ()
        ranked = await self._by_model(text)
        named = {one.intent for one in ranked}
        alike = (
            Suggestion(intent, round(like, 3), by_model=False)
            for intent, like in self._phrases.ranking(text, SHOWN)
            if intent not in named
        )
        return (*ranked, *alike)[:SHOWN]

    async def _by_model(self, text: str) -> tuple[Suggestion, ...]:
        if self.client is None:
            return ()
        try:
            result = await self.client.parse(text)
        except NluError as exc:
            self.fault = exc.message
            return ()
        self.fault = ""
        return tuple(
            Suggestion(one.name, round(one.confidence, 3), by_model=True) for one in result.ranking
        )
