"""The figures of small days whose every number can be counted on one's fingers."""

from collections.abc import Sequence

import pytest

from ivr.analytics.queue_figures import QueueFigures, figures, skills_in
from ivr.analytics.queue_measures import percentile
from ivr.analytics.queue_rules import AbandonRule, FigureRules
from ivr.analytics.queue_telling import tell
from ivr.queue.events import What
from ivr.queue.model import ContactKind, Operator, OperatorState
from tests.unit.analytics.queue_days import Day, operator

pytestmark = pytest.mark.unit

START = 1000.0
END = START + 3600.0


def one(
    day: Day,
    operators: Sequence[Operator] = (),
    *,
    rules: FigureRules | None = None,
    skill: str = "",
    now: float = END,
) -> QueueFigures:
    """The only line of the hour."""
    (line,) = figures(
        tell(day, operators), since=START, until=END, now=now, rules=rules, skill=skill
    )
    return line


@pytest.fixture
def mixed() -> Day:
    """Waits of 10 and 30 s answered, hang-ups after 3, 8 and 60 s, a move after 25 s, one waits."""
    day = Day()
    day.answered("quick", START, START + 10)
    day.answered("slow", START + 100, START + 130)
    day.abandoned("slip", START + 200, START + 203)
    day.abandoned("early", START + 300, START + 308)
    day.abandoned("late", START + 400, START + 460)
    day.promised("moved", START + 500, START + 525)
    day.add(END - 40, What.ENQUEUED, "waits", due_s=0.0)
    return day


def test_the_line_adds_up(mixed: Day) -> None:
    line = one(mixed).line
    assert (line.offered, line.answered, line.abandoned, line.short_abandons) == (7, 2, 2, 1)
    assert (line.moved, line.waiting, line.lost) == (1, 1, 0)
    assert line.asa_s == 20.0
    assert line.longest_wait_s == 60.0
    assert line.abandon_rate == pytest.approx(2 / 6)


@pytest.mark.parametrize(
    ("rule", "judged", "level"),
    [
        # quick in time; missed: slow, early, late, moved, waits
        (AbandonRule.MISSED, 6, 1 / 6),
        # early is left out
        (AbandonRule.LATE, 5, 1 / 5),
        # quick and slow only
        (AbandonRule.IGNORED, 2, 1 / 2),
    ],
)
def test_the_abandon_rule_decides_who_is_judged(
    mixed: Day, rule: AbandonRule, judged: int, level: float
) -> None:
    line = one(mixed, rules=FigureRules(abandons=rule)).line
    assert line.judged == judged
    assert line.service_level == pytest.approx(level)


def test_time_to_answer_and_short_hang_ups_can_be_set(mixed: Day) -> None:
    rules = FigureRules(target_s=30.0, short_abandon_s=10.0)
    line = one(mixed, rules=rules).line
    assert (line.abandoned, line.short_abandons) == (1, 2)
    # quick and slow in time; late and waits missed; who moved after 25 s is left out
    assert line.judged == 4
    assert line.service_level == 0.5
    assert rules.name == "80/30"


def test_the_rule_is_told_in_words() -> None:
    assert FigureRules().sentence() == (
        "service level 80/20: answered within 20 s of those who came by line; hang-ups within 5 s "
        "are left out, every other hang-up is missed; who took a call back within 20 s is left "
        "out, later is missed"
    )


def test_who_waits_less_than_the_time_to_answer_is_not_judged_yet() -> None:
    day = Day()
    day.add(END - 15, What.ENQUEUED, "new", due_s=0.0)
    line = one(day).line
    assert (line.offered, line.waiting, line.judged) == (1, 1, 0)
    assert line.service_level is None
    assert line.longest_wait_s == 15.0


def test_a_callback_is_no_answer_and_no_zero_wait() -> None:
    day = Day()
    day.answered("live", START, START + 40)
    day.promised("back", START, START + 5)
    day.dialled("back", START + 290)
    day.served("back", START, START + 300, kind=ContactKind.CALLBACK)
    found = one(day)
    assert found.line.answered == 1
    assert found.line.asa_s == 40.0
    assert found.line.moved == 1
    assert found.promises.kept == 1
    # from the place first got, the five seconds on the line included
    assert found.promises.bridge_p50_s == 300.0
    assert found.handling.conversations == 2


