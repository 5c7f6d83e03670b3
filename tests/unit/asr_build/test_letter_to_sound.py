"""Spelling -> phones: rules one by one."""

import pytest

from ivr.asr_build.letter_to_sound import PHONES, pronounce, pronunciations

pytestmark = pytest.mark.unit

TABLE = {
    "дом": "d o m",
    "тётя": "t' o t' a",
    "ёж": "j o sh",
    "моя": "m o j a",
    "семья": "s' e m' j a",
    "съезд": "s j e s t",
    "чьи": "ch j i",
    "игра": "y g r a",
    "жить": "zh y t'",
    "цена": "ts e n a",
    "цирк": "ts y r k",
    "щука": "sch u k a",
    "его": "j e v o",
    "моего": "m o j e v o",
    "дорогого": "d o r o g o v o",
    "нравится": "n r a v' i ts a",
    "бояться": "b o j a ts a",
    "честный": "ch e s n y j",
    "поздно": "p o z n o",
    "солнце": "s o n ts e",
    "счёт": "sch o t",
    "заказчик": "z a k a sch i k",
    "мужчина": "m u sch i n a",
    "что": "sh t o",
    "чтобы": "sh t o b y",
    "почтой": "p o ch t o j",
    "конечно": "k o n' e sh n o",
    "сердце": "s' e r ts e",
    "хлеб": "h l' e p",
    "гвоздь": "g v o s t'",
    "сделать": "z d' e l a t'",
    "вокзал": "v o g z a l",
    "твой": "t v o j",
    "сбербанк": "z b' e r b a n k",
    "касса": "k a s a",
    "отдел": "o d' e l",
    "зоопарк": "z o o p a r k",
}


@pytest.mark.parametrize(("word", "phones"), TABLE.items())
def test_a_word_sounds_as_the_rules_say(word: str, phones: str) -> None:
    assert pronounce(word) == tuple(phones.split())


@pytest.mark.parametrize("word", ["много", "дорого", "сегодня", "чего"])
def test_words_that_are_said_both_ways_have_two_pronunciations(word: str) -> None:
    with_v, with_g = pronunciations(word)
    assert "v" in with_v
    assert "g" in with_g


@pytest.mark.parametrize("text", ["", "два слова", "Дом", "4g", "wifi", "во-первых"])
def test_what_is_no_single_russian_word_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not one lower-case Russian word"):
        pronounce(text)


def test_every_letter_alone_gives_known_phones() -> None:
    for letter in "абвгдеёжзийклмнопрстуфхцчшщыэюя":
        assert set(pronounce(letter)) <= set(PHONES)
    assert pronounce("ь") == ()
