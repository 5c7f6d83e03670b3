"""What is said and heard over prompts, through recognizer, intents and dialogue in virtual time."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from ivr.audio.augment import add_babble, speech_level
from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import to_pcm
from ivr.audio.wav import load_samples
from ivr.bench.turns.over_files import Replay, open_replay
from ivr.bench.turns.rows import Half, Kind, TurnRow
from ivr.bench.turns.run import read_turns
from ivr.config import Settings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

FIXTURES = Path("audio_fixtures/tts")
ROWS = [row for row in read_turns() if row.part is Half.DEV]
YIELDS_MS = 150.0
"""In virtual time; a line adds 60 to 100 ms."""


def some(kind: Kind, count: int) -> list[TurnRow]:
    """Spread over all rows of this kind."""
    mine = [row for row in ROWS if row.kind is kind]
    return mine[:: max(1, len(mine) // count)][:count]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replay(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replay]:
    """One intent engine and one recognizer for all."""
    async with open_replay(Settings(), tmp_path_factory.mktemp("replay")) as opened:
        await opened.sounds.render([row for row in ROWS if row.pieces and ":" in row.pieces[0]])
        yield opened


async def test_the_bot_yields_to_callers_and_not_to_listeners_noises_and_echoes(
    replay: Replay,
) -> None:
    for row in some(Kind.INTERRUPTION, 6):
        outcome = await replay.outcome(row)
        assert outcome.yield_ms is not None, row
        assert outcome.yield_ms <= YIELDS_MS, row
    for kind in (Kind.BACKCHANNEL, Kind.COUGH, Kind.NOISE, Kind.ECHO):
        for row in some(kind, 3):
            assert (await replay.outcome(row)).false_stop is False, row


async def test_a_television_neither_answers_nor_keeps_the_caller_from_being_heard(
    replay: Replay,
) -> None:
    first, second = (load_samples(FIXTURES / f"{name}.flac") for name in ("0098", "0300"))
    others = [load_samples(FIXTURES / f"{name}.flac") for name in ("0164", "0349", "0072", "0404")]
    length = 26 * LINE_RATE_HZ
    carrier = np.resize(first, length).astype(np.float32)
    talk = add_babble(carrier, 0.0, others, np.random.default_rng(3)) - carrier
    scene = np.concatenate((first, np.zeros(length, np.float32)))
    scene[len(first) + LINE_RATE_HZ :][: length - LINE_RATE_HZ] += (
        talk[LINE_RATE_HZ:] * speech_level(first) / speech_level(talk) / 10
    )
    again = len(first) + 12 * LINE_RATE_HZ
    scene[again : again + len(second)] += second
    row = replace(some(Kind.INTERRUPTION, 1)[0], into_ms=1500)
    turns = await replay.turns(row, to_pcm(scene))
    heard = [(turn.kind, turn.text, turn.intent) for turn in turns]
    assert heard[:2] == [
        ("heard", "какой у меня баланс", "balance"),
        ("heard", "подскажите баланс пожалуйста", "balance"),
    ]
    assert {kind for kind, _, _ in heard[2:]} <= {"no_input"}
