"""Who is served next, and by whom."""

from dataclasses import replace

import pytest

from ivr.queue.matching import ListedBench, line_of, next_pair
from ivr.queue.model import ContactKind, OperatorState, Priority
from ivr.queue.rules import Overflow, QueueRules
from ivr.testing.queue_values import a_contact, an_operator

pytestmark = pytest.mark.unit


def pair(contacts, operators, now=1000.0):
    found = next_pair(contacts, ListedBench(operators), now)
    return found and (found[0].contact_id, found[1].operator_id)


def test_nobody_is_matched_with_nobody():
    assert pair([], [an_operator()]) is None
    assert pair([a_contact()], [an_operator(state=OperatorState.PAUSED)]) is None


def test_the_first_in_the_one_order_is_served_first_whether_call_or_callback():
    callback = a_contact("b", 10, ContactKind.CALLBACK)
    assert pair([a_contact("a", 20), callback], [an_operator()]) == ("b", "o1")
    vip = a_contact("v", 500, priority=Priority.VIP)
    assert pair([callback, vip], [an_operator()]) == ("v", "o1")
    assert pair([callback, a_contact("v", 611, priority=Priority.VIP)], [an_operator()])[0] == "b"


def test_a_contact_that_nobody_can_take_does_not_hold_up_the_next():
    billing = a_contact("a", 0, skill="billing")
    tatar = a_contact("t", 1, language="tt")
    assert pair([billing, tatar, a_contact("b", 9)], [an_operator()]) == ("b", "o1")


def test_the_highest_level_comes_first_and_then_the_longest_idle():
    operators = [
        an_operator("o1", idle_since=10),
        an_operator("o2", idle_since=5),
        an_operator("o3", skills={"general": 2}, idle_since=99),
    ]
    assert pair([a_contact()], operators)[1] == "o3"
    assert pair([a_contact()], operators[:2])[1] == "o2"


def test_overflow_opens_the_second_skill_after_its_time_and_the_first_goes_before():
    rules = QueueRules(overflows={"billing": Overflow("general", 60)})
    contact = a_contact("a", 100, skill="billing", rules=rules)
    other, own = an_operator("o1", skills={"general": 9}), an_operator("o2", skills={"billing": 1})
    assert pair([contact], [other], now=159) is None
    assert pair([contact], [other], now=160) == ("a", "o1")
    assert pair([contact], [other, own], now=160) == ("a", "o2")
    assert line_of(contact, 159) != line_of(contact, 160)


def test_the_preferred_operator_is_waited_for_while_on_duty_and_for_a_while_only():
    contact = a_contact("a", 1000, preferred_operator="o2")
    o1, o2 = an_operator("o1"), an_operator("o2", idle_since=500)
    busy = replace(o2, state=OperatorState.ON_CALL)
    assert pair([contact], [o1, o2]) == ("a", "o2")
    assert pair([contact], [o1, busy], now=1059) is None
    assert pair([contact], [o1, busy], now=1060) == ("a", "o1")
    assert pair([contact], [o1, o2], now=1060) == ("a", "o2")
    assert pair([contact], [o1, replace(o2, state=OperatorState.PAUSED)]) == ("a", "o1")
    assert pair([contact], [o1]) == ("a", "o1")
    unable = replace(busy, skills={"billing": 1})
    assert pair([contact], [o1, unable]) == ("a", "o1")


def test_who_waits_for_the_preferred_operator_stands_aside_for_the_others():
    contacts = [a_contact("a", 1000, preferred_operator="o2"), a_contact("b", 1001)]
    busy = an_operator("o2", OperatorState.WRAP_UP)
    assert pair(contacts, [an_operator("o1"), busy], now=1010) == ("b", "o1")
