import shutil
import stat
from pathlib import Path

import pytest

from ivr.errors import ConfigError
from ivr.nlu.phrase_file import AddedPhrase, add_phrases
from ivr.nlu.phrases import read_phrases
from ivr.nlu.training import validate

pytestmark = pytest.mark.unit

MONEY = """# Money: what people ask most.
version: "3.1"
nlu:
- intent: balance
  examples: |
    - мой счёт
    - баланс

# Where it went.
- intent: charges
  examples: |
    - списали деньги
- intent: empty
  examples: |
- intent: balance
  examples: |
    - сколько денег
"""
HELD_OUT = """nlu:
- intent: balance
  examples: |
    - что на счету
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu" / "money.yml").write_text(MONEY, "utf-8")
    (tmp_path / "test.yml").write_text(HELD_OUT, "utf-8")
    return tmp_path


def money(data: Path) -> str:
    return (data / "nlu" / "money.yml").read_bytes().decode()


def test_phrases_go_to_the_end_of_their_blocks_and_nothing_else_changes(data: Path) -> None:
    file = data / "nlu" / "money.yml"
    added = add_phrases(data, {"balance": ["остаток", "дай баланс"], "charges": ["где деньги"]})
    assert added == (
        AddedPhrase("balance", "остаток", file),
        AddedPhrase("balance", "дай баланс", file),
        AddedPhrase("charges", "где деньги", file),
    )
    assert money(data) == MONEY.replace(
        "    - списали деньги\n", "    - списали деньги\n    - где деньги\n"
    ).replace(
        "    - сколько денег\n",
        "    - сколько денег\n    - остаток\n    - дай баланс\n",
    )
    assert list((data / "nlu").iterdir()) == [file]


def test_an_empty_block_gets_its_first_phrase(data: Path) -> None:
    add_phrases(data, {"empty": ["пусто"]})
    assert ("пусто", "empty") in {
        (phrase.text, phrase.intent) for phrase in read_phrases(data / "nlu")
    }


def test_what_is_there_already_is_left_out(data: Path) -> None:
    assert add_phrases(data, {"balance": ["мой счет", "баланс"]}) == ()
    assert money(data) == MONEY
    (once,) = add_phrases(data, {"charges": ["ещё раз", "еще раз"]})
    assert once.text == "ещё раз"


@pytest.mark.parametrize(
    ("additions", "message"),
    [
        ({"ballance": ["остаток"]}, r"intent = 'ballance' .*; nearest: balance"),
        ({"balance": ["Остаток!"]}, "'Остаток!' .* lower-case Russian words"),
        ({"balance": ["остаток", "списали деньги"]}, r"money\.yml:12 has it as charges"),
        ({"balance": ["где"], "charges": ["где"]}, "the same additions has it as balance"),
        ({"charges": ["что на счету"]}, r"not trained on; see .*test\.yml:4"),
    ],
)
def test_what_would_spoil_the_data_is_refused_and_nothing_is_written(
    data: Path, additions: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        add_phrases(data, {"balance": ["новая фраза"], **additions})
    assert money(data) == MONEY


def test_a_block_that_is_not_written_line_by_line_is_refused(data: Path) -> None:
    text = 'nlu:\n- intent: balance\n  examples: "- баланс"\n'
    (data / "nlu" / "money.yml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"after 'examples: \|'"):
        add_phrases(data, {"balance": ["остаток"]})


def test_line_ends_links_and_permissions_stay(data: Path) -> None:
    file = data / "nlu" / "money.yml"
    real = data / "real.yml"
    real.write_bytes(MONEY.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    file.unlink()
    file.symlink_to(real)
    add_phrases(data, {"charges": ["где деньги"]})
    expected = MONEY.replace("списали деньги\n", "списали деньги\n    - где деньги\n")
    assert money(data) == expected.replace("\n", "\r\n")
    assert file.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_file_without_a_last_line_end_takes_phrases(data: Path) -> None:
    (data / "nlu" / "money.yml").write_text(MONEY.rstrip("\n"), "utf-8")
    add_phrases(data, {"balance": ["остаток"]})
    assert money(data) == MONEY + "    - остаток"


def test_the_shipped_data_takes_a_phrase_in_one_line(tmp_path: Path) -> None:
    shutil.copytree("nlu_data", tmp_path / "nlu_data", ignore=shutil.ignore_patterns("ivr_rasa"))
    data = tmp_path / "nlu_data"
    phrases = validate(data).phrases
    (added,) = add_phrases(data, {"tariff_info": ["озвучьте условия моего тарифного плана"]})
    before = (Path("nlu_data/nlu") / added.file.name).read_text("utf-8").splitlines()
    after = added.file.read_text("utf-8").splitlines()
    after.remove(f"    - {added.text}")
    assert after == before
    assert validate(data).phrases == phrases + 1
