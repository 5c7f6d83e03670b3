"""More of what is heard over prompts: backchannels, short commands and requests, sounds. Pure.

A share of two in a hundred needs more than a dozen of them. Voices differ between the halves, and
the words do but for those that everybody uses («угу», «стоп», «оператор»).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, cycle, islice
from typing import Final

import numpy as np

from ivr.bench.turns.rows import Half, Kind, Profile, TurnRow
from ivr.fixtures.manifest import FixtureRow

KEYS: Final = "022"
"""To the open question and on to the longest answer."""
VOICES: Final[Mapping[Half, tuple[str, ...]]] = {
    Half.DEV: (
        *("festival", "espeak-ru-s150-p40", "espeak-ru+f2-s180-p60", "espeak-ru+m3-s130-p35"),
        *("espeak-ru+m7-s165-p50", "espeak-ru+f4-s150-p75"),
    ),
    Half.TEST: (
        *("festival", "espeak-ru+m1-s170-p45", "espeak-ru+f5-s140-p65", "espeak-ru+m5-s145-p30"),
        *("espeak-ru+f1-s175-p55", "espeak-ru+m2-s155-p60"),
    ),
}
BACKCHANNELS: Final[Mapping[Half, tuple[str, ...]]] = {
    Half.DEV: (
        *(
            "угу",
            "ага",
            "да да",
            "угум",
            "так",
            "понятно",
            "хорошо",
            "ну да",
            "да да да",
            "угу угу",
        ),
    ),
    Half.TEST: (
        *("угу", "ага", "да", "угум", "ясно", "понял", "хорошо хорошо", "ну да ну да", "ага ага"),
        "так понятно",
    ),
}
COMMANDS: Final[Mapping[Half, tuple[str, ...]]] = {
    Half.DEV: (
        *("оператор = operator", "стоп = cancel", "баланс = balance", "нет", "подождите", "алло"),
        *("мне нужен человек = operator", "какой у меня тариф = tariff_info", "это не то"),
    ),
    Half.TEST: (
        *("оператор = operator", "стоп = cancel", "баланс = balance", "нет", "подождите"),
        *("дайте специалиста = operator", "сколько денег на счету = balance", "не надо", "хватит"),
    ),
}
COMMAND_VOICES: Final = 2
"""Each command is said by so many voices."""
REQUESTS: Final = 14
"""Recordings that are said over a prompt."""
SOUNDS: Final = (
    *((Kind.COUGH, "cough"), (Kind.COUGH, "throat"), (Kind.COUGH, "laugh")),
    *((Kind.NOISE, "sniff"), (Kind.NOISE, "breath")),
)
SOUND_COUNT: Final = 4
ASSENT: Final = frozenset(["угу", "ага", "да", "хорошо", "окей", "конечно", "верно", "ну"])
"""Recordings of nothing but these are backchannels."""
LEFT_OUT: Final = frozenset(
    {"affirm", "goodbye", "thanks", "wait", "repeat", "greeting", "out_of_scope"}
)


def more_over_prompts(
    half: Half,
    rng: np.random.Generator,
    fixtures: Sequence[FixtureRow],
    taken: Sequence[TurnRow],
) -> Iterator[TurnRow]:
    """Turns of this half beside those `taken`, none of whose recordings is used again."""
    author = _Author(half, rng)
    used = {piece.partition("@")[0] for row in taken for piece in row.pieces}
    free = [row for row in fixtures if row.intent and row.file not in used]
    yield from author.backchannels(row for row in fixtures if set(row.text.split()) <= ASSENT)
    yield from author.commands()
    requests = [row for row in free if row.intent not in LEFT_OUT]
    order = rng.permutation(len(requests))
    yield from author.requests([requests[int(index)] for index in order[:REQUESTS]])
    yield from author.sounds()


class _Author:
    """Writes rows of one half."""

    def __init__(self, half: Half, rng: np.random.Generator) -> None:
        self._half = half
        self._rng = rng

    def backchannels(self, recordings: Iterator[FixtureRow]) -> Iterator[TurnRow]:
        for text in BACKCHANNELS[self._half]:
            for voice in VOICES[self._half]:
                yield self._row(Kind.BACKCHANNEL, f"{voice}:{text}", text, voice)
        for row in recordings:
            yield self._row(Kind.BACKCHANNEL, row.file, row.text, row.voice)

    def commands(self) -> Iterator[TurnRow]:
        lines = COMMANDS[self._half]
        twice = chain.from_iterable([line] * COMMAND_VOICES for line in lines)
        voices = islice(cycle(VOICES[self._half]), len(lines) * COMMAND_VOICES)
        for line, voice in zip(twice, voices, strict=True):
            text, _, intent = (part.strip() for part in line.partition("="))
            yield self._row(Kind.INTERRUPTION, f"{voice}:{text}", text, voice, intent)

    def requests(self, recordings: Sequence[FixtureRow]) -> Iterator[TurnRow]:
        for row in recordings:
            yield self._row(Kind.INTERRUPTION, row.file, row.text, row.voice, row.intent)

    def sounds(self) -> Iterator[TurnRow]:
        for kind, name in SOUNDS:
            yield from (self._row(kind, f"sound:{name}", "", "made") for _ in range(SOUND_COUNT))

    def _row(self, kind: Kind, piece: str, text: str, voice: str, intent: str = "") -> TurnRow:
        return TurnRow(
            id="",
            part=self._half,
            profile=Profile.OVER_PROMPT,
            kind=kind,
            keys=KEYS,
            into_ms=int(self._rng.integers(120, 450)) * 10,
            pieces=(piece,),
            text=text,
            intent=intent,
            voice=voice,
        )
