"""A candidate model through the gates and, when it passes or is forced, into service."""

from dataclasses import dataclass
from pathlib import Path

from ivr.config import NluSettings
from ivr.errors import ConfigError, NluError
from ivr.nlu.comparison import Comparison, compare
from ivr.nlu.evaluation import score
from ivr.nlu.gates import GateResult, check_comparison, check_figures, failed, read_limits
from ivr.nlu.measuring import Measured, Watcher, measure, remember
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.model_records import version_of
from ivr.nlu.phrases import LabelledPhrase, read_phrases
from ivr.nlu.rasa_server import DIED
from ivr.nlu.training import expected_model, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the gates found of a candidate."""

    candidate: str
    base: str
    """The model it was compared with; '' where there is none."""
    gates: tuple[GateResult, ...]
    comparison: Comparison | None

    @property
    def passed(self) -> bool:
        return not failed(self.gates)


async def promote(
    settings: NluSettings,
    runtime: Path,
    name: str = "expected",
    *,
    force: bool = False,
    reason: str = "",
    watcher: Watcher | None = None,
) -> tuple[Examination, bool]:
    """Examine the model `name` and put it into service when it passes, or with `force`.

    Out: what was found, and whether it is in service now. Raises `NluError` for an unknown model
    and `ConfigError` when a forced promotion gives no reason.
    """
    if force and not reason.strip():
        raise ConfigError("--reason", reason, "a sentence for the log when gates are overridden")
    folder = ModelFolder(Path(settings.models))
    expected = expected_model(Path(settings.data), folder.path)
    candidate = folder.find(name, expected=expected)
    if candidate.resolve() != folder.archive(version_of(candidate)).resolve():
        raise ConfigError("model", str(candidate), f"a version in {folder.path}")
    found = await examine(settings, runtime, candidate, watcher or Watcher())
    if not found.passed and not force:
        return found, False
    folder.promote(
        found.candidate,
        found.gates,
        base=found.base,
        forced=not found.passed,
        reason=reason.strip(),
    )
    return found, True


async def examine(
    settings: NluSettings, runtime: Path, candidate: Path, watcher: Watcher
) -> Examination:
    """Every gate, also after one has failed: whoever mends something wants to know all of it."""
    data, version = Path(settings.data), version_of(candidate)
    valid = _check_data(data)
    folder = ModelFolder(Path(settings.models))
    base = _base(folder, version)
    if not valid.passed:
        return Examination(candidate=version, base=base, gates=(valid,), comparison=None)
    limits, test = read_limits(data / "gate.toml"), data / "test.yml"
    phrases = read_phrases(test)
    fresh = await _measured(settings, runtime, candidate, phrases, watcher)
    figures = score(fresh.predictions, accept=settings.accept, confirm=settings.confirm)
    gates = [valid, *check_figures(figures, limits)]
    if not base:
        return Examination(candidate=version, base="", gates=tuple(gates), comparison=None)
    try:
        old = await _measured(settings, runtime, folder.archive(base), phrases, watcher)
    except NluError as error:
        if error.code != DIED:
            raise
        gates.append(GateResult("not_worse", True, f"{base} does not load: {error.message}"))
        return Examination(candidate=version, base=base, gates=tuple(gates), comparison=None)
    comparison = compare(
        old.predictions, fresh.predictions, accept=settings.accept, confirm=settings.confirm
    )
    gates.append(check_comparison(comparison, base))
    return Examination(candidate=version, base=base, gates=tuple(gates), comparison=comparison)


def _check_data(data: Path) -> GateResult:
    try:
        found = validate(data)
    except ConfigError as error:
        return GateResult("data", False, error.message)
    return GateResult("data", True, f"{found.phrases} phrases of {found.intents} intents are valid")


def _base(folder: ModelFolder, candidate: str) -> str:
    """The model in service; before the first promotion the newest other one, which most likely is.

    '' where that is the candidate itself or there is nothing to compare with.
    """
    current = folder.readable_current()
    base = folder.newest_beside(candidate) if current is None else current.model
    return base if base != candidate and folder.archive(base).is_file() else ""


async def _measured(
    settings: NluSettings,
    runtime: Path,
    model: Path,
    phrases: tuple[LabelledPhrase, ...],
    watcher: Watcher,
) -> Measured:
    named = watcher.named(version_of(model))
    found = await measure(settings, model, runtime, phrases, named)
    remember(settings, model, Path(settings.data) / "test.yml", found)
    return found
