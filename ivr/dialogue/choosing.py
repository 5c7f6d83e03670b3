"""Which of several things that were named one by one is meant. Pure.

By its name, by its number, or by «да, этот» while it is named or just after.
"""

from typing import Final

from ivr.nlu.normalise import read_numbers, word_set, words_of

_THIS: Final = word_set(
    "да ага угу вот это этот эта эту его ее ну она он именно давайте отключите отключить отключай "
    "отключайте пожалуйста"
)
_LAST: Final = word_set("последний последняя последнюю последнее")
_SHORTEST_STEM: Final = 4
"""Letters of a name that have to be said; Russian endings are left to the caller."""


def chosen(choices: tuple[str, ...], text: str, item: int | None) -> str | None:
    """The choice that was meant; None when that is not clear.

    `item` is the number, from 1 on, of the choice that was being named when the caller spoke.
    """
    words = [word.text for word in words_of(text)]
    named = [choice for choice in choices if _is_named(choice, words)]
    if named:
        return named[0] if len(named) == 1 else None
    if _LAST.intersection(words):
        return choices[-1] if choices else None
    numbers = [int(number.value) for number in read_numbers(words)]
    if numbers:
        return numbered(choices, numbers[0]) if len(numbers) == 1 else None
    if words and item is not None and _THIS.issuperset(words):
        return numbered(choices, item)
    return None


def numbered(choices: tuple[str, ...], number: int) -> str | None:
    """The choice of that number, from 1 on."""
    return choices[number - 1] if 1 <= number <= len(choices) else None


def _is_named(choice: str, words: list[str]) -> bool:
    """Every word of the name was said, in whatever case."""
    return all(
        any(word.startswith(_stem(part.text)) for word in words) for part in words_of(choice)
    )


def _stem(word: str) -> str:
    return word[: max(_SHORTEST_STEM, len(word) - 2)]
