"""The same review by single keys in a terminal."""

import io
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from ivr.review import terminal
from ivr.review.journal import Choice
from ivr.review.keyboard import DOWN, END_OF_INPUT, ENTER, edit_line
from ivr.review.terminal import TerminalReview
from tests.integration.review.conftest import Review

pytestmark = pytest.mark.integration

PAIR = "20261121-100700-aa02:1"
SECOND = "20261121-101400-aa03:1"


class ScriptedKeys:
    """Keys in their order, then the end of input."""

    def __init__(self, *keys: Iterable[str]) -> None:
        self.left = deque(key for some in keys for key in some)

    async def key(self) -> str:
        return self.left.popleft() if self.left else END_OF_INPUT


async def reviewed(review: Review, folder: Path, *keys: Iterable[str]) -> str:
    """What was printed."""
    shown = io.StringIO()
    console = Console(file=shown, width=120, force_terminal=False)
    walk = TerminalReview(review.desk, console, ScriptedKeys(*keys), folder)
    await walk.run()
    await walk.stop_playing()
    return shown.getvalue()


async def test_decisions_by_single_keys_reach_the_journal_and_the_files(
    review: Review, tmp_path: Path
) -> None:
    shown = await reviewed(review, tmp_path, ["2", "o", "u", "x", "s", "w", "q"])
    decided = list(review.desk.standing().decided.values())
    assert [entry.decision for entry in decided] == [Choice.TRAIN, Choice.REJECT, Choice.SKIP]
    assert decided[0].intent == "complaint"
    assert "Записано: в обучение 1" in shown
    assert decided[0].text in review.training()


async def test_letters_of_the_russian_layout_are_the_same_keys(
    review: Review, tmp_path: Path
) -> None:
    await reviewed(review, tmp_path, ["щ", "ч", "ы", "й"])
    choices = [entry.decision for entry in review.desk.standing().decided.values()]
    assert choices == [Choice.TRAIN, Choice.REJECT, Choice.SKIP]


async def test_the_text_is_edited_masked_and_given_a_new_word(
    review: Review, tmp_path: Path
) -> None:
    erase = ["\x17"] * 40
    line = "подключите журавликус меня зовут анна сергеевна"
    shown = await reviewed(
        review, tmp_path, ["e"], erase, line, [ENTER], ["n", ENTER], [ENTER], ["q"]
    )
    (entry,) = review.desk.standing().for_training
    assert entry.text == "подключите журавликус"
    assert entry.words == "журавликус"
    assert "Сергеевна" not in shown


async def test_an_intent_is_found_by_its_name(review: Review, tmp_path: Path) -> None:
    await reviewed(review, tmp_path, ["a"], "вакансиях", [ENTER, "1", "q"])
    assert [one.intent for one in review.desk.standing().for_training] == ["jobs"]


async def test_arrows_move_and_a_refusal_is_told_without_ending(
    review: Review, tmp_path: Path
) -> None:
    shown = await reviewed(review, tmp_path, [DOWN, "u", "q"])
    assert "отменять нечего" in shown
    assert shown.count("╭") == 2


async def test_the_cut_recording_is_played_or_its_path_told(
    review: Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal.shutil, "which", lambda _: None)
    shown = await reviewed(review, tmp_path, [" ", "q"])
    assert f"запись: {tmp_path}" in shown.replace("\n", "")
    assert (tmp_path / "turn.wav").stat().st_size > 10_000

    player = tmp_path / "player"
    heard = tmp_path / "heard"
    player.write_text(f'#!/bin/sh\nfor last; do :; done\ncp "$last" {heard}\n', encoding="utf-8")
    player.chmod(0o755)
    monkeypatch.setattr(terminal.shutil, "which", lambda _: str(player))
    keys = ScriptedKeys([" "])
    console = Console(file=io.StringIO())
    walk = TerminalReview(review.desk, console, keys, tmp_path)
    await walk.run()
    assert walk.player is not None
    assert await walk.player.wait() == 0
    assert heard.read_bytes() == (tmp_path / "turn.wav").read_bytes()


async def test_a_line_is_edited_with_backspace_and_given_up_with_escape(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await edit_line(ScriptedKeys(["\x7f", "м", ENTER]), "? ", "дон") == "дом"
    assert await edit_line(ScriptedKeys(["а", "\x1b"]), "? ") is None
    assert "? дом" in capsys.readouterr().out
