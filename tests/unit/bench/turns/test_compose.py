"""The author of the set: the same seed, the same turns; cuts, pauses and numbers as told."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ivr.bench.turns.compose import Border, compose, half_of
from ivr.bench.turns.rows import Half, Kind, Profile, TurnRow
from ivr.fixtures.adding import read_manifest

pytestmark = pytest.mark.unit

FIXTURES = read_manifest(Path("audio_fixtures"))


def even_borders() -> Mapping[str, Sequence[Border]]:
    """A word every half second, as if somebody had listened."""
    return {
        row.file: [(0.5 * number, word) for number, word in enumerate(row.text.split()) if number]
        for row in FIXTURES
        if len(row.text.split()) >= 3
    }


@pytest.fixture(scope="module")
def turns() -> tuple[TurnRow, ...]:
    return compose(FIXTURES, even_borders())


def test_the_same_seed_gives_the_same_set(turns: tuple[TurnRow, ...]):
    assert compose(FIXTURES, even_borders()) == turns
    assert compose(FIXTURES, even_borders(), seed=1) != turns


def test_ids_say_the_half_and_are_unique(turns: tuple[TurnRow, ...]):
    assert len({row.id for row in turns}) == len(turns)
    assert all(row.id.startswith(row.part.value) for row in turns)


def test_recordings_stay_in_the_half_of_their_text(turns: tuple[TurnRow, ...]):
    halves = {row.file: half_of(row) for row in FIXTURES}
    for row in turns:
        for piece in row.pieces:
            if ":" not in piece:
                assert halves[piece.partition("@")[0]] is row.part


def test_cut_recordings_are_whole_when_put_together(turns: tuple[TurnRow, ...]):
    cut = [row for row in turns if any("@" in piece for piece in row.pieces)]
    assert len(cut) >= 50
    for row in cut:
        files, stretches = zip(*(piece.split("@") for piece in row.pieces), strict=True)
        assert len(set(files)) == 1
        ends = [stretch.split("-") for stretch in stretches]
        assert ends[0][0] == "0.00"
        assert ends[-1][1] == ""
        assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]


def test_numbers_are_ten_digits_that_can_be_called(turns: tuple[TurnRow, ...]):
    numbers = [row.value for row in turns if row.profile is Profile.DIGITS]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"9\d{9}", number) for number in numbers)


def test_two_seconds_are_lost_only_in_the_middle_of_a_number(turns: tuple[TurnRow, ...]):
    gaps = [row for row in turns if row.condition("gap") is not None]
    assert len(gaps) == 4
    assert all(row.profile is Profile.DIGITS and row.pauses_ms == (2000,) for row in gaps)


@pytest.mark.parametrize("half", list(Half))
def test_enough_open_questions_are_answered_to_tell_shares(turns: tuple[TurnRow, ...], half: Half):
    mine = [row for row in turns if row.part is half and row.profile is Profile.OPEN]
    assert len(mine) == 144
    assert 0.45 <= sum(row.has_pause for row in mine) / len(mine) <= 0.6


def test_phrases_come_again_in_another_voice_and_recordings_in_none(turns: tuple[TurnRow, ...]):
    answers = [row for row in turns if row.profile is Profile.OPEN and row.kind is not Kind.LOSS]
    said = [(row.text, row.voice) for row in answers if row.part is Half.TEST]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("half", list(Half))
def test_enough_is_said_over_prompts_to_tell_shares(turns: tuple[TurnRow, ...], half: Half):
    mine = [row for row in turns if row.part is half]
    assert sum(row.kind is Kind.BACKCHANNEL for row in mine) >= 60
    assert sum(row.kind is Kind.INTERRUPTION for row in mine) >= 40


def test_interruptions_are_said_by_other_voices_in_the_other_half(turns: tuple[TurnRow, ...]):
    rendered = [row for row in turns if row.pieces and row.pieces[0].startswith("espeak-")]
    added = [row for row in rendered if "-s1" in row.voice]
    voices = {half: {row.voice for row in added if row.part is half} for half in Half}
    assert voices[Half.DEV]
    assert not voices[Half.DEV] & voices[Half.TEST]


def test_recordings_added_later_leave_the_set_as_it_is(turns: tuple[TurnRow, ...]):
    later = [row for row in FIXTURES if row.file.startswith("added/")]
    assert later
    assert compose([row for row in FIXTURES if row not in later], even_borders()) == turns
