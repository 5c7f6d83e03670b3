"""All training data at once: phrases, held-out phrases, intents, and the texts as compared."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ivr.nlu.likeness import comparable
from ivr.nlu.phrases import LabelledPhrase, read_intent_places, read_phrases


@dataclass(frozen=True)
class DataSet:
    """All phrases and the intents of domain.yml with their places."""

    training: tuple[LabelledPhrase, ...]
    held_out: tuple[LabelledPhrase, ...]
    intents: Mapping[str, str]

    @property
    def phrases(self) -> tuple[LabelledPhrase, ...]:
        return (*self.training, *self.held_out)

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """Training texts as compared."""
        return tuple(comparable(phrase.text) for phrase in self.training)

    @cached_property
    def tested(self) -> tuple[str, ...]:
        """Test texts as compared."""
        return tuple(comparable(phrase.text) for phrase in self.held_out)

    @cached_property
    def sizes(self) -> Counter[str]:
        """Training phrases by intent."""
        return Counter(phrase.intent for phrase in self.training)


def read_data_set(data: Path) -> DataSet:
    """The files of `data` as they are; raises `ConfigError` for those that cannot be read."""
    return DataSet(
        read_phrases(data / "nlu"),
        read_phrases(data / "test.yml"),
        read_intent_places(data / "domain.yml"),
    )
