"""The set of turns: what is in it, that it is read as it was written, and what is refused."""

from collections import Counter
from pathlib import Path

import pytest

from ivr.bench.turns.rows import COLUMNS, STRETCH, Half, Kind, Profile, TurnRow, parse, render
from ivr.bench.turns.run import TURNS_FILE, batches_of, chosen, read_turns
from ivr.errors import ConfigError, SetupError

pytestmark = pytest.mark.unit

TURNS = read_turns(TURNS_FILE)


def test_the_set_has_three_hundred_turns_in_equal_halves():
    answers = Counter(row.part for row in TURNS if row.is_answer)
    assert answers.total() >= 250
    assert len(TURNS) >= 300
    assert answers[Half.DEV] == answers[Half.TEST]


@pytest.mark.parametrize("half", list(Half))
def test_half_of_each_half_pauses_within_the_turn(half: Half):
    mine = [row for row in TURNS if row.part is half and row.is_answer]
    assert sum(row.has_pause for row in mine) >= len(mine) / 2


@pytest.mark.parametrize("half", list(Half))
def test_every_profile_and_kind_is_in_both_halves(half: Half):
    mine = [row for row in TURNS if row.part is half]
    assert {row.profile for row in mine} == set(Profile)
    assert {row.kind for row in mine} == set(Kind)


def test_no_sentence_is_in_both_halves():
    """«Угу» and «ага» are what backchannels are: they may be in both."""
    said = {
        half: {row.text for row in TURNS if row.part is half and row.is_answer} for half in Half
    }
    assert not said[Half.DEV] & said[Half.TEST]


def test_pauses_are_those_of_people():
    pauses = sorted(pause for row in TURNS for pause in row.pauses_ms if pause < 2000)
    assert pauses[0] >= 250
    assert pauses[-1] <= 1200
    assert 400 <= pauses[len(pauses) // 2] <= 650


def test_every_recording_named_in_the_set_is_there():
    for row in TURNS:
        for piece in row.pieces:
            if ":" not in piece:
                stretch = STRETCH.fullmatch(piece)
                assert (TURNS_FILE.parent / (stretch["file"] if stretch else piece)).exists(), piece


def test_several_voices_speak_and_one_of_them_is_a_person():
    voices = Counter(row.voice for row in TURNS)
    assert len(voices) >= 8
    assert voices["IvrvoiceRU (human)"] >= 10


def test_the_set_is_read_as_it_was_written():
    assert parse(render(TURNS), "turns") == TURNS


def line(**changes: str) -> str:
    cells = dict.fromkeys(COLUMNS, "") | {
        "id": "x",
        "part": "dev",
        "profile": "open",
        "kind": "plain",
        "caller": "known",
        "into_ms": "0",
        "pieces": "tts/0003.flac",
    }
    return "\t".join(COLUMNS) + "\n" + "\t".join((cells | changes).values()) + "\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"part": "train"},
        {"profile": "menu"},
        {"caller": "operator"},
        {"keys": "A"},
        {"into_ms": "soon"},
        {"pieces": ""},
        {"pauses_ms": "300"},
        {"conditions": "echo=3"},
    ],
)
def test_a_wrong_line_is_named(changes: dict[str, str]):
    assert parse(line(), "turns.tsv")[0].id == "x"
    with pytest.raises(ConfigError, match=r"turns\.tsv:2"):
        parse(line(**changes), "turns.tsv")


def test_an_id_that_comes_twice_is_refused():
    text = line()
    with pytest.raises(ConfigError, match="once"):
        parse(text + text.splitlines()[1], "turns.tsv")


def test_a_missing_set_says_how_to_get_it(tmp_path: Path):
    with pytest.raises(SetupError, match="ivr bench compose"):
        read_turns(tmp_path / "turns.tsv")


def test_a_sample_has_every_profile_and_is_the_same_for_the_same_seed():
    once = chosen(TURNS, Half.TEST, None, 30, 1)
    assert len(once) == 30
    assert {row.profile for row in once} == set(Profile)
    assert once == chosen(TURNS, Half.TEST, None, 30, 1)
    assert once != chosen(TURNS, Half.TEST, None, 30, 2)


def test_only_one_profile_of_one_half_can_be_asked_for():
    rows = chosen(TURNS, Half.DEV, Profile.CITY, 0, 1)
    assert rows
    assert {(row.part, row.profile) for row in rows} == {(Half.DEV, Profile.CITY)}


def test_a_call_has_turns_of_one_kind_of_caller():
    batches = batches_of(TURNS)
    assert sum(len(batch) for batch in batches) == len(TURNS)
    assert all(len({row.caller for row in batch}) == 1 for batch in batches)


def test_conditions_are_read_by_name():
    row = TurnRow(
        id="x",
        part=Half.DEV,
        profile=Profile.OPEN,
        kind=Kind.LOSS,
        conditions=("loss=5", "noise=-3.5"),
    )
    assert row.condition("loss") == 5.0
    assert row.condition("noise") == -3.5
    assert row.condition("gap") is None
    assert row.needs_bad_line
