"""Any text -> a line of Cyrillic words and plain punctuation that every engine can speak. Pure.

Festival's Russian voice writes an empty file when it meets one character it does not know (measured
with quotes, dashes, '%', '/'), so nothing else may reach an engine.
"""

import re
import unicodedata
from typing import Final

from num2words import num2words

from ivr.errors import SynthesisError

LONGEST_TEXT: Final = 1000
"""Characters; about a minute of speech, as much as a leg's playback ring holds."""
_SIGNS: Final = str.maketrans(
    {
        "%": " процентов ",
        "№": " номер ",
        "₽": " рублей ",
        "$": " долларов ",
        "€": " евро ",
        "&": " и ",
        "+": " плюс ",
        "*": " звёздочка ",
        "#": " решётка ",
        "@": " собака ",
        "(": ", ",
        ")": ", ",
        "–": ", ",
        "—": ", ",
        "…": ".",
    }
)
_NAMES: Final = (
    "эй би си ди и эф джи эйч ай джей кей эл эм эн оу пи кью ар эс ти ю ви даблъю икс уай зет"
)
_LETTER_NAMES: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", _NAMES.split(), strict=True))
_SOUNDS: Final = (
    *(("sch", "щ"), ("sh", "ш"), ("ch", "ч"), ("zh", "ж"), ("kh", "х"), ("th", "т"), ("ph", "ф")),
    *(("oo", "у"), ("ee", "и"), ("ck", "к"), ("qu", "кв"), ("ya", "я"), ("yu", "ю"), ("yo", "ё")),
    *zip("abcdefghijklmnopqrstuvwz", "абкдефгхижклмнопкрстуввз", strict=True),
    *(("x", "кс"), ("y", "и")),
)
_LONGEST_ACRONYM: Final = 3
_NOT_SPOKEN: Final = re.compile(r"[^а-яёА-ЯЁ ,.!?;:-]")


def speakable(text: str) -> str:
    """One line with digits spelled out and Latin letters in Cyrillic.

    Raises `SynthesisError` when nothing speakable is left or the text is too long.
    """
    if len(text) > LONGEST_TEXT:
        raise SynthesisError("text_too_long", f"{len(text)} characters, at most {LONGEST_TEXT}")
    spelled = unicodedata.normalize("NFC", text).translate(_SIGNS)
    spelled = re.sub(r"\d+", lambda match: f" {_number(match.group())} ", spelled)
    spelled = _without_accents(spelled)
    spelled = re.sub(r"[A-Za-z]+", lambda match: _latin(match.group()), spelled)
    line = _plain_punctuation(_NOT_SPOKEN.sub(" ", spelled))
    if not any(character.isalpha() for character in line):
        raise SynthesisError("nothing_to_say", "the text has no words to speak")
    return line


def _number(digits: str) -> str:
    if len(digits) > 1 and (digits[0] == "0" or len(digits) > 9):
        return " ".join(num2words(int(digit), lang="ru") for digit in digits)
    words: str = num2words(int(digits), lang="ru")
    return words


def _without_accents(text: str) -> str:
    """Letters of other alphabets lose their accents; 'ё' and 'й' are letters of their own."""
    return "".join(
        character if character in "ёйЁЙ" else unicodedata.normalize("NFKD", character)[0]
        for character in text
    )


def _latin(word: str) -> str:
    if len(word) == 1 or (word.isupper() and len(word) <= _LONGEST_ACRONYM):
        return " ".join(_LETTER_NAMES[letter] for letter in word.lower())
    written = word.lower()
    for latin, cyrillic in _SOUNDS:
        written = written.replace(latin, cyrillic)
    return written


def _plain_punctuation(text: str) -> str:
    """One mark at a time, behind a word; a hyphen only inside one."""
    text = re.sub(r"(?<!\w)-|-(?!\w)", " ", text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", " ".join(text.split()))
    text = re.sub(r"([,.!?;:])(?:\s*[,.!?;:])+", _strongest, text)
    return " ".join(re.sub(r"^[,.!?;:\s]+", "", text).split())


def _strongest(marks: re.Match[str]) -> str:
    return min(marks.group().replace(" ", ""), key="?!.:;,".index)
