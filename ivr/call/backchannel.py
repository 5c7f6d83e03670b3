"""What a caller's words mean while the bot speaks: a wish to speak, or «угу, я слушаю». Pure."""

import re
from enum import StrEnum
from typing import Final

from ivr.nlu.normalise import word_set


class Words(StrEnum):
    """What was heard over a prompt."""

    NONE = "none"  # a cough, a door, the line
    BACKCHANNEL = "backchannel"  # somebody listens and says so
    MEANT = "meant"  # somebody wants the floor


_ASSENT: Final = word_set(
    "да ага угу так хорошо ладно ясно понятно понял поняла окей ок конечно верно"
)
_HUMS: Final = word_set("ну м мм хм э эм а о ах ой вот")
BACKCHANNELS: Final = _ASSENT | _HUMS
"""Said by people who listen; none of them asks for anything."""
_FRAGMENTS: Final = word_set(
    "в на по за к с со о об у от до из под при про и а но не ни же бы ли то за для я"
)
"""Words that mean nothing alone: what recognizers make of coughs, doors and rustling."""
_MISHEARD_HUMS: Final = word_set("угодно угон")
"""What recognizers with a large vocabulary make of «угу угу» and «угум»; nobody asks for anything
by one of these alone."""
_NO_YES: Final = re.compile(r"\bне(?= (?:да|ага|угу)\b)")
"""«Ну да» with a short «ну», as it is misheard: nobody says «не да»."""
_COMMANDS: Final = word_set("стоп хватит подождите алло нет оператор")
"""Said alone to stop the bot: worth stopping for even when only half recognized."""
LONE_WORD_CONFIDENCE: Final = 0.7
"""Coughs become «пока» with 0.55 to 0.65, words that callers say alone over a prompt have 0.85 and
more."""
MOST_WORDS: Final = 4
"""Longer rows of them are somebody who wants to say something after all."""


def judged(text: str, *, assent_counts: bool, confidence: float | None = None) -> Words:
    """What a hypothesis over a prompt means.

    `assent_counts`: the question that plays can be answered by a yes, so «да» and «угу» answer it.
    `confidence`: how sure the recognizer is of the words, 0..1; None where it is not known.
    """
    heard = _NO_YES.sub("ну", text.lower())
    words = [word for word in re.findall(r"\w+", heard) if word in _HUMS or len(word) > 1]
    if _FRAGMENTS.issuperset(words):  # as single letters, of which none is left then
        return Words.NONE
    if len(words) == 1 and _MISHEARD_HUMS.issuperset(words):
        return Words.BACKCHANNEL
    if len(words) == 1 and confidence is not None and _is_doubtful(words[0], confidence):
        return Words.NONE
    known = _HUMS if assent_counts else BACKCHANNELS
    if len(words) <= MOST_WORDS and known.issuperset(words):
        return Words.BACKCHANNEL
    return Words.MEANT


def _is_doubtful(word: str, confidence: float) -> bool:
    """A lone word that a cough or a door may have been taken for."""
    return confidence < LONE_WORD_CONFIDENCE and word not in _COMMANDS | BACKCHANNELS