def test_promises_add_up_and_retries_are_dials_beyond_the_first() -> None:
    day = Day()
    for number, wait_s in enumerate((100, 200, 300, 400), start=1):
        day.promised(f"kept{number}", START, START + 10)
        day.dialled(f"kept{number}", START + wait_s - 5)
        day.served(f"kept{number}", START, START + wait_s, kind=ContactKind.CALLBACK)
    day.promised("dead", START, START + 10)
    for at in (100, 700, 1300):
        day.dialled("dead", START + at)
    day.add(START + 1330, What.GIVEN_UP, "dead", kind=ContactKind.CALLBACK, waited_s=1330.0)
    day.promised("no thanks", START, START + 10)
    day.add(START + 50, What.CANCELLED, "no thanks", kind=ContactKind.CALLBACK, waited_s=50.0)
    day.promised("later", START, START + 10)
    promises = one(day).promises
    assert (promises.promised, promises.kept, promises.given_up) == (7, 4, 1)
    assert (promises.cancelled, promises.pending) == (1, 1)
    assert promises.retries == 2
    assert (promises.bridge_p50_s, promises.bridge_p90_s) == (200.0, 400.0)


@pytest.mark.parametrize("over", [None, What.GIVEN_UP, What.CANCELLED])
def test_a_joining_in_which_nobody_talked_is_no_conversation_and_no_kept_promise(
    over: What | None,
) -> None:
    day = Day()
    day.promised("a", START, START + 10)
    attempt = {"kind": ContactKind.CALLBACK, "operator": "bert"}
    day.add(START + 50, What.CONNECTED, "a", **attempt, waited_s=50.0)  # type: ignore[arg-type]
    day.add(START + 51, over or What.RETURNED, "a", **attempt, faults=1)  # type: ignore[arg-type]
    if over is None:
        assert one(day).promises.pending == 1
        assert one(day).handling.conversations == 0
        day.served("a", START, START + 200, kind=ContactKind.CALLBACK)
    found = one(day)
    assert found.promises.faults == (over is not What.CANCELLED)
    kept = over is None
    assert (found.promises.kept, found.handling.conversations) == (kept, kept)
    assert found.promises.bridge_p50_s == (200.0 if kept else None)
    assert found.promises.given_up == (over is What.GIVEN_UP)


def test_a_booked_slot_is_late_from_its_beginning_on() -> None:
    day = Day()
    day.promised("slot", START, START + 10, slot_in=1000.0)
    day.served("slot", START, START + 1050, kind=ContactKind.CALLBACK)
    promises = one(day).promises
    assert promises.kept == 1
    assert promises.bridge_p50_s is None
    assert promises.slot_late_p50_s == promises.slot_late_p90_s == 40.0


def test_a_promise_made_outside_of_the_line_is_not_offered_on_it() -> None:
    day = Day()
    kind = ContactKind.CALLBACK
    day.add(START, What.ENQUEUED, "night", kind=kind, due_s=600.0)
    day.served("night", START, START + 620, kind=kind)
    found = one(day)
    assert found.line.offered == 0
    assert found.promises.promised == found.promises.kept == 1
    assert found.promises.slot_late_p50_s == 20.0


def test_back_on_the_line_the_promise_stays_a_promise() -> None:
    day = Day()
    back = ContactKind.CALLBACK
    for name in ("answered", "gone"):
        day.promised(name, START, START + 10)
        day.add(START + 100, What.BACK_ON_LINE, name, waited_s=100.0)
    day.served("answered", START, START + 150)
    # who hangs up again is owed the call again
    day.add(START + 130, What.BECAME_CALLBACK, "gone", kind=back, waited_s=130.0, due_s=0.0)
    found = one(day)
    assert (found.line.answered, found.line.abandoned, found.line.moved) == (0, 0, 2)
    assert (found.promises.kept, found.promises.pending) == (1, 1)


