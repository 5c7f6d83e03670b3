"""Rasa's NLU YAML -> labelled phrases with the file and line each came from, checked."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ivr.errors import ConfigError

SPOKEN = re.compile(r"[а-яё]+(?: [а-яё]+)*")
"""What a recognizer gives: lower-case Russian words, no digits, no punctuation."""


@dataclass(frozen=True, slots=True)
class LabelledPhrase:
    """A phrase, what it means and where it is written, e.g. 'nlu_data/nlu/money.yml:12'."""

    text: str
    intent: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseBlock:
    """One intent's phrases in one place of a file; an intent may have several."""

    intent: str
    file: Path
    first_line: int
    """Of the first phrase, counted from 1; each phrase has a line."""
    column: int
    """Where phrases are indented to in an empty block, counted from 0."""
    literal: bool
    """Begun by '|', so that its lines are those of the file."""
    phrases: tuple[LabelledPhrase, ...]


def read_phrases(path: Path) -> tuple[LabelledPhrase, ...]:
    """All phrases of a file, or of all *.yml files of a folder in name order."""
    return tuple(phrase for block in read_blocks(path) for phrase in block.phrases)


def read_blocks(path: Path) -> tuple[PhraseBlock, ...]:
    """All blocks of a file, or of all *.yml files of a folder in name order."""
    files = sorted(path.glob("*.yml")) if path.is_dir() else [path]
    if not files:
        raise ConfigError(str(path), "", "a folder with *.yml files")
    return tuple(block for file in files for block in _read_file(file))


def read_intents(domain: Path) -> tuple[str, ...]:
    """Intent names of a domain file."""
    return tuple(read_intent_places(domain))


def read_intent_places(domain: Path) -> dict[str, str]:
    """Intent names of a domain file and where each is written, e.g. 'nlu_data/domain.yml:3'."""
    names = _field(_compose(domain), "intents", domain)
    if not isinstance(names, SequenceNode):
        raise _error(domain, names, "a list of intent names")
    return {_text(name, domain): f"{domain}:{name.start_mark.line + 1}" for name in names.value}


def check_phrases(
    training: Iterable[LabelledPhrase],
    held_out: Iterable[LabelledPhrase],
    intents: Iterable[str],
    *,
    fewest: int,
) -> None:
    """Raise `ConfigError` at the first phrase or intent that would spoil training or the test."""
    known = set(intents)
    first: dict[str, LabelledPhrase] = {}
    for phrase in training:
        _check_phrase(phrase, known)
        earlier = first.setdefault(spelling(phrase.text), phrase)
        if earlier is not phrase:
            allowed = f"each phrase once; it is also at {earlier.place} ({earlier.intent})"
            raise ConfigError(phrase.place, phrase.text, allowed)
    counts = Counter(phrase.intent for phrase in first.values())
    for intent in sorted(known):
        if counts[intent] < fewest:
            allowed = f"at least {fewest} training phrases, there are {counts[intent]}"
            raise ConfigError("intent", intent, allowed)
    for phrase in held_out:
        _check_phrase(phrase, known)
        if trained := first.get(spelling(phrase.text)):
            allowed = f"test phrases that are not trained on; see {trained.place}"
            raise ConfigError(phrase.place, phrase.text, allowed)


def spelling(text: str) -> str:
    """One spelling for comparing: recognizers write 'е' and 'ё' as they like."""
    return text.replace("ё", "е")


def require_spoken(text: str, place: str) -> None:
    """Raise `ConfigError` with the place when no recognizer could have written the text."""
    if not SPOKEN.fullmatch(text):
        allowed = "lower-case Russian words with single spaces, numbers in words"
        raise ConfigError(place, text, allowed)


def _check_phrase(phrase: LabelledPhrase, known: set[str]) -> None:
    if phrase.intent not in known:
        raise ConfigError(f"{phrase.place} intent", phrase.intent, "an intent of domain.yml")
    require_spoken(phrase.text, phrase.place)


def _read_file(file: Path) -> Iterable[PhraseBlock]:
    blocks = _field(_compose(file), "nlu", file)
    if not isinstance(blocks, SequenceNode):
        raise _error(file, blocks, "a list of intents with examples")
    for block in blocks.value:
        intent = _text(_field(block, "intent", file), file)
        examples = _field(block, "examples", file)
        first_line = examples.start_mark.line + 2
        phrases = []
        for number, line in enumerate(_text(examples, file).splitlines(), first_line):
            if not line.startswith("- "):
                raise ConfigError(f"{file}:{number}", line, "lines that begin with '- '")
            phrases.append(LabelledPhrase(line.removeprefix("- "), intent, f"{file}:{number}"))
        yield PhraseBlock(
            intent=intent,
            file=file,
            first_line=first_line,
            column=block.start_mark.column + 2,
            literal=getattr(examples, "style", None) == "|",
            phrases=tuple(phrases),
        )


def _compose(file: Path) -> Node:
    try:
        root = yaml.compose(file.read_text("utf-8"), yaml.SafeLoader)
    except FileNotFoundError as error:
        raise ConfigError(str(file), "", "a file that exists") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(place, problem, "well-formed YAML in UTF-8") from error
    if root is None:
        raise ConfigError(str(file), "", "a file with content")
    return root


def _field(node: Node, name: str, file: Path) -> Node:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == name:
                return value  # type: ignore[no-any-return]
    raise _error(file, node, f"a mapping with '{name}'")


def _text(node: Node, file: Path) -> str:
    if isinstance(node, ScalarNode):
        return str(node.value)
    raise _error(file, node, "text")


def _error(file: Path, node: Node, allowed: str) -> ConfigError:
    return ConfigError(f"{file}:{node.start_mark.line + 1}", node.tag, allowed)
