"""Spoken digits in any grouping -> a ten-digit phone number. Pure."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from ivr.nlu.normalise import fits_after, read_number

LONGEST_GROUP = 3
"""Words of one group: «девятьсот двадцать три»."""
USUAL_ENDS = frozenset({3, 6, 8})
"""Where groups end in the usual 3-3-2-2."""
FIRST_DIGITS = frozenset("3489")
"""Of Russian national numbers: geographic 3, 4 and 8, free 800, mobile 9."""

Groups = tuple[str, ...]


def ten_digits(words: Sequence[str]) -> str | None:
    """The number these words spell, without 8 or +7; None when they do not make ten digits.

    «сто двадцать» is 120; it is 100-20 only in a number that then falls into the usual 3-3-2-2.
    Of several readings a mobile or 800 number, then the one with the fewest groups is taken: an
    unfinished number must rather be none than somebody else's.
    """
    spelled: list[set[Groups]] = [{()}]
    # spelled[n]: what the first n words can spell, no longer than eleven digits.
    for end in range(1, len(words) + 1):
        spelled.append(set(_endings(words, end, spelled)))
    national = (_without_prefix(groups) for groups in spelled[-1])
    likely = (groups for groups in national if groups and _is_likely(groups))
    best = min(likely, key=_oddity, default=None)
    return "".join(best) if best else None


def said_digits(words: Sequence[str]) -> str:
    """Digits of a part of a number, each group as long as it can be; '' when it is not only that.

    «девятьсот три» is '903'. Whoever says a part only goes on with the rest, or keys it.
    """
    digits, at = "", 0
    while at < len(words):
        ends = range(min(len(words), at + LONGEST_GROUP), at, -1)
        group = next(((end, said) for end in ends if (said := _group(words[at:end]))), None)
        if group is None:
            return ""
        at, digits = group[0], digits + group[1]
    return digits


def _endings(words: Sequence[str], end: int, spelled: list[set[Groups]]) -> Iterator[Groups]:
    for first in range(max(0, end - LONGEST_GROUP), end):
        digits = _group(words[first:end])
        if digits is not None:
            for begun in spelled[first]:
                if sum(map(len, begun)) + len(digits) <= 11:
                    yield (*begun, digits)


def _group(words: Sequence[str]) -> str | None:
    if len(words) == 1 and words[0].isascii() and words[0].isdigit():
        return words[0]
    number = read_number(words, 0)
    if number is None or number.ordinal or number.end != len(words):
        return None
    if number.value != number.value.to_integral() or number.value >= 1000:
        return None
    return str(number.value)


def _without_prefix(groups: Groups) -> Groups | None:
    length = sum(map(len, groups))
    if length == 10:
        return groups
    if length == 11 and groups[0][0] in "78":
        return (groups[0][1:], *groups[1:]) if len(groups[0]) > 1 else groups[1:]
    return None


def _is_likely(groups: Groups) -> bool:
    as_spoken = not any(
        fits_after(int(left), int(right)) and int(left) for left, right in pairwise(groups)
    )
    usual = set(accumulate(map(len, groups))) >= USUAL_ENDS
    return groups[0][0] in FIRST_DIGITS and (as_spoken or usual)


def _oddity(groups: Groups) -> tuple[bool, int, Groups]:
    """The smaller, the likelier; the groups themselves make the order total."""
    wanted = "".join(groups).startswith(("9", "800"))
    return not wanted, len(groups), groups
