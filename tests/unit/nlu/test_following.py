import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from ivr.errors import NluError
from ivr.nlu import following
from ivr.nlu.following import ModelFollower, Serving, stamp
from ivr.nlu.model_choice import Choice
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.schema import NluResult, ScoredIntent

pytestmark = pytest.mark.unit


class Part:
    """A client and a server in one: answers with its name, notes when it is closed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = 0

    async def parse(self, text: str) -> NluResult:
        assert not self.closed
        return NluResult(text, (ScoredIntent(self.name, 1.0),))

    async def aclose(self) -> None:
        self.closed += 1


class Starts:
    """Stands for starting servers: remembers them, may fail, may be held up."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.asked: list[str] = []
        self.broken = {"broken"}
        self.go = asyncio.Event()
        self.go.set()

    def serving(self, choice: Choice) -> Serving:
        part: Any = Part(choice.version)
        self.parts.append(part)
        return Serving(part, part, choice)

    async def start(self, choice: Choice) -> Serving:
        self.asked.append(choice.version)
        await self.go.wait()
        if choice.version in self.broken:
            raise NluError("rasa_died", "Rasa ended while starting")
        return self.serving(choice)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL_S", 0.001)


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    made = ModelFolder(tmp_path)
    for version in ("first", "second", "broken"):
        made.archive(version).touch()
    made.promote("first")
    return made


@pytest.fixture
async def starts() -> Starts:
    return Starts()


@pytest.fixture
async def follower(folder: ModelFolder, starts: Starts) -> AsyncIterator[ModelFollower]:
    first = starts.serving(Choice(folder.archive("first"), "promoted"))
    made = ModelFollower(folder, first, starts.start, stamp(folder))
    yield made
    await made.aclose()
    assert all(part.closed for part in starts.parts)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10.0):
        while not condition():
            await asyncio.sleep(0.001)


async def polls(folder: ModelFolder, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Wait until the file was looked at that often from now on."""
    seen = 0

    def counted(of: ModelFolder) -> following.Stamp:
        nonlocal seen
        seen += 1
        return stamp(of)

    monkeypatch.setattr(following, "stamp", counted)
    await until(lambda: seen >= count)


async def test_a_promotion_is_followed_and_the_old_server_ended(
    folder: ModelFolder, follower: ModelFollower, starts: Starts
) -> None:
    folder.promote("second")
    await until(lambda: starts.parts[0].closed > 0)
    assert follower.serving.choice.version == "second"
    assert (await follower.client.parse("да")).intent.name == "second"
    assert not starts.parts[1].closed


async def test_a_model_that_does_not_load_is_told_and_not_tried_again(
    folder: ModelFolder,
    follower: ModelFollower,
    starts: Starts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder.promote("broken")
    await until(lambda: bool(follower.fault))
    await polls(folder, monkeypatch, 20)
    assert starts.asked == ["broken"]
    assert "Rasa ended while starting" in follower.fault
    assert [record.levelno for record in caplog.records if record.levelno >= logging.ERROR]
    assert (await follower.client.parse("да")).intent.name == "first"
    starts.broken.clear()
    folder.promote("broken")  # once more: by now it loads
    await until(lambda: follower.serving.choice.version == "broken")
    assert not follower.fault


async def test_a_roll_back_while_the_new_model_loads_ends_that_and_keeps_the_old_one(
    folder: ModelFolder, follower: ModelFollower, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts.go.clear()
    folder.promote("second")
    await until(lambda: starts.asked == ["second"])
    folder.roll_back()
    starts.go.set()
    await until(lambda: len(starts.parts) == 2 and starts.parts[1].closed > 0)
    await polls(folder, monkeypatch, 20)
    assert follower.serving.choice.version == "first"
    assert (await follower.client.parse("да")).intent.name == "first"
    assert starts.asked == ["second"]


async def test_a_damaged_or_removed_current_file_changes_nothing(
    folder: ModelFolder, follower: ModelFollower, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.current_file.write_text("{")
    await until(lambda: "cannot be read" in follower.fault)
    folder.current_file.unlink()
    await until(lambda: not follower.fault)
    await polls(folder, monkeypatch, 20)
    assert starts.asked == []
    assert (await follower.client.parse("да")).intent.name == "first"


async def test_closing_in_the_middle_of_a_switch_ends_both_servers(
    folder: ModelFolder, starts: Starts
) -> None:
    first = starts.serving(Choice(folder.archive("first"), "promoted"))
    follower = ModelFollower(folder, first, starts.start, stamp(folder))
    held = asyncio.Event()
    cast(Any, first.client).parse = lambda text: held.wait()
    pending = asyncio.create_task(follower.client.parse("да"))
    await asyncio.sleep(0)
    folder.promote("second")
    await until(lambda: follower.serving.choice.version == "second")
    await follower.aclose()
    assert [part.closed > 0 for part in starts.parts] == [True, True]
    held.set()
    await pending
