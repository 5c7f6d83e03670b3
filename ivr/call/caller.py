"""The caller's number in the form that the back office knows."""

from typing import Final

NATIONAL_DIGITS: Final = 10


def subscriber_number(ani: str) -> str:
    """Ten digits of a Russian number in any common form (+7, 8, 7 or bare), '' for anything else.

    E.164 (+79031234567), national (89031234567) and bare (9031234567) forms are all seen in the
    From header, depending on the switch.
    """
    digits = "".join(character for character in ani if character.isdigit())
    if len(digits) == NATIONAL_DIGITS + 1 and digits[0] in "78":
        digits = digits[1:]
    return digits if len(digits) == NATIONAL_DIGITS else ""
