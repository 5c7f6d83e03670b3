from pathlib import Path

import pytest

from ivr.errors import ConfigError
from ivr.nlu.paraphrase import Rules, paraphrases, parse_rules, rewrites
from ivr.nlu.phrases import SPOKEN, LabelledPhrase, read_intents, read_phrases

pytestmark = pytest.mark.unit

SHIPPED = Path("nlu_data/paraphrases.toml")
RULES = parse_rules(
    """
left_out = ["greeting"]
politeness = ["пожалуйста"]
synonyms = [["симку", "сим карту"]]
[[openers]]
before = ["какой", "за что"]
not_before = ["какой то"]
says = ["подскажите", "хочу узнать"]
[[openers]]
before_endings = ["ить"]
says = ["хочу", "мне надо"]
""",
    "rules",
)


def phrase(text: str, intent: str = "balance") -> LabelledPhrase:
    return LabelledPhrase(text, intent, "a.yml:1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "заменить симку",
            {"заменить сим карту", "хочу заменить симку", "мне надо заменить симку"},
        ),
        (
            "подскажите какой баланс",
            {"какой баланс", "хочу узнать какой баланс"},
        ),
        ("какой то сбой", set()),
        ("за что списали", {"подскажите за что списали", "хочу узнать за что списали"}),
        ("дайте пожалуйста баланс", {"дайте баланс"}),
        ("пожалуйста баланс", set()),
        ("мой баланс", set()),
    ],
)
def test_one_change_at_a_time(text: str, expected: set[str]) -> None:
    assert set(rewrites(text, RULES)) == expected


def test_words_are_exchanged_whole() -> None:
    assert set(rewrites("симкумою сломал", RULES)) == set()


def test_names_are_exchanged_in_their_case() -> None:
    plain = Rules()
    connected = set(rewrites("подключите погоду", plain))
    assert {"подключите музыку", "подключите защиту"} <= connected
    assert not any("гудок" in text or "музыка" in text for text in connected)
    named = set(rewrites("что за услуга погода", plain))
    assert "что за услуга музыка" in named
    assert "что за услуга гудка" not in named


def test_an_everyday_word_becomes_a_name_only_where_it_counts_as_one() -> None:
    assert "хочу тариф первый" in set(rewrites("хочу тариф семейный", Rules()))
    assert "хочу на первый" not in set(rewrites("хочу на семейный", Rules()))


def test_sums_are_exchanged_in_their_case() -> None:
    charged = set(rewrites("списали сто рублей вчера", Rules()))
    assert "списали триста рублей вчера" in charged
    assert not any("тысяча" in text for text in charged)
    around = set(rewrites("около двухсот рублей", Rules()))
    assert "около трехсот рублей" in {text.replace("ё", "е") for text in around}


def test_the_same_seed_gives_the_same_and_another_one_others() -> None:
    phrases = [one for one in read_phrases(Path("nlu_data/nlu")) if one.intent == "tariff_change"]
    rules = parse_rules(SHIPPED.read_text("utf-8"), "rules")
    first = paraphrases(phrases, rules, most=50)
    assert first == paraphrases(phrases, rules, most=50)
    assert set(first) != set(paraphrases(phrases, rules, most=50, seed=1))
    assert len({one.text for one in first}) == 50
    assert all(SPOKEN.fullmatch(one.text) for one in first)


def test_two_changes_may_come_together() -> None:
    found = {one.text for one in paraphrases([phrase("заменить симку")], RULES, most=99)}
    assert "хочу заменить сим карту" in found


def test_intents_that_are_left_out_give_nothing() -> None:
    assert paraphrases([phrase("заменить симку", "greeting")], RULES, most=9) == ()


def test_the_shipped_rules_name_known_intents_and_spell_as_recognition_does() -> None:
    rules = parse_rules(SHIPPED.read_text("utf-8"), str(SHIPPED))
    assert set(rules.left_out) <= set(read_intents(Path("nlu_data/domain.yml")))
    assert all(len(group) > 1 for group in rules.synonyms)
    assert "ё" not in str(rules.synonyms)


@pytest.mark.parametrize(
    "text", ["synonyms = 5", "synonym = []", 'politeness = ["Пожалуйста!"]', "[["]
)
def test_broken_rules_are_named_with_their_file(text: str) -> None:
    with pytest.raises(ConfigError, match=r"rules\.toml = .* openers"):
        parse_rules(text, "rules.toml")
