import pytest

from ivr.nlu.data_set import DataSet
from ivr.nlu.hygiene import Finding, Kind, Limits, Severity
from ivr.nlu.hygiene_likeness import check_leaks, check_pairs
from ivr.nlu.phrases import LabelledPhrase

pytestmark = pytest.mark.unit


def phrases(intent: str, *texts: str, file: str = "a.yml") -> tuple[LabelledPhrase, ...]:
    return tuple(LabelledPhrase(text, intent, f"{file}:{at}") for at, text in enumerate(texts, 1))


def pairs(*training: LabelledPhrase) -> list[Finding]:
    return list(check_pairs(DataSet(training, (), {}), Limits()))


def leaks(
    training: tuple[LabelledPhrase, ...], held_out: tuple[LabelledPhrase, ...]
) -> list[Finding]:
    return list(check_leaks(DataSet(training, held_out, {}), Limits()))


def told(findings: list[Finding]) -> list[tuple[Severity, Kind, str]]:
    return [(finding.severity, finding.kind, finding.place) for finding in findings]


def test_the_same_phrase_twice_is_an_error_however_it_is_spelled() -> None:
    assert told(pairs(*phrases("balance", "мой счёт", "Мой счет!"))) == [
        (Severity.ERROR, Kind.DUPLICATE, "a.yml:2")
    ]


def test_the_same_phrase_in_two_intents_is_an_error() -> None:
    found = pairs(*phrases("balance", "сколько"), *phrases("tariff", "сколько", file="b.yml"))
    assert told(found) == [(Severity.ERROR, Kind.CONTRADICTION, "b.yml:1")]
    assert "a.yml:1 has it as balance" in found[0].why


@pytest.mark.parametrize(
    ("first", "again"), [("я передумал", "я передумала"), ("нет связи", "связи нет")]
)
def test_other_endings_and_orders_are_near_duplicates(first: str, again: str) -> None:
    assert told(pairs(*phrases("cancel", first, again))) == [
        (Severity.HINT, Kind.NEAR_DUPLICATE, "a.yml:2")
    ]


def test_other_values_of_an_entity_make_no_near_duplicate() -> None:
    text = "переведите пожалуйста на этот номер девятьсот {} рублей"
    assert pairs(*phrases("pay", text.format("шесть"), text.format("шестьдесят"))) == []


def test_a_pair_of_two_intents_is_harmless_when_a_typical_word_tells_it_apart() -> None:
    connect = phrases("connect", "подключите погоду", "подключите гудок")
    disconnect = phrases("disconnect", "отключите погоду", "отключите роуминг", file="b.yml")
    (found,) = pairs(*connect, *disconnect)
    assert (found.severity, found.kind, found.place) == (
        Severity.HINT,
        Kind.MINIMAL_PAIR,
        "b.yml:1",
    )
    assert "told apart by «подключите», «отключите»" in found.advice


def test_a_pair_of_two_intents_without_such_a_word_is_doubtful() -> None:
    balance = phrases("balance", "сколько у меня там денег", "остаток")
    left = phrases("left", "сколько у меня тут денег", "гигабайты", file="b.yml")
    assert told(pairs(*balance, *left)) == [(Severity.WARNING, Kind.CONFUSABLE, "b.yml:1")]


def test_a_test_phrase_that_is_trained_on_is_an_error() -> None:
    found = leaks(phrases("balance", "мой счёт"), phrases("balance", "мой счет", file="test.yml"))
    assert told(found) == [(Severity.ERROR, Kind.LEAK, "test.yml:1")]
    assert "a.yml:1 trains on it" in found[0].why


@pytest.mark.parametrize(
    ("trained", "tested", "severity"),
    [
        ("подам в суд на вас", "я на вас в суд подам", Severity.WARNING),
        ("да согласен", "согласен да", Severity.HINT),
    ],
)
def test_a_test_phrase_nearly_trained_on_flatters(
    trained: str, tested: str, severity: Severity
) -> None:
    found = leaks(phrases("a", trained), phrases("a", tested, file="test.yml"))
    assert told(found) == [(severity, Kind.NEAR_LEAK, "test.yml:1")]


def test_a_short_test_phrase_near_one_of_another_intent_is_worth_a_look() -> None:
    found = leaks(phrases("yes", "согласен"), phrases("no", "согласна", "согласеня", file="t.yml"))
    assert told(found) == [(Severity.WARNING, Kind.NEAR_LEAK, "t.yml:2")]
    assert "which is yes" in found[0].why


def test_a_test_phrase_twice_is_an_error() -> None:
    twice = phrases("a", "баланс", "баланс", file="test.yml")
    assert told(leaks((), twice)) == [(Severity.ERROR, Kind.DUPLICATE, "test.yml:2")]


def test_unlike_phrases_are_left_alone() -> None:
    training = (*phrases("balance", "баланс", "сколько денег"), *phrases("tariff", "мой тариф"))
    assert pairs(*training) == []
    assert leaks(training, phrases("balance", "что на счету")) == []
