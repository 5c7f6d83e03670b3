"""Who hears whom: directed, and forgotten with a leg."""

import pytest

from ivr.media.connections import Connections

pytestmark = pytest.mark.unit

CALLER, OPERATOR, SUPERVISOR = 2, 1, 3


def test_hearing_is_directed_and_the_last_word_counts():
    connections = Connections()
    connections.set(SUPERVISOR, OPERATOR, hear=True, speak=False)
    assert connections.hears(SUPERVISOR, OPERATOR)
    assert not connections.hears(OPERATOR, SUPERVISOR)
    connections.set(OPERATOR, SUPERVISOR, hear=True, speak=False)
    assert connections.hears(OPERATOR, SUPERVISOR)
    assert not connections.hears(SUPERVISOR, OPERATOR)


def test_a_leg_that_is_gone_is_connected_with_nobody():
    connections = Connections()
    for leg, other in ((CALLER, OPERATOR), (SUPERVISOR, OPERATOR), (SUPERVISOR, CALLER)):
        connections.set(leg, other, hear=True, speak=True)
    assert list(connections.partners(CALLER)) == [OPERATOR, SUPERVISOR]
    connections.remove(SUPERVISOR)
    assert list(connections.partners(CALLER)) == [OPERATOR]
    assert list(connections.partners(SUPERVISOR)) == []


def test_parted_legs_are_no_partners():
    connections = Connections()
    connections.set(CALLER, OPERATOR, hear=True, speak=True)
    connections.set(OPERATOR, CALLER, hear=False, speak=False)
    assert list(connections.partners(CALLER)) == []
