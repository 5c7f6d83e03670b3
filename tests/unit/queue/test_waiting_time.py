"""Estimates against simulated operators."""

from collections.abc import Callable
from heapq import heapreplace
from random import Random
from statistics import median

import pytest

from ivr.queue.model import ContactId, ContactKind, ContactState, Place
from ivr.queue.waiting_time import NO_WAIT, Handling, estimate, measured, with_wait

pytestmark = pytest.mark.unit


def waits(draw: Callable[[], float], operators: int, ahead: int, runs: int = 2000) -> list[float]:
    """True waits: all operators are busy, at random moments of their contacts."""
    random, found = Random(7), []
    for _ in range(runs):
        free = sorted(_rest(draw, random) for _ in range(operators))
        for _ in range(ahead):
            heapreplace(free, free[0] + draw())
        found.append(free[0])
    return sorted(found)


def _rest(draw: Callable[[], float], random: Random) -> float:
    """What is left of a contact that somebody meets in the middle: long ones are met more often."""
    longest = max(draw() for _ in range(30))
    while True:
        length = draw()
        if random.random() * longest < length:
            return length * random.random()


@pytest.mark.parametrize(
    ("operators", "ahead"), [(1, 0), (1, 5), (5, 0), (5, 10), (20, 3), (20, 60)]
)
@pytest.mark.parametrize("sigma", [0.4, 0.9])
def test_half_of_the_waits_are_below_the_median_and_nine_tenths_below_the_bound(
    operators, ahead, sigma
):
    random = Random(611)
    draw = lambda: random.lognormvariate(5.0, sigma)  # noqa: E731 - a distribution, not a function
    handling = measured(draw() for _ in range(200))
    wait = estimate(handling, ahead=ahead, on_duty=operators)
    true = waits(draw, operators, ahead)
    below = sum(value <= wait.bound_s for value in true) / len(true)
    assert below >= 0.85
    assert wait.median_s == pytest.approx(median(true), rel=0.35, abs=30)


def test_more_ahead_and_fewer_operators_never_mean_a_shorter_wait():
    handling = Handling(count=100, mean_s=180, spread=0.6)
    by_ahead = [estimate(handling, ahead=k, on_duty=4) for k in range(60)]
    assert by_ahead == sorted(by_ahead, key=lambda wait: (wait.median_s, wait.bound_s))
    by_staff = [estimate(handling, ahead=9, on_duty=n) for n in range(30, 0, -1)]
    assert by_staff == sorted(by_staff, key=lambda wait: (wait.median_s, wait.bound_s))
    assert all(wait.median_s < wait.bound_s for wait in (*by_ahead, *by_staff))


def test_a_free_operator_is_no_wait_even_if_nothing_was_measured():
    assert estimate(None, ahead=0, on_duty=1, available=1) is NO_WAIT
    assert estimate(None, ahead=1, on_duty=1, available=1) is None


def test_nothing_is_estimated_from_nothing():
    assert measured([]) is None
    assert measured([100.0] * 4) is None
    assert measured([100.0] * 5) is not None
    assert estimate(Handling(count=50, mean_s=180, spread=1), ahead=0, on_duty=0) is None


def test_a_guess_gives_way_to_what_is_measured_and_doubt_widens_the_bound():
    guess, few, many = (measured([60.0] * count, guess_s=300) for count in (0, 5, 500))
    assert (guess.mean_s, guess.spread) == (300, 1.0)
    assert few.mean_s == 180
    assert many.mean_s == pytest.approx(62.4, abs=0.1)
    sure = Handling(count=500, mean_s=300, spread=1.0)
    unsure = estimate(guess, ahead=20, on_duty=5)
    assert unsure.bound_s > 1.2 * estimate(sure, ahead=20, on_duty=5).bound_s


def test_callers_who_give_up_shorten_the_wait():
    handling = Handling(count=100, mean_s=180, spread=0.6)
    patient = estimate(handling, ahead=40, on_duty=4)
    leaving = estimate(handling, ahead=40, on_duty=4, leaving_per_s=1 / 300)
    assert leaving.median_s < 0.5 * patient.median_s
    assert leaving.bound_s < patient.bound_s


def a_place(**fields) -> Place:
    values = {"state": ContactState.WAITING, "ahead": 4, "operators": 2, **fields}
    return Place(contact_id=ContactId("c"), kind=ContactKind.CALL, waited_s=3, **values)


def test_a_place_is_told_with_its_wait():
    handling = Handling(count=100, mean_s=180, spread=0.6)
    told = with_wait(a_place(), handling)
    assert told.wait_s == pytest.approx(5 * 180 / 2, rel=0.1)
    assert told.wait_bound_s > told.wait_s
    for place in (a_place(state=ContactState.OFFERED), a_place(due_at=9e9), a_place(operators=0)):
        assert with_wait(place, handling) == place
