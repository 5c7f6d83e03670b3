"""Names as classes: what is said with one may be said with any."""

import pytest

from ivr.asr_build.language_model import estimate
from ivr.asr_build.name_classes import class_sentences, members
from ivr.nlu.schema import EntityKind

pytestmark = pytest.mark.unit

NEW = (EntityKind.TARIFF, "орбита")


def said(phrase: str, *others: tuple[EntityKind, str]) -> dict[str, float]:
    """Sentences of one phrase with their weights, without the names alone."""
    found: dict[str, float] = {}
    for sentence in class_sentences([phrase], members(others)):
        if len(sentence.words) > 3:
            text = " ".join(sentence.words)
            found[text] = found.get(text, 0.0) + sentence.weight
    return found


def test_a_phrase_is_written_out_with_every_name_of_its_kind():
    found = said("подключите мне тариф лайт", NEW)
    assert "подключите мне тариф максимум" in found
    assert "подключите мне тариф орбита" in found
    assert "подключите мне тариф гудок" not in found


def test_case_is_kept_where_no_class_word_stands_before():
    found = said("есть ли связь в казани", (EntityKind.CITY, "китеж"))
    assert "есть ли связь в самаре" not in found  # another ending
    assert "есть ли связь в перми" in found
    assert "есть ли связь в китеж" not in found


def test_a_phrase_without_names_stays_as_it_is():
    assert said("какой у меня баланс") == {"какой у меня баланс": 1.0}


def test_a_name_that_only_the_back_office_has_is_as_probable_as_the_others():
    phrases = ["подключите тариф лайт", "подключите тариф максимум", "какой баланс"]
    model = estimate(class_sentences(phrases, members([NEW])), {}, general_weight=0.3)
    history = ("подключите", "тариф")
    new, old = (model.probability(word, history) for word in ("орбита", "семейный"))
    assert new == pytest.approx(old, rel=0.2)


def test_a_name_that_is_known_already_is_not_added():
    assert members([(EntityKind.TARIFF, "лайт")]) == members([])
