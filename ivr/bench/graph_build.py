"""How long a large graph takes: generated phrases, the same ones every time, really compiled."""

import itertools
import os
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ivr.asr_build.build import BuildReport, build
from ivr.asr_build.language_model import BEGIN, END, Sentence
from ivr.asr_build.texts import Corpus

SEED: Final = 611
STRANGE: Final = 0.25
"""Share of the steps that lead to any word: without them, phrases are far less varied than those of
as many people would be, and the graph smaller."""
LONGEST: Final = 12
"""Words of a generated phrase."""


@dataclass(frozen=True, slots=True)
class BuildFigures:
    """One build of generated phrases."""

    phrases: int
    report: BuildReport
    wall_s: float
    processor_s: float
    """Of this process and of those that compile."""
    load_before: float
    """Of the machine, one minute's mean: above 1 the wall time is not that of quiet cores."""
    cores: int


def measure(corpus: Corpus, acoustic: Path, phrases: int) -> BuildFigures:
    """Build the graph of `phrases` generated phrases beside the corpus' words; nothing is kept."""
    said = tuple(Sentence(words) for words in generated(corpus.sentences, phrases))
    large = replace(corpus, sentences=said)
    load, began, used = os.getloadavg()[0], time.perf_counter(), _processor_s()
    with tempfile.TemporaryDirectory(prefix="ivr-graph-bench-") as folder:
        _, report, _ = build(large, acoustic, Path(folder), [])
    return BuildFigures(
        phrases=len(said),
        report=report,
        wall_s=time.perf_counter() - began,
        processor_s=_processor_s() - used,
        load_before=load,
        cores=os.cpu_count() or 1,
    )


def generated(sentences: Sequence[Sentence], count: int) -> list[tuple[str, ...]]:
    """That many different word sequences: random walks along the neighbours that `sentences` show,
    every fourth step to any word, with a fixed seed. Fewer when there are not so many."""
    followers: dict[str, list[str]] = {}
    for sentence in sentences:
        said = (BEGIN, *sentence.words, END)
        for word, following in itertools.pairwise(said):
            followers.setdefault(word, []).append(following)
    every = sorted(set(followers) - {BEGIN}) or [END]
    chance = random.Random(SEED)
    found: dict[tuple[str, ...], None] = {}
    for _ in range(50 * count):
        if len(found) == count:
            break
        words: list[str] = []
        while len(words) < LONGEST:
            known = followers[words[-1] if words else BEGIN]
            word = chance.choice(known if chance.random() > STRANGE else every)
            if word == END:
                break
            words.append(word)
        if words:
            found[tuple(words)] = None
    return list(found)


def _processor_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
