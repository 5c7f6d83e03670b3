"""Nothing of a person gets into training data, whatever callers say."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.nlu.normalise import words_of
from ivr.nlu.phrases import read_phrases
from ivr.review.masking import is_clean, mask
from ivr.review.masking_numbers import is_numberlike
from ivr.review.spoken import NEUTRAL_PHONES, Personal, word_set

pytestmark = pytest.mark.unit

NUMBER_WORDS = word_set(
    "ноль один два три пять семь двенадцать сорок девяносто сто двести девятьсот тысяч миллион "
    "первого двадцать полтора нолик девятка 7 42 903 1234 12345"
)
OTHER_WORDS = word_set(
    "мой номер это и ну баланс рублей меня зовут иван петровна улица дом собака мейл паспорт код "
    "а не на карту договор вера ильич тариф дальше"
)
SPEECH = st.lists(st.sampled_from(sorted(NUMBER_WORDS | OTHER_WORDS)), max_size=25).map(" ".join)


def without_neutral(text: str) -> str:
    for phone in NEUTRAL_PHONES:
        text = text.replace(phone, "|")
    return text


def longest_number_run(text: str) -> int:
    longest = run = 0
    for word in re.findall(r"\||[^\W_]+", text):
        run = run + 1 if word != "|" and is_numberlike(word.lower().replace("ё", "е")) else 0
        longest = max(longest, run)
    return longest


@settings(max_examples=400, deadline=None)
@given(SPEECH)
def test_no_long_run_of_numbers_survives_and_masking_twice_changes_nothing(text: str) -> None:
    masked = mask(text)
    left = without_neutral(masked.text)
    assert longest_number_run(left) < 5
    assert not re.search(r"\d(?:\D{0,2}\d){4}", left)
    assert mask(masked.text).text == masked.text
    assert is_clean(masked.text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_no_run_of_digits_survives_in_any_text(text: str) -> None:
    masked = mask(text)
    assert not re.search(r"\d{5}", masked.text)
    assert "@" not in masked.text or not re.search(r"\S@\S", masked.text)
    assert mask(masked.text).text == masked.text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789 -()+", min_size=5, max_size=30))
def test_written_numbers_in_any_grouping_become_words(text: str) -> None:
    assert not re.search(r"\d(?:\D*\d){4}", mask(text).text)


@settings(max_examples=200, deadline=None)
@given(SPEECH)
def test_marks_say_what_stood_where(text: str) -> None:
    masked = mask(text)
    last = 0
    for mark in masked.marks:
        assert last <= mark.start < mark.end <= len(text)
        last = mark.end
    if not masked.marks:
        assert masked.text == " ".join(text.split())


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("меня зовут иван петров у меня не работает интернет",
         "у меня не работает интернет"),
        ("это анна сергеевна какой у меня баланс", "это какой у меня баланс"),
        ("иванов иван иванович слушаю", "слушаю"),
        ("меня зовут вера хочу узнать баланс", "хочу узнать баланс"),
        ("фамилия кузнецова проверьте", "проверьте"),
        ("перезвоните игорю ильичу", "перезвоните"),
        ("паспорт сорок пять ноль девять", "паспорт сто двадцать три"),
        ("номер договора сто двадцать семь", "номер договора сто двадцать три"),
        ("код тысяча двести", "код сто двадцать три"),
        ("на улице ленина дом пять квартира двенадцать", "на улице садовой дом один квартира один"),
        ("на ленинградском проспекте дом два", "на проспекте дом один"),
        ("проспект мира двадцать", "проспект садовый"),
        ("родилась пятого мая тысяча девятьсот восьмидесятого года",
         "родилась пятого мая сто двадцать три года"),
        ("алена роман сергей алло", "алло"),
        ("отправьте на почту иван петров собака мейл ру",
         "отправьте на почту абонент собака почта точка ру"),
        ("моя почта ivan.petrov@mail.ru", "моя почта абонент собака почта точка ру"),
        ("двенадцать тысяч триста сорок пять рублей", "пятьсот рублей"),
    ],
)  # fmt: skip
def test_names_documents_addresses_and_mail_are_taken_out(said: str, kept: str) -> None:
    assert mask(said).text == kept


@pytest.mark.parametrize(
    "said",
    [
        "мой номер девятьсот три сто двадцать три сорок пять шестьдесят восемь",
        "мой номер девятьсот три ага сто двадцать три ну сорок пять и шестьдесят восемь",
        "мой номер 8 (903) 123-45-68",
        "мой номер +79031234568",
        "мой номер девятьсот три запишите сто двадцать три наверное сорок пять шестьдесят восемь",
        "мой номер восемь девять ноль три один два три четыре пять шесть восемь",
    ],
)
def test_phone_numbers_become_nobodys(said: str) -> None:
    masked = mask(said)
    assert masked.text.removeprefix("мой номер ").removeprefix("+ ") in NEUTRAL_PHONES
    assert [mark.kind for mark in masked.marks] == [Personal.PHONE]


@pytest.mark.parametrize(
    "said",
    [
        "света нет второй день",
        "на улице интернет не работает",
        "вера не пропала",
        "как зовут твою маму",
        "положил триста двадцать рублей пятьдесят копеек",
        "за две тысячи двадцать пятый год",
        "тариф первый за сто рублей",
        "номер один",
        "сто рублей потом двести рублей потом триста рублей и четыреста",
        "дом интернет",
        "подключите домашний интернет",
        "в деревне нет связи",
        "симку собака сгрызла",
        "люди не могут дозвониться",
    ],
)
def test_everyday_words_and_small_numbers_stay(said: str) -> None:
    assert mask(said).text == said


def test_training_phrases_lose_nothing_but_what_looks_like_a_person() -> None:
    phrases = [phrase.text for phrase in read_phrases(Path("nlu_data/nlu"))]
    changed = [text for text in phrases if not is_clean(text)]
    assert len(changed) <= len(phrases) // 100
    about_numbers = [text for text in changed if longest_number_run(text) >= 5]
    assert len(about_numbers) > len(changed) / 2


def test_places_of_marks_count_characters_of_the_original() -> None:
    said = "Ёлка, это Анна Сергеевна!"
    (mark,) = mask(said).marks
    assert said[mark.start : mark.end] == "Анна Сергеевна"
    assert words_of(said)[0].text == "елка"
