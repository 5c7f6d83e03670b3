"""`ivr asr build, closed, promote, rollback, graphs`: making graphs and putting them in force."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from ivr.asr_build.build import REPORT, BuildReport, build, build_question, read_report
from ivr.asr_build.questions import QUESTION_NAMES
from ivr.asr_build.texts import TextSources, read_corpus
from ivr.asr_eval import report as reporting
from ivr.asr_eval.corpus import Recording, read_recordings
from ivr.asr_eval.gate import VERDICT, Gate, Verdict, keep, read_gate, refusals, unknown_share
from ivr.asr_eval.run import EngineRun, recognize_all
from ivr.asr_eval.scoring import compare, word_error_rate
from ivr.bench.graph_build import measure
from ivr.cli.context import console, fail, run, settings_of
from ivr.config import Settings
from ivr.errors import IvrError, SetupError
from ivr.nlu.engine import DATA
from ivr.nlu.phrases import read_phrases
from ivr.services.demo_tables import DATA_FILE
from ivr.speech.graph_choice import NO_GRAPH, Pick, choose, go_back, offer, read_choice
from ivr.speech.models import (
    BUNDLED,
    MODELS_FOLDER,
    built_in,
    bundled,
    in_force,
    resolve,
)

RECORDINGS = Path("audio_fixtures")

DataOption = Annotated[
    Path, typer.Option("--data", help="Folder with nlu/, words/, test.yml and gate.toml.")
]
FolderOption = Annotated[
    Path | None,
    typer.Option(help="Where built graphs are; by default speech.graphs.", show_default=False),
]
RecordingsOption = Annotated[
    Path, typer.Option(help="Folder or manifest.tsv that the gates recognize.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Promote without asking the gates.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `ivr asr`."""
    app.command("build")(build_graph)
    for command in (closed, promote, rollback, graphs, bench):
        app.command()(command)


def build_graph(
    context: typer.Context,
    promote: Annotated[
        bool, typer.Option("--promote", help="Put it in force if it passes the gates.")
    ] = False,
    force: ForceOption = False,
    set_up: Annotated[
        bool,
        typer.Option("--set-up", help="Let it replace a graph that nobody promoted by hand."),
    ] = False,
    data: DataOption = DATA,
    back_office: Annotated[Path, typer.Option(help="Names known to the back office.")] = DATA_FILE,
    recorded: Annotated[
        Path, typer.Option(help="Manifest of recordings whose requests are learned too.")
    ] = RECORDINGS / "manifest.tsv",
    general_words: Annotated[
        int, typer.Option(help="Most frequent Russian words to add beside the project's own.")
    ] = 50_000,
    folder: FolderOption = None,
    recordings: RecordingsOption = RECORDINGS,
) -> None:
    """Compile the decoding graph of the bundled acoustic model from the project's texts.

    The first graph is in force at once; a later one after `ivr asr promote`, or with --promote.
    """
    settings = settings_of(context)
    target = folder or Path(settings.speech.graphs)
    sources = TextSources(
        data / "nlu",
        data / "words",
        back_office,
        recorded if recorded.is_file() else None,
        general_words,
    )
    began = time.monotonic()
    try:
        with console.status("reading texts") as status:
            corpus = read_corpus(sources)
            held_out = [phrase.text for phrase in read_phrases(data / "test.yml")]
            path, made, cached = build(
                corpus, MODELS_FOLDER / BUNDLED, target, held_out, status.update
            )
    except IvrError as exc:
        raise fail(exc) from exc
    if not set_up:
        _print_build(made)
    state = "was there already" if cached else "is ready"
    console.print(f"[green]{path}[/] {state} ({time.monotonic() - began:.1f} s)", soft_wrap=True)
    if promote:
        _promote(settings, path, data, recordings, force=force)
    else:
        _offer(target, path.name, set_up=set_up)


def closed(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="Where they go; by default speech.graphs/closed.")
    ] = None,
    data: DataOption = DATA,
    general_words: Annotated[
        int, typer.Option(help="Most frequent Russian words to add.")
    ] = 50_000,
) -> None:
    """Build the graphs of closed questions, to measure them: yes or no, a city, digits, amounts."""
    target = folder or Path(settings_of(context).speech.graphs) / "closed"
    try:
        corpus = read_corpus(TextSources(data / "nlu", data / "words", general_words=general_words))
        for name in QUESTION_NAMES:
            began = time.monotonic()
            with console.status(name):
                size = build_question(name, corpus, MODELS_FOLDER / BUNDLED, target / name)
            took_s = time.monotonic() - began
            console.print(f"[green]{target / name}[/] {size[0]} states, {took_s:.1f} s")
    except IvrError as exc:
        raise fail(exc) from exc


