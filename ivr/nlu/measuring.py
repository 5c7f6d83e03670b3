"""A model file -> its predictions for labelled phrases, by a Rasa server of its own."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ivr.config import NluSettings
from ivr.errors import ConfigError
from ivr.nlu.engine import open_engine
from ivr.nlu.evaluation import NO_ALIASES, Prediction, judge
from ivr.nlu.model_records import Measurement, measured, read_record, write_record
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import NluClient

PATIENCE_S = 10.0
"""A measurement on a busy machine must not end in a time-out."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Told what happens: a line before each step, and every phrase that was parsed."""

    step: Callable[[str], None] = lambda _: None
    parsed: Callable[[], None] = lambda: None

    def named(self, name: str) -> "Watcher":
        """The same with a name before each line."""
        return replace(self, step=lambda line: self.step(f"{name}: {line}"))


@dataclass(frozen=True, slots=True)
class Measured:
    """All predictions in the phrases' order, and the mean seconds of one."""

    predictions: list[Prediction]
    mean_s: float


@asynccontextmanager
async def pinned(
    settings: NluSettings, model: Path | None, runtime: Path, watcher: Watcher
) -> AsyncIterator[NluClient]:
    """A patient client of `model` alone; None: of the configured server.

    Raises `SetupError` or `NluError` when it does not start.
    """
    changes: dict[str, object] = {"timeout_s": PATIENCE_S}
    if model is not None:
        changes |= {"url": "", "model": str(model)}
    watcher.step("starting Rasa")
    engine = await open_engine(
        settings.model_copy(update=changes), runtime / "nlu-trial", watcher.step
    )
    try:
        yield engine.client
    finally:
        await engine.aclose()


async def predict(
    client: NluClient,
    phrases: Sequence[LabelledPhrase],
    watcher: Watcher,
    aliases: Mapping[str, frozenset[str]] = NO_ALIASES,
) -> Measured:
    """Parse one phrase after the other; raises `ConfigError` where there is none."""
    if not phrases:
        raise ConfigError("test phrases", "none", "at least one labelled phrase to measure on")
    watcher.step(f"{len(phrases)} phrases")
    began = time.monotonic()
    predictions = []
    for phrase in phrases:
        predictions.append(judge(phrase, await client.parse(phrase.text), aliases))
        watcher.parsed()
    return Measured(predictions, (time.monotonic() - began) / len(phrases))


async def measure(
    settings: NluSettings,
    model: Path,
    runtime: Path,
    phrases: Sequence[LabelledPhrase],
    watcher: Watcher,
) -> Measured:
    """Start a server with `model`, let it parse everything, end it."""
    async with pinned(settings, model, runtime, watcher) as client:
        return await predict(client, phrases, watcher)


def remember(settings: NluSettings, model: Path, test: Path, found: Measured) -> Measurement:
    """Put the figures of `found`, measured on the file `test`, into the record of `model`.

    Nothing is written beside a model that is not one of ours.
    """
    figures = measured(
        found.predictions,
        test,
        accept=settings.accept,
        confirm=settings.confirm,
        mean_s=found.mean_s,
    )
    if model.parent.resolve() == Path(settings.models).resolve():
        write_record(model, msgspec.structs.replace(read_record(model), measurement=figures))
    return figures
