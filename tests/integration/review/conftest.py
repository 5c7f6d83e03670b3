"""A review page on a port of its own, with everything real but the intent model."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.config import SpeechSettings
from ivr.http.server import HttpServer
from ivr.nlu.phrases import read_phrases
from ivr.nlu.schema import NluResult, ScoredIntent
from ivr.review.catalogue import read_catalogue
from ivr.review.desk import Desk, DeskSettings
from ivr.review.effect import EffectRow, Replayed, effect
from ivr.review.journal_file import JournalFile
from ivr.review.page import PageParts, create_app
from ivr.review.session import recognizer_words
from ivr.review.source import Wanted, read_queue
from ivr.review.suggest import Suggester
from ivr.storage.sql import SqlStore
from tests.integration.review.support import STORIES, make_calls

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TOKEN = "token-of-the-test"


class StandingClock:
    """It is always nine o'clock."""

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return NOW


WORDS = {"интернет": "home_internet_issue", "тариф": "tariff_info", "денег": "balance"}


class KeywordNlu:
    """An intent by a word of the text, surely; the runner-up is always the same."""

    async def parse(self, text: str) -> NluResult:
        best = next((name for word, name in WORDS.items() if word in text), "service_connect")
        return NluResult(text, (ScoredIntent(best, 0.8), ScoredIntent("complaint", 0.1)))


@dataclass(frozen=True)
class Review:
    """A desk with its files."""

    desk: Desk
    data: Path

    @property
    def journal(self) -> str:
        return (self.data / "reviews.tsv").read_text(encoding="utf-8")

    def training(self) -> dict[str, str]:
        """Text -> intent."""
        return {phrase.text: phrase.intent for phrase in read_phrases(self.data / "nlu")}


@pytest.fixture(scope="session")
def calls(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_calls(tmp_path_factory.mktemp("calls"), STORIES)


def open_review(calls: str, data: Path, who: str = "Мария") -> Review:
    async def queue() -> Any:
        store = await SqlStore.open(calls, create=False)
        reviewed = journal.standing().reviewed
        items = await read_queue(store, Wanted(since=None, limit=50), reviewed)
        await store.aclose()
        return items

    journal = JournalFile(data / "reviews.tsv")
    desk = Desk(
        items=asyncio.run(queue()),
        journal=journal,
        suggester=Suggester(read_phrases(data / "nlu"), KeywordNlu()),
        catalogue=read_catalogue(data),
        vocabulary=recognizer_words(SpeechSettings(), data),
        settings=DeskSettings(data=data, who=who, model="abc123", share=0.0),
        clock=StandingClock(),
    )
    return Review(desk, data)


@pytest.fixture
def review(calls: str, tmp_path: Path) -> Review:
    shutil.copytree("nlu_data", tmp_path / "nlu_data")
    return open_review(calls, tmp_path / "nlu_data")


@dataclass(frozen=True)
class Served:
    """A page that is being served."""

    url: str
    finished: threading.Event

    @property
    def address(self) -> str:
        """With the token."""
        return f"{self.url}/?token={TOKEN}"


async def some_effect() -> tuple[EffectRow, ...]:
    return effect(
        [Replayed(text="x", intent="balance", before="outage", after="balance", held_out=True)]
    )


@contextmanager
def serving(desk: Desk) -> Iterator[Served]:
    """The page on an event loop of its own: the browser's driver blocks this thread."""
    finished = threading.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on_loop(work: Callable[[], Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work(), loop)
        return future.result(30)

    app = create_app(PageParts(desk, some_effect, finished.set), TOKEN)
    server = on_loop(lambda: HttpServer.start(app, "127.0.0.1", 0))
    try:
        yield Served(server.url, finished)
    finally:
        on_loop(server.aclose)
        on_loop(loop.shutdown_default_executor)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture
def page(review: Review) -> Iterator[Served]:
    with serving(review.desk) as served:
        yield served
