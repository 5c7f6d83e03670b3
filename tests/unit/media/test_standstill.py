"""Whom a media worker lets go while the call core stands still."""

from dataclasses import dataclass

import pytest

from ivr.config import QueueSettings
from ivr.media.connections import Connections
from ivr.media.pool import PULSE_S
from ivr.media.standstill import Standstill

pytestmark = pytest.mark.unit

CALLERS_S = 15.0


@dataclass
class OneLeg:
    number: int
    inbound: bool = False
    answered: bool = True


CALLER = OneLeg(2, inbound=True)
RINGING, UP, OPERATOR = OneLeg(1, answered=False), OneLeg(3), OneLeg(5)


def let_go(now: float, *legs: OneLeg, joined: tuple[OneLeg, OneLeg] | None = None) -> list[int]:
    """With a core whose word was good until 100."""
    connections = Connections()
    if joined:
        connections.set(joined[0].number, joined[1].number, hear=True, speak=True)
    standstill = Standstill(CALLERS_S, until=100.0)
    return [leg.number for leg in standstill.forsaken(legs, now, connections.partners)]


def test_nobody_is_let_go_while_the_word_of_the_core_is_good():
    assert let_go(100.0, RINGING, UP, CALLER) == []
    assert not list(Standstill(CALLERS_S).forsaken([RINGING], 1e9, Connections().partners))


def test_legs_that_we_dialled_and_that_join_nobody_end_at_once():
    assert let_go(100.1, RINGING, UP, CALLER) == [RINGING.number, UP.number]


def test_people_who_talk_go_on_talking():
    assert let_go(200.0, CALLER, OPERATOR, joined=(CALLER, OPERATOR)) == []


def test_a_phone_that_rings_into_the_callers_line_does_not_talk():
    assert let_go(100.1, CALLER, RINGING, joined=(CALLER, RINGING)) == [RINGING.number]


def test_whoever_is_left_alone_by_the_other_is_let_go():
    assert let_go(200.0, OPERATOR) == [OPERATOR.number]


def test_callers_are_kept_for_longer():
    assert let_go(100.0 + CALLERS_S, CALLER) == []
    assert let_go(100.1 + CALLERS_S, CALLER) == [CALLER.number]


def test_the_shortest_time_that_workers_may_be_given_outlasts_two_signs_of_life():
    grace = QueueSettings.model_fields["lease_grace_s"].metadata
    shortest_s = next(bound.ge for bound in grace if hasattr(bound, "ge"))
    assert shortest_s / 2 >= 2 * PULSE_S
