from pathlib import Path

import pytest

from ivr.asr_build.texts import TextSources
from ivr.asr_build.vocabulary import buildable_words, model_words
from ivr.nlu.phrases import read_phrases

pytestmark = pytest.mark.unit


def test_the_words_of_the_bundled_model_are_read() -> None:
    words = model_words(Path("models/ru-0611"))
    assert words is not None
    assert {"баланс", "еще"} <= words
    assert not words & {"<eps>", "#0", "ещё", ""}


def test_a_model_without_a_list_says_nothing(tmp_path: Path) -> None:
    assert model_words(tmp_path) is None


def test_a_graph_built_now_would_have_every_word_of_the_training_phrases() -> None:
    words = buildable_words(TextSources(general_words=0))
    said = {word for phrase in read_phrases(Path("nlu_data/nlu")) for word in phrase.text.split()}
    assert {word.replace("ё", "е") for word in said} <= words