def promote(
    context: typer.Context,
    graph: Annotated[str, typer.Argument(help="Name of a graph; empty: the one built last.")] = "",
    force: ForceOption = False,
    data: DataOption = DATA,
    folder: FolderOption = None,
    recordings: RecordingsOption = RECORDINGS,
) -> None:
    """Put a built graph in force if it is no worse than the present one (nlu_data/gate.toml).

    A running service gives it to new calls within a second; no restart is needed.
    """
    settings = settings_of(context)
    target = folder or Path(settings.speech.graphs)
    built = built_in(target)
    path = target / graph if graph else (built[0] if built else target)
    if path not in built:
        known = ", ".join(one.name for one in built) or "none"
        raise fail(SetupError("graph", f"no built graph {graph!r} in {target}; there: {known}"))
    _promote(settings, path, data, recordings, force=force)


def rollback(context: typer.Context, folder: FolderOption = None) -> None:
    """Put in force what was in force before the last promotion."""
    target = folder or Path(settings_of(context).speech.graphs)
    try:
        choice = go_back(target)
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(f"in force: [bold]{_name(choice.now)}[/]")


def graphs(context: typer.Context, folder: FolderOption = None) -> None:
    """List the built graphs, what is known of them, and which one is in force."""
    settings = settings_of(context)
    target = folder or Path(settings.speech.graphs)
    try:
        choice = read_choice(target)
    except IvrError as exc:
        raise fail(exc) from exc
    now = choice.now.graph if choice else NO_GRAPH
    before = [pick.graph for pick in choice.before] if choice else []
    table = Table("graph", "built", "words", "unknown", "perplexity", "errors, before", "state")
    table.columns[0].no_wrap = True
    for path in built_in(target):
        made = read_report(path / REPORT)
        table.add_row(
            path.name,
            time.strftime("%m-%d %H:%M", time.localtime((path / "graph").stat().st_mtime)),
            f"{made.words}",
            f"{made.held_out.oov_words / max(1, made.held_out.words):.1%}",
            f"{made.held_out.perplexity:.0f}",
            _measured(path / VERDICT),
            "in force" if path.name == now else "before" if path.name in before else "",
        )
    console.print(table)
    console.print(f"in force: {_name(choice.now) if choice else BUNDLED}")
    if not (used := resolve(settings.speech.model, graphs=target)).follows_choice:
        console.print(f"[yellow]not used:[/] {used.description} goes first")


def bench(
    phrases: Annotated[int, typer.Option(min=1, help="Generated phrases.")] = 20_000,
    general_words: Annotated[int, typer.Option(help="Most frequent Russian words to add.")] = 5_000,
    data: DataOption = DATA,
) -> None:
    """Measure how long a large graph takes to build; the phrases are generated, the same ones
    every time."""
    try:
        with console.status("building"):
            corpus = read_corpus(
                TextSources(data / "nlu", data / "words", general_words=general_words)
            )
            found = measure(corpus, MODELS_FOLDER / BUNDLED, phrases)
    except IvrError as exc:
        raise fail(exc) from exc
    made = found.report
    console.print(f"{found.phrases} phrases, {made.words} words, {made.states} states")
    console.print(f"{found.wall_s:.1f} s by the clock, {found.processor_s:.1f} s of processor time")
    console.print(f"{found.cores} cores, load {found.load_before:.1f} when it began")


def model_in_use(settings: Settings) -> Path:
    """What the service would load."""
    return resolve(settings.speech.model, graphs=Path(settings.speech.graphs)).path


