"""Words about waiting, and words that only look like it."""

from collections.abc import Callable

import pytest

from ivr.dialogue import queue_words as words

pytestmark = pytest.mark.unit

KNOWN: dict[Callable[[str], object], str] = {
    words.asks_how_long: """
        сколько ещё ждать|долго ещё ждать|какой я в очереди|скоро соедините|сколько передо мной
        какая у меня очередь|когда ответит оператор или ответят|когда меня соединят|скоро ответят
        """,
    words.stays: """
        я подожду|нет я подожду|останусь на линии|нет спасибо я подожду|буду ждать|лучше подожду
        жду|хорошо я ещё подожду на линии
        """,
    words.leaves: """
        не буду ждать|я не хочу больше ждать|не могу столько ждать|уберите меня из очереди
        хочу выйти из очереди|надоело ждать
        """,
    words.wants_call: """
        перезвоните мне|пусть мне перезвонят|закажите обратный звонок|перезвони|позвоните мне
        можете перезвонить нет лучше перезвоните
        """,
    words.cancels_call: """
        отмените звонок|отменить обратный звонок|не надо мне перезванивать|не нужно звонить
        уберите обратный звонок|не надо перезванивать
        """,
    words.says_goodbye: "до свидания|всё пока|спасибо до свидания|всего доброго",
}
PHRASES = [
    (judge, phrase.strip())
    for judge, phrases in KNOWN.items()
    for phrase in phrases.replace("\n", "|").split("|")
    if phrase.strip()
]


@pytest.mark.parametrize(("judge", "phrase"), PHRASES)
def test_known(judge: Callable[[str], object], phrase: str) -> None:
    assert judge(phrase)


@pytest.mark.parametrize(
    "phrase", ["пока не ответили", "пока нет", "подожди пока", "пока подожду", "я пока на линии"]
)
def test_for_now_is_no_goodbye(phrase: str) -> None:
    assert not words.says_goodbye(phrase)


OTHERS = [
    *("сколько у меня минут осталось", "какой у меня баланс", "когда спишут деньги", "да", "нет"),
    *("не работает интернет", "отключите услугу", "соедините с оператором", "пока не платил"),
    *("жду платёж уже неделю куда он делся", "не могу дозвониться до друга"),
]


@pytest.mark.parametrize("judge", list(KNOWN))
@pytest.mark.parametrize("phrase", OTHERS[:-3])
def test_others_are_left_to_the_engine(judge: Callable[[str], object], phrase: str) -> None:
    assert not judge(phrase)


@pytest.mark.parametrize("judge", [words.stays, words.leaves, words.cancels_call])
@pytest.mark.parametrize("phrase", OTHERS)
def test_nothing_is_given_up_for_words_that_only_look_like_it(
    judge: Callable[[str], object], phrase: str
) -> None:
    assert not judge(phrase)


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("остаться на линии", True),
        ("я останусь", True),
        ("лучше подожду тут", True),
        ("дождаться звонка", False),
        ("дождусь обратного звонка", False),
        ("перезвоните", False),
        ("остаться или дождаться", None),
        ("какой у меня баланс", None),
    ],
)
def test_line_or_call(phrase: str, meant: bool | None) -> None:
    assert words.line_or_call(phrase) is meant


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("сейчас", True),
        ("когда подойдёт очередь", True),
        ("как только освободитесь", True),
        ("в удобное время", False),
        ("попозже", False),
        ("в другое время", False),
        ("сейчас или в другое время", None),
        ("не знаю", None),
    ],
)
def test_in_turn_or_at_a_time(phrase: str, meant: bool | None) -> None:
    assert words.wants_turn(phrase) is meant
