"""Opens what a review needs: the queue, the journal, suggestions with a Rasa in the background."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.clock import SystemClock
from ivr.config import NluSettings, Settings
from ivr.errors import IvrError
from ivr.nlu.engine import NluEngine, open_engine
from ivr.nlu.phrases import read_phrases, spelling
from ivr.nlu.training import ensure_model, expected_model
from ivr.review.catalogue import read_catalogue
from ivr.review.desk import Desk, DeskSettings
from ivr.review.effect import EffectRow
from ivr.review.journal_file import JournalFile
from ivr.review.replay import PATIENCE_S, Progress, find_model, first_model, measure
from ivr.review.source import Wanted, read_queue
from ivr.review.suggest import Suggester
from ivr.review.writing import listed_words
from ivr.speech.models import resolve
from ivr.storage.sql import SqlStore

log = logging.getLogger(__name__)

JOURNAL: Final = "reviews.tsv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    """One review: of what, by whom, where it goes."""

    settings: Settings
    wanted: Wanted
    who: str
    share: float
    """Of the phrases set aside for the test, 0..1."""
    data: Path
    models: Path

    @property
    def journal(self) -> Path:
        return self.data / JOURNAL


@asynccontextmanager
async def open_desk(review: ReviewSettings) -> AsyncIterator[Desk]:
    """The desk within the block. The model joins later, or never: suggestions do without."""
    journal = JournalFile(review.journal)
    store = await SqlStore.open(review.settings.records.database, create=False)
    try:
        items = await read_queue(store, review.wanted, journal.standing().reviewed)
    finally:
        await store.aclose()
    suggester = Suggester(read_phrases(review.data / "nlu"))
    model = model_to_ask(review)
    desk = Desk(
        items=items,
        journal=journal,
        suggester=suggester,
        catalogue=read_catalogue(review.data),
        vocabulary=recognizer_words(review.settings.speech.model, review.data),
        settings=DeskSettings(
            data=review.data,
            who=review.who,
            model=model.name.removesuffix(".tar.gz"),
            share=review.share,
        ),
        clock=SystemClock(),
    )
    starting = asyncio.create_task(_start_engine(review, suggester, model))
    try:
        yield desk
    finally:
        starting.cancel()
        (engine,) = await asyncio.gather(starting, return_exceptions=True)
        if isinstance(engine, NluEngine):
            await engine.aclose()


def model_to_ask(review: ReviewSettings) -> Path:
    """The configured model, else that of the present data, else the newest one there is.

    A review writes data, so the present one is rarely there; training is a step of its own.
    """
    if review.settings.nlu.model:
        return Path(review.settings.nlu.model)
    present = expected_model(review.data, review.models)
    if present.is_file():
        return present
    there = review.models.glob("*.tar.gz")
    return max(there, key=lambda file: file.stat().st_mtime, default=present)


async def _start_engine(
    review: ReviewSettings, suggester: Suggester, model: Path
) -> NluEngine | None:
    settings = review.settings.nlu.model_copy(update={"model": str(model), "timeout_s": PATIENCE_S})
    runtime = Path(review.settings.service.runtime) / "nlu-review"
    try:
        engine = await open_engine(settings, runtime)
    except IvrError as exc:
        suggester.fault = exc.message
        log.warning("x no intent model: %s", exc.message)
        return None
    suggester.client = engine.client
    return engine


async def effect_of(
    review: ReviewSettings, *, before: str, after: str, on_progress: Progress
) -> tuple[EffectRow, ...]:
    """The journal's phrases before and after; '' takes the first model named and the present one.

    The present one is trained now where the data has changed (about 20 s).
    """
    entries = JournalFile(review.journal).standing().for_training
    old = find_model(before, review.models) if before else first_model(entries, review.models)
    if after:
        new = find_model(after, review.models)
    else:
        on_progress("training")
        new = await asyncio.to_thread(
            ensure_model, review.data, review.models, Path(review.settings.nlu.python)
        )
    settings: NluSettings = review.settings.nlu
    return await measure(
        entries,
        data=review.data,
        before=old,
        after=new,
        settings=settings,
        runtime=Path(review.settings.service.runtime),
        on_progress=on_progress,
    )


def recognizer_words(configured: str, data: Path) -> frozenset[str]:
    """Words that can be heard, 'е' for 'ё'; empty where the model does not list them."""
    try:
        listing = resolve(configured).path / "graph" / "words.txt"
        lines = listing.read_text(encoding="utf-8").splitlines()
    except (IvrError, OSError):
        return frozenset()
    own = (word for line in listed_words(data / "words") for word in line.split())
    return frozenset(spelling(word) for word in (*(line.partition(" ")[0] for line in lines), *own))
