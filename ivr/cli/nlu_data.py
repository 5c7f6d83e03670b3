"""`ivr nlu lint`: what is doubtful in the training data; and the other commands on that data."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.markup import escape

from ivr.asr_build.texts import TextSources
from ivr.asr_build.vocabulary import buildable_words, model_words
from ivr.cli import nlu_shell, nlu_suggest
from ivr.cli.context import console, fail, settings_of
from ivr.config import Settings
from ivr.errors import IvrError, SetupError
from ivr.files import write_whole
from ivr.nlu import hygiene
from ivr.nlu.data_set import DataSet, read_data_set
from ivr.nlu.hygiene import Finding, Limits, Severity, Writable
from ivr.nlu.hygiene_likeness import check_leaks, check_pairs
from ivr.speech import models as speech_models

app = typer.Typer()
app.command()(nlu_suggest.suggest)
app.command()(nlu_shell.shell)

COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.HINT: "dim"}


@app.command()
def lint(
    context: typer.Context,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    hints: Annotated[bool, typer.Option("--hints", help="Print hints too.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all findings, hints too.", dir_okay=False)
    ] = None,
) -> None:
    """Look for what is wrong or doubtful in nlu_data; exit code 1 when there are errors.

    Duplicates and near duplicates, phrases of two intents, test phrases that are trained on,
    intents that are too small or never tested, entities that have one value only, words the
    recognizer in use cannot write, and what nobody says like that. Each finding names file and
    line, why it matters and what to do.
    """
    settings = settings_of(context)
    try:
        with console.status("reading"):
            data = read_data_set(Path(settings.nlu.data))
            findings = find(data, _writable(settings, data))
        if json_file is not None:
            write_whole(json_file, _as_json(findings))
    except IvrError as exc:
        raise fail(exc) from exc
    for finding in findings:
        if hints or finding.severity is not Severity.HINT:
            _print(finding)
    counts = Counter(finding.severity for finding in findings)
    _print_summary(data, findings, counts)
    if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]):
        raise typer.Exit(1)


def find(data: DataSet, writable: Writable | None, limits: Limits | None = None) -> list[Finding]:
    """All findings, the gravest first; words are left out without a vocabulary."""
    limits = limits or Limits()
    return hygiene.sorted_findings(
        [
            *hygiene.check_texts(data, limits),
            *hygiene.check_intents(data, limits),
            *hygiene.check_entities(data, limits),
            *check_pairs(data, limits),
            *check_leaks(data, limits),
            *(hygiene.check_words(data, writable) if writable else ()),
        ]
    )


def _writable(settings: Settings, data: DataSet) -> Writable | None:
    """What the recognizer in use can write; says so where that cannot be known."""
    try:
        model = speech_models.in_use(settings.speech)
    except SetupError as exc:
        console.print(f"[yellow]words are not checked:[/] {escape(exc.message)}")
        return None
    words = model_words(model.path)
    if words is None:
        console.print(f"[yellow]words are not checked:[/] {model.path.name} does not list them")
        return None
    spoken = {word for text in (*data.trained, *data.tested) for word in text.split()}
    folder = Path(settings.nlu.data)
    sources = TextSources(phrases=folder / "nlu", words=folder / "words")
    learnable = buildable_words(sources) if spoken - words else frozenset[str]()
    return Writable(words, learnable, model.description.partition(" (")[0])


def _print(finding: Finding) -> None:
    colour = COLOURS[finding.severity]
    console.print(
        f"{finding.place}: [{colour}]{finding.severity}[/] {finding.kind}: "
        f"[bold]{escape(finding.text)}[/] ({escape(finding.intent)})\n"
        f"    {escape(finding.why)}; {escape(finding.advice)}",
        soft_wrap=True,
    )


def _print_summary(data: DataSet, findings: Sequence[Finding], counts: Counter[Severity]) -> None:
    told = ", ".join(
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in Severity
    )
    console.print(
        f"{len(data.training)} phrases of {len(data.intents)} intents, "
        f"{len(data.held_out)} test phrases: {told}",
        soft_wrap=True,
    )
    kinds = Counter(finding.kind for finding in findings if finding.severity is Severity.HINT)
    if kinds:
        parts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        console.print(f"[dim]hints (--hints prints them): {parts}[/]", soft_wrap=True)


def _as_json(findings: Sequence[Finding]) -> str:
    encoded = msgspec.json.format(msgspec.json.encode({"findings": findings}), indent=1)
    return encoded.decode() + "\n"
