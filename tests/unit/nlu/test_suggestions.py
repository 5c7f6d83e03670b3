from pathlib import Path

import pytest

from ivr.nlu.data_set import DataSet, read_data_set
from ivr.nlu.likeness import comparable, nearest
from ivr.nlu.paraphrase import Paraphrase, paraphrases, parse_rules
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import NluResult, ScoredIntent
from ivr.nlu.suggestions import Distance, Suggestion, by_lesson, new_ones, varied

pytestmark = pytest.mark.unit

DATA = Path("nlu_data")


def phrase(text: str, intent: str) -> LabelledPhrase:
    return LabelledPhrase(text, intent, "a.yml:1")


SOURCE = phrase("подключите погоду", "connect")
DATA_SET = DataSet(
    (SOURCE, phrase("отключите музыку", "disconnect")),
    (phrase("мне бы подключить музыку", "connect"),),
    {"connect": "domain.yml:1", "disconnect": "domain.yml:2"},
)


def fresh(*texts: str, ruled: dict[str, str] | None = None) -> list[str]:
    made = [Paraphrase(text, SOURCE) for text in texts]
    return [one.text for one in new_ones(made, DATA_SET, (ruled or {}).get)]


def test_what_is_there_or_nearly_so_is_not_suggested() -> None:
    assert fresh("подключите погоду", "подключите погода", "погоду подключите") == []


def test_nothing_near_a_test_phrase_is_suggested() -> None:
    assert fresh("мне бы подключить музыку", "а мне бы подключить музыку") == []


def test_nothing_that_is_most_like_another_intent_is_suggested() -> None:
    assert fresh("подключите музыку") == []


def test_what_keeps_its_distance_is_suggested_in_order() -> None:
    texts = ["девушка включите гороскоп", "здравствуйте подключите мне погоду"]
    assert fresh(*texts) == texts


def test_rules_that_see_another_intent_win_unless_they_saw_it_in_the_source() -> None:
    text = "девушка включите оператора"
    assert fresh(text, ruled={text: "operator"}) == []
    assert fresh(text, ruled={text: "operator", SOURCE.text: "operator"}) == [text]
    assert fresh(text, ruled={text: "connect"}) == [text]


def test_what_the_model_gets_wrong_or_is_unsure_of_comes_first() -> None:
    suggestions = [Suggestion(text, SOURCE) for text in ("sure", "unsure", "wrong", "unranked")]
    rankings = {
        "sure": (ScoredIntent("connect", 0.9),),
        "unsure": (ScoredIntent("connect", 0.4), ScoredIntent("other", 0.3)),
        "wrong": (ScoredIntent("other", 0.6), ScoredIntent("connect", 0.1)),
        "unranked": (ScoredIntent("other", 0.6),),
    }
    results = {text: NluResult(text, ranking) for text, ranking in rankings.items()}
    order = [one.text for one in by_lesson(suggestions, results)]
    assert order == ["unranked", "wrong", "unsure", "sure"]


def test_few_come_from_one_phrase_and_none_are_alike() -> None:
    other = phrase("хочу гудок", "connect")
    suggestions = [
        Suggestion("включите погоду", SOURCE),
        Suggestion("погоду включите", SOURCE),
        Suggestion("активируйте погоду", SOURCE),
        Suggestion("девушка дайте погоду", SOURCE),
        Suggestion("желаю гудок", other),
        Suggestion("мелодию давайте", other),
    ]
    chosen = [one.text for one in varied(suggestions, 3)]
    assert chosen == ["включите погоду", "активируйте погоду", "желаю гудок"]


def test_suggestions_for_the_shipped_data_keep_their_distance_from_its_test() -> None:
    data = read_data_set(DATA)
    rules = parse_rules((DATA / "paraphrases.toml").read_text("utf-8"), "rules")
    phrases = [one for one in data.training if one.intent == "roaming"]
    found = new_ones(paraphrases(phrases, rules, most=200), data, lambda text: None)
    assert len(found) > 100
    for one in found:
        ((_, tested),) = nearest(comparable(one.text), data.tested, 1)
        assert tested < Distance().tested
        ((place, trained),) = nearest(comparable(one.text), data.trained, 1)
        assert trained < Distance().trained
        assert data.training[place].intent == "roaming" or trained < Distance().tested
