"""Where the recognizer's words come from: the project's texts and a general frequency list.

The only module that imports wordfreq (code Apache-2.0; word list CC-BY-SA 4.0, part of the package,
nothing is downloaded).
"""

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import wordfreq

from ivr.asr_build.language_model import Sentence
from ivr.asr_build.lexicon import WORD, folded
from ivr.asr_build.name_classes import class_sentences, members
from ivr.asr_build.questions import Answers, answers
from ivr.asr_build.spoken_values import shared, slot_sentences
from ivr.errors import ConfigError
from ivr.nlu.phrases import read_phrases
from ivr.nlu.schema import EntityKind
from ivr.services.demo_tables import DATA_FILE

OWN_WORDS_WEIGHT: Final = 1.0
"""Of each line of an own word list, in training phrases."""
OFFICE_WEIGHT: Final = 5.0
"""Of all names from the back office together."""
NAMED: Final = {"tariff": EntityKind.TARIFF, "services": EntityKind.SERVICE}
"""Tables of the back office's data whose `name` is a name."""
PLACES: Final = {"region": EntityKind.CITY, "city": EntityKind.CITY}
SHORT_WORDS: Final = frozenset("авикосуя") | {
    *("бы", "во", "да", "до", "её", "ей", "ему", "ее", "же", "за", "из", "им", "их", "ко", "ли"),
    *("мы", "на", "не", "ни", "но", "ну", "об", "он", "от", "по", "со", "так", "те", "то", "ты"),
    "уж",
}
"""General words of one and two letters; the list's others are initials and units."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """All that a graph is made of."""

    sentences: tuple[Sentence, ...]
    general: dict[str, float]
    """Frequencies of the most frequent general words, 'ё' folded."""
    spellings: frozenset[str]
    """Every word as spelled, with 'ё' where it was written: they decide how words sound."""
    sources: tuple[tuple[str, int], ...]
    """(source, sentences or words), for the report."""
    answers: Answers = ()
    """What is said to closed questions; each may have a graph of its own."""


@dataclass(frozen=True, slots=True)
class TextSources:
    """Files and folders to read."""

    phrases: Path = Path("nlu_data/nlu")
    words: Path = Path("nlu_data/words")
    """Folder with *.txt files of own words: a word or phrase a line, '#' begins a comment."""
    back_office: Path = DATA_FILE
    recorded: Path | None = Path("audio_fixtures/manifest.tsv")
    """Manifest of recordings whose requests are known texts too; only rows whose `part` is empty
    or 'train', so that recordings set apart for tests stay unseen."""
    general_words: int = 50_000
    """How many of the most frequent Russian words are added; 0: none."""


def read_corpus(sources: TextSources) -> Corpus:
    """Read all sources; raises `ConfigError` naming file and line for what cannot be spoken."""
    labelled = read_phrases(sources.phrases)
    for phrase in labelled:
        _require_words(phrase.text, phrase.place)
    phrases = [phrase.text for phrase in labelled]
    said_to = answers(labelled)
    office = sorted(set(_names_in(sources.back_office)))
    names = members((kind, folded(name)) for kind, name in office)
    said = list(class_sentences([folded(phrase) for phrase in phrases], names))
    slots = list(slot_sentences())
    own = list(read_own_words(sources.words))
    recorded = list(_recorded_requests(sources.recorded)) if sources.recorded else []
    general, spelled = general_words(sources.general_words)
    sentences = [
        *said,
        *(Sentence(tuple(map(folded, slot.words)), slot.weight) for slot in slots),
        *shared((folded(name) for _, name in office), OFFICE_WEIGHT),
        *(Sentence(tuple(folded(line).split()), OWN_WORDS_WEIGHT) for line in own),
        *(Sentence(tuple(folded(text).split())) for text in recorded),
    ]
    spellings = {
        *spelled,
        *(word for text in (*phrases, *own, *recorded) for word in text.split()),
        *(word for _, name in office for word in name.split()),
        *(word for _, said in said_to for text in said for word in text.split()),
        *(word for sentence in (*said, *slots) for word in sentence.words),
    }
    return Corpus(
        tuple(sentences),
        general,
        frozenset(spellings),
        (
            ("training phrases", len(phrases)),
            ("the same with other names", len(said) - len(phrases)),
            ("numbers, sums, dates", len(slots)),
            ("back office names", len(office)),
            ("own words", len(own)),
            ("recorded requests", len(recorded)),
            ("general words", len(general)),
        ),
        said_to,
    )


def read_own_words(folder: Path) -> Iterator[str]:
    """Lines of the own word lists, in the order of file names."""
    for file in sorted(folder.glob("*.txt")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            text = line.partition("#")[0].strip().lower()
            _require_words(text, f"{file}:{number}")
            if text:
                yield " ".join(text.split())


def _require_words(text: str, place: str) -> None:
    if not all(WORD.fullmatch(word) for word in text.split()):
        raise ConfigError(place, text, "Russian words in lower case, without digits")


def _recorded_requests(manifest: Path) -> Iterator[str]:
    with manifest.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row.get("intent") and (row.get("part") or "train") == "train":
                _require_words(row["text"], f"{manifest}, {row['file']}")
                yield row["text"]


def general_words(limit: int) -> tuple[dict[str, float], frozenset[str]]:
    """The most frequent words with 'ё' folded, and their spellings with 'ё'."""
    if not limit:
        return {}, frozenset()
    listed = wordfreq.get_frequency_dict("ru", "best")
    frequencies: dict[str, float] = {}
    for word, frequency in listed.items():
        if WORD.fullmatch(word) and (len(word) > 2 or word in SHORT_WORDS):
            frequencies[folded(word)] = frequencies.get(folded(word), 0.0) + frequency
    ranked = sorted(frequencies.items(), key=lambda item: (-item[1], item[0]))[:limit]
    kept = dict(sorted(ranked))
    spelled = {word for word in listed if "ё" in word and WORD.fullmatch(word)}
    return kept, frozenset({*kept, *(word for word in spelled if folded(word) in kept)})


def _names_in(data_file: Path) -> Iterator[tuple[EntityKind, str]]:
    """Every name in the back office's data, as words, with what it names."""
    data = tomllib.loads(data_file.read_text(encoding="utf-8"))
    for kind, value in _named(data, None):
        words = re.findall("[а-яё]+", value.lower())
        if words:
            yield kind, " ".join(words)


def _named(node: Any, kind: EntityKind | None) -> Iterator[tuple[EntityKind, str]]:
    """`kind` is what the table's own `name` would be a name of."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str):
                named = kind if key == "name" else PLACES.get(key)
                if named is not None:
                    yield named, value
            yield from _named(value, NAMED.get(key, kind))
    elif isinstance(node, list):
        for item in node:
            yield from _named(item, kind)
