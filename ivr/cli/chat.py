"""`ivr chat`: the voice dialogue by text, with the same intents, policy and back office."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import typer

from ivr import log
from ivr.app import make_policy, open_back_office, open_texts
from ivr.cli.context import console, run, settings_of
from ivr.clock import SystemClock
from ivr.config import Settings
from ivr.dialogue.actions import Action, Ask, CallService, HangUp, RequestCallback, Say, Transfer
from ivr.dialogue.inputs import (
    CallbackStored,
    CallStarted,
    Heard,
    Keyed,
    Moment,
    NluUnavailable,
    NoInput,
    ServiceFailed,
    ServiceReplied,
    TransferFailed,
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
) -> None:
    """Type what a caller would say; a single key (0-9, *, #) is DTMF, an empty line is silence.

    Nobody is called: a transfer or a callback request is only told. The back office is the
    configured one: a promised payment is really connected.
    """
    settings = settings_of(context)
    log.configure(settings.log.model_copy(update={"level": "warning"}))
    run(_chat(settings, caller, show))


async def _chat(settings: Settings, caller: str, show: bool) -> None:
    async with AsyncExitStack() as stack:
        console.print("[dim]- starting the intent engine ...[/]")
        engine = await open_engine(settings.nlu, Path(settings.service.runtime))
        stack.push_async_callback(engine.aclose)
        office = open_back_office(settings)
        stack.push_async_callback(office.aclose)
        talk = _Chat(settings, engine.client, office, open_texts(settings), caller)
        await talk.run(show)


class _Chat:
    def __init__(
        self,
        settings: Settings,
        client: NluClient,
        office: BackOffice,
        texts: PromptTexts,
        caller: str,
    ) -> None:
        self._policy = make_policy(settings)
        self._client = client
        self._office = office
        self._texts = texts
        self._caller = caller

    async def run(self, show: bool) -> None:
        """Until the policy hangs up or the input ends."""
        clock = SystemClock()
        state = DialogueState()
        user_input: UserInput | None = CallStarted(self._caller, recorded=False)
        while user_input is not None:
            state, actions = self._policy.step(state, user_input, Moment(clock.now()))
            user_input = await self._carry_out(actions, show)

    async def _carry_out(self, actions: tuple[Action, ...], show: bool) -> UserInput | None:
        for action in actions:
            match action:
                case Say(phrase=phrase):
                    self._print(phrase)
                case Ask(phrase=phrase):
                    self._print(phrase)
                    return await self._read(show)
                case CallService():
                    return await self._ask_office(action)
                case Transfer(reason=reason):
                    console.print(f"[yellow]-> operator ({reason}); nobody is there in a chat[/]")
                    return TransferFailed("no_answer")
                case RequestCallback(number=number):
                    console.print(f"[yellow]-> callback request for {number}[/]")
                    return CallbackStored(number)
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
