"""The seam to text to speech: Russian text in, an audio file's content out."""

import re
import unicodedata
from typing import Final, Protocol

from num2words import num2words

from ivr.errors import SynthesisError

LONGEST_TEXT: Final = 1000
"""Characters; about a minute of speech, as much as a leg's playback ring holds."""


class Synthesizer(Protocol):
    """Speaks Russian text. Called from the event loop; engines run as child processes."""

    @property
    def voice_id(self) -> str:
        """Engine and voice; part of the cache key, so it changes when the sound changes."""
        ...

    async def synthesize(self, text: str) -> bytes:
        """The content of an audio file (WAV, any rate). `SynthesisError` when it cannot speak."""
        ...


class NoSynthesizer:
    """Stands in where no engine is installed or wanted."""

    voice_id = "none"

    async def synthesize(self, text: str) -> bytes:
        raise SynthesisError("no_synthesizer", "no speech synthesizer is installed or chosen")


def speakable(text: str) -> str:
    """One line without control characters, digits spelled out: engines read those differently.

    Raises `SynthesisError` when nothing speakable is left or the text is too long.
    """
    printable = "".join(
        " " if unicodedata.category(character)[0] in "CZ" else character for character in text
    )
    spelled = re.sub(r"\d+", lambda match: f" {_spelled(match.group())} ", printable)
    line = re.sub(r"\s+([,.!?;:])", r"\1", " ".join(spelled.split()))
    if not any(character.isalpha() for character in line):
        raise SynthesisError("nothing_to_say", "the text has no words to speak")
    if len(line) > LONGEST_TEXT:
        raise SynthesisError("text_too_long", f"{len(line)} characters, at most {LONGEST_TEXT}")
    return line


def _spelled(digits: str) -> str:
    if len(digits) > 1 and (digits[0] == "0" or len(digits) > 9):
        return " ".join(num2words(int(digit), lang="ru") for digit in digits)
    words: str = num2words(int(digits), lang="ru")
    return words
