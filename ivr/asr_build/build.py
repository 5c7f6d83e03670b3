"""Texts and acoustic model -> a complete Vosk model folder, cached by the content of both."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from ivr.asr_build import lexicon
from ivr.asr_build.graph import (
    Grammar,
    Symbols,
    as_text,
    lexicon_arcs,
    ngram_grammar,
    number_words,
    read_phones,
)
from ivr.asr_build.language_model import DIVERSITY, TextFit, estimate, fit
from ivr.asr_build.lexicon import Lexicon
from ivr.asr_build.questions import ANSWERS_SHARE, question_model
from ivr.asr_build.texts import Corpus
from ivr.errors import SetupError
from ivr.speech.models import QUESTIONS

VERSION: Final = 2
"""Of the builder: raised when the same texts give another graph."""
GENERAL_WEIGHT: Final = 0.3
"""Share of the unigrams that goes by general frequency; perplexity is flat from 0.2 to 0.5."""
ACOUSTIC_FILES: Final = (
    "am/final.mdl",
    "conf/mfcc.conf",
    "conf/model.conf",
    "graph/phones.txt",
    "graph/phones/word_boundary.int",
)
"""What a built model takes over from the acoustic model, as hard links where possible."""
REPORT: Final = "report.json"
COMPILING_BYTES: Final = 1 << 30
"""What the compilation of 50 000 words takes."""
BUILT_QUESTIONS: Final = ("yes_no",)
"""Closed questions that calls put and that a graph of their own is built for."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What was built and how well it predicts held-out text."""

    content: str
    """Hash of the inputs; names the folder."""
    words: int
    pronunciations: int
    sources: tuple[tuple[str, int], ...]
    ngrams: tuple[int, int, int]
    held_out: TextFit
    states: int
    arcs: int
    graph_bytes: int
    took_s: float
    stages_s: dict[str, float]
    """Seconds by stage."""


def build(
    corpus: Corpus,
    acoustic: Path,
    folder: Path,
    held_out: Iterable[str],
    on_progress: Progress = lambda _: None,
) -> tuple[Path, BuildReport, bool]:
    """A model folder below `folder`, its report, and whether it was there already."""
    content = content_hash(corpus, acoustic)
    target = folder / content
    report_file = target / REPORT
    if report_file.is_file():
        report_file.touch()  # the newest report names what is promoted by default
        return target, read_report(report_file), True
    stages = _Stages(on_progress)
    with stages("language model"):
        model = estimate(corpus.sentences, corpus.general, general_weight=GENERAL_WEIGHT)
        words = lexicon.build(corpus.spellings)
        quality = fit(model, [lexicon.folded(text).split() for text in held_out])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as building:
        made = Path(building) / "model"
        # Each graph is compiled by a process of its own: side by side they take two cores.
        with stages("graph"), ThreadPoolExecutor(_at_once()) as side:
            symbols = symbols_of(acoustic, words)
            grammar = ngram_grammar(model, symbols.words)
            large = side.submit(write_model, made, acoustic, words, grammar, symbols)
            asked = [
                side.submit(build_question, name, corpus, acoustic, made / QUESTIONS / name)
                for name in BUILT_QUESTIONS
            ]
            for question in asked:
                question.result()
            states, arcs = large.result()
        report = BuildReport(
            content=content,
            words=len(words.entries),
            pronunciations=words.pronunciation_count,
            sources=corpus.sources,
            ngrams=model.ngrams,
            held_out=quality,
            states=states,
            arcs=arcs,
            graph_bytes=(made / "graph" / "HCLG.fst").stat().st_size,
            took_s=stages.total_s,
            stages_s=stages.seconds,
        )
        (made / REPORT).write_text(
            json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        made.rename(target)
    return target, report, False


def build_question(name: str, corpus: Corpus, acoustic: Path, target: Path) -> tuple[int, int]:
    """Write the model of a closed question; its states and arcs. Nothing if nothing answers it."""
    said = dict(corpus.answers).get(name, ())
    if not said:
        return 0, 0
    model = question_model(said, corpus.sentences, corpus.general, GENERAL_WEIGHT)
    words = lexicon.build(corpus.spellings)
    symbols = symbols_of(acoustic, words)
    return write_model(target, acoustic, words, ngram_grammar(model, symbols.words), symbols)


def write_model(
    target: Path, acoustic: Path, words: Lexicon, grammar: Grammar, symbols: Symbols
) -> tuple[int, int]:
    """A complete Vosk model folder for one grammar; its states and arcs."""
    for name in ACOUSTIC_FILES:
        _take_over(acoustic / name, target / name)
    size = _compile(words, grammar, symbols, target / "graph" / "HCLG.fst")
    table = "".join(f"{word} {number}\n" for word, number in symbols.words.items())
    (target / "graph" / "words.txt").write_text(table, encoding="utf-8")
    return size


def _compile(words: Lexicon, grammar: Grammar, symbols: Symbols, target: Path) -> tuple[int, int]:
    """Write the graph; its states and arcs. Takes a process, see ivr/asr_build/openfst.py."""
    with tempfile.TemporaryDirectory(prefix="ivr-graph-") as folder:
        texts = {
            Path(folder) / "L.txt": as_text(*lexicon_arcs(words, symbols)),
            Path(folder) / "G.txt": as_text(grammar.arcs, grammar.finals),
        }
        for file, text in texts.items():
            file.write_text(text, encoding="ascii")
        command = [
            *(sys.executable, "-m", "ivr.asr_build.openfst", *map(str, texts)),
            *(str(target), str(symbols.first_disambiguation)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError("graph", f"the graph could not be compiled: {done.stderr.strip()[-500:]}")
    states, arcs = map(int, done.stdout.split())
    return states, arcs


def symbols_of(acoustic: Path, words: Lexicon) -> Symbols:
    """Numbers of the acoustic model's phones and of a lexicon's words."""
    return Symbols(read_phones(acoustic / "graph" / "phones.txt"), number_words(words.entries))


def content_hash(corpus: Corpus, acoustic: Path) -> str:
    """Of everything that decides what the graph becomes."""
    total = hashlib.sha256(f"{VERSION} {GENERAL_WEIGHT} {DIVERSITY} {ANSWERS_SHARE}".encode())
    total.update(repr([BUILT_QUESTIONS, corpus.answers]).encode())
    for sentence in corpus.sentences:
        total.update(f"{' '.join(sentence.words)} {sentence.weight!r}\n".encode())
    for word, frequency in corpus.general.items():
        total.update(f"{word} {frequency!r}\n".encode())
    total.update(" ".join(sorted(corpus.spellings)).encode())
    for name in ACOUSTIC_FILES:
        total.update((acoustic / name).read_bytes())
    return total.hexdigest()[:12]


def read_report(file: Path) -> BuildReport:
    """A report written earlier."""
    data = json.loads(file.read_text(encoding="utf-8"))
    held_out = TextFit(**data["held_out"] | {"hits": tuple(data["held_out"]["hits"])})
    sources = tuple((name, count) for name, count in data["sources"])
    changed = {"held_out": held_out, "sources": sources, "ngrams": tuple(data["ngrams"])}
    return BuildReport(**data | changed)


def _at_once() -> int:
    return 2 if psutil.virtual_memory().available > 3 * COMPILING_BYTES else 1


def _take_over(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


class _Stages:
    """Times named stages; `with stages("graph"): ...`."""

    def __init__(self, on_progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._on_progress = on_progress

    @property
    def total_s(self) -> float:
        return round(sum(self.seconds.values()), 2)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self._on_progress(name)
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 2)
