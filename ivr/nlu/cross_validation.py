"""How well the pipeline does on phrases it was not trained on: every phrase held out once."""

import asyncio
import random
import resource
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.config import NluSettings
from ivr.nlu.evaluation import Score, f1_by_intent, score
from ivr.nlu.measuring import Watcher, measure
from ivr.nlu.phrases import LabelledPhrase, read_phrases
from ivr.nlu.statistics import SEED, Spread, spread
from ivr.nlu.training import train_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One share of the phrases held out, the rest to train on."""

    training: tuple[LabelledPhrase, ...]
    held_out: tuple[LabelledPhrase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """Figures over all folds."""

    scores: tuple[Score, ...]
    accuracy: Spread
    macro_f1: Spread
    f1: dict[str, float]
    """By intent, over the predictions of all folds together."""
    cpu_s: float
    """Of training and measuring."""


def make_folds(phrases: Sequence[LabelledPhrase], count: int) -> tuple[Fold, ...]:
    """Stratified: each intent is spread evenly over the folds. Seeded: same phrases, same folds."""
    shuffled = list(phrases)
    random.Random(SEED).shuffle(shuffled)
    by_intent: defaultdict[str, list[LabelledPhrase]] = defaultdict(list)
    for phrase in shuffled:
        by_intent[phrase.intent].append(phrase)
    # One deck after the other, so that the folds differ by one phrase at most.
    deck = [phrase for intent in sorted(by_intent) for phrase in by_intent[intent]]
    shares = [tuple(deck[number::count]) for number in range(count)]
    return tuple(
        Fold(
            training=tuple(
                phrase for other, share in enumerate(shares) if other != number for phrase in share
            ),
            held_out=shares[number],
        )
        for number in range(count)
    )


async def cross_validate(
    settings: NluSettings, runtime: Path, count: int, watcher: Watcher
) -> CrossValidation:
    """Train and measure `count` models, one after the other; nothing of them is kept.

    Raises `ConfigError` for unreadable data, `SetupError` and `NluError` as training does.
    """
    data = Path(settings.data)
    folds = make_folds(read_phrases(data / "nlu"), count)
    began_s = _cpu_of_children_s()
    scores, predictions = [], []
    for number, fold in enumerate(folds, 1):
        named = watcher.named(f"fold {number} of {count}")
        with TemporaryDirectory(prefix="ivr-fold-") as work:
            model = Path(work) / "fold.tar.gz"
            copy = await asyncio.to_thread(_copy_data, data, fold, Path(work) / "data")
            python = Path(settings.python)
            await asyncio.to_thread(train_model, copy, model, python, named.step)
            found = await measure(settings, model, runtime, fold.held_out, named)
        predictions += found.predictions
        scores.append(score(found.predictions, accept=settings.accept, confirm=settings.confirm))
    return CrossValidation(
        scores=tuple(scores),
        accuracy=spread([one.accuracy for one in scores]),
        macro_f1=spread([one.macro_f1 for one in scores]),
        f1=f1_by_intent(predictions),
        cpu_s=_cpu_of_children_s() - began_s,
    )


def _copy_data(data: Path, fold: Fold, target: Path) -> Path:
    (target / "nlu").mkdir(parents=True)
    for name in ("config.yml", "domain.yml"):
        shutil.copyfile(data / name, target / name)
    (target / "nlu" / "fold.yml").write_text(_as_yaml(fold.training), "utf-8")
    return target


def _as_yaml(phrases: Sequence[LabelledPhrase]) -> str:
    by_intent: defaultdict[str, list[str]] = defaultdict(list)
    for phrase in phrases:
        by_intent[phrase.intent].append(f"    - {phrase.text}\n")
    blocks = (
        f"- intent: {intent}\n  examples: |\n{''.join(lines)}"
        for intent, lines in by_intent.items()
    )
    return 'version: "3.1"\nnlu:\n' + "".join(blocks)


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
