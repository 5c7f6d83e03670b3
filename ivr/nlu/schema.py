"""What understanding a text gives, whatever engine did it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EntityKind(StrEnum):
    """Entities found by rules; the comment says what `Entity.value` holds."""

    AMOUNT = "amount"  # roubles, decimal digits: "300", "99.50"
    PHONE = "phone"  # ten digits without +7/8: "9031234567"
    TARIFF = "tariff"  # canonical name: "Близкие люди"
    SERVICE = "service"  # canonical name: "Гудок"
    CITY = "city"  # canonical name: "Новосибирск"
    DATE = "date"  # ISO 8601: "2026-11-22"
    NUMBER = "number"  # a bare number, digits: "2"


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of the text with a meaning of its own. `start:end` are characters of the text."""

    kind: EntityKind
    value: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ScoredIntent:
    """An intent's name and the model's confidence, 0..1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class NluResult:
    """Intents by falling confidence and the entities of one text."""

    text: str
    ranking: tuple[ScoredIntent, ...]
    """Best first; never empty."""
    entities: tuple[Entity, ...] = ()

    @property
    def intent(self) -> ScoredIntent:
        return self.ranking[0]


class NluClient(Protocol):
    """Text to intents. Called on the event loop."""

    async def parse(self, text: str) -> NluResult:
        """Raises `NluError` when the engine is down, wrong or slower than the configured limit."""
        ...
