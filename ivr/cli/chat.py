"""`ivr chat`: the voice dialogue by text, with the same intents, policy and back office."""

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import typer

from ivr import log
from ivr.app import make_policy, open_back_office, open_texts
from ivr.cli.context import console, run, settings_of
from ivr.cli.pretend_queue import PretendQueue
from ivr.clock import SystemClock
from ivr.config import Settings
from ivr.dialogue.actions import (
    Action,
    Ask,
    CallService,
    CancelCallback,
    HangUp,
    Join,
    RequestCallback,
    ReturnToLine,
    Say,
    Transfer,
)
from ivr.dialogue.inputs import (
    CallbackStored,
    CallStarted,
    Heard,
    Keyed,
    Moment,
    NluUnavailable,
    NoInput,
    PromiseCancelled,
    ServiceFailed,
    ServiceReplied,
    UserInput,
)
from ivr.dialogue.policy import DialogueState
from ivr.errors import NluError, ServiceError
from ivr.nlu.engine import open_engine
from ivr.nlu.schema import NluClient
from ivr.services.port import BackOffice
from ivr.speech.grammar import text_of
from ivr.speech.phrase import Phrase
from ivr.speech.prompt_texts import PromptTexts

KEYS: Final = set("0123456789*#")


def chat(
    context: typer.Context,
    caller: Annotated[
        str, typer.Option("--as", help="Subscriber's ten digits; '' for an unknown caller.")
    ] = "9030000001",
    show: Annotated[bool, typer.Option(help="Show intent and confidence of each line.")] = True,
    queue: Annotated[
        int | None,
        typer.Option(min=0, help="Pretend that so many people wait for an operator already."),
    ] = None,
) -> None:
    """Type what a caller would say; a single key (0-9, *, #) is DTMF, an empty line is silence.

    Nobody is called: a transfer or a callback request is only told. With --queue the caller waits
    behind others, and every empty line moves the queue on. The back office is the configured one: a
    promised payment is really connected.
    """
    settings = settings_of(context)
    log.configure(settings.log.model_copy(update={"level": "warning"}))
    run(_chat(settings, caller, show, PretendQueue(queue)))


async def _chat(settings: Settings, caller: str, show: bool, queue: PretendQueue) -> None:
    async with AsyncExitStack() as stack:
        console.print("[dim]- starting the intent engine ...[/]")
        engine = await open_engine(settings.nlu, Path(settings.service.runtime))
        stack.push_async_callback(engine.aclose)
        office = open_back_office(settings)
        stack.push_async_callback(office.aclose)
        talk = _Chat(settings, engine.client, office, open_texts(settings), caller, queue)
        await talk.run(show)


class _Chat:
    def __init__(
        self,
        settings: Settings,
        client: NluClient,
        office: BackOffice,
        texts: PromptTexts,
        caller: str,
        queue: PretendQueue,
    ) -> None:
        self._policy = make_policy(settings, staffed=queue.staffed)
        self._client = client
        self._office = office
        self._texts = texts
        self._caller = caller
        self._queue = queue
        self._clock = SystemClock()

    @property
    def _now(self) -> datetime:
        return self._clock.now() + self._queue.passed

    async def run(self, show: bool) -> None:
        """Until the policy hangs up or the input ends."""
        state = DialogueState()
        user_input: UserInput | None = CallStarted(self._caller, recorded=False)
        while user_input is not None:
            state, actions = self._policy.step(state, user_input, Moment(self._now))
            user_input = await self._carry_out(actions, show)

    async def _carry_out(self, actions: tuple[Action, ...], show: bool) -> UserInput | None:
        for action in actions:
            match action:
                case Say(phrase=phrase):
                    self._print(phrase)
                case Ask(phrase=phrase, music=music):
                    self._print(phrase)
                    if music:
                        console.print("[dim]- music[/]")
                    heard = await self._read(show)
                    waits = music and isinstance(heard, NoInput)
                    return self._queue.moves_on(self._now) if waits else heard
                case CallService():
                    return await self._ask_office(action)
                case Transfer(reason=reason):
                    console.print(f"[yellow]-> operator ({reason}); nobody is there in a chat[/]")
                    return self._queue.enter(self._now)
                case Join():
                    console.print("[yellow]-> the operator has the caller[/]")
                case RequestCallback(number=number, slot=slot):
                    when = slot or "in turn"
                    console.print(f"[yellow]-> callback request for {number}, {when}[/]")
                    return CallbackStored(number, self._queue.told_ahead, slot)
                case CancelCallback():
                    console.print("[yellow]-> out of the queue[/]")
                    return PromiseCancelled()
                case ReturnToLine():
                    return self._queue.enter(self._now)
                case HangUp(reason=reason):
                    console.print(f"[dim]-> end ({reason})[/]")
        return None

    def _print(self, phrase: Phrase) -> None:
        if phrase:
            console.print(f"[bold green]bot[/]   {text_of(phrase, self._texts)}")

    async def _read(self, show: bool) -> UserInput | None:
        console.print("[bold cyan]you[/]   ", end="")
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return None
        if not sys.stdin.isatty():
            console.print(line.rstrip("\n"))
        text = line.strip()
        if not text:
            return NoInput()
        if text in KEYS:
            return Keyed(text)
        return await self._understand(text, show)

    async def _understand(self, text: str, show: bool) -> UserInput:
        try:
            result = await self._client.parse(text)
        except NluError as exc:
            console.print(f"[red]{exc.message}[/]")
            return NluUnavailable(text)
        if show:
            best = ", ".join(f"{i.name} {i.confidence:.2f}" for i in result.ranking[:3])
            slots = " ".join(f"{entity.kind}={entity.value}" for entity in result.entities)
            console.print(f"[dim]      {best} {slots}[/]")
        return Heard(result)

    async def _ask_office(self, action: CallService) -> UserInput:
        arguments = dict(action.arguments)
        if action.call.value.startswith("connect"):
            arguments["order_id"] = uuid4().hex
        try:
            reply = await getattr(self._office, action.call.value)(self._caller, **arguments)
        except ServiceError as exc:
            return ServiceFailed(action.call, exc.code)
        return ServiceReplied(action.call, reply)
