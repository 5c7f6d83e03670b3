"""How far scores of ends and of pauses lie apart."""

import math

import pytest

from ivr.bench.ends import Place, area, longer_than, separations, waitings, whole_frames_ms
from ivr.bench.turns.compose import PAUSE_MS
from ivr.speech.melody import Melody

pytestmark = pytest.mark.unit


def place(
    voice: str, *, is_end: bool, words: float, both: float, fall: float | None, wait_ms: int = 400
) -> Place:
    melody = None if fall is None else Melody(fall)
    return Place(
        voice, "слова", is_end, by_words=words, by_both=both, melody=melody, wait_ms=wait_ms
    )


def test_the_area_is_the_chance_that_an_end_scores_higher() -> None:
    assert area([(True, 0.9), (True, 0.4), (False, 0.5), (False, 0.1)]) == 0.75
    assert area([(True, 1.0), (False, 0.0)]) == 1.0
    assert area([(True, 0.5), (False, 0.5)]) == 0.5


def test_without_both_kinds_there_is_no_area() -> None:
    assert math.isnan(area([(True, 0.9)]))
    assert math.isnan(area([]))


def test_every_voice_is_told_apart_and_all_together_last() -> None:
    found = separations(
        [
            place("anna", is_end=True, words=0.5, both=0.9, fall=-6.0),
            place("anna", is_end=False, words=0.5, both=0.1, fall=0.0),
            place("boris", is_end=True, words=0.2, both=0.2, fall=None),
            place("boris", is_end=False, words=0.8, both=0.8, fall=-1.0),
        ]
    )
    assert [one.voice for one in found] == ["anna", "boris", "all"]
    anna, boris, together = found
    assert (anna.ends, anna.pauses, anna.words, anna.melody, anna.both) == (1, 1, 0.5, 1.0, 1.0)
    assert (boris.words, boris.followed) == (0.0, 0.5)
    assert math.isnan(boris.melody)
    assert (together.ends, together.pauses) == (2, 2)


def test_a_wait_cuts_the_pauses_that_are_longer() -> None:
    waits = (100, 400, PAUSE_MS, 820, 1250)
    shares = [longer_than(wait) for wait in waits]
    assert shares == pytest.approx([1.0, 0.787, 0.5, 0.159, 0.0], abs=0.001)


def test_waits_are_of_ends_and_cuts_of_pauses() -> None:
    found = waitings(
        [
            place("anna", is_end=True, words=1, both=1, fall=None, wait_ms=380),
            place("anna", is_end=True, words=1, both=1, fall=None, wait_ms=820),
            place("anna", is_end=False, words=0, both=0, fall=None, wait_ms=1260),
            place("anna", is_end=False, words=0, both=0, fall=None, wait_ms=PAUSE_MS),
            place("boris", is_end=False, words=0, both=0, fall=None, wait_ms=100),
        ]
    )
    anna, boris, together = found
    assert (anna.p50_ms, anna.p95_ms, anna.cut) == (600, 798, 0.25)
    assert math.isnan(boris.p50_ms)
    assert together.cut == 0.5


def test_silence_is_counted_by_the_frame() -> None:
    assert [whole_frames_ms(wait) for wait in (380, 384, 810)] == [380, 400, 820]
