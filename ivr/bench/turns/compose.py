"""Recordings, phrases and a seed -> the set of turns. Deterministic.

Pauses are drawn as people make them: most of them around half a second, some above a second, never
shorter than what silence alone would have to wait for. Recordings are cut at borders of words, more
often before a preposition or a conjunction than elsewhere; numbers between their groups.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Final

import numpy as np
from num2words import num2words

from ivr.bench.turns.interruptions import more_over_prompts
from ivr.bench.turns.rows import Half, Kind, Profile, TurnRow
from ivr.bench.turns.sounds import VOICES
from ivr.fixtures.manifest import FixtureRow, Part

SEED: Final = 611
SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 250, 1200
PAUSE_MS, FILLER_PAUSE_MS, PIECE_PAUSE_MS = 550, 600, 500
"""Medians within a recording, after a filler, between pieces that were rendered apart."""
PAUSE_SPREAD: Final = 0.4
"""Standard deviation of a pause's logarithm."""
LINKS: Final = frozenset(
    (
        *("а", "без", "в", "во", "где", "для", "до", "за", "и", "из", "как", "когда", "кто", "ли"),
        *("на", "но", "о", "об", "от", "по", "под", "про", "с", "со", "сколько", "у", "что"),
        *("чтобы", "почему", "если", "или"),
    )
)
"""Words before which people stop to think."""
LEFT_OUT: Final = frozenset(
    {"affirm", "deny", "goodbye", "thanks", "wait", "cancel", "repeat", "greeting", "out_of_scope"}
)
"""Intents of moves and of answers; everything else is a request for the open question."""
OPEN_KEYS: Final = "02"
"""«Перезвонить?» «Нет.»: the shortest way from anywhere to an open question."""
KEYS: Final = {
    Profile.YES_NO: "*0",
    Profile.DIGITS: "*0",
    Profile.CITY: "*3",
    Profile.OVER_PROMPT: f"{OPEN_KEYS}2",
}
LATER: Final = "added/"
"""Folder of recordings that callers and trainers add."""
OVER_PROMPTS, MORE_OPEN = 1, 2
"""Added to the seeds of what is said over prompts and of further answers to the open question, so
that more of it changes nothing else."""
COUNTS: Final = {"open": 14, "pause": 28, "human": 6, "interruption": 6, "yes_no": 10}
"""Turns from recordings, per half."""
MORE: Final = {"plain": 34, "pause": 19, "human": 6, "open": 2, "filler": 6, "correction": 5}
"""Further answers to the open question, per half: a share of five in a hundred needs more than 72
of them. With these half of all have pauses."""
PEOPLE: Final = "human/"
"""Folder of recordings of a person, who says nothing a caller would ask: no intent is expected."""
DIGITS_PLAIN, DIGITS_PAUSED = 4, 16

PHRASES: Final = (
    (Kind.PLAIN, "open"),
    (Kind.FILLER, "filler"),
    (Kind.CORRECTION, "correction"),
)
"""Answers to the open question that are rendered, by their lists in `stock.toml`."""

Border = tuple[float, str]
"""Seconds at which one word ends, and the word after it."""


def compose(
    fixtures: Sequence[FixtureRow], borders: Mapping[str, Sequence[Border]], seed: int = SEED
) -> tuple[TurnRow, ...]:
    """The whole set. `borders`: of every recording by its file, the places between words.

    Recordings that were added to the collection later are in no turn, so that the set stays.
    """
    fixtures = [row for row in fixtures if not row.file.startswith(LATER)]
    rows: list[TurnRow] = []
    for number, half in enumerate(Half):
        rng = np.random.default_rng([seed, number])
        mine = [row for row in fixtures if half_of(row) is half]
        author = Author(half, rng, mine, borders)
        turns = [*_under_conditions(author.rows(), rng)]
        own_rng = np.random.default_rng([seed, number, OVER_PROMPTS])
        turns += more_over_prompts(half, own_rng, mine, turns)
        more_rng = np.random.default_rng([seed, number, MORE_OPEN])
        more = Author(half, more_rng, mine, borders).more_open(turns)
        turns += _under_conditions(more, more_rng)
        rows += _numbered(half, turns)
    return tuple(rows)


def half_of(row: FixtureRow) -> Half:
    """By the recording's part, so that no text is in both halves."""
    return Half.DEV if row.part == Part.TRAIN else Half.TEST


