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


@pytest.mark.parametrize("now", [100.0, 104.0, 105.9])
def test_legs_are_kept_until_the_end_of_the_lease_and_never_until_others_take_over(now: float):
    lease = Lease().on_renewed(asked_at=100.0, lasts_s=6.0)
    assert 106.0 <= lease.legs_until(now, grace_s=2.0) < 108.0
    assert lease.legs_until(now, grace_s=2.0) > now + 0.9


def test_without_a_lease_calls_that_are_not_of_the_queue_are_kept_as_long_as_one():
    lease = Lease().on_renewed(asked_at=100.0, lasts_s=6.0)
    assert lease.legs_until(200.0, grace_s=2.0) == 206.0


def test_a_lease_that_is_lost_is_over_and_asked_for_again_in_time():
    lease = Lease().on_renewed(asked_at=100.0, lasts_s=6.0).on_lost()
    assert not lease.is_good(100.1)
    assert lease.next_renewal(101.0) == 103.0
