"""The life of a model by commands: train, test, compare, promote, roll back. Real Rasa."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import Result
from selenium.webdriver.common.by import By
from typer.testing import CliRunner

from ivr.cli.main import app
from ivr.config import NluSettings
from ivr.nlu.engine import open_engine
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.model_records import read_record, version_of
from ivr.nlu.training import ensure_model
from tests.browser import browser, page_faults
from tests.integration.nlu.tiny import write_data

pytestmark = pytest.mark.integration

PYTHON = Path(".venv-rasa/bin/python")
Ivr = Callable[..., Result]


@dataclass(frozen=True)
class Work:
    """A good model that is expected, and one that takes every wish for the other."""

    data: Path
    models: Path
    good: str
    bad: str


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Work:
    work = tmp_path_factory.mktemp("work")
    models = work / "rasa"
    bad = ensure_model(write_data(work / "bad", "wish", swapped=True), models, PYTHON)
    data = write_data(work / "data", "wish")
    return Work(data, models, version_of(ensure_model(data, models, PYTHON)), version_of(bad))


@pytest.fixture
def work(trained: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A copy, so that a test may promote what it likes."""
    copytree(trained.models, tmp_path / "rasa")
    copytree(trained.data, tmp_path / "data")
    for key, value in (
        ("NLU__MODELS", tmp_path / "rasa"),
        ("NLU__DATA", tmp_path / "data"),
        ("SERVICE__RUNTIME", tmp_path / "run"),
    ):
        monkeypatch.setenv(f"IVR_{key}", str(value))
    return Work(tmp_path / "data", tmp_path / "rasa", trained.good, trained.bad)


@pytest.fixture
def ivr(monkeypatch: pytest.MonkeyPatch) -> Ivr:
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(app, ["nlu", *words])


def test_a_good_model_is_promoted_compared_and_rolled_back(work: Work, ivr: Ivr) -> None:
    folder = ModelFolder(work.models)
    folder.promote(work.bad)
    done = ivr("promote")
    assert done.exit_code == 0, done.output
    assert "passed not_worse: 10 phrases fixed and 0 broken" in done.output
    assert f"{work.good} is in service" in done.output
    listed = ivr("models")
    assert f"services use {work.good}: promoted" in listed.output
    assert "1.000" in listed.output
    assert ivr("rollback", "--reason", "жалобы").exit_code == 0
    current = folder.current()
    assert current is not None
    assert current.model == work.bad
    history = ivr("models", "--history").output
    assert "rolled back" in history
    assert "жалобы" in history


def test_a_bad_model_is_refused_by_name_of_the_gate_and_only_a_reason_forces_it(
    work: Work, ivr: Ivr
) -> None:
    folder = ModelFolder(work.models)
    folder.promote(work.good)
    refused = ivr("promote", work.bad[:6])
    assert refused.exit_code == 1
    assert "failed accuracy: 0.000, at least 0.800, 0.800 too little" in refused.output
    assert "failed not_worse: 0 phrases fixed and 10 broken" in refused.output
    current = folder.current()
    assert current is not None
    assert current.model == work.good
    without = ivr("promote", work.bad, "--force")
    assert without.exit_code == 2
    assert "--reason" in without.output
    forced = ivr("promote", work.bad, "--force", "--reason", "для опыта")
    assert forced.exit_code == 0, forced.output
    entry = folder.history()[-1]
    assert (entry.model, entry.forced, entry.reason) == (work.bad, True, "для опыта")
    assert any(found.startswith("accuracy: 0.000") for found in entry.gates)
    assert ivr("rollback").exit_code == 0


def test_a_current_model_that_does_not_load_neither_stops_a_service_nor_a_promotion(
    work: Work, ivr: Ivr
) -> None:
    folder = ModelFolder(work.models)
    folder.archive("0bad0bad0bad").write_bytes(b"not an archive")
    folder.promote("0bad0bad0bad")
    opened = asyncio.run(_open(work))
    assert f"model {work.good}" in opened
    assert "0bad0bad0bad does not load" in opened
    done = ivr("promote")
    assert done.exit_code == 0, done.output
    assert "passed not_worse: 0bad0bad0bad does not load" in done.output


