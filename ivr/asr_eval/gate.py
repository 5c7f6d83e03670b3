"""What a graph must show before it is put in force: no worse on recordings, no more unknown words.

The demands are the table [graph] of nlu_data/gate.toml.
"""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ivr.asr_build.lexicon import folded
from ivr.asr_eval.scoring import Comparison, Rate
from ivr.errors import ConfigError

TABLE: Final = "graph"
VERDICT: Final = "gate.json"
"""File in a built model: what the gates last said of it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Demands on a graph, against the one in force."""

    worse_p: float = 0.05
    """It may not be worse on the recordings with a p-value below this (paired bootstrap)."""
    unknown_growth: float = 0.0
    """By how much the share of unknown words in the held-out phrases may grow, 0..1."""
    sample: int = 1
    """Every n-th recording is recognized."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured and what it means."""

    against: str
    """Name of the model in force."""
    words: Rate
    words_before: Rate
    comparison: Comparison
    unknown: float
    """Share of unknown words in the held-out phrases."""
    unknown_before: float
    reasons: tuple[str, ...]
    """Why it is refused; empty: it may be put in force."""


def read_gate(file: Path) -> Gate:
    """The demands, where the file has none the defaults; `ConfigError` names a wrong key."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get(TABLE, {})
    except FileNotFoundError:
        return Gate()
    except (OSError, ValueError) as exc:
        raise ConfigError("gate", str(file), f"a readable TOML file ({exc})") from exc
    known = asdict(Gate())
    for key, value in table.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        if key not in known or not number:
            allowed = f"numbers not below 0, known: {', '.join(known)}"
            raise ConfigError(f"{file}: {TABLE}.{key}", value, allowed)
    return Gate(**table | {"sample": max(1, int(table.get("sample", 1)))})


def unknown_share(model: Path, texts: Iterable[str]) -> float:
    """Share of the running words of `texts` that a model does not know."""
    table = (model / "graph" / "words.txt").read_text(encoding="utf-8")
    known = {line.split()[0] for line in table.splitlines() if line}
    words = [word for text in texts for word in folded(text.lower()).split()]
    return sum(word not in known for word in words) / max(1, len(words))


def refusals(
    gate: Gate, comparison: Comparison, unknown_before: float, unknown: float
) -> list[str]:
    """Why the second model of the comparison may not replace the first; empty: it may."""
    found = []
    if comparison.difference > 0 and comparison.p_value < gate.worse_p:
        found.append(
            f"word error rate {comparison.difference:+.1%} on the recordings "
            f"(p = {comparison.p_value:.3f}, worse below {gate.worse_p:g})"
        )
    if unknown > unknown_before + gate.unknown_growth:
        found.append(
            f"unknown words in the held-out phrases {unknown_before:.1%} -> {unknown:.1%} "
            f"(may grow by {gate.unknown_growth:.1%})"
        )
    return found


def keep(verdict: Verdict, model: Path) -> None:
    """Write the verdict beside the model's report."""
    unfinished = model / f"{VERDICT}.new"
    unfinished.write_text(
        json.dumps(asdict(verdict), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    unfinished.replace(model / VERDICT)
