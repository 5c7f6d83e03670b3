"""`ivr asr`: measure recognition, speak test texts; the graphs' commands are in asr_graphs.py."""

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ivr.asr_eval import report as reporting
from ivr.asr_eval.corpus import read_recordings, under
from ivr.asr_eval.render import render
from ivr.asr_eval.run import EngineRun
from ivr.asr_eval.scoring import Comparison, Rate, compare
from ivr.audio.conditions import expand
from ivr.cli import asr_graphs
from ivr.cli.context import console, fail, run, settings_of
from ivr.config import Settings, VoiceSettings
from ivr.errors import IvrError, SetupError
from ivr.nlu.engine import open_engine
from ivr.nlu.phrases import read_phrases
from ivr.speech.models import is_model
from ivr.speech.synthesis.choice import choose_synthesizer

app = typer.Typer(help="Speech recognition: build its graph, measure it.", no_args_is_help=True)

asr_graphs.register(app)

REPORT = Path("var/asr/report.html")


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
    augment: Annotated[
        list[str] | None,
        typer.Option(
            "--augment",
            help="Recognize everything once more under conditions: "
            "'noise=20,10 babble=15 gsm loss=5+g711'.",
        ),
    ] = None,
) -> None:
    """Word, letter, number and meaning errors, speed and memory of one or two models."""
    settings = settings_of(context)
    try:
        chosen = under(read_recordings(recordings)[::sample], expand(augment or ()))
        models = [_model(path) for path in model or [asr_graphs.model_in_use(settings)]]
        if len(models) > 2:
            raise SetupError("models", "at most two models are compared")
    except IvrError as exc:
        raise fail(exc) from exc
    runs = [asr_graphs.recognized(path, chosen) for path in models]
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
    with asr_graphs.progress("speaking", len(phrases)) as advance:
        manifest = run(render(phrases, synthesizer, folder, advance))
    console.print(f"[green]{manifest}[/] {len(phrases)} recordings")


def _model(path: Path) -> Path:
    if not is_model(path):
        raise SetupError("model", f"{path} is not a Vosk model folder")
    return path


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
    for group in ("источник", "условие"):
        for name in reports[0].groups.get(group, ()):
            row(f"words, {name}", [report.groups[group].get(name) for report in reports])
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