class Author:
    """Writes one half."""

    def __init__(
        self,
        half: Half,
        rng: np.random.Generator,
        fixtures: Sequence[FixtureRow],
        borders: Mapping[str, Sequence[Border]],
    ) -> None:
        self._half = half
        self._rng = rng
        self._borders = borders
        self._requests = [row for row in fixtures if row.intent and row.intent not in LEFT_OUT]
        self._people = [row for row in fixtures if row.file.startswith(PEOPLE)]
        self._replies = [row for row in fixtures if row.intent in ("affirm", "deny")]
        text = files("ivr.bench.turns").joinpath("stock.toml").read_text(encoding="utf-8")
        self._stock: dict[str, list[str]] = tomllib.loads(text)[half.value]

    def rows(self) -> Iterator[TurnRow]:
        """Every turn, without id and mostly without conditions."""
        yield from self._from_recordings()
        for kind, name in PHRASES:
            yield from self._said(name, Profile.OPEN, kind)
        for profile in (Profile.AMOUNT, Profile.DATE, Profile.TARIFF):
            yield from self._said(profile.value, profile, Kind.PLAIN)
            yield from self._said(f"{profile.value}_pause", profile, Kind.PAUSE)
        yield from self._said("yes_no_pause", Profile.YES_NO, Kind.PAUSE)
        yield from self._said("city", Profile.CITY, Kind.PLAIN)
        yield from self._said("city_pause", Profile.CITY, Kind.PAUSE)
        yield from self._numbers()
        yield from self._over_prompts()
        yield from self._bad_lines()

    def more_open(self, taken: Sequence[TurnRow]) -> Iterator[TurnRow]:
        """Answers to the open question beside those `taken`: other recordings, and the phrases in
        another voice."""
        answers = [row for row in taken if row.profile is Profile.OPEN]
        used = {piece.partition("@")[0] for row in answers for piece in row.pieces}
        requests = self._shuffled([row for row in self._requests if row.file not in used])
        paused = [row for row in requests if self._borders.get(row.file)][: MORE["pause"]]
        yield from [_recorded(row, Profile.OPEN) for row in requests if row not in paused][
            : MORE["plain"]
        ]
        yield from (self._cut(row) for row in paused)
        people = self._shuffled([row for row in self._people if row.file not in used])
        yield from (_recorded(row, Profile.OPEN) for row in people[: MORE["human"]])
        voices = {row.text: row.voice for row in answers}
        for kind, name in PHRASES:
            lines = self._stock[name]
            for index in self._rng.permutation(len(lines))[: MORE[name]]:
                yield self._in_another_voice(lines[int(index)], kind, voices)

    def _in_another_voice(self, line: str, kind: Kind, voices: Mapping[str, str]) -> TurnRow:
        turn = self._rendered(line, Profile.OPEN, kind)
        while turn.voice == voices.get(turn.text):
            turn = self._rendered(line, Profile.OPEN, kind)
        return turn

    def _from_recordings(self) -> Iterator[TurnRow]:
        requests = self._shuffled(self._requests)
        cuttable = [row for row in requests if self._borders.get(row.file)]
        paused = cuttable[: COUNTS["pause"]]
        rest = [row for row in requests if row not in paused]
        plain, over = rest[: COUNTS["open"]], rest[COUNTS["open"] :][: COUNTS["interruption"]]
        yield from (_recorded(row, Profile.OPEN) for row in plain)
        yield from (self._cut(row) for row in paused)
        for row in self._shuffled(self._people)[: COUNTS["human"]]:
            cuttable_too = bool(self._borders.get(row.file))
            yield self._cut(row) if cuttable_too else _recorded(row, Profile.OPEN)
        for row in over:
            yield replace(
                _recorded(row, Profile.OVER_PROMPT, Kind.INTERRUPTION), into_ms=self._into()
            )
        for row in self._shuffled(self._replies)[: COUNTS["yes_no"]]:
            yield _recorded(row, Profile.YES_NO)

    def _cut(self, row: FixtureRow) -> TurnRow:
        """With one pause; where words allow it, sometimes two."""
        borders = list(self._borders[row.file])
        weights = np.array([3.0 if word in LINKS else 1.0 for _, word in borders])
        count = 2 if len(borders) >= 5 and self._rng.random() < 0.25 else 1
        chosen = self._rng.choice(
            len(borders), size=count, replace=False, p=weights / weights.sum()
        )
        inner = [f"{cut:.2f}" for cut in sorted(borders[int(index)][0] for index in chosen)]
        pieces = tuple(
            f"{row.file}@{start}-{end}"
            for start, end in zip(["0.00", *inner], [*inner, ""], strict=True)
        )
        turn = _recorded(row, Profile.OPEN, Kind.PAUSE)
        return replace(turn, pieces=pieces, pauses_ms=self._pauses(count, PAUSE_MS))

    def _said(self, name: str, profile: Profile, kind: Kind) -> Iterator[TurnRow]:
        yield from (self._rendered(line, profile, kind) for line in self._stock[name])

    def _rendered(self, line: str, profile: Profile, kind: Kind) -> TurnRow:
        words, _, meaning = line.partition("=")
        intent, _, value = meaning.partition("=")
        texts = [part.strip() for part in words.split("|")]
        voice = self._voice()
        median_ms = FILLER_PAUSE_MS if kind is Kind.FILLER else PIECE_PAUSE_MS
        known = {Profile.DIGITS: "withheld", Profile.CITY: "stranger"}
        return TurnRow(
            id="",
            part=self._half,
            profile=profile,
            kind=kind,
            caller=known.get(profile, "known"),
            keys=KEYS.get(profile, OPEN_KEYS),
            pieces=tuple(f"{voice}:{text}" for text in texts),
            pauses_ms=self._pauses(len(texts) - 1, median_ms),
            text=" ".join(texts),
            intent=intent.strip(),
            value=value.strip(),
            voice=voice,
        )

    def _numbers(self) -> Iterator[TurnRow]:
        for count in range(DIGITS_PLAIN + DIGITS_PAUSED):
            paused = count >= DIGITS_PLAIN
            number, groups = self._number()
            if paused and count % 4 == 0:
                groups = ["мой номер", *groups]
            if paused and count % 4 == 1:  # two breaths, as from a note
                groups = [" ".join(groups[:2]), " ".join(groups[2:])]
            line = " | ".join(groups) if paused else " ".join(groups)
            kind = Kind.PAUSE if paused else Kind.PLAIN
            yield self._rendered(f"{line} = = {number}", Profile.DIGITS, kind)

    def _number(self) -> tuple[str, list[str]]:
        """Ten digits that can be called, and how people group them."""
        figures = [int(self._rng.integers(low, high)) for low, high in _GROUPS]
        words = [str(num2words(figure, lang="ru")) for figure in figures]
        return "".join(str(figure) for figure in figures), words

    def _over_prompts(self) -> Iterator[TurnRow]:
        for line in self._stock["interruption"]:
            turn = self._rendered(line, Profile.OVER_PROMPT, Kind.INTERRUPTION)
            yield replace(turn, into_ms=self._into())
        for line in self._stock["backchannel"]:
            for _ in range(2):
                turn = self._rendered(line, Profile.OVER_PROMPT, Kind.BACKCHANNEL)
                yield replace(turn, into_ms=self._into())
        sounds = ((Kind.COUGH, "cough", 4), (Kind.NOISE, "click", 1), (Kind.NOISE, "rustle", 2))
        for kind, name, count in sounds:
            yield from (self._sound(kind, (f"sound:{name}",)) for _ in range(count))
        yield from (self._sound(Kind.ECHO, ()) for _ in range(3))

    def _sound(self, kind: Kind, pieces: tuple[str, ...]) -> TurnRow:
        return TurnRow(
            id="",
            part=self._half,
            profile=Profile.OVER_PROMPT,
            kind=kind,
            keys=KEYS[Profile.OVER_PROMPT],
            into_ms=self._into(),
            pieces=pieces,
            voice="made",
        )

    def _bad_lines(self) -> Iterator[TurnRow]:
        """Lost packets: all through a turn, and two seconds of them in the middle of a number."""
        for row in self._shuffled(self._requests)[-4:]:
            yield replace(_recorded(row, Profile.OPEN, Kind.LOSS), conditions=("loss=5",))
        for conditions in (("loss=5",), ("loss=5",), ("gap=2000",), ("gap=2000",)):
            number, groups = self._number()
            halves = f"{' '.join(groups[:2])} | {' '.join(groups[2:])}"
            turn = self._rendered(f"{halves} = = {number}", Profile.DIGITS, Kind.LOSS)
            pause = (2000,) if conditions == ("gap=2000",) else turn.pauses_ms
            yield replace(turn, pauses_ms=pause, conditions=conditions)

    def _pauses(self, count: int, median_ms: int) -> tuple[int, ...]:
        drawn = median_ms * np.exp(PAUSE_SPREAD * self._rng.standard_normal(count))
        kept = np.clip(drawn, SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS)
        return tuple(int(pause) // 10 * 10 for pause in kept)

    def _into(self) -> int:
        return int(self._rng.integers(120, 450)) * 10

    def _voice(self) -> str:
        return VOICES[int(self._rng.choice(len(VOICES), p=(0.4, 0.2, 0.2, 0.2)))]

    def _shuffled(self, rows: Sequence[FixtureRow]) -> list[FixtureRow]:
        return [rows[int(index)] for index in self._rng.permutation(len(rows))]


_GROUPS: Final = ((901, 1000), (101, 1000), (21, 100), (21, 100))
"""Three, three, two, two; no group begins with a zero."""


def _recorded(row: FixtureRow, profile: Profile, kind: Kind = Kind.PLAIN) -> TurnRow:
    return TurnRow(
        id="",
        part=half_of(row),
        profile=profile,
        kind=kind,
        keys=KEYS.get(profile, OPEN_KEYS),
        pieces=(row.file,),
        text=row.text,
        intent=row.intent,
        voice=row.voice,
    )


def _under_conditions(rows: Iterator[TurnRow], rng: np.random.Generator) -> Iterator[TurnRow]:
    """One answer in six in noise, one in ten too loud or too faint."""
    for row in rows:
        if not row.is_answer or row.conditions:
            yield row
            continue
        conditions: list[str] = []
        if rng.random() < 1 / 6:
            conditions.append(f"noise={int(rng.choice((10, 15, 20)))}")
        if rng.random() < 1 / 10:
            conditions.append(f"level={int(rng.choice((-15, -10, 5)))}")
        yield replace(row, conditions=tuple(conditions))


def _numbered(half: Half, rows: Iterable[TurnRow]) -> list[TurnRow]:
    return [replace(row, id=f"{half.value}-{number:03}") for number, row in enumerate(rows, 1)]
