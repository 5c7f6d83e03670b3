"""Names of people, addresses and e-mail addresses as they are spoken. Pure.

Rules, not a model: what they cannot see (a surname alone, a street without «улица») is left to the
trainer's eye.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Final

from ivr.review.masking_numbers import is_numberlike
from ivr.review.spoken import (
    NEUTRAL_EMAIL,
    NEUTRAL_HOUSE,
    Personal,
    Stretch,
    at,
    starts,
    word_set,
)

PATRONYMIC: Final = re.compile(
    r"\w{2,}(?:(?:ов|ев)(?:ич(?:а|у|ем|е)?|н(?:а|ы|е|у|ой|ою))|иничн(?:а|ы|е|у|ой))"
)
NO_PATRONYMICS: Final = word_set(
    "ровна ровно основна духовна виновна церковна верховна греховна плачевна душевна гневна "
    "условна безусловна словна дословна кровна любовна полюбовна деревне деревну деревной "
    "деревны харчевне кладовне основной основную духовной церковной верховной душевной"
)
SHORT_PATRONYMICS: Final = frozenset(
    f"{stem}{ending}"
    for stem in ("ильич", "кузьмич", "фомич", "лукич", "никитич", "саввич")
    for ending in ("", "а", "у", "ем", "ом", "е")
)
SURNAME: Final = re.compile(
    r"\w{3,}(?:(?:ов|ев|ин|ын)(?:а|у|ым|е|ой)?|(?:ск|цк)(?:ий|ого|ому|им|ом|ая|ой|ую)"
    r"|енко|чук|юк|дзе|швили|ян)"
)
CALLED: Final = frozenset({"зовут", "звать", "величать", "величают"})
SELF: Final = frozenset({"я", "меня", "это", "имя", "фамилия", "отчество", "его", "ее"})
NOT_A_NAME: Final = word_set(
    "как не и а но вот так меня я мы вы ты он она они что кто это этот там тут здесь у с на по из "
    "за от до для мне нам вам его ее их мой моя мое мои ваш ваша хочу хотел хотела хотите можно "
    "нужно надо номер телефон девушка алло здравствуйте пожалуйста скажите подскажите узнать есть "
    "нет да ну уже еще только просто теперь сейчас оператор оператора абонент договор паспорт "
    "баланс тариф связь интернет звоню беспокоит"
)

STREETS: Final = ("улиц", "проспект", "переул", "бульвар", "шоссе", "набережн", "площад", "проезд")
MASCULINE_STREETS: Final = ("проспект", "переул", "бульвар", "проезд")
NEUTRAL_STREETS: Final = word_set("садовая садовой садовую садовый садовом садовое")
HOUSES: Final = ("дом", "дома", "доме", "корпус", "строение", "квартира", "квартиры", "квартире",
                 "квартиру", "подъезд", "офис")  # fmt: skip
STREET_NAME: Final = re.compile(r"\w{2,}(?:ая|ой|ую|ого|его|ий|ый|ых|их|ом|ова|ева|ина|на|ева|я|а)")
OUTDOORS: Final = word_set(
    "не нет ли и а на в у я мы вы что как где там тут связи сети сигнала интернета дома она плохая "
    "плохо хорошая хорошо когда вчера сегодня завтра работа тоже была моя ваша наша погода"
)
"""What follows «на улице» when it means out of doors."""

DOG: Final = "собака"
MAILS: Final = (
    "мейл", "мэйл", "маил", "майл", "яндекс", "гугл", "джимейл", "жмейл", "рамблер", "почта", "бк",
    "лист", "инбокс", "точка", "гмайл", "хотмейл", "аутлук", "айклауд", "я", "ya", "mail", "gmail",
    "yandex",
)  # fmt: skip
BEFORE_MAIL: Final = word_set(
    "почта почту почте почты имейл емейл мейл адрес адресу электронная электронную электронной на "
    "мой моя мою это по вот пришлите отправьте вышлите запишите"
)
LONGEST_MAILBOX: Final = 5
"""Words of what stands before «собака»."""


@cache
def first_names() -> tuple[frozenset[str], frozenset[str]]:
    """(names in every case, those that are everyday words too), from names.toml."""
    data = tomllib.loads(resources.files("ivr.review").joinpath("names.toml").read_text("utf-8"))
    words = frozenset(data["words"].split())
    every = {*data["men"].split(), *data["women"].split(), *words}
    forms = {form for name in every for form in _cases(name)}
    return frozenset(forms), frozenset(form for name in words for form in _cases(name))


def _cases(name: str) -> tuple[str, ...]:
    stem, last = name[:-1], name[-1]
    endings: tuple[str, ...]
    match last:
        case "а":
            endings = ("а", "ы", "и", "е", "у", "ой", "ою")
        case "я":
            endings = ("я", "и", "е", "ю", "ей", "ею")
        case "й":
            endings = ("й", "я", "ю", "ем", "е", "и")
        case "ь":
            endings = ("ь", "я", "ю", "ем", "е", "и", "ью")
        case _:
            stem, endings = name, ("", "а", "у", "ом", "е")
    declined = tuple(stem + ending for ending in endings)
    return (*declined, "павла", "павлу", "павлом", "павле") if name == "павел" else declined


def find_people(words: Sequence[str]) -> Iterator[Stretch]:
    """Names after «меня зовут», around patronymics, and first names that are nothing else."""
    for place, word in enumerate(words):
        if is_patronymic(word):
            first = place - 1 if _may_be_name(at(words, place - 1)) else place
            end = place + 1 + (SURNAME.fullmatch(at(words, place + 1)) is not None)
            yield Stretch(Personal.NAME, _with_surname(words, first), end, "")
        elif word in CALLED and at(words, place - 1) != "как":
            # The announcement goes too: the next word would be taken for the name otherwise.
            end = _end_of_name(words, place + 1)
            if end > place + 1:
                yield Stretch(Personal.NAME, place - (at(words, place - 1) in SELF), end, "")
        elif _is_first_name(words, place):
            end = _end_of_name(words, place)
            yield Stretch(Personal.NAME, _with_surname(words, place), end, "")
        elif word in {"фамилия", "фамилию"} and _may_be_name(at(words, place + 1)):
            yield Stretch(Personal.NAME, place, _end_of_name(words, place + 1), "")


def _with_surname(words: Sequence[str], first: int) -> int:
    """The place of the surname before a name, where there is one."""
    before = at(words, first - 1)
    return first - (_may_be_name(before) and SURNAME.fullmatch(before) is not None)


def is_patronymic(word: str) -> bool:
    """«петровна», «ивановича», «ильич»."""
    if word in NO_PATRONYMICS:
        return False
    return word in SHORT_PATRONYMICS or PATRONYMIC.fullmatch(word) is not None


def _is_first_name(words: Sequence[str], place: int) -> bool:
    names, everyday = first_names()
    if words[place] not in names:
        return False
    return words[place] not in everyday or at(words, place - 1) in SELF


def _may_be_name(word: str) -> bool:
    return bool(word) and word not in NOT_A_NAME and not is_numberlike(word)


def _end_of_name(words: Sequence[str], first: int) -> int:
    """Behind a name of up to three words; its first word is a name whatever it looks like."""
    end = first + _may_be_name(at(words, first))
    while first < end < first + 3 and _goes_on(at(words, end)):
        end += 1
    return end


def _goes_on(word: str) -> bool:
    if not _may_be_name(word):
        return False
    names, _ = first_names()
    return word in names or is_patronymic(word) or SURNAME.fullmatch(word) is not None


def find_addresses(words: Sequence[str]) -> Iterator[Stretch]:
    """What streets are called, and numbers of houses and flats."""
    for place, word in enumerate(words):
        if starts(word, STREETS):
            yield from _street(words, place)
        elif word in HOUSES:
            end = place + 1 + (at(words, place + 1) in {"номер", "а"})
            first = end
            while is_numberlike(at(words, end)):
                end += 1
            if end > first and words[first:end] != [NEUTRAL_HOUSE]:
                yield Stretch(Personal.ADDRESS, first, end, NEUTRAL_HOUSE)


def _street(words: Sequence[str], place: int) -> Iterator[Stretch]:
    before = at(words, place - 1)
    adjective = re.fullmatch(r"\w{3,}(?:ск(?:ая|ой|ую|ий|ого|ом)|цк(?:ая|ой|ую))", before)
    if adjective is not None:
        yield Stretch(Personal.ADDRESS, place - 1, place, "")
    end = place + 1
    while end < place + 4 and _names_street(words, place, end):
        end += 1
    while end > place + 1 and is_numberlike(at(words, end)):
        end += 1  # «улица ленина двенадцать»
    name = words[place + 1 : end]
    if name and not (len(name) == 1 and name[0] in NEUTRAL_STREETS):
        yield Stretch(Personal.ADDRESS, place + 1, end, _neutral_street(words[place]))


def _neutral_street(word: str) -> str:
    """«садовая» in the gender and, roughly, the case of the word before it."""
    if starts(word, MASCULINE_STREETS):
        return "садовом" if word.endswith("е") else "садовый"
    if word == "шоссе":
        return "садовое"
    if word.endswith("у"):
        return "садовую"
    return "садовой" if word.endswith(("е", "ы", "и")) else "садовая"


def _names_street(words: Sequence[str], street: int, place: int) -> bool:
    word = at(words, place)
    if not word or word in OUTDOORS or word in HOUSES or starts(word, STREETS):
        return False
    soon = words[place + 1 : place + 3]
    if any(other in HOUSES or is_numberlike(other) for other in soon):
        return True
    if is_numberlike(word):
        return place == street + 1  # «улица восьмого марта»
    return place == street + 1 and STREET_NAME.fullmatch(word) is not None


def find_emails(words: Sequence[str]) -> Iterator[Stretch]:
    """«иванов собака мейл точка ру»."""
    for place, word in enumerate(words):
        if word != DOG or not starts(at(words, place + 1), MAILS):
            continue
        first = place
        while place - first < LONGEST_MAILBOX and first and words[first - 1] not in BEFORE_MAIL:
            first -= 1
        end = place + 2
        while at(words, end) in {"точка", "ру", "ком", "рф", "нет", "орг", "ru", "com"}:
            end += 1
        if " ".join(words[first:end]) != NEUTRAL_EMAIL:
            yield Stretch(Personal.EMAIL, first, end, NEUTRAL_EMAIL)