async def _open(work: Work) -> str:
    """How an engine that starts now describes itself."""
    settings = NluSettings(python=str(PYTHON), models=str(work.models), data=str(work.data))
    engine = await open_engine(settings, work.models.parent / "run")
    await engine.aclose()
    return engine.description


def test_data_that_are_not_valid_stop_a_promotion_before_anything_starts(
    work: Work, ivr: Ivr
) -> None:
    test = work.data / "test.yml"
    test.write_text(test.read_text("utf-8").replace("подскажите баланс", "нужен баланс"), "utf-8")
    refused = ivr("promote")
    assert refused.exit_code == 1
    assert "failed data:" in refused.output
    assert "not trained on" in refused.output
    assert ModelFolder(work.models).current() is None


def test_two_models_are_compared_on_the_terminal_and_on_a_page(
    work: Work, ivr: Ivr, tmp_path: Path
) -> None:
    page = tmp_path / "pages" / "compare.html"
    done = ivr("compare", work.bad[:5], "expected", "--html", str(page))
    assert done.exit_code == 0, done.output
    assert "fixed: 10" in done.output
    assert "p = 0.0020: the second is better" in done.output
    assert "accuracy +1.000 [+1.000; +1.000]" in done.output
    with browser() as driver:
        driver.get(page.as_uri())
        assert len(driver.find_elements(By.CSS_SELECTOR, ".changes tr")) == 1 + 10
        assert f"{work.good} лучше" in driver.find_element(By.CSS_SELECTOR, ".verdict").text
        assert page_faults(driver) == []


def test_a_measurement_is_kept_and_shown_on_a_page_that_answers_the_mouse(
    work: Work, ivr: Ivr, tmp_path: Path
) -> None:
    page = tmp_path / "test.html"
    done = ivr("test", "--model", work.bad, "--html", str(page))
    assert done.exit_code == 1, done.output
    assert "failed accuracy" in done.output
    kept = read_record(ModelFolder(work.models).archive(work.bad)).measurement
    assert kept is not None
    assert (kept.phrases, kept.accuracy) == (10, 0.0)
    with browser() as driver:
        driver.get(page.as_uri())
        cells = driver.find_elements(By.CSS_SELECTOR, ".matrix .cell")
        assert {cell.get_attribute("data-count") for cell in cells} == {"5"}
        assert len(driver.find_elements(By.CSS_SELECTOR, "figure svg")) == 4
        driver.execute_script("document.querySelector('.confusions tr[data-said]').click()")
        shown = driver.find_element(By.ID, "cell").text
        assert "→" in shown
        assert "подскажите" in shown
        driver.find_element(By.CSS_SELECTOR, "input[type=search]").send_keys("баланс")
        rows = driver.find_elements(By.CSS_SELECTOR, "#mistakes tr")
        assert sum(row.is_displayed() for row in rows) == 1 + 1
        assert page_faults(driver) == []


def test_every_phrase_is_held_out_once(work: Work, ivr: Ivr) -> None:
    done = ivr("cross-validate", "--folds", "2")
    assert done.exit_code == 0, done.output
    assert "50 phrases" in done.output
    assert "accuracy " in done.output
    assert "wish_balance" in done.output
    assert sorted(path.name for path in work.models.glob("*.tar.gz")) == sorted(
        f"{version}.tar.gz" for version in (work.good, work.bad)
    )


def test_an_unknown_model_is_told_in_a_sentence(work: Work, ivr: Ivr) -> None:
    own = work.data / "own.tar.gz"
    own.write_bytes(b"")
    for words in (
        ("promote", "ffff"),
        ("promote", str(own)),
        ("compare", "expected", "ffff"),
        ("rollback",),
    ):
        done = ivr(*words)
        assert done.exit_code == 2, done.output
        assert "Traceback" not in done.output
