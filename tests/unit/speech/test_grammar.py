"""Phrases become spoken parts and readable sentences."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import SynthesisError
from ivr.speech.grammar import SpokenText, spoken_parts, text_of
from ivr.speech.phrase import (
    CalendarDate,
    ClockTime,
    FreeText,
    Money,
    Name,
    Pause,
    PhoneNumber,
    Phrase,
    Prompt,
    Quantity,
    Unit,
)
from ivr.speech.prompt_texts import PromptText, PromptTexts, Style, load_prompt_texts

pytestmark = pytest.mark.unit

VOICE = Path(__file__).parents[3] / "models" / "voice-elena"
TEXTS = load_prompt_texts(VOICE)
BARE = PromptTexts({"balance.is": PromptText("balance.is", Style.MID, "На вашем счёте")})
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        (
            (Prompt("balance.is"), Money(Decimal("123.45"))),
            "На вашем счёте сто двадцать три рубля сорок пять копеек.",
        ),
        (
            (
                Prompt("balance.minus"),
                Money(Decimal(50)),
                Prompt("balance.pay_until"),
                CalendarDate(date(2026, 12, 3), TODAY),
                Prompt("close.anything_else"),
            ),
            "На вашем счёте долг, пятьдесят рублей. Чтобы связь не прерывалась, пополните счёт до"
            " третьего декабря. Могу ли я ещё чем-нибудь помочь?",
        ),
        (
            (
                Prompt("promised.offer"),
                Money(Decimal(100)),
                Prompt("promised.for_days"),
                Quantity(Decimal(3), Unit.DAY),
                Prompt("promised.fee"),
                Money(Decimal(20)),
                Prompt("promised.confirm"),
            ),
            "Могу подключить обещанный платёж на сумму сто рублей на срок три дня."
            " Стоимость услуги двадцать рублей. Подключаем?",
        ),
        (
            (
                Prompt("charges.last"),
                Prompt("charges.tariff_fee"),
                Money(Decimal(300)),
                Prompt("charges.roaming"),
                Money(Decimal(20)),
            ),
            "Последние списания: абонентская плата, триста рублей, роуминг, двадцать рублей.",
        ),
        (
            (Prompt("services.yours"), Name("Гудок"), Name("Антиспам"), Name("и"), Name("Погода")),
            "У вас подключены услуги: Гудок, Антиспам и Погода.",
        ),
        (
            (Prompt("number.yours"), PhoneNumber("9031234507")),
            "Ваш номер девятьсот три, сто двадцать три, сорок пять, ноль семь.",
        ),
        (
            (Prompt("outage.until"), CalendarDate(TODAY, TODAY), ClockTime(time(18, 31))),
            "Ориентировочное время восстановления сегодня в восемнадцать часов"
            " тридцать одну минуту.",
        ),
        (
            (Prompt("transfer.closed"), ClockTime(time(8)), Name("до"), ClockTime(time(22))),
            "Операторы работают ежедневно, с восьми часов до двадцати двух часов.",
        ),
        (
            (Prompt("tariff.includes"), Prompt("tariff.internet_unlimited")),
            "В него входит: безлимитный интернет.",
        ),
        (
            (FreeText("  вот\nтак "), Prompt("close.goodbye")),
            "Вот так. " + "Спасибо за звонок! До свидания.",
        ),
        ((Money(Decimal(1)),), "Один рубль."),
        ((), ""),
    ],
)
def test_a_phrase_reads_as_russian_sentences(phrase: Phrase, text: str) -> None:
    assert text_of(phrase, TEXTS) == text


def test_an_amount_is_spoken_from_recorded_words_and_falls_at_the_end() -> None:
    parts = spoken_parts((Prompt("balance.is"), Money(Decimal("123.45"))), TEXTS)
    assert parts == (
        SpokenText("На вашем счёте", Style.MID, 60),
        SpokenText("сто", Style.MID, 40),
        SpokenText("двадцать три", Style.MID, 40),
        SpokenText("рубля", Style.MID, 40),
        SpokenText("сорок пять", Style.MID, 40),
        SpokenText("копеек", Style.END),
    )


def test_without_recordings_an_amount_is_one_text_to_synthesize() -> None:
    parts = spoken_parts((Prompt("balance.is"), Money(Decimal(21))), BARE)
    assert parts[1:] == (SpokenText("двадцать один рубль", Style.END),)


def test_a_reading_with_recordings_is_preferred() -> None:
    half = (Quantity(Decimal("12.5"), Unit.GIGABYTE),)
    assert text_of(half, TEXTS) == "Двенадцать гигабайтов пятьсот мегабайтов."
    assert text_of(half, BARE) == "Двенадцать с половиной гигабайтов."


def test_a_text_of_recorded_sentences_is_spoken_from_them() -> None:
    text = "Извините, я не поняла. Соединить вас с оператором?"
    assert spoken_parts((FreeText(text), Prompt("ack.ok")), TEXTS) == (
        SpokenText("Извините, я не поняла.", Style.END, 250),
        SpokenText("Соединить вас с оператором?", Style.END, 250),
        SpokenText("Хорошо.", Style.END),
    )


def test_a_text_with_one_unknown_sentence_is_one_text_to_synthesize() -> None:
    text = "Извините, я не поняла. Такого никто не записывал."
    assert spoken_parts((FreeText(text),), TEXTS) == (SpokenText(text, Style.END),)


def test_an_item_of_a_list_does_not_fall() -> None:
    parts = spoken_parts((Name("Гудок"), Name("Погода")), TEXTS)
    assert [part.style for part in parts if isinstance(part, SpokenText)] == ["mid", "end"]


def test_a_pause_replaces_the_natural_gap() -> None:
    parts = spoken_parts((Name("Гудок"), Pause(80), Pause(500), Prompt("ack.ok")), TEXTS)
    assert parts == (
        SpokenText("Гудок", Style.END),
        Pause(500),
        SpokenText("Хорошо.", Style.END),
    )


def test_a_short_pause_does_not_shorten_the_gap() -> None:
    parts = spoken_parts((Prompt("ack.ok"), Pause(10), Prompt("ack.back"), Pause(30)), TEXTS)
    assert [part for part in parts if isinstance(part, Pause)] == [Pause(250), Pause(30)]


def test_leading_pauses_are_kept() -> None:
    assert spoken_parts((Pause(100), Prompt("ack.ok")), TEXTS)[0] == Pause(100)


def test_a_recorded_name_is_found_whatever_its_case() -> None:
    assert spoken_parts((Name("москва"),), TEXTS) == (SpokenText("Москва", Style.END),)


def test_an_unknown_prompt_is_a_fault() -> None:
    with pytest.raises(SynthesisError, match=r"no\.such"):
        text_of((Prompt("no.such"),), TEXTS)


SLOTS = st.one_of(
    st.builds(Money, st.decimals(-(10**7), 10**7, places=2)),
    st.builds(Quantity, st.integers(0, 10**6).map(Decimal), st.sampled_from(list(Unit))),
    st.builds(CalendarDate, st.dates(date(2026, 6, 1), date(2027, 5, 1)), st.just(TODAY)),
    st.builds(ClockTime, st.times()),
    st.builds(PhoneNumber, st.text("0123456789", min_size=10, max_size=10)),
)


@given(SLOTS)
def test_every_nominative_slot_is_recorded(slot: Money | Quantity) -> None:
    for part in spoken_parts((slot,), TEXTS):
        assert isinstance(part, SpokenText)
        assert TEXTS.recorded_form(part.text) == part.text


@given(st.lists(st.one_of(SLOTS, st.sampled_from([Prompt(key) for key in TEXTS.prompts]))))
def test_any_phrase_reads_cleanly(parts: list[Money | Prompt]) -> None:
    text = text_of(tuple(parts), TEXTS)
    assert text[:1] == text[:1].upper()
    assert not parts or text[-1] in ".!?"
    for flaw in ("  ", " ,", " .", ",,", ":.", ",.", "..", ":,"):
        assert flaw not in text
