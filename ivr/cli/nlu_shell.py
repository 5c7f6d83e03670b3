"""`ivr nlu shell`: type texts, see what is understood, why, and what the bot would do next."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from ivr.app import make_policy, open_texts
from ivr.cli.context import console, fail, settings_of
from ivr.cli.nlu_trial import runtime_of
from ivr.clock import SystemClock
from ivr.config import NluSettings, Settings
from ivr.dialogue.actions import Action, Ask, CallService, HangUp, RequestCallback, Say, Transfer
from ivr.dialogue.inputs import CallStarted, Heard, Moment
from ivr.dialogue.policy import DialogueState, Policy
from ivr.errors import ConfigError, IvrError
from ivr.nlu.data_set import DataSet, read_data_set
from ivr.nlu.likeness import comparable, nearest
from ivr.nlu.measuring import Watcher, pinned
from ivr.nlu.phrase_file import add_phrases
from ivr.nlu.schema import NluClient, NluResult
from ivr.nlu.thresholds import Decision, decide
from ivr.speech.grammar import text_of
from ivr.speech.prompt_texts import PromptTexts

with contextlib.suppress(ImportError):  # some Pythons are built without it: then no history
    import readline

NEAREST: Final = 3
BAR: Final = 30
"""Characters of full confidence."""
HISTORY: Final = "nlu-shell-history"
COLOURS: Final = {Decision.ACCEPT: "green", Decision.CONFIRM: "yellow", Decision.REJECT: "red"}
HELP: Final = """\
Any text: what is understood of it.
/add INTENT   put the last text into the training data, after asking
/help         this
Ctrl-D        ends"""


def shell(
    context: typer.Context,
    caller: Annotated[
        str, typer.Option("--as", help="Caller's ten digits; '' for an unknown caller.")
    ] = "9030000001",
) -> None:
    """Type what a caller would say; see intents, entities, thresholds and the bot's next step.

    Each text stands for the first thing said after the greeting. Nothing is carried out: no back
    office is asked, nobody is called. The most similar training phrases show where a confidence
    comes from. /add INTENT teaches the last text, /help lists the commands, Ctrl-D ends. Where
    standard input is a file or a pipe, each of its lines is a text or a command.
    """
    settings = settings_of(context)
    # Not one long coroutine: waiting at the prompt outside the loop lets Ctrl-C end it at once.
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        try:
            with console.status("starting Rasa") as status:
                watcher = Watcher(step=status.update)
                engine = pinned(settings.nlu, None, runtime_of(settings), watcher)
                client = runner.run(stack.enter_async_context(engine))
            with _history(runtime_of(settings) / HISTORY):
                _Shell(settings, runner, client, caller).run()
        except IvrError as exc:
            raise fail(exc) from exc
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        finally:
            runner.run(stack.aclose())


@contextlib.contextmanager
def _history(file: Path) -> Iterator[None]:
    """Lines typed earlier, where there is a terminal to type on."""
    if "readline" not in globals() or not sys.stdin.isatty():
        yield
        return
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            readline.write_history_file(file)


class _Shell:
    """One session. Main thread; the loop runs only while the engine is asked."""

    def __init__(
        self, settings: Settings, runner: asyncio.Runner, client: NluClient, caller: str
    ) -> None:
        self._settings = settings.nlu
        self._runner = runner
        self._client = client
        self._folder = Path(settings.nlu.data)
        self._data = read_data_set(self._folder)
        self._texts = open_texts(settings)
        self._policy = make_policy(settings)
        self._state = _greeted(self._policy, caller)
        self._last = ""

    def run(self) -> None:
        """Until the input ends."""
        if sys.stdin.isatty():
            console.print("[dim]/help lists commands[/]")
        while (line := _read("> ")) is not None:
            text = line.strip()
            if text.startswith("/"):
                self._obey(text)
            elif text:
                self._explain(text)

    def _explain(self, text: str) -> None:
        result = self._runner.run(self._client.parse(text))
        self._last = text
        _print_understanding(result, self._settings)
        _print_nearest(text, self._data)
        _, actions = self._policy.step(self._state, Heard(result), Moment(SystemClock().now()))
        told = escape("; ".join(_told(actions, self._texts)))
        console.print(f"[bold]next[/]      {told}", soft_wrap=True)

    def _obey(self, line: str) -> None:
        command, _, argument = line.partition(" ")
        match command:
            case "/add":
                self._add(argument.strip())
            case "/help":
                console.print(HELP)
            case _:
                console.print(f"[red]there is no {escape(command)};[/] /help lists what there is")

    def _add(self, intent: str) -> None:
        """Ask, then write; a refusal is told and the shell goes on."""
        text = comparable(self._last)
        if not text or not intent:
            console.print("[red]/add INTENT[/] takes the text before it")
            return
        if (_read(f"add «{text}» to {intent}? y/n ") or "").strip().lower() != "y":
            console.print("left")
            return
        try:
            added = add_phrases(self._folder, {intent: [text]})
        except ConfigError as exc:
            console.print(f"[red]{escape(exc.message)}[/]", soft_wrap=True)
            return
        self._data = read_data_set(self._folder)
        for phrase in added:
            console.print(f"[green]{phrase.file}[/] has it; ivr nlu train teaches it")
        if not added:
            console.print(f"{intent} has it already")


def _greeted(policy: Policy, caller: str) -> DialogueState:
    """The state in which the caller's first words are awaited."""
    started = CallStarted(caller, recorded=False)
    state, _ = policy.step(DialogueState(), started, Moment(SystemClock().now()))
    return state


