"""Intents as a trainer knows them: what the caller wants, in Russian, with example phrases."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.dialogue.intents import Move, Talk, treatment
from ivr.nlu.phrases import read_intents, read_phrases

EXAMPLES: Final = 3
MOVES: Final = {
    Move.YES: "согласиться: «да»",
    Move.NO: "отказаться: «нет»",
    Move.OPERATOR: "поговорить с оператором",
    Move.REPEAT: "услышать ещё раз",
    Move.CANCEL: "отменить, вернуться назад",
    Move.GOODBYE: "попрощаться",
    Move.GREETING: "поздороваться",
    Move.WAIT: "попросить подождать",
    Move.THANKS: "поблагодарить",
    Move.HELP: "узнать, что умеет помощник",
    Move.OFF_TOPIC: "не по теме: помощник этого не делает",
}


@dataclass(frozen=True, slots=True)
class IntentEntry:
    """An intent in the list to choose from."""

    name: str
    wish: str
    examples: tuple[str, ...]


def read_catalogue(data: Path) -> tuple[IntentEntry, ...]:
    """All intents of the domain in its order; `ConfigError` names a damaged file."""
    phrases: defaultdict[str, list[str]] = defaultdict(list)
    for phrase in read_phrases(data / "nlu"):
        phrases[phrase.intent].append(phrase.text)
    return tuple(
        IntentEntry(name, wish_of(name), tuple(phrases[name][:EXAMPLES]))
        for name in read_intents(data / "domain.yml")
    )


def wish_of(intent: str) -> str:
    """What a caller with this intent wants, as an infinitive."""
    kind = treatment(intent)
    return MOVES[kind.move] if isinstance(kind, Talk) else kind.wish
