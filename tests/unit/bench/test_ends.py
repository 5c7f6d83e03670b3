"""How far scores of ends and of pauses lie apart."""

import math

import pytest

from ivr.bench.ends import Place, area, separations
from ivr.speech.melody import Melody

pytestmark = pytest.mark.unit


def place(voice: str, *, is_end: bool, words: float, both: float, fall: float | None) -> Place:
    melody = None if fall is None else Melody(fall)
    return Place(voice, "слова", is_end, by_words=words, by_both=both, melody=melody)


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