def _read(prompt: str) -> str | None:
    """The next line, None at the end of input; what is piped is shown as if it were typed."""
    if sys.stdin.isatty():
        try:
            return input(prompt)
        except EOFError:
            console.print()
            return None
    line = sys.stdin.readline()
    if not line:
        return None
    console.print(f"[bold cyan]{prompt}[/]{escape(line.rstrip())}")
    return line


def _print_understanding(result: NluResult, settings: NluSettings) -> None:
    decision = decide(result, accept=settings.accept, confirm=settings.confirm)
    for number, item in enumerate(result.ranking):
        bar = "█" * round(item.confidence * BAR)
        colour = COLOURS[decision] if number == 0 else "dim"
        console.print(f"  {item.name:24}{item.confidence:5.2f}  [{colour}]{bar}[/]")
    limits = f"accept from {settings.accept}, confirm from {settings.confirm}"
    console.print(f"[bold]decision[/]  [{COLOURS[decision]}]{decision}[/] ({limits})")
    console.print(f"[bold]compared[/]  {escape(comparable(result.text))}")
    for entity in result.entities:
        found = f"{entity.kind} = {entity.value}  «{entity.text}»"
        console.print(f"[bold]entity[/]    {escape(found)}")


def _print_nearest(text: str, data: DataSet) -> None:
    for place, likeness in nearest(comparable(text), data.trained, NEAREST):
        phrase = data.training[place]
        console.print(
            f"[bold]nearest[/]   {likeness:3.0f} % «{phrase.text}» {phrase.intent} "
            f"[dim]{phrase.place}[/]",
            soft_wrap=True,
        )


def _told(actions: tuple[Action, ...], texts: PromptTexts) -> Iterator[str]:
    for action in actions:
        match action:
            case Say(phrase=phrase) | Ask(phrase=phrase):
                if phrase:
                    yield f"says «{text_of(phrase, texts)}»"
            case CallService(call=call, arguments=arguments):
                given = ", ".join(f"{name}={value}" for name, value in arguments)
                yield f"asks the back office: {call}" + (f" ({given})" if given else "")
            case Transfer(reason=reason):
                yield f"hands over to an operator ({reason})"
            case RequestCallback(number=number):
                yield f"takes a callback request for {number}"
            case HangUp(reason=reason):
                yield f"ends the call ({reason})"
