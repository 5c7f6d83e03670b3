"""Decisions survive a crash, two writers and a text editor."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.errors import ConfigError, ReviewError
from ivr.review.journal import COLUMNS, Choice, Entry, parse, render, standing
from ivr.review.journal_file import JournalFile

pytestmark = pytest.mark.unit

TRAIN = Entry(
    when="2026-11-22T10:00:00+03:00",
    who="Мария",
    call="c",
    turn=1,
    decision=Choice.TRAIN,
    text="какой мой тариф",
    intent="tariff_info",
    entities="tariff=лайт",
    words="журавлик",
    model="abc",
    heard_intent="outage",
    heard_confidence="0.41",
    also="c:2 d:7",
)
UNDO = Entry(when="", who="Мария", call="c", turn=1, decision=Choice.UNDO)


def text_of(*entries: Entry) -> str:
    return "\t".join(COLUMNS) + "\n" + "".join(map(render, entries))


def test_a_line_says_the_same_when_read_back() -> None:
    assert parse(text_of(TRAIN), "x") == (TRAIN,)


def test_tabs_and_line_ends_within_a_value_cannot_break_the_file() -> None:
    odd = replace(TRAIN, who="Мария\tИ\nванова")
    assert parse(text_of(odd), "x") == (replace(TRAIN, who="Мария И ванова"),)


def test_a_decision_counts_for_the_similar_turns_too() -> None:
    assert standing([TRAIN]).reviewed == {"c:1", "c:2", "d:7"}


def test_what_is_undone_comes_again_and_so_does_what_was_skipped() -> None:
    assert standing([TRAIN, UNDO]).reviewed == frozenset()
    assert standing([replace(TRAIN, decision=Choice.SKIP)]).reviewed == frozenset()


def test_only_what_was_named_as_written_is_no_longer_pending() -> None:
    other = replace(TRAIN, turn=9, also="")
    marker = Entry(when="", who="", call="", turn=0, decision=Choice.WRITTEN, also="c:1")
    assert standing([TRAIN, other, marker]).pending == (other,)
    assert standing([TRAIN, other, marker]).for_training == (TRAIN, other)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("when\twho\n", "x:1"),
        (text_of(TRAIN).replace("train", "maybe"), "x:2"),
        (text_of(TRAIN).replace("\tc\t1\t", "\tc\tone\t"), "x:2"),
        (text_of(TRAIN) + "half a line\n", "x:3"),
    ],
)
def test_damage_is_told_with_its_line(text: str, place: str) -> None:
    with pytest.raises(ConfigError, match=place):
        parse(text, "x")


def test_decisions_are_appended_below_one_header(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "new" / "reviews.tsv")
    journal.append(TRAIN)
    journal.append(replace(TRAIN, turn=3, also=""))
    lines = journal.path.read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == list(COLUMNS)
    assert len(lines) == 3


def test_a_turn_is_decided_once_whoever_comes_second(tmp_path: Path) -> None:
    one, other = JournalFile(tmp_path / "r.tsv"), JournalFile(tmp_path / "r.tsv")
    one.append(TRAIN)
    with pytest.raises(ReviewError, match="уже разобрали") as caught:
        other.append(replace(TRAIN, who="Иван"))
    assert caught.value.code == "decided"
    with pytest.raises(ReviewError, match="уже разобрали"):
        other.append(replace(TRAIN, call="d", turn=7, also=""))


def test_a_skipped_turn_may_be_decided_after_all(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "r.tsv")
    journal.append(replace(TRAIN, decision=Choice.SKIP))
    journal.append(TRAIN)
    assert journal.standing().for_training == (TRAIN,)


def test_undoing_needs_a_decision_that_is_not_written(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "r.tsv")
    with pytest.raises(ReviewError, match="отменять нечего"):
        journal.append(UNDO)
    journal.append(TRAIN)
    journal.append(Entry(when="", who="", call="", turn=0, decision=Choice.WRITTEN, also="c:1"))
    with pytest.raises(ReviewError, match="уже записана"):
        journal.append(UNDO)


def test_a_line_torn_by_a_crash_is_dropped_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "r.tsv"
    path.write_text(text_of(TRAIN) + render(replace(TRAIN, turn=5))[:20], encoding="utf-8")
    journal = JournalFile(path)
    assert journal.standing().for_training == (TRAIN,)
    later = replace(TRAIN, turn=6, also="")
    journal.append(later)
    assert journal.standing().for_training == (TRAIN, later)
    assert path.read_text(encoding="utf-8").count("\n") == 3


def test_many_writers_at_once_lose_no_line(tmp_path: Path) -> None:
    path = tmp_path / "r.tsv"

    def work(writer: int) -> None:
        journal = JournalFile(path)
        for turn in range(8):
            journal.append(replace(TRAIN, call=f"w{writer}", turn=turn, also=""))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(JournalFile(path).standing().decided) == 32


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises((ReviewError, NotADirectoryError, ConfigError)):
        JournalFile(tmp_path / "file" / "r.tsv").append(TRAIN)