def test_a_call_that_gives_way_to_an_older_promise_has_moved_and_promises_nothing_new() -> None:
    day = Day()
    day.add(START, What.ENQUEUED, "again", due_s=0.0)
    day.add(START + 2, What.CANCELLED, "again", waited_s=2.0, reason="known")
    found = one(day)
    assert (found.line.moved, found.line.short_abandons, found.promises.promised) == (1, 0, 0)


def test_a_conversation_that_was_cut_off_stays_an_answer() -> None:
    day = Day()
    day.answered("a", START, START + 10, talked=30.0)
    day.add(START + 60, What.BACK_ON_LINE, "a", waited_s=60.0)
    day.add(START + 90, What.ABANDONED, "a", waited_s=90.0, reason="caller_left")
    line = one(day).line
    assert (line.answered, line.abandoned, line.asa_s) == (1, 0, 10.0)


def test_a_lost_line_counts_unless_the_caller_comes_back() -> None:
    day = Day()
    day.abandoned("gone", START, START + 30, reason="lost")
    day.abandoned("again", START, START + 30, reason="lost")
    day.add(START + 60, What.BACK_ON_LINE, "again", waited_s=60.0)
    day.served("again", START, START + 70)
    line = one(day).line
    assert (line.lost, line.answered, line.abandoned) == (1, 1, 0)
    assert line.asa_s == 70.0
    assert line.abandon_rate == 0.5


def test_handling_time_is_talk_and_wrap_up_of_what_is_over() -> None:
    day = Day()
    day.answered("a", START, START + 10, talked=100.0, wrapped=20.0)
    day.answered("b", START + 200, START + 210, talked=60.0)
    day.answered("c", START + 400, START + 410, talked=500.0)
    day.add(START + 1000, What.ENQUEUED, "d", due_s=0.0)
    day.add(START + 1005, What.CONNECTED, "d", operator="boris", waited_s=5.0)
    # anna has been in wrap-up since c's end
    anna = operator("anna", OperatorState.WRAP_UP, START + 910)
    handling = one(day, [anna]).handling
    assert handling.conversations == 4
    assert handling.talk_s == 80.0
    assert handling.wrap_up_s == 10.0
    assert handling.aht_s == 90.0


def test_occupancy_is_the_share_of_duty_not_spent_available_and_pauses_are_no_duty() -> None:
    day = Day()
    # came on duty before the hour: 600 s of the 900 s available are in it
    day.changes("anna", START + 600, OperatorState.AVAILABLE, 900.0)
    day.changes("anna", START + 630, OperatorState.RESERVED, 30.0)
    day.changes("anna", START + 1200, OperatorState.ON_CALL, 570.0)
    day.changes("anna", START + 1800, OperatorState.PAUSED, 600.0)
    anna = operator("anna", OperatorState.AVAILABLE, START + 1800)
    handling = one(day, [anna]).handling
    # duty: 600 + 30 + 570 + 1800; busy: 30 + 570
    assert handling.occupancy == pytest.approx(600 / 3000)
    assert handling.operators == pytest.approx(3000 / 3600)


def test_occupancy_of_a_skill_is_that_of_the_operators_who_have_it() -> None:
    day = Day()
    day.changes("anna", END, OperatorState.ON_CALL, 3600.0)
    day.changes("boris", END, OperatorState.AVAILABLE, 3600.0)
    both = [operator("anna", since=END, skills=("general", "sales")), operator("boris", since=END)]
    assert one(day, both).handling.occupancy == 0.5
    assert one(day, both, skill="sales").handling.occupancy == 1.0
    assert one(day, both, skill="sales").handling.operators == 1.0
    assert one(day, both, skill="chess").handling.occupancy is None


def test_rings_in_vain_are_told_from_phones_that_fail() -> None:
    day = Day()
    for at, outcome in enumerate(
        ("operator_no_answer", "operator_no_answer", "operator_refused", "customer_busy"), start=1
    ):
        day.add(START + at, What.ATTEMPT_ENDED, "c", operator="anna", outcome=outcome)
    handling = one(day).handling
    assert (handling.ring_no_answers, handling.operator_faults) == (2, 1)


