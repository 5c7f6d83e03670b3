"""Can these words be the whole answer? Examples by question, and what holds for any words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.completeness import digits_in, judge
from ivr.dialogue.actions import QuestionKind
from ivr.speech.endpointing import Completeness
from ivr.speech.russian import cardinal

pytestmark = pytest.mark.unit

COMPLETE, UNDECIDED, INCOMPLETE = Completeness
OPEN, YES_NO, CITY, MENU, CHOICE, DIGITS, AMOUNT, DATE, TARIFF = QuestionKind

EXAMPLES = [
    (YES_NO, "да", COMPLETE),
    (YES_NO, "нет", COMPLETE),
    (YES_NO, "ага", COMPLETE),
    (YES_NO, "угу", COMPLETE),
    (YES_NO, "да да", COMPLETE),
    (YES_NO, "ну да конечно", COMPLETE),
    (YES_NO, "нет не надо", COMPLETE),
    (YES_NO, "да подключайте", COMPLETE),
    (YES_NO, "нет спасибо", COMPLETE),
    (YES_NO, "неверно", COMPLETE),
    (YES_NO, "да это я", COMPLETE),
    (YES_NO, "да но", INCOMPLETE),
    (YES_NO, "нет не", INCOMPLETE),
    (YES_NO, "да и", INCOMPLETE),
    (YES_NO, "ну", INCOMPLETE),
    (YES_NO, "сейчас", INCOMPLETE),
    (YES_NO, "так", INCOMPLETE),
    (YES_NO, "ну так", INCOMPLETE),
    (YES_NO, "да так", COMPLETE),
    (YES_NO, "секунду", INCOMPLETE),
    (YES_NO, "нет я хотел узнать про", INCOMPLETE),
    (YES_NO, "оператор", UNDECIDED),
    (YES_NO, "нет у меня другой вопрос", UNDECIDED),
    (DIGITS, "девятьсот три сто двадцать три сорок пять шестьдесят семь", COMPLETE),
    (DIGITS, "восемь девятьсот три сто двадцать три сорок пять шестьдесят семь", COMPLETE),
    (DIGITS, "плюс семь девятьсот три сто двадцать три сорок пять шестьдесят семь", COMPLETE),
    (DIGITS, "девять ноль три один два три четыре пять шесть семь", COMPLETE),
    (DIGITS, "номер девятьсот пять триста двадцать один одиннадцать двадцать два", COMPLETE),
    (DIGITS, "девятьсот пять триста двадцать один одиннадцать двадцать", UNDECIDED),
    (DIGITS, "восемь девять ноль три один два три четыре пять шесть", INCOMPLETE),
    (DIGITS, "девятьсот", INCOMPLETE),
    (DIGITS, "девятьсот три", INCOMPLETE),
    (DIGITS, "мой номер девятьсот три", INCOMPLETE),
    (DIGITS, "девятьсот три сто", INCOMPLETE),
    (DIGITS, "восемь девятьсот три сто двадцать три", INCOMPLETE),
    (DIGITS, "девять ноль три один два три четыре пять шесть", INCOMPLETE),
    (DIGITS, "мой номер", INCOMPLETE),
    (DIGITS, "запишите номер", INCOMPLETE),
    (DIGITS, "сейчас", INCOMPLETE),
    (DIGITS, "не надо", UNDECIDED),
    (DIGITS, "", UNDECIDED),
    (AMOUNT, "двести рублей", COMPLETE),
    (AMOUNT, "на пятьсот пятьдесят пять", COMPLETE),
    (AMOUNT, "пять", COMPLETE),
    (AMOUNT, "сто", UNDECIDED),
    (AMOUNT, "двадцать", UNDECIDED),
    (AMOUNT, "не знаю", UNDECIDED),
    (AMOUNT, "рублей на", INCOMPLETE),
    (DATE, "завтра", COMPLETE),
    (DATE, "пятого ноября", COMPLETE),
    (DATE, "двадцать третьего октября", COMPLETE),
    (DATE, "в понедельник", COMPLETE),
    (DATE, "три дня назад", COMPLETE),
    (DATE, "пятого", UNDECIDED),
    (DATE, "двадцать", INCOMPLETE),
    (DATE, "после", INCOMPLETE),
    (CITY, "в москве", COMPLETE),
    (CITY, "екатеринбург", COMPLETE),
    (CITY, "ростов на дону", COMPLETE),
    (CITY, "нижний новгород", COMPLETE),
    (CITY, "ростов", UNDECIDED),
    (CITY, "нижний", UNDECIDED),
    (CITY, "санкт", INCOMPLETE),
    (CITY, "ростов на", INCOMPLETE),
    (CITY, "в", INCOMPLETE),
    (CITY, "я живу в деревне", UNDECIDED),
    (TARIFF, "максимум", COMPLETE),
    (TARIFF, "близкие люди", COMPLETE),
    (TARIFF, "все мое", COMPLETE),
    (TARIFF, "тариф лайт", COMPLETE),
    (TARIFF, "близкие", UNDECIDED),
    (TARIFF, "все", INCOMPLETE),
    (MENU, "первый", COMPLETE),
    (MENU, "два", COMPLETE),
    (CHOICE, "третий", COMPLETE),
    (MENU, "хочу", INCOMPLETE),
    (OPEN, "мой номер девятьсот три", INCOMPLETE),
    (OPEN, "мой номер", INCOMPLETE),
    (OPEN, "перезвоните на номер", INCOMPLETE),
    (OPEN, "перезвоните на номер девятьсот шестнадцать сто", INCOMPLETE),
    (OPEN, "хочу закинуть денег на телефон", UNDECIDED),
    (OPEN, "девятьсот", UNDECIDED),
    (OPEN, "хочу", INCOMPLETE),
    (OPEN, "хочу узнать", INCOMPLETE),
    (OPEN, "я хотела бы подключить", INCOMPLETE),
    (OPEN, "подключите", INCOMPLETE),
    (OPEN, "подключите мне", INCOMPLETE),
    (OPEN, "какой у меня", INCOMPLETE),
    (OPEN, "сколько", INCOMPLETE),
    (OPEN, "скажите пожалуйста", INCOMPLETE),
    (OPEN, "у меня не работает мобильный", INCOMPLETE),
    (OPEN, "переведите меня на", INCOMPLETE),
    (OPEN, "не работает интернет и", INCOMPLETE),
    (OPEN, "я звоню чтобы", INCOMPLETE),
    (OPEN, "отключите услугу или", INCOMPLETE),
    (OPEN, "положить двести", INCOMPLETE),
    (OPEN, "здравствуйте", INCOMPLETE),
    (OPEN, "добрый день девушка", INCOMPLETE),
    (OPEN, "алло здравствуйте", INCOMPLETE),
    (OPEN, "добрый день я звоню", INCOMPLETE),
    (OPEN, "я звоню по поводу", INCOMPLETE),
    (OPEN, "я на счет", INCOMPLETE),
    (OPEN, "можно на счет", UNDECIDED),
    (OPEN, "сколько на счет", UNDECIDED),
    (OPEN, "здравствуйте у меня такой вопрос", INCOMPLETE),
    (OPEN, "у меня тут такое дело", INCOMPLETE),
    (OPEN, "у меня тут", INCOMPLETE),
    (OPEN, "ну короче говоря", INCOMPLETE),
    (OPEN, "вот какое дело", INCOMPLETE),
    (OPEN, "есть проблемы", INCOMPLETE),
    (OPEN, "еду в отпуск", INCOMPLETE),
    (OPEN, "завтра улетаем в отпуск", INCOMPLETE),
    (OPEN, "я лечу", INCOMPLETE),
    (OPEN, "еду в отпуск в турцию", UNDECIDED),
    (OPEN, "завтра", UNDECIDED),
    (OPEN, "салон здравствуйте", INCOMPLETE),
    (OPEN, "баланс мне скажите здравствуйте", UNDECIDED),
    (OPEN, "а что входит", INCOMPLETE),
    (OPEN, "ну давайте", INCOMPLETE),
    (YES_NO, "ну давайте", COMPLETE),
    (OPEN, "в я", INCOMPLETE),
    (OPEN, "какие есть тарифы", UNDECIDED),
    (OPEN, "подключите мне этот как его", INCOMPLETE),
    (OPEN, "как же это", INCOMPLETE),
    (OPEN, "как его отключить", UNDECIDED),
    (OPEN, "в хочу узнать", INCOMPLETE),
    (OPEN, "у меня вопрос по тарифу", UNDECIDED),
    (OPEN, "в чем дело", UNDECIDED),
    (OPEN, "у меня проблема с интернетом", UNDECIDED),
    (OPEN, "сейчас", INCOMPLETE),
    (OPEN, "это самое", INCOMPLETE),
    (OPEN, "алло", COMPLETE),
    (OPEN, "алло алло", COMPLETE),
    (OPEN, "алло вы меня слышите", COMPLETE),
    (OPEN, "вы меня", INCOMPLETE),
    (OPEN, "перенесите номер девятьсот пять триста двадцать один одиннадцать двадцать", UNDECIDED),
    (OPEN, "какой у меня баланс", UNDECIDED),
    (OPEN, "дома нет интернета со вчерашнего", INCOMPLETE),
    (OPEN, "не открываются сайты через мобильную", INCOMPLETE),
    (OPEN, "за что", INCOMPLETE),
    (OPEN, "объясните что", INCOMPLETE),
    (OPEN, "у меня сняли семьдесят рублей за что", UNDECIDED),
    (OPEN, "деньги списались пятого", UNDECIDED),
    (OPEN, "помогите немного", UNDECIDED),
    (OPEN, "адрес подскажите", UNDECIDED),
    (OPEN, "медленнее скажите", UNDECIDED),
    (OPEN, "мой номер заблокирован", UNDECIDED),
    (OPEN, "какой у меня номер", UNDECIDED),
    (OPEN, "у меня долг какой", UNDECIDED),
    (OPEN, "перейти на все мое", UNDECIDED),
    (OPEN, "давайте другой", UNDECIDED),
    (OPEN, "почему подорожал тариф сейчас", UNDECIDED),
    (OPEN, "оператор", UNDECIDED),
]


@pytest.mark.parametrize(("kind", "text", "expected"), EXAMPLES)
def test_words_are_judged_by_the_question(
    kind: QuestionKind, text: str, expected: Completeness
) -> None:
    judgement = judge(kind, text)
    assert judgement.completeness is expected, judgement.reason


WORDS = st.sampled_from(sorted({word for _, text, _ in EXAMPLES for word in text.split()}))
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)


@given(kind=st.sampled_from(list(QuestionKind)), text=TEXTS)
def test_any_words_are_judged_with_a_reason(kind: QuestionKind, text: str) -> None:
    judgement = judge(kind, text)
    assert judgement.reason
    assert judgement == judge(kind, f" {text.upper()} ")


@given(text=st.text(max_size=60), kind=st.sampled_from(list(QuestionKind)))
def test_nothing_a_recognizer_may_say_breaks_the_judge(text: str, kind: QuestionKind) -> None:
    assert judge(kind, text).completeness in Completeness


@given(kind=st.sampled_from(list(QuestionKind)), text=TEXTS)
def test_a_preposition_at_the_end_is_never_complete(kind: QuestionKind, text: str) -> None:
    assert judge(kind, f"{text} для").completeness is not COMPLETE


def spelled(number: str, sizes: tuple[int, ...]) -> list[str]:
    """A number as it is said in groups; zeros in front of a group are said one by one."""
    groups, at = [], 0
    for size in sizes:
        group = number[at : at + size]
        at += size
        zeros = len(group) - len(group.lstrip("0"))
        groups.append(" ".join(["ноль"] * zeros + ([cardinal(int(group))] if int(group) else [])))
    return groups


NUMBERS = st.from_regex(r"9[0-9]{2}[1-9][0-9]{2}[1-9][1-9][1-9][1-9]", fullmatch=True)
GROUPINGS = st.sampled_from([(3, 3, 2, 2), (3, 3, 2, 1, 1), (1,) * 10, (3, 1, 1, 1, 2, 2)])


@given(number=NUMBERS, sizes=GROUPINGS, prefix=st.sampled_from(["", "восемь ", "семь "]))
def test_a_dictated_number_is_complete_at_its_last_digit_and_not_before(
    number: str, sizes: tuple[int, ...], prefix: str
) -> None:
    groups = spelled(number, sizes)
    for count in range(1, len(groups)):
        said = prefix + " ".join(groups[:count])
        judged = judge(DIGITS, said)
        assert judged.completeness is not COMPLETE, said
    said = (prefix + " ".join(groups)).split()
    if digits_in(said) == 10 + bool(prefix):  # else neighbours read as one: «девятьсот» «один»
        whole = judge(DIGITS, " ".join(said))
        assert whole.completeness is COMPLETE or whole.reason == "number_may_go_on"


@given(number=st.integers(0, 999))
def test_a_cardinal_has_as_many_digits_as_it_is_written_with(number: int) -> None:
    assert digits_in(cardinal(number).split()) == len(str(number))
