"""The caller's number in the back office's form."""

import pytest

from ivr.call.caller import subscriber_number

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("ani", "number"),
    [
        ("+79031234567", "9031234567"),
        ("89031234567", "9031234567"),
        ("79031234567", "9031234567"),
        ("9031234567", "9031234567"),
        ("+7 (903) 123-45-67", "9031234567"),
        ("anonymous", ""),
        ("", ""),
        ("100", ""),
        ("+4915112345678", ""),
    ],
)
def test_numbers_come_out_as_ten_digits_or_not_at_all(ani: str, number: str):
    assert subscriber_number(ani) == number
