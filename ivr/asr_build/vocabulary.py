"""Which words a recognition model can write, and which its graph would have if built now."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ivr.asr_build.lexicon import WORD, folded
from ivr.asr_build.texts import TextSources, read_corpus

WORDS_FILE: Final = Path("graph/words.txt")


def model_words(model: Path) -> frozenset[str] | None:
    """Words of a Vosk model, 'ё' folded; None where it does not list them, as small official models
    do not."""
    file = model / WORDS_FILE
    if not file.is_file():
        return None
    lines = file.read_text(encoding="utf-8").splitlines()
    return _folded_words(line.partition(" ")[0] for line in lines)


def buildable_words(sources: TextSources) -> frozenset[str]:
    """Words that `ivr asr build` would put into a graph, 'ё' folded; takes 1-2 s."""
    return _folded_words(read_corpus(sources).spellings)


def _folded_words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(folded(word) for word in words if WORD.fullmatch(word))
