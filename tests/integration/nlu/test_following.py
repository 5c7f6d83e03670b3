"""A running engine changes its model under load: real Rasa, two small models."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.config import NluSettings
from ivr.nlu.engine import NluEngine, open_engine
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.model_records import version_of
from ivr.nlu.training import ensure_model
from tests.integration.nlu.tiny import write_data

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PYTHON = Path(".venv-rasa/bin/python")
CALLERS = 4
SAID = ("где мой баланс", "мне оператор пожалуйста", "скажи про рубли", "нужен сотрудник")
LIMIT_S = 120.0
"""Two Rasa start in these tests beside whatever else the machine does."""


@dataclass(frozen=True)
class Models:
    """A folder with two versions."""

    folder: ModelFolder
    first: str
    second: str


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    work = tmp_path_factory.mktemp("models")
    versions = [
        version_of(ensure_model(write_data(work / name, name), work / "rasa", PYTHON))
        for name in ("first", "second")
    ]
    return Models(ModelFolder(work / "rasa"), *versions)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[NluEngine]:
    models.folder.promote(models.first)
    settings = NluSettings(python=str(PYTHON), models=str(models.folder.path), timeout_s=10.0)
    opened = await open_engine(settings, tmp_path_factory.mktemp("run"), follow=True)
    yield opened
    await opened.aclose()


@dataclass
class Load:
    """Callers who speak without a pause until they are told to stop, and what they heard."""

    engine: NluEngine
    answers: list[str] = field(default_factory=list)
    stopped: bool = False

    async def caller(self, text: str) -> int:
        """How many answers this one got; a fault of any request ends the test."""
        count = 0
        while not self.stopped:
            result = await self.engine.client.parse(text)
            assert result.text == text
            assert abs(sum(item.confidence for item in result.ranking) - 1.0) < 0.01
            self.answers.append(result.intent.name.partition("_")[0])
            count += 1
            await asyncio.sleep(0.05)
        return count


async def until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"never happened: {what}")


async def answers_come_from(load: Load, name: str) -> None:
    """Wait until every caller is answered by that model, then a few answers more."""
    await until(lambda: set(load.answers[-2 * CALLERS :]) == {name}, f"answers from {name}")


async def test_promotions_and_roll_backs_lose_no_turn_under_load(
    engine: NluEngine, models: Models
) -> None:
    load = Load(engine)
    callers = [asyncio.create_task(load.caller(text)) for text in SAID[:CALLERS]]
    try:
        await answers_come_from(load, "first")
        for _ in range(2):
            models.folder.promote(models.second)
            await answers_come_from(load, "second")
            assert engine.model == models.second
            models.folder.roll_back()
            await answers_come_from(load, "first")
            assert engine.model == models.first
    finally:
        load.stopped = True
        counts = await asyncio.gather(*callers)
    assert sum(counts) == len(load.answers)
    assert min(counts) > 0
    changes = sum(a != b for a, b in zip(load.answers, load.answers[1:], strict=False))
    assert changes >= 4
    assert set(load.answers) == {"first", "second"}
    assert engine.healthy


async def test_a_model_that_does_not_load_leaves_the_old_one_in_service_until_rolled_back(
    engine: NluEngine, models: Models
) -> None:
    broken = models.folder.archive("0bad0bad0bad")
    broken.write_bytes(b"not an archive")
    models.folder.promote("0bad0bad0bad")
    await until(lambda: "not in service" in engine.description, "the fault in the description")
    assert (await engine.client.parse(SAID[0])).intent.name == "first_balance"
    assert engine.healthy
    assert engine.model == models.first
    models.folder.roll_back()
    await until(lambda: "not in service" not in engine.description, "the fault forgotten")
    assert (await engine.client.parse(SAID[0])).intent.name == "first_balance"


async def test_a_promoted_model_that_is_missing_is_told_with_its_name(
    engine: NluEngine, models: Models
) -> None:
    models.folder.promote("0000abcd0000")
    await until(lambda: "0000abcd0000" in engine.description, "the missing model's name")
    assert (await engine.client.parse(SAID[1])).intent.name == "first_operator"
    models.folder.promote(models.second)
    await until(lambda: engine.model == models.second, "the next promotion")
    assert (await engine.client.parse(SAID[1])).intent.name == "second_operator"


async def test_an_engine_that_does_not_follow_stays_with_its_model(
    models: Models, tmp_path: Path
) -> None:
    models.folder.promote(models.first)
    settings = NluSettings(python=str(PYTHON), models=str(models.folder.path), timeout_s=10.0)
    pinned = await open_engine(settings, tmp_path)
    try:
        models.folder.promote(models.second)
        assert (await pinned.client.parse(SAID[0])).intent.name == "first_balance"
        assert models.first in pinned.description
        assert "promoted" in pinned.description
    finally:
        await pinned.aclose()
