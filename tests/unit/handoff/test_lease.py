"""How long a node believes that its attempts are its own."""

import pytest

from ivr.handoff.lease import Lease

pytestmark = pytest.mark.unit


def test_a_lease_counts_from_the_question_not_from_the_answer():
    lease = Lease().on_renewed(asked_at=100.0, lasts_s=6.0)
    assert lease.is_good(105.9)
    assert not lease.is_good(106.0)


def test_without_a_renewal_there_is_no_lease():
    assert not Lease().is_good(0.0)


def test_two_renewals_may_fail_within_one_lease():
    lease = Lease().on_renewed(asked_at=0.0, lasts_s=6.0)
    second = lease.next_renewal(0.0)
    third = lease.next_renewal(second)
    assert lease.is_good(third)


def test_a_lease_that_is_lost_is_over_and_asked_for_again_in_time():
    lease = Lease().on_renewed(asked_at=100.0, lasts_s=6.0).on_lost()
    assert not lease.is_good(100.1)
    assert lease.next_renewal(101.0) == 103.0
