"""The table of states and events in the documentation is what the machine does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from ivr.call.backchannel import Words
from ivr.call.turn_taking import Step, TurnPhase, TurnTaking

pytestmark = pytest.mark.unit

PAGE: Final = Path("docs/turn-taking.md")
HEADING: Final = "## States and events"
LATE_S: Final = 100.0

SITUATIONS: Final[dict[TurnPhase, TurnTaking]] = {
    TurnPhase.IDLE: TurnTaking(),
    TurnPhase.PROMPTING: TurnTaking(phase=TurnPhase.PROMPTING),
    TurnPhase.YIELDING: TurnTaking(
        phase=TurnPhase.YIELDING, speaking_since=1.0, voiced_since=1.0, voiced_until=1.4,
        overlapping=True,
    ),
    TurnPhase.WAITING: TurnTaking(phase=TurnPhase.WAITING, waiting_since=1.0),
    TurnPhase.HEARING: TurnTaking(
        phase=TurnPhase.HEARING, speaking_since=1.0, voiced_until=1.4, overlapping=True,
        barge_in=True,
    ),
    TurnPhase.DECIDING: TurnTaking(
        phase=TurnPhase.DECIDING, speaking_since=1.0, voiced_until=1.4, overlapping=True,
        barge_in=True,
    ),
}  # fmt: skip
"""One usual value of each state: in the last three the caller has interrupted the prompt."""


def _text(words: Words, text: str) -> Callable[[TurnTaking], Step]:
    """Said over the prompt, unless nobody asks or speaks."""
    alone = (TurnPhase.IDLE, TurnPhase.WAITING)

    def happens(turn: TurnTaking) -> Step:
        turn = replace(turn, overlapping=turn.phase not in alone)
        return turn.on_text(text, 1.5, interruptible=True, words=words)

    return happens


def _stale(turn: TurnTaking) -> Step:
    begun_before = replace(turn, speaking_since=0.5, stale=turn.phase is not TurnPhase.IDLE)
    return begun_before.on_text("баланс", 1.5, interruptible=True)


def _two_partials(turn: TurnTaking) -> Step:
    return turn.on_partial(Words.MEANT)[0].on_partial(Words.MEANT)


EVENTS: Final[dict[str, Callable[[TurnTaking], Step]]] = {
    "a question is put": lambda turn: turn.on_question(no_input_s=6.0),
    "speech begins": lambda turn: turn.on_speech_started(1.0, interruptible=True),
    "speech begins, protected part": lambda turn: turn.on_speech_started(1.0, interruptible=False),
    "speech begins, no softening": lambda turn: replace(turn, yield_softly=False).on_speech_started(
        1.0, interruptible=True
    ),
    "it is an echo": lambda turn: turn.on_echo(),
    "two partials with a meaning": _two_partials,
    "a voice": lambda turn: turn.on_frame(1.5, playing=True, interruptible=True, voiced=True),
    "a voice, protected part": lambda turn: turn.on_frame(
        1.5, playing=True, interruptible=False, voiced=True
    ),
    "voice and a meaning for 0.9 s": lambda turn: replace(
        turn, heard=Words.MEANT, voiced_until=1.9
    ).on_frame(1.92, playing=True, interruptible=True, voiced=True),
    "voice without for 1.4 s": lambda turn: replace(turn, voiced_until=2.38).on_frame(
        2.4, playing=True, interruptible=True, voiced=True
    ),
    "no voice for 0.2 s": lambda turn: turn.on_frame(1.6, playing=True, interruptible=True),
    "speech ends": lambda turn: turn.on_speech_ended(),
    "text with a meaning": _text(Words.MEANT, "баланс"),
    "backchannel": _text(Words.BACKCHANNEL, "угу"),
    "no words": _text(Words.NONE, ""),
    "text begun before the question": _stale,
    "that text is clear": lambda turn: turn.on_stale_accepted(),
    "key": lambda turn: turn.on_key("1", interruptible=True),
    "key, protected part": lambda turn: turn.on_key("1", interruptible=False),
    "the prompt has ended": lambda turn: turn.on_frame(1.5, playing=False, interruptible=True),
    "silence for `no_input_s`": lambda turn: turn.on_frame(
        LATE_S, playing=False, interruptible=True
    ),
}


def _cell(phase: TurnPhase, event: str) -> str:
    before = SITUATIONS[phase]
    after, effects = EVENTS[event](before)
    moved = "" if after.phase is before.phase else f"**{after.phase.value}**"
    told = ", ".join(f"`{type(effect).__name__}`" for effect in effects)
    kept = "key kept" if after.kept_keys and not before.kept_keys else ""
    return "<br>".join(part for part in (moved, told, kept) if part) or "-"


def table() -> str:
    """Markdown: an event a row, a state a column."""
    rows = [
        ["event", *(phase.value for phase in TurnPhase)],
        ["---"] * (len(TurnPhase) + 1),
        *([event, *(_cell(phase, event) for phase in TurnPhase)] for event in EVENTS),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _documented() -> Iterator[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for line in lines[lines.index(HEADING) + 1 :]:
        if line.startswith("## "):
            return
        if line.startswith("|"):
            yield line


def test_the_documented_table_is_what_the_machine_does():
    assert "\n".join(_documented()) == table(), f"{PAGE}, {HEADING}: put this there\n{table()}"


def test_every_situation_is_of_its_state():
    assert {phase: turn.phase for phase, turn in SITUATIONS.items()} == {
        phase: phase for phase in TurnPhase
    }
