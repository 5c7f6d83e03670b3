"""New phrases -> the training files, with every other byte left as it is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import process

from ivr.errors import ConfigError
from ivr.files import write_whole
from ivr.nlu.phrases import (
    LabelledPhrase,
    PhraseBlock,
    read_blocks,
    read_phrases,
    require_spoken,
    spelling,
)


@dataclass(frozen=True, slots=True)
class AddedPhrase:
    """A phrase that was written, what it means and the file that has it now."""

    intent: str
    text: str
    file: Path


def add_phrases(data: Path, additions: Mapping[str, Sequence[str]]) -> tuple[AddedPhrase, ...]:
    """Put phrases (by intent) at the end of their intents' blocks in `data`/nlu/*.yml.

    The blocks are in order of topic, not of the alphabet, so new phrases follow the others; those
    that the intent has already are left out. Each file is replaced as a whole. Raises
    `ConfigError`, and writes nothing, for an intent without a block, for what nobody can say, for a
    phrase of another intent, and for one held out in `data`/test.yml.
    """
    return _add(data / "nlu", additions, kept_apart=data / "test.yml")


def hold_out_phrases(data: Path, additions: Mapping[str, Sequence[str]]) -> tuple[AddedPhrase, ...]:
    """The same for `data`/test.yml: phrases to measure with, refused where they are trained on."""
    return _add(data / "test.yml", additions, kept_apart=data / "nlu")


def _add(
    path: Path, additions: Mapping[str, Sequence[str]], *, kept_apart: Path
) -> tuple[AddedPhrase, ...]:
    blocks = {block.intent: block for block in read_blocks(path)}
    known = _by_spelling(read_phrases(path))
    others = _by_spelling(read_phrases(kept_apart))
    added: list[AddedPhrase] = []
    for intent, texts in additions.items():
        block = _block(blocks, intent, path)
        for text in texts:
            require_spoken(text, f"new phrase of {intent}")
            if _is_new(text, intent, known, others):
                known[spelling(text)] = LabelledPhrase(text, intent, "the same additions")
                added.append(AddedPhrase(intent, text, block.file))
    _write(added, blocks)
    return tuple(added)


def _by_spelling(phrases: Iterable[LabelledPhrase]) -> dict[str, LabelledPhrase]:
    return {spelling(phrase.text): phrase for phrase in phrases}


def _block(blocks: Mapping[str, PhraseBlock], intent: str, path: Path) -> PhraseBlock:
    """The last block of an intent: where it goes on."""
    block = blocks.get(intent)
    if block is None:
        nearest = process.extractOne(intent, list(blocks))
        allowed = f"an intent of {path}" + (f"; nearest: {nearest[0]}" if nearest else "")
        raise ConfigError("intent", intent, allowed)
    if not block.literal:
        place = f"{block.file}:{block.first_line - 1}"
        raise ConfigError(place, intent, "phrases can only be added after 'examples: |'")
    return block


def _is_new(
    text: str,
    intent: str,
    known: Mapping[str, LabelledPhrase],
    held_out: Mapping[str, LabelledPhrase],
) -> bool:
    if tested := held_out.get(spelling(text)):
        allowed = f"test phrases are not trained on; see {tested.place}"
        raise ConfigError(f"new phrase of {intent}", text, allowed)
    there = known.get(spelling(text))
    if there is not None and there.intent != intent:
        allowed = f"each phrase once; {there.place} has it as {there.intent}"
        raise ConfigError(f"new phrase of {intent}", text, allowed)
    return there is None


def _write(added: Iterable[AddedPhrase], blocks: Mapping[str, PhraseBlock]) -> None:
    by_file: defaultdict[Path, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for phrase in added:
        by_file[phrase.file][phrase.intent].append(phrase.text)
    for file, texts in by_file.items():
        lines = file.read_bytes().decode("utf-8").split("\n")
        # From the last block to the first, so that the lines before keep their numbers.
        for intent in sorted(texts, key=lambda name: -blocks[name].first_line):
            _insert(lines, blocks[intent], texts[intent])
        write_whole(file, "\n".join(lines))


def _insert(lines: list[str], block: PhraseBlock, texts: Iterable[str]) -> None:
    at = block.first_line - 1 + len(block.phrases)
    before = lines[at - 1]
    indent = before[: len(before) - len(before.lstrip())] if block.phrases else " " * block.column
    ending = "\r" if before.endswith("\r") else ""
    lines[at:at] = [f"{indent}- {text}{ending}" for text in texts]
