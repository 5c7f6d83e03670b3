import pytest

from ivr.nlu.circuit import Circuit

pytestmark = pytest.mark.unit


def failed(times: int, at: float) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        circuit = circuit.on_failure(at)
    return circuit


def test_two_failures_change_nothing() -> None:
    assert failed(2, at=10.0).lets_through(10.0)


def test_the_third_failure_in_a_row_fails_fast_for_two_seconds() -> None:
    circuit = failed(3, at=10.0)
    assert not circuit.lets_through(11.9)
    assert circuit.lets_through(12.0)


def test_the_first_failure_after_the_pause_starts_a_new_one() -> None:
    circuit = failed(3, at=10.0).on_failure(12.5)
    assert not circuit.lets_through(14.4)
    assert circuit.lets_through(14.5)


def test_a_success_forgets_all_failures() -> None:
    assert failed(3, at=10.0).on_success() == Circuit()
