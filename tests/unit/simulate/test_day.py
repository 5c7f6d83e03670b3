"""A simulated day: the same seed the same day, nobody disappears, and the figures add up."""

from itertools import pairwise

import pytest

from ivr.documents import Marked
from ivr.errors import ConfigError
from ivr.simulate.day import Day
from ivr.simulate.leaving import Leaving
from ivr.simulate.page import write_page, write_picture
from ivr.simulate.plan import HOUR, DayPlan, callers
from ivr.simulate.report import cell, markdown, shown
from ivr.simulate.report import simulate as simulate_days
from ivr.simulate.visits import Visit, figures, hourly

pytestmark = pytest.mark.unit

PLAN = DayPlan(operators=5, load=(0.6, 3.0, 0.5, 0.3))


@pytest.fixture(scope="module")
def report():
    return simulate_days(PLAN, 611, 2, "ivr simulate day")


def test_the_same_seed_gives_the_same_day():
    days = [Day(PLAN, seed, virtual=True) for seed in (611, 611, 612)]
    for day in days:
        day.run()
    assert days[0].visits == days[1].visits
    assert days[0].visits != days[2].visits


def test_both_policies_meet_the_same_people(report):
    first_calls = [
        {v.caller: v.asked_s for v in reversed(policy.visits)} for policy in report.policies
    ]
    assert first_calls[0] == first_calls[1]


def test_as_many_come_in_the_peak_hour_as_was_planned():
    plan = DayPlan(load=(1.0, 3.0))
    arrivals = [caller.arrives_s for seed in range(5) for caller in callers(plan, seed)]
    peak = sum(at >= HOUR for at in arrivals) / 5
    assert peak == pytest.approx(3 * plan.capacity, rel=0.05)
    assert all(0 <= at < 2 * HOUR for at in arrivals)


def test_everybody_comes_to_an_end_and_to_one_only(report):
    for policy in report.policies:
        for visit in policy.visits:
            ends = (visit.left_s, visit.joined_s, visit.given_up_s)
            assert sum(end is not None for end in ends) == 1
            assert not (visit.left_s and visit.promised_s)


def test_promises_are_kept_in_the_order_in_which_people_came(report):
    promised = [v for v in report.virtual.visits if v.promised_s and v.reserved_s]
    assert len(promised) > 50
    for earlier, later in pairwise(sorted(promised, key=lambda visit: visit.asked_s)):
        # A caller keeps the place from before the promise, so in the seconds around it two may
        # pass an operator each.
        assert earlier.reserved_s <= later.reserved_s + PLAN.accept_after_s


def test_the_virtual_queue_keeps_people_off_the_line_and_reaches_more_of_them(report):
    line, virtual = (policy.days[0] for policy in report.policies)
    assert line.promises == 0
    assert virtual.promises > 50
    assert virtual.abandoned < line.abandoned
    assert virtual.served > line.served
    assert virtual.reached > 0.95
    assert virtual.within_bound > 0.8


def test_figures_of_known_visits():
    visits = [
        Visit(caller=1, asked_s=0, told_s=80, bound_s=90, reserved_s=98, joined_s=100),
        Visit(caller=2, asked_s=0, left_s=3),
        Visit(caller=3, asked_s=0, left_s=60),
        Visit(caller=4, asked_s=0, joined_s=10, reserved_s=5, told_s=5, bound_s=9),
        Visit(caller=5, asked_s=0, promised_s=15, reserved_s=600, joined_s=615, dials=2),
        Visit(caller=5, asked_s=0, promised_s=15, given_up_s=900, dials=3),
    ]
    found = figures(visits)
    assert (found.calls, found.callers) == (6, 5)
    assert found.abandoned == pytest.approx(1 / 5)  # who left after 3 s was not offered
    assert found.service_level == pytest.approx(1 / 5)  # a callback is no wait of 0 s
    assert found.asa_s == pytest.approx(55)
    assert (found.promises, found.reached, found.dials) == (2, 0.5, 2.5)
    assert found.promise_p50_s == 600
    assert found.estimate_error == pytest.approx(18 / 98)
    assert found.estimate_bias == pytest.approx(-18 / 98)
    assert found.within_bound == 0.5
    assert found.served == pytest.approx(3 / 5)


def test_a_day_without_anybody_has_figures():
    assert figures([]).abandoned == 0
    assert hourly([], 900, 3600) == [[], [], [], []]


def test_leaving_is_measured_and_forgotten():
    leaving = Leaving()
    leaving.waiting(100, 0)
    for second in range(1, 101):
        leaving.left(second)
    assert leaving.rate(100) == pytest.approx(0.01, rel=0.05)
    leaving.waiting(0, 100)
    assert leaving.rate(100 + 10 * 900) == 0


def test_the_report_says_both_policies_side_by_side(report, tmp_path):
    text = markdown(report)
    assert "| promised calls | - |" in text
    assert "everybody holds the line" in text
    page, picture = tmp_path / "day.html", tmp_path / "day.png"
    write_page(page, report)
    write_picture(picture, report)
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 5
    assert "promised a call" in html
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_values_are_shown_with_their_units():
    assert [shown(0.5, "%"), shown(90, "min"), shown(9.6, "s")] == ["50.0%", "2 min", "10 s"]
    assert [shown(1.2, "x"), shown(1234, ""), shown(-0.1, "+%")] == ["1.20", "1,234", "-10.0%"]
    assert cell([0.1, 0.3], "%") == "20.0% [10.0%, 30.0%]"
    assert cell([0.0, 0.0], "%") == "-"


def test_a_document_without_marks_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing here", encoding="utf-8")
    with pytest.raises(ConfigError):
        Marked("ivr simulate day").write(page, "text")
