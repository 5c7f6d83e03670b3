"""Sources: own words, general words, slots."""

from pathlib import Path

import pytest

from ivr.asr_build import lexicon
from ivr.asr_build.spoken_values import slot_sentences
from ivr.asr_build.texts import TextSources, general_words, read_corpus, read_own_words
from ivr.errors import ConfigError

pytestmark = pytest.mark.unit


def test_own_words_are_read_without_comments(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("# names\nЗвонилка плюс  # ours\n\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("вай фай\n", encoding="utf-8")
    assert list(read_own_words(tmp_path)) == ["вай фай", "звонилка плюс"]


def test_a_word_that_cannot_be_spoken_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("тариф\n5g\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.txt:2"):
        list(read_own_words(tmp_path))


@pytest.mark.parametrize("word", ["ь", "ъ"])
def test_a_word_without_a_sound_is_an_error_that_names_it(word: str) -> None:
    with pytest.raises(ConfigError, match=f"'{word}'"):
        lexicon.build(["тариф", word])


def test_a_phrase_that_cannot_be_spoken_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: balance\n  examples: |\n    - sim карта\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"a\.yml:5"):
        read_corpus(TextSources(phrases=tmp_path, words=tmp_path, general_words=0))


def test_names_of_the_back_office_join_their_class(tmp_path: Path) -> None:
    office = tmp_path / "office.toml"
    office.write_text(
        '[[subscriber]]\nregion = "Китеж"\ntariff = { name = "Орбита" }\n'
        'services = [{ name = "Эхо 2" }]\n[[outage]]\ncity = "Китеж"\n',
        encoding="utf-8",
    )
    (tmp_path / "a.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: tariff_change\n  examples: |\n'
        "    - подключите тариф лайт\n    - подключите услугу гудок\n",
        encoding="utf-8",
    )
    corpus = read_corpus(
        TextSources(tmp_path, tmp_path, back_office=office, recorded=None, general_words=0)
    )
    said = {" ".join(sentence.words) for sentence in corpus.sentences}
    assert {"подключите тариф орбита", "подключите услугу эхо", "китеж"} <= said
    assert {"орбита", "эхо", "китеж"} <= corpus.spellings


def test_general_words_are_the_most_frequent_ones() -> None:
    words, spellings = general_words(1000)
    assert len(words) == 1000
    assert {"что", "деньги", "и"} <= words.keys()
    assert "еще" in words
    assert {"еще", "ещё"} <= spellings
    assert general_words(0) == ({}, frozenset())


def test_one_word_has_the_sounds_of_both_spellings() -> None:
    entries = lexicon.build(["ещё", "еще"]).entries
    assert entries == {
        "еще": (("j_B", "e_I", "sch_I", "e_E"), ("j_B", "e_I", "sch_I", "o_E")),
    }


def test_slots_bring_numbers_and_dates() -> None:
    said = {" ".join(sentence.words) for sentence in slot_sentences()}
    assert {"на триста рублей", "двадцать второго ноября"} <= said
    assert any(text.startswith("девятьсот") and len(text.split()) > 6 for text in said)
