"""`ivr nlu suggest`: phrases that could be added, put in order by the trained model."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from ivr.cli.context import console, fail, run, settings_of
from ivr.cli.nlu_trial import runtime_of, watched
from ivr.config import Settings
from ivr.dialogue.state import Topic
from ivr.dialogue.yes_no import wants_operator, yes_or_no
from ivr.errors import ConfigError, IvrError, SetupError
from ivr.nlu.data_set import DataSet, read_data_set
from ivr.nlu.measuring import pinned
from ivr.nlu.paraphrase import SEED, Rules, paraphrases, parse_rules
from ivr.nlu.phrase_file import add_phrases
from ivr.nlu.schema import NluResult
from ivr.nlu.suggestions import Suggestion, by_lesson, new_ones, varied

RULES: Final = "paraphrases.toml"
CHOICE: Final = 8
"""Paraphrases made for each suggestion that is wanted, since many are left out."""
ASKED: Final = 300
"""Texts the model is asked about; 10 ms each."""


def suggest(
    context: typer.Context,
    intent: Annotated[str, typer.Argument(help="Only for this intent; default: all.")] = "",
    count: Annotated[int, typer.Option(min=1, help="How many suggestions.")] = 10,
    seed: Annotated[int, typer.Option(help="Another number gives other suggestions.")] = SEED,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask about each: y takes it, n does not, q ends.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Add them (with --ask: those taken) to nlu_data/nlu.")
    ] = False,
) -> None:
    """Suggest phrases made from those there are, those first that the trained model gets wrong.

    Names and sums, openers, synonyms and politeness are exchanged by nlu_data/paraphrases.toml.
    Nothing is suggested that is in the training or test phrases, or nearly so. Rules know no
    grammar: read what they say before you add it. The same seed suggests the same.
    """
    settings = settings_of(context)
    try:
        folder = Path(settings.nlu.data)
        data = read_data_set(folder)
        rules = _read_rules(folder / RULES)
        _require_varied(intent, data, rules)
        with console.status("making paraphrases"):
            fresh = _fresh(data, rules, intent, count, seed)
        suggestions = varied(run(_in_order(settings, fresh)), count)
        _print(suggestions)
        taken = list(_taken(suggestions)) if ask else list(suggestions)
        if write:
            _write(folder, taken)
    except IvrError as exc:
        raise fail(exc) from exc


def _read_rules(file: Path) -> Rules:
    try:
        return parse_rules(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(str(file), "", "a file that exists, in UTF-8") from exc


def _require_varied(intent: str, data: DataSet, rules: Rules) -> None:
    if intent and intent not in data.intents:
        raise ConfigError("intent", intent, "an intent of domain.yml")
    if intent in rules.left_out:
        raise ConfigError("intent", intent, f"{RULES} leaves it out")


def _fresh(data: DataSet, rules: Rules, only: str, count: int, seed: int) -> tuple[Suggestion, ...]:
    """As many suggestions of each intent as the model can be asked about, at least `count`."""
    intents = [only] if only else [name for name in data.intents if name not in rules.left_out]
    share = max(ASKED, count) // len(intents) + 1
    fresh: list[Suggestion] = []
    for intent in intents:
        phrases = [phrase for phrase in data.training if phrase.intent == intent]
        made = paraphrases(phrases, rules, most=CHOICE * share, seed=seed)
        fresh += varied(new_ones(made, data, rule_intent), share)
    return tuple(fresh)


def rule_intent(text: str) -> str | None:
    """What the dialogue understands without a model: yes, no and the wish for an operator."""
    if wants_operator(text):
        return "operator"
    yes = yes_or_no(text, Topic.OPEN)
    return None if yes is None else "affirm" if yes else "deny"


async def _in_order(
    settings: Settings, suggestions: Sequence[Suggestion]
) -> tuple[Suggestion, ...]:
    """What the model gets wrong or is unsure of comes first; as they are without a model."""
    results: dict[str, NluResult] = {}
    with watched(len(suggestions)) as watcher:
        try:
            async with pinned(settings.nlu, None, runtime_of(settings), watcher) as client:
                for one in suggestions:
                    results[one.text] = await client.parse(one.text)
                    watcher.parsed()
        except SetupError as exc:
            console.print(f"[yellow]in no order, without a trained model:[/] {escape(exc.message)}")
            return tuple(suggestions)
    return by_lesson(suggestions, results)


def _print(suggestions: Sequence[Suggestion]) -> None:
    if not suggestions:
        console.print("nothing to suggest: what the rules make is there already, or nearly so")
        return
    table = Table("suggestion", "intent", "the model says", "made from")
    for one in suggestions:
        said = "" if one.result is None else _says(one, one.result)
        table.add_row(one.text, one.intent, said, one.source.text)
    console.print(table)


def _says(suggestion: Suggestion, result: NluResult) -> str:
    best = result.intent
    colour = "green" if best.name == suggestion.intent else "red"
    return f"[{colour}]{best.name}[/] {best.confidence:.2f}"


def _taken(suggestions: Iterable[Suggestion]) -> Iterator[Suggestion]:
    """Those the user presses 'y' for; 'q', the end of input and Ctrl-D end the questions."""
    for one in suggestions:
        console.print(f"[bold]{one.text}[/] ({one.intent})  y/n/q ", end="", soft_wrap=True)
        key = _key()
        console.print({"y": "[green]taken[/]", "n": "left"}.get(key, "end"))
        if key == "y":
            yield one
        elif key != "n":
            return


def _key() -> str:
    """One of 'y', 'n' and 'q'; other keys are passed over."""
    while True:
        try:
            key = typer.getchar().lower()
        except EOFError:
            return "q"
        except OSError as exc:
            raise SetupError("terminal", "--ask needs a terminal to ask on") from exc
        if key in {"y", "n", "q"}:
            return key
        if not key:
            return "q"


def _write(data: Path, suggestions: Iterable[Suggestion]) -> None:
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for one in sorted(suggestions, key=lambda one: one.text):
        texts[one.intent].append(one.text)
    added = add_phrases(data, texts)
    for phrase in added:
        console.print(f"{phrase.file}: [green]+ {phrase.text}[/] ({phrase.intent})", soft_wrap=True)
    if added:
        console.print("now: ivr nlu train, ivr nlu test")