def recognized(model: Path, recordings: tuple[Recording, ...]) -> EngineRun:
    """All recordings through a model, with a bar."""
    with progress(model.name, len(recordings)) as advance:
        return run(recognize_all(model, recordings, advance))


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that goes when the work is done."""
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def _offer(graphs: Path, graph: str, *, set_up: bool) -> None:
    try:
        before = read_choice(graphs)
        taken = offer(graphs, graph, set_up=set_up)
    except IvrError as exc:
        raise fail(exc) from exc
    if before is None:
        console.print("in force from now on: it is the first one")
    elif taken:
        console.print(f"in force from now on, instead of {_name(before.now)}: the texts changed")
    elif before.now.graph == graph:
        console.print("in force")
    else:
        why = "promoted by hand" if before.now.promoted else "in force"
        console.print(f"[yellow]not in force:[/] {_name(before.now)} ({why}) stays; change with")
        console.print(f"  ivr asr promote {graph}")


def _promote(settings: Settings, path: Path, data: Path, recordings: Path, *, force: bool) -> None:
    graphs = path.parent
    try:
        if not force:
            verdict = _judged(path, data, recordings)
            if verdict is not None and verdict.reasons:
                console.print(f"[red]not promoted:[/] {'; '.join(verdict.reasons)}", soft_wrap=True)
                raise typer.Exit(1)
        choose(graphs, path.name, promoted=True)
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(f"in force: [bold]{path.name}[/] (back with: ivr asr rollback)")
    if not (used := resolve(settings.speech.model, graphs=graphs)).follows_choice:
        console.print(f"[yellow]not used:[/] {used.description} goes first")


def _judged(path: Path, data: Path, recordings: Path) -> Verdict | None:
    """What the gates say; None when it is in force already."""
    try:
        present = in_force(graphs=path.parent).path
    except SetupError:
        present = bundled().path
    if present == path:
        return None
    gate = read_gate(data / "gate.toml")
    verdict = _compared(gate, present, path, data, recordings)
    keep(verdict, path)
    change = verdict.comparison
    console.print(
        f"word error rate {verdict.words_before.value:.1%} -> {verdict.words.value:.1%} "
        f"(p = {change.p_value:.3f}), unknown words {verdict.unknown_before:.1%} -> "
        f"{verdict.unknown:.1%}, against {verdict.against}",
        soft_wrap=True,
    )
    return verdict


def _compared(gate: Gate, present: Path, path: Path, data: Path, recordings: Path) -> Verdict:
    chosen = read_recordings(recordings)
    if present.name == BUNDLED:
        # It was made from the texts of all recordings: only of those that both know it is fair.
        chosen = tuple(one for one in chosen if one.known)
    chosen = chosen[:: gate.sample]
    texts = [phrase.text for phrase in read_phrases(data / "test.yml")]
    errors = [reporting.errors_of(recognized(model, chosen)) for model in (present, path)]
    if not errors[0]:
        raise SetupError("recordings", f"no recording of {recordings} could be read")
    comparison = compare(*errors)
    unknown = [unknown_share(model, texts) for model in (present, path)]
    return Verdict(
        against=present.name,
        words=word_error_rate(errors[1]),
        words_before=word_error_rate(errors[0]),
        comparison=comparison,
        unknown=unknown[1],
        unknown_before=unknown[0],
        reasons=tuple(refusals(gate, comparison, *unknown)),
    )


def _measured(file: Path) -> str:
    """What the gates last said, in short."""
    if not file.is_file():
        return ""
    found = json.loads(file.read_text(encoding="utf-8"))
    rates = [found[key]["errors"] / found[key]["of"] for key in ("words", "words_before")]
    return f"{rates[0]:.1%}, {rates[1]:.1%}"


def _name(pick: Pick) -> str:
    return pick.graph or BUNDLED


def _print_build(made: BuildReport) -> None:
    table = Table("graph", "", title=f"graph {made.content}")
    for name, count in made.sources:
        table.add_row(name, f"{count}")
    held_out = made.held_out
    hits = sum(held_out.hits)
    table.add_row("vocabulary", f"{made.words} words, {made.pronunciations} pronunciations")
    table.add_row("n-grams 1, 2, 3", ", ".join(map(str, made.ngrams)))
    table.add_row("held-out text", f"{held_out.sentences} phrases, {held_out.words} words")
    table.add_row("perplexity", f"{held_out.perplexity:.0f}")
    table.add_row("out of vocabulary", f"{held_out.oov_words / max(1, held_out.words):.1%}")
    shares = (f"{count / max(1, hits):.0%}" for count in held_out.hits)
    table.add_row("answered by 1-, 2-, 3-gram", ", ".join(shares))
    size = f"{made.states} states, {made.arcs} arcs, {made.graph_bytes / 1e6:.1f} MB"
    table.add_row("size", size)
    stages = ", ".join(f"{name} {took_s:.1f} s" for name, took_s in made.stages_s.items())
    table.add_row("built in", f"{made.took_s:.1f} s ({stages})")
    console.print(table)
