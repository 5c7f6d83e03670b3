"""What a model has to pass before it may serve callers: figures, and no step back."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ivr.errors import ConfigError
from ivr.nlu.comparison import SIGNIFICANT, Comparison
from ivr.nlu.evaluation import Score


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gate.toml, all 0..1."""

    accuracy: float
    """At least."""
    macro_f1: float
    """At least."""
    false_accepts: float
    """At most."""
    graph: dict[str, float] = {}
    """What `ivr asr promote` demands; not looked at here."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate: what was demanded and found, in a sentence."""

    name: str
    passed: bool
    found: str


def read_limits(file: Path) -> Limits:
    """Raises `ConfigError` naming the file and what is wrong with it."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Limits)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(file), "", f"a readable TOML file ({error})") from error
    except msgspec.ValidationError as error:
        allowed = f"accuracy, macro_f1, false_accepts as numbers ({error})"
        raise ConfigError(str(file), "", allowed) from error


def check_figures(found: Score, limits: Limits) -> tuple[GateResult, ...]:
    """Accuracy, F1 and false accepts against their limits."""
    return (
        _at_least("accuracy", found.accuracy, limits.accuracy),
        _at_least("macro_f1", found.macro_f1, limits.macro_f1),
        _at_most("false_accepts", found.false_accepts, limits.false_accepts),
    )


def check_comparison(comparison: Comparison, current: str) -> GateResult:
    """Whether the candidate is not significantly worse than the model `current`."""
    found = (
        f"{len(comparison.fixed)} phrases fixed and {len(comparison.broken)} broken against "
        f"{current}, accuracy {comparison.difference.value:+.3f}, exact McNemar "
        f"p = {comparison.p_value:.4f} (worse below {SIGNIFICANT})"
    )
    return GateResult("not_worse", not comparison.worse, found)


def failed(results: Iterable[GateResult]) -> tuple[GateResult, ...]:
    return tuple(result for result in results if not result.passed)


def _at_least(name: str, value: float, limit: float) -> GateResult:
    missing = f", {limit - value:.3f} too little" if value < limit else ""
    return GateResult(name, value >= limit, f"{value:.3f}, at least {limit:.3f}{missing}")


def _at_most(name: str, value: float, limit: float) -> GateResult:
    excess = f", {value - limit:.3f} too much" if value > limit else ""
    return GateResult(name, value <= limit, f"{value:.3f}, at most {limit:.3f}{excess}")
