"""Reviewed phrases put to two models, one after the other."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from ivr.config import NluSettings
from ivr.errors import SetupError
from ivr.nlu.engine import open_engine
from ivr.nlu.phrases import read_phrases, spelling
from ivr.review.effect import EffectRow, Replayed, effect
from ivr.review.journal import Entry

PATIENCE_S: Final = 10.0
"""A measurement on a busy machine must not end in a time-out."""
Progress = Callable[[str], None]


def find_model(name: str, models: Path) -> Path:
    """A model by its file or its hash; `SetupError` lists what is there."""
    for path in (Path(name), models / f"{name}.tar.gz"):
        if name and path.is_file():
            return path
    there = ", ".join(sorted(file.name.split(".")[0] for file in models.glob("*.tar.gz")))
    raise SetupError("model", f"there is no model {name!r} in {models}; there: {there or 'none'}")


def first_model(entries: Iterable[Entry], models: Path) -> Path:
    """The model that was in use when reviewing began; `SetupError` where none is left."""
    named = list(dict.fromkeys(entry.model for entry in entries if entry.model))
    for name in named:
        path = models / f"{name}.tar.gz"
        if path.is_file():
            return path
    raise SetupError(
        "model",
        f"none of the models that the journal names is left ({', '.join(named) or 'none'}): "
        "name one with --before",
    )


async def measure(
    entries: Collection[Entry],
    *,
    data: Path,
    before: Path,
    after: Path,
    settings: NluSettings,
    runtime: Path,
    on_progress: Progress,
) -> tuple[EffectRow, ...]:
    """What both models make of the reviewed phrases; event loop. `NluError` from the engine."""
    if not entries:
        raise SetupError("review", "nothing was reviewed yet: the journal has no phrases")
    texts = [entry.text for entry in entries]
    answers = {}
    for model in dict.fromkeys((before, after)):
        on_progress(f"asking {model.name.removesuffix('.tar.gz')}")
        answers[model] = await _ask(texts, model, settings, runtime)
    aside = {spelling(phrase.text) for phrase in read_phrases(data / "test.yml")}
    return effect(
        [
            Replayed(
                text=entry.text,
                intent=entry.intent,
                before=was,
                after=now,
                held_out=spelling(entry.text) in aside,
            )
            for entry, was, now in zip(entries, answers[before], answers[after], strict=True)
        ]
    )


async def _ask(
    texts: Iterable[str], model: Path, settings: NluSettings, runtime: Path
) -> list[str]:
    own = settings.model_copy(update={"url": "", "model": str(model), "timeout_s": PATIENCE_S})
    engine = await open_engine(own, runtime / f"nlu-effect-{model.name.split('.')[0]}")
    try:
        return [(await engine.client.parse(text)).intent.name for text in texts]
    finally:
        await engine.aclose()
