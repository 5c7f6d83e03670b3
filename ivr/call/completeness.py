"""Whether the words heard so far can be the whole answer to the question that is open. Pure.

A hypothesis says more about the end of a turn than silence does: ten digits are a telephone number,
«мой номер девятьсот три» is not, and after «на» something has to come. The rules are word lists and
counts; what they cannot tell stays undecided and is left to the usual silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from ivr.call.unfinished import (
    ABOUT_ONESELF,
    ANNOUNCING,
    AROUND_ANNOUNCING,
    ATTRIBUTE_ENDINGS,
    ATTRIBUTE_LETTERS,
    CALLING,
    CALLS,
    CARRIERS,
    CURRENCY,
    GREETING,
    HALF_NAMES,
    HOLDING,
    LEADING_ON,
    NAME_SOUGHT,
    NO_ATTRIBUTES,
    NUMBER,
    OWN,
    RINGING,
    SALUTES,
    SHORT_SALUTE,
    WISHES,
    WORD_SOUGHT,
)
from ivr.dialogue.actions import QuestionKind
from ivr.dialogue.yes_no import ANSWERS, FILLERS, THINKING
from ivr.nlu.dates import DAY_ENDINGS
from ivr.nlu.gazetteer import find_names, names_by_form
from ivr.nlu.normalise import CARDINALS, ORDINALS, Word, read_numbers, words_of
from ivr.nlu.phone import ten_digits
from ivr.nlu.schema import EntityKind
from ivr.speech.endpointing import SURE, UNDECIDED, UNFINISHED, Completeness

NO_RULE: Final = "no_rule"
"""Reason given where no rule knows anything."""
PHONE_DIGITS: Final = 10
BEGUN_DIGITS: Final = 4
"""An open question gets a number dictated when this many digits came in a row, or fewer after
the word «номер»."""
AROUND_REQUEST: Final = ANNOUNCING | AROUND_ANNOUNCING | CARRIERS | HOLDING | GREETING
"""Words of what comes before a request: nothing was asked for with these alone."""
NAMES: Final = {
    QuestionKind.CITY: EntityKind.CITY,
    QuestionKind.TARIFF: EntityKind.TARIFF,
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided, and by which rule: for the records and for the eye."""

    sureness: float
    """How sure it is that these words are all, 0..1."""
    reason: str

    @property
    def completeness(self) -> Completeness:
        """The same in a word."""
        return Completeness.of(self.sureness)


def judge(kind: QuestionKind, text: str) -> Judgement:
    """A hypothesis in the light of the open question."""
    words = words_of(text)
    if not words:
        return Judgement(UNDECIDED, "no_words")
    spelled = [word.text for word in words]
    if CALLING.issuperset(spelled) and not CALLS.isdisjoint(spelled):
        return Judgement(SURE, "calling")
    closed = _answer(kind, words, spelled)
    if closed is not None:
        return closed
    unfinished = _unfinished(kind, spelled)
    if unfinished:
        return Judgement(UNFINISHED, unfinished)
    return _number_at_end(spelled) or Judgement(UNDECIDED, NO_RULE)


def _answer(kind: QuestionKind, words: Sequence[Word], spelled: Sequence[str]) -> Judgement | None:
    """What only the question's own kind can tell; None where it tells nothing."""
    match kind:
        case QuestionKind.YES_NO:
            return _yes_no(spelled)
        case QuestionKind.DIGITS:
            return _phone(spelled)
        case QuestionKind.AMOUNT:
            return _amount(spelled)
        case QuestionKind.DATE:
            return _date(spelled)
        case QuestionKind.CITY | QuestionKind.TARIFF:
            return _name(NAMES[kind], words, spelled)
        case QuestionKind.MENU | QuestionKind.CHOICE:
            return _choice(spelled)
        case QuestionKind.OPEN:
            return None


def _yes_no(spelled: Sequence[str]) -> Judgement | None:
    if spelled[-1] in LEADING_ON or (FILLERS | THINKING).issuperset(spelled):
        return None
    if all(word in ANSWERS | FILLERS for word in spelled):
        return Judgement(SURE, "yes_no")
    return None


