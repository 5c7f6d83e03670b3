import re
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.config import NluSettings
from ivr.nlu.comparison import compare
from ivr.nlu.pages import write_comparison_page, write_measurement_page
from tests.unit.nlu.predictions import predicted

pytestmark = pytest.mark.unit

RIGHT = predicted("balance", "balance", 0.9, "баланс")
STRANGE = predicted("out_of_scope", "balance", 0.8, '<b> & "кавычки"')


def test_a_measurement_page_stands_alone_and_shows_every_cell(tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    write_measurement_page(page, [RIGHT, STRANGE], NluSettings(), "0a1b2c3d4e5f")
    text = page.read_text("utf-8")
    assert text.count('class="cell"') == 2
    assert text.count("<figure>") == 4
    assert "0a1b2c3d4e5f" in text
    assert "<b> &" not in text
    assert not re.search(r"(?:src|href)=.https?:", text)
    assert list(page.parent.iterdir()) == [page]


def test_a_comparison_page_lists_what_was_broken(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    wrong = predicted("balance", "operator", 0.7, "баланс")
    write_comparison_page(
        page, compare([RIGHT, RIGHT], [wrong, RIGHT], accept=0.6, confirm=0.3), "old", "new"
    )
    text = page.read_text("utf-8")
    assert "Испорчено: 1" in text
    assert "Исправлено: 0" in text
    assert "Различие не доказано" in text


def test_the_same_predictions_give_the_same_pictures(tmp_path: Path) -> None:
    first, second = tmp_path / "1.html", tmp_path / "2.html"
    for page in (first, second):
        write_measurement_page(page, [RIGHT, STRANGE], NluSettings(), "m")
    pictures = [page.read_text("utf-8").split("<figure>")[1:] for page in (first, second)]
    assert pictures[0] == pictures[1]


def test_commands_start_without_the_plotting_library() -> None:
    code = "import sys, ivr.cli.main; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