def test_estimates_are_held_against_the_wait_that_followed() -> None:
    day = Day()
    for name, came, wait_s, actual_s in (("a", 0, 100.0, 130), ("b", 10, 100.0, 90)):
        day.add(START + came + 5, What.TOLD, name, wait_s=wait_s, bound_s=120.0)
        day.answered(name, START + came, START + came + 5 + actual_s)
    # a second estimate of the same contact is not counted
    day.add(START + 50, What.TOLD, "a", wait_s=1.0)
    # told, but the customer was not reached at once: the delay was not the queue's
    day.promised("c", START, START + 10)
    day.add(START + 1, What.TOLD, "c", kind=ContactKind.CALLBACK, wait_s=10.0)
    day.dialled("c", START + 100)
    day.dialled("c", START + 800)
    day.served("c", START, START + 810, kind=ContactKind.CALLBACK)
    # told, but its turn came in the quiet hours
    day.promised("d", START, START + 10)
    day.add(START + 1, What.TOLD, "d", wait_s=10.0)
    day.add(START + 20, What.PUT_OFF, "d", kind=ContactKind.CALLBACK, due_s=900.0)
    day.served("d", START, START + 920, kind=ContactKind.CALLBACK)
    estimates = one(day).estimates
    assert estimates.estimates == 2
    assert estimates.error_s == 20.0
    assert estimates.bias_s == 10.0
    assert estimates.bound_kept == 0.5


def test_intervals_hold_what_began_in_them_and_their_sum_is_the_total() -> None:
    day = Day()
    day.answered("a", START + 1790, START + 1810)
    day.answered("b", START + 1800, START + 1840, skill="sales")
    day.promised("c", START + 1700, START + 1900)
    day.changes("anna", START + 2400, OperatorState.ON_CALL, 1200.0)
    stories = tell(day)
    first, second = figures(stories, since=START, until=END, now=END, interval_s=1800.0)
    assert (first.since, first.until, second.until) == (START, START + 1800, END)
    assert (first.line.offered, second.line.offered) == (2, 1)
    assert (first.promises.promised, second.promises.promised) == (0, 1)
    assert (first.handling.conversations, second.handling.conversations) == (0, 2)
    assert (first.line.asa_s, second.line.asa_s) == (20.0, 40.0)
    hours = (first.handling.operators, second.handling.operators)
    assert hours == pytest.approx((600 / 1800, 800 / 1800))
    sales, _ = figures(
        stories, since=START + 1800, until=END, now=END, interval_s=900.0, skill="sales"
    )
    assert (sales.line.offered, sales.line.asa_s) == (1, 40.0)
    assert skills_in(stories) == ("general", "sales")


def test_a_reading_that_begins_in_a_wait_knows_since_when() -> None:
    day = Day()
    day.add(START + 20, What.CONNECTED, "a", operator="anna", waited_s=60.0)
    day.add(START + 30, What.SERVED, "b", operator="boris", waited_s=15.0, talk_s=100.0)
    day.add(START + 40, What.GIVEN_UP, "c", kind=ContactKind.CALLBACK, waited_s=900.0)
    stories = tell(day)
    came = {one.contact_id: (one.came_at, one.came_on_line) for one in stories.contacts}
    assert came == {"a": (START - 40, True), "b": (START - 85, True), "c": (START - 860, False)}
    # none of them came within the hour, one conversation began in it
    found = one(day)
    assert (found.line.offered, found.promises.promised, found.handling.conversations) == (0, 0, 1)


def test_nothing_is_no_figure_rather_than_a_zero() -> None:
    found = one(Day())
    assert found.line.offered == 0
    assert found.line.service_level is found.line.asa_s is found.line.longest_wait_s is None
    assert found.promises.bridge_p90_s is None
    assert found.handling.occupancy is found.handling.aht_s is None
    assert found.estimates.error_s is found.estimates.bound_kept is None


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([], 0.9) is None
    assert percentile([7.0], 0.9) == 7.0
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 11)], 0.9) == 9.0