def _phone(spelled: Sequence[str]) -> Judgement | None:
    said = [word for word in spelled if _is_number(word)]
    if not said:
        return None
    if not _is_number(spelled[-1]):
        return None if spelled[-1] in LEADING_ON else Judgement(UNDECIDED, "words_after_digits")
    return _dictated(said)


def _dictated(said: Sequence[str]) -> Judgement:
    """Number words alone: are they a telephone number by now?"""
    digits = digits_in(said)
    prefix, code = _first_two(said)
    lacking = digits < PHONE_DIGITS  # «сто десять» may be 100 and 10, and is 110 more often
    if lacking or (prefix, code, digits) == ("8", "9", PHONE_DIGITS):  # no code begins with 89
        return Judgement(UNFINISHED, "unfinished_number")
    if ten_digits(said) is None:
        return Judgement(UNDECIDED, "wrong_number")
    prefixed = digits == PHONE_DIGITS and prefix in ("7", "8") and code in tuple("3489")
    if prefixed or _may_go_on(said[-1]):
        return Judgement(UNDECIDED, "number_may_go_on")
    return Judgement(SURE, "number")


def _first_two(said: Sequence[str]) -> tuple[str, str]:
    """The first number and the first digit of the second one."""
    first, second, *_ = (*(str(int(number.value)) for number in read_numbers(said)), "", "")
    return first, second[:1]


def _amount(spelled: Sequence[str]) -> Judgement | None:
    if spelled[-1].startswith(CURRENCY):
        return Judgement(SURE, "amount")
    if not _is_number(spelled[-1]):
        return None
    if _may_go_on(spelled[-1]):
        return Judgement(UNDECIDED, "amount_may_go_on")
    return Judgement(SURE, "amount")


def _date(spelled: Sequence[str]) -> Judgement | None:
    last = spelled[-1]
    if last in DAY_ENDINGS:
        return Judgement(SURE, "date")
    if last in CARDINALS:
        return Judgement(UNFINISHED, "unfinished_numeral")
    if last in ORDINALS:
        return Judgement(UNDECIDED, "day_without_month")
    return None


def _name(kind: EntityKind, words: Sequence[Word], spelled: Sequence[str]) -> Judgement | None:
    if any(tuple(spelled[at:]) in _beginnings(kind) for at in range(len(spelled))):
        whole = any(tuple(spelled[at:]) in _forms(kind) for at in range(len(spelled)))
        verdict = UNDECIDED if whole else UNFINISHED
        return Judgement(verdict, "name_may_go_on")
    if _ends_in_name(kind, words, spelled):
        return Judgement(SURE, "name")
    return None


def _ends_in_name(kind: EntityKind, words: Sequence[Word], spelled: Sequence[str]) -> bool:
    if any(tuple(spelled[at:]) in _forms(kind) for at in range(len(spelled))):
        return True
    return any(found.end == len(words) and found.name.kind is kind for found in find_names(words))


@cache
def _forms(kind: EntityKind) -> frozenset[tuple[str, ...]]:
    return frozenset(form for form, name in names_by_form().items() if name.kind is kind)


@cache
def _beginnings(kind: EntityKind) -> frozenset[tuple[str, ...]]:
    """What longer names begin with: «нижний», «ростов на»."""
    return frozenset(form[:end] for form in _forms(kind) for end in range(1, len(form)))


def _choice(spelled: Sequence[str]) -> Judgement | None:
    if len(spelled) == 1 and (spelled[0] in CARDINALS or spelled[0] in ORDINALS):
        return Judgement(SURE, "choice")
    return None


