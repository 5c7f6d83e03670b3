from pathlib import Path

import pytest

from ivr.errors import ConfigError
from ivr.nlu.phrases import LabelledPhrase, check_phrases, read_intents, read_phrases

pytestmark = pytest.mark.unit

GOOD = """version: "3.1"
nlu:
- intent: balance
  examples: |
    - баланс
    - мой баланс
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "money.yml"
    file.write_text(text, "utf-8")
    return file


def phrase(text: str, intent: str = "balance", place: str = "money.yml:5") -> LabelledPhrase:
    return LabelledPhrase(text, intent, place)


def test_a_phrase_knows_the_line_it_is_written_on(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    assert read_phrases(tmp_path) == (
        LabelledPhrase("баланс", "balance", f"{file}:5"),
        LabelledPhrase("мой баланс", "balance", f"{file}:6"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("- мой баланс", "мой баланс"), r"money\.yml:6 = 'мой баланс'"),
        (GOOD + "- intent: [oops\n", r"money\.yml:\d = .* well-formed YAML"),
        ("nlu: 5", r"money\.yml:1 .* list of intents"),
        ("rules: []", r"mapping with 'nlu'"),
        ("nlu:\n- examples: '- да'", r"money\.yml:2 .* mapping with 'intent'"),
        ("", "content"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError, match=message):
        read_phrases(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a file that exists"):
        read_intents(tmp_path / "domain.yml")


@pytest.mark.parametrize(
    ("training", "held_out", "message"),
    [
        ([phrase("Баланс!")], [], "'Баланс!' is not allowed: lower-case Russian"),
        ([phrase("дай 5")], [], "numbers in words"),
        ([phrase("баланс", "ballance")], [], "'ballance' .* domain.yml"),
        ([phrase("еще"), phrase("ещё")], [], "each phrase once"),
        ([], [], "at least 1 training phrases, there are 0"),
        ([phrase("баланс")], [phrase("баланс")], "not trained on; see money.yml:5"),
    ],
)
def test_what_would_spoil_training_or_the_test_is_refused(
    training: list[LabelledPhrase], held_out: list[LabelledPhrase], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_phrases(training, held_out, ["balance"], fewest=1)


def test_clean_data_passes() -> None:
    check_phrases([phrase("баланс")], [phrase("сколько денег")], ["balance"], fewest=1)
