"""`ivr asr`: build the recognizer's graph from own texts, measure recognition, speak test texts."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from ivr.asr_build.build import BuildReport, build
from ivr.asr_build.closed import CLOSED, build_closed
from ivr.asr_build.texts import TextSources, read_corpus
from ivr.asr_eval import report as reporting
from ivr.asr_eval.corpus import Recording, read_recordings
from ivr.asr_eval.render import render
from ivr.asr_eval.run import EngineRun, recognize_all
from ivr.asr_eval.scoring import Comparison, Rate, compare
from ivr.cli.context import console, fail, run, settings_of
from ivr.config import Settings, VoiceSettings
from ivr.errors import IvrError, SetupError
from ivr.nlu.engine import DATA, open_engine
from ivr.nlu.phrases import read_phrases
from ivr.speech.models import BUILT, BUNDLED, MODELS_FOLDER, is_model, resolve
from ivr.speech.synthesis.choice import choose_synthesizer

app = typer.Typer(help="Speech recognition: build its graph, measure it.", no_args_is_help=True)

REPORT = Path("var/asr/report.html")


@app.command("build")
def build_graph(
    general_words: Annotated[
        int, typer.Option(help="Most frequent Russian words to add beside the project's own.")
    ] = 50_000,
    phrases: Annotated[Path, typer.Option(help="Training phrases.")] = DATA / "nlu",
    words: Annotated[Path, typer.Option(help="Folder of own word lists, *.txt.")] = DATA / "words",
    recorded: Annotated[
        Path, typer.Option(help="Manifest of recordings whose requests are learned too.")
    ] = Path("audio_fixtures/manifest.tsv"),
    folder: Annotated[Path, typer.Option(help="Where built models are kept.")] = MODELS_FOLDER
    / BUILT,
) -> None:
    """Compile the decoding graph of the bundled acoustic model from the project's texts.

    The result is used from the next start on, unless an official model is there.
    """
    sources = TextSources(
        phrases, words, recorded=recorded if recorded.is_file() else None,
        general_words=general_words,
    )  # fmt: skip
    began = time.monotonic()
    try:
        with console.status("reading texts") as status:
            corpus = read_corpus(sources)
            held_out = [phrase.text for phrase in read_phrases(DATA / "test.yml")]
            path, made, cached = build(
                corpus, MODELS_FOLDER / BUNDLED, folder, held_out, status.update
            )
    except IvrError as exc:
        raise fail(exc) from exc
    _print_build(made)
    state = "was there already" if cached else "is ready"
    console.print(f"[green]{path}[/] {state} ({time.monotonic() - began:.1f} s)", soft_wrap=True)


@app.command()
def closed(
    folder: Annotated[Path, typer.Option(help="Where they are written.")] = MODELS_FOLDER
    / BUILT
    / "closed",
) -> None:
    """Build the closed models: yes or no, digits, amounts."""
    for name in CLOSED:
        began = time.monotonic()
        states, arcs = build_closed(name, MODELS_FOLDER / BUNDLED, folder / name)
        took_s = time.monotonic() - began
        console.print(f"[green]{folder / name}[/] {states} states, {arcs} arcs, {took_s:.1f} s")


@app.command("eval")
def evaluate(
    context: typer.Context,
    recordings: Annotated[Path, typer.Argument(help="Folder or manifest.tsv.")],
    model: Annotated[
        list[Path] | None, typer.Option("--model", "-m", help="Model folder; two are compared.")
    ] = None,
    intents: Annotated[
        bool, typer.Option("--intents", help="Ask Rasa whether the meaning was kept.")
    ] = False,
    html: Annotated[Path, typer.Option(help="Page to write; JSON goes beside it.")] = REPORT,
    sample: Annotated[int, typer.Option(min=1, help="Take every n-th recording.")] = 1,
) -> None:
    """Word, letter, number and meaning errors, speed and memory of one or two models."""
    settings = settings_of(context)
    try:
        chosen = read_recordings(recordings)[::sample]
        models = [_model(path) for path in model or [resolve(settings.speech.model).path]]
        if len(models) > 2:
            raise SetupError("models", "at most two models are compared")
    except IvrError as exc:
        raise fail(exc) from exc
    runs = [_recognized(path, chosen) for path in models]
    if not runs[0].heard:
        raise fail(SetupError("recordings", f"no recording of {recordings} could be read"))
    errors = [reporting.errors_of(one) for one in runs]
    meanings = run(_meanings(settings, runs)) if intents else None
    reports = [
        reporting.summarize(one, found, meanings) for one, found in zip(runs, errors, strict=True)
    ]
    comparison = compare(*errors) if len(errors) == 2 else None
    html.parent.mkdir(parents=True, exist_ok=True)
    page = reporting.as_html(f"Распознавание: {recordings}", runs, errors, reports)
    html.write_text(page, encoding="utf-8")
    figures = json.dumps(reporting.as_json(reports, comparison), ensure_ascii=False, indent=1)
    html.with_suffix(".json").write_text(figures + "\n", encoding="utf-8")
    _print_reports(reports, comparison)
    console.print(f"[green]{html}[/]")


@app.command("render")
def speak(
    texts: Annotated[Path, typer.Argument(help="Phrases in Rasa's YAML, like nlu_data/test.yml.")],
    folder: Annotated[Path, typer.Argument(help="Where recordings and manifest.tsv go.")],
    voice: Annotated[str, typer.Option(help="festival, espeak, rhvoice or piper.")] = "festival",
    sample: Annotated[int, typer.Option(min=1, help="Take every n-th phrase.")] = 1,
) -> None:
    """Speak held-out phrases as over a telephone line (8 kHz, A-law), to measure with them."""
    try:
        phrases = read_phrases(texts)[::sample]
        synthesizer = choose_synthesizer(VoiceSettings.model_validate({"synthesizer": voice}))
    except IvrError as exc:
        raise fail(exc) from exc
    with _progress("speaking", len(phrases)) as advance:
        manifest = run(render(phrases, synthesizer, folder, advance))
    console.print(f"[green]{manifest}[/] {len(phrases)} recordings")


def _model(path: Path) -> Path:
    if not is_model(path):
        raise SetupError("model", f"{path} is not a Vosk model folder")
    return path


def _recognized(model: Path, recordings: tuple[Recording, ...]) -> EngineRun:
    with _progress(model.name, len(recordings)) as advance:
        return run(recognize_all(model, recordings, advance))


async def _meanings(settings: Settings, runs: list[EngineRun]) -> dict[str, str]:
    """Intent of every text that was said or heard; nothing heard is no intent."""
    texts = {text for one in runs for heard in one.heard for text in (heard.recording.text,
             heard.text)}  # fmt: skip
    async with AsyncExitStack() as stack:
        with console.status("starting Rasa") as status:
            patient = settings.nlu.model_copy(update={"timeout_s": 10.0})
            runtime = Path(settings.service.runtime) / "nlu-trial"
            engine = await open_engine(patient, runtime, status.update)
        stack.push_async_callback(engine.aclose)
        return {
            text: (await engine.client.parse(text)).intent.name if text else ""
            for text in sorted(texts)
        }


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


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


def _print_reports(reports: list[reporting.ModelReport], comparison: Comparison | None) -> None:
    table = Table("measure", *(report.model for report in reports))

    def row(name: str, rates: list[Rate | None]) -> None:
        shown = [f"{one.value:.1%} [{one.low:.1%}; {one.high:.1%}]" if one else "" for one in rates]
        table.add_row(name, *shown)

    row("word error rate", [report.words for report in reports])
    row("character error rate", [report.characters for report in reports])
    row("numbers wrong", [report.numbers for report in reports])
    if reports[0].concepts:
        row("meaning wrong", [report.concepts for report in reports])
    for name in reports[0].groups["источник"]:
        row(f"words, {name}", [report.groups["источник"].get(name) for report in reports])
    speeds = (f"{report.real_time_factor:.3f}" for report in reports)
    table.add_row("real-time factor", *speeds)
    finals = (f"{one.final_median_ms:.0f}, {one.final_p95_ms:.0f} ms" for one in reports)
    table.add_row("final result, median and 95 %", *finals)
    table.add_row("memory", *(f"{report.memory_mb:.0f} MB" for report in reports))
    console.print(table)
    for name, why in reports[0].unreadable:
        console.print(f"[yellow]not read:[/] {name}: {why}", soft_wrap=True)
    if comparison is not None:
        console.print(
            f"second minus first: {comparison.difference:+.1%} "
            f"[{comparison.low:+.1%}; {comparison.high:+.1%}], p = {comparison.p_value:.3f}; "
            f"better in {comparison.better}, worse in {comparison.worse} recordings",
            soft_wrap=True,
        )