def _unfinished(kind: QuestionKind, spelled: Sequence[str]) -> str:
    """Why these words cannot be all, '' when they may be."""
    last, before = spelled[-1], spelled[:-1]
    if HOLDING.issuperset(spelled) or _is_looking(spelled):
        return "looking_for_words"
    if (GREETING | HOLDING).issuperset(spelled) or _is_salute(spelled):
        return "greeting"
    if not ANNOUNCING.isdisjoint(spelled) and AROUND_REQUEST.issuperset(spelled):
        return "announcement"
    asks_what_for = len(spelled) > 2 and before[-1:] == ["за"] and last == "что"
    if last in LEADING_ON and not asks_what_for and not _is_named(spelled):
        return "leads_on"
    if _number_is_awaited(kind, spelled):
        return "number_awaited"
    if (last in HALF_NAMES or _is_attribute(last)) and not _is_named(spelled):
        return "half_a_name"
    if kind in (QuestionKind.OPEN, QuestionKind.MENU) and _object_is_awaited(before, last):
        return "object_awaited"
    return ""


def _is_salute(spelled: Sequence[str]) -> bool:
    """«Алло здравствуйте», of which the first word was taken for another one."""
    return len(spelled) <= SHORT_SALUTE and spelled[-1] in SALUTES


def _is_looking(spelled: Sequence[str]) -> bool:
    """«Подключите этот, как его»; «как же это»."""
    if tuple(spelled) in WORD_SOUGHT:
        return True
    return spelled[-2:-1] == ["как"] and spelled[-1] in NAME_SOUGHT


def _object_is_awaited(before: Sequence[str], last: str) -> bool:
    """«Хочу узнать», «у меня тут», and «я насчёт», which is heard as two words."""
    if before[-1:] == ["на"] and last == "счет":
        caller = set(before[:-1]) - GREETING - HOLDING
        return bool(caller) and caller <= ABOUT_ONESELF
    if last == "тут":
        return before[-1:] in (["меня"], ["мне"])
    return last in WISHES and all(word in CARRIERS or word in WISHES for word in before)


def _is_attribute(word: str) -> bool:
    """An adjective in a case that its noun follows; «пятого» is a day."""
    if len(word) < ATTRIBUTE_LETTERS or word in NO_ATTRIBUTES or word in ORDINALS:
        return False
    return word.endswith(ATTRIBUTE_ENDINGS)


def _is_named(spelled: Sequence[str]) -> bool:
    """«Всё моё» is a tariff, and «тариф безлимитный» an ellipsis."""
    return any(tuple(spelled[at:]) in names_by_form() for at in range(len(spelled)))


def _number_is_awaited(kind: QuestionKind, spelled: Sequence[str]) -> bool:
    if spelled[-1] not in NUMBER:
        return False
    if kind is QuestionKind.DIGITS or len(spelled) == 1:
        return True
    *before, owner = spelled[:-1]
    if owner == "на":  # «перезвоните на номер ...», but «положить денег на телефон»
        return any(word.startswith(RINGING) for word in before)
    asked = any(word in WISHES for word in before)
    return owner in OWN and not asked and all(word in CARRIERS | OWN for word in before)


def _number_at_end(spelled: Sequence[str]) -> Judgement | None:
    """A number at the end of free speech that is not over, or may not be."""
    first = len(spelled)
    while first and _is_number(spelled[first - 1]):
        first -= 1
    run = spelled[first:]
    if not run:
        return None
    opened = first > 0 and spelled[first - 1] in NUMBER
    digits = digits_in(run)
    if (opened or digits >= BEGUN_DIGITS) and digits <= PHONE_DIGITS:
        judged = _dictated(run)
        return None if judged.sureness == SURE else judged
    if not _may_go_on(run[-1]):
        return None
    if not first:  # nobody has asked for a number that was begun
        return Judgement(UNDECIDED, "number_may_go_on")
    return Judgement(UNFINISHED, "unfinished_numeral")


def digits_in(words: Sequence[str]) -> int:
    """How many digits these number words are when read as a telephone number, at the least."""
    numbers = read_numbers(words)
    return sum(len(str(int(number.value))) for number in numbers)


def _is_number(word: str) -> bool:
    return word in CARDINALS or (word.isascii() and word.isdigit())


def _may_go_on(word: str) -> bool:
    """Tens and hundreds: «двадцать» may become «двадцать три»."""
    value = CARDINALS.get(word, 0)
    return value >= 20
