"""Spoken digits in any grouping -> a ten-digit phone number. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from ivr.nlu.normalise import read_number

LONGEST_GROUP = 3
"""Words of one group: «девятьсот двадцать три»."""


def ten_digits(words: Sequence[str]) -> str | None:
    """The number these words spell, without 8 or +7; None when they do not make ten digits.

    «девятьсот двадцать один» may be 921 or 900-20-1: of all groupings that give a whole number the
    one with the fewest groups is taken.
    """
    best: dict[int, list[str]] = {0: [""]}
    # best[n]: what the first n words can spell, fewest groups first, no longer than eleven digits.
    for end in range(1, len(words) + 1):
        spelled = [
            begun + digits
            for first in range(max(0, end - LONGEST_GROUP), end)
            if (digits := _group(words[first:end])) is not None
            for begun in best[first]
            if len(begun + digits) <= 11
        ]
        best[end] = list(dict.fromkeys(spelled))
    numbers = (number for digits in best[len(words)] if (number := _national(digits)))
    return next(numbers, None)


def _group(words: Sequence[str]) -> str | None:
    if len(words) == 1 and words[0].isascii() and words[0].isdigit():
        return words[0]
    number = read_number(words, 0)
    if number is None or number.ordinal or number.end != len(words):
        return None
    if number.value != number.value.to_integral() or number.value >= Decimal(1000):
        return None
    return str(number.value)


def _national(digits: str) -> str | None:
    if len(digits) == 11 and digits[0] in "78":
        return digits[1:]
    return digits if len(digits) == 10 else None
