"""`ivr operators`: who answers contacts and whether they are on duty, in the queue's database."""

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote

import typer
from rich.text import Text

from ivr.app_queue_rules import operator_rules
from ivr.cli.context import EXIT_FAULT, config_path, console, errors, fail, run
from ivr.cli.operators_file import OperatorsFile, read_operators, write_operators
from ivr.cli.queue_store import DatabaseOption, open_queue
from ivr.cli.queue_tables import operator_line, operators_table
from ivr.cli.service_api import order as order_service
from ivr.cli.service_api import service_url
from ivr.config import load
from ivr.errors import IvrError
from ivr.handoff.supervision import SupervisionMode
from ivr.http.queue_views import operator_view
from ivr.queue import desk
from ivr.queue.desk import DeskError, new_operator, skills_of
from ivr.queue.model import DEFAULT_LANGUAGE, Operator
from ivr.queue.ports import QueueStore, Snapshot

T = TypeVar("T")

HELP = """Operators of the queue: who they are, and whether they are on duty.

Works on the queue's database, beside a running service or without one, on
this machine (queue.database) or on another (--database
postgresql+psycopg://user@host/queue). Every node sees a change at once.

A day: [bold]ivr operators add anna sip:101@pbx --skill sales:3[/], then
[bold]login anna[/], [bold]pause anna lunch[/], [bold]ready anna[/],
[bold]logout anna[/].
"""

app = typer.Typer(help=HELP, invoke_without_command=True, rich_markup_mode="rich")

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]
IdArgument = Annotated[str, typer.Argument(help="The operator's id.")]
IdsArgument = Annotated[list[str], typer.Argument(help="One or more operators' ids.")]
SkillOption = Annotated[
    list[str] | None,
    typer.Option("--skill", help="With its level, 1 if left out: sales:3. May be repeated."),
]
LanguageOption = Annotated[
    list[str] | None, typer.Option("--language", help="Spoken: ru. May be repeated.")
]


@app.callback()
def operators(context: typer.Context) -> None:
    """Operators of the queue."""
    if context.invoked_subcommand is None:
        _print_list(_snapshot(config_path(context, None), ""))


@app.command("list")
def list_operators(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print what `import` takes.")] = False,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """All operators with their states."""
    snapshot = _snapshot(config_path(context, config_file), database)
    if as_csv:
        typer.echo(write_operators(snapshot.operators), nl=False)
    elif as_json:
        busy = {one.operator_id: one.contact_id for one in snapshot.attempts}
        rows = [operator_view(one, busy.get(one.operator_id)) for one in snapshot.operators]
        values = [row.model_dump(mode="json") for row in rows]
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
    else:
        _print_list(snapshot)


@app.command()
def add(
    context: typer.Context,
    operator_id: Annotated[str, typer.Argument(help="Letters, digits, . _ -; stays for good.")],
    target: Annotated[str, typer.Argument(help="SIP URI of the phone: sip:101@pbx.")],
    *,
    name: Annotated[str, typer.Option(help="For people to read.")] = "",
    skill: SkillOption = None,
    language: LanguageOption = None,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """Add an operator, offline at first. Makes the queue's database where there is none."""
    guard = operator_rules(load(config_path(context, config_file)))

    async def order(store: QueueStore) -> Operator:
        operator = new_operator(
            operator_id,
            target,
            guard=guard,
            name=name,
            skills=skills_of(skill or ()),
            languages=language or (DEFAULT_LANGUAGE,),
        )
        return await desk.add_operator(store, operator)

    _tell([_ask(config_path(context, config_file), database, order, create=True)])


@app.command()
def change(
    context: typer.Context,
    operator_id: IdArgument,
    *,
    target: Annotated[str, typer.Option(help="SIP URI of the phone.")] = "",
    name: Annotated[str | None, typer.Option(help="For people to read.")] = None,
    skill: SkillOption = None,
    language: LanguageOption = None,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """Change target, name, skills or languages; what is not named stays, and so does the state."""
    guard = operator_rules(load(config_path(context, config_file)))

    async def order(store: QueueStore) -> Operator:
        known = await desk.known_operator(store, operator_id)
        operator = new_operator(
            operator_id,
            target or known.target,
            guard=guard,
            name=known.name if name is None else name,
            skills=skills_of(skill) if skill else known.skills,
            languages=language or known.languages,
        )
        return await store.save_operator(operator)

    _tell([_ask(config_path(context, config_file), database, order)])


@app.command()
def remove(
    context: typer.Context,
    operator_ids: IdsArgument,
    *,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """Forget operators; refused during a contact. What they did stays in the figures."""

    async def order(store: QueueStore, operator_id: str) -> str:
        await desk.remove_operator(store, operator_id)
        return operator_id

    gone = _each(config_path(context, config_file), database, operator_ids, order)
    for operator_id in gone:
        console.print(Text(f"{operator_id}: removed"))
    _require_all(operator_ids, gone)


@app.command()
def login(
    context: typer.Context,
    operator_ids: IdsArgument,
    *,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """The shift begins: contacts are welcome. Ends a pause too."""
    _set_duty(config_path(context, config_file), database, operator_ids, desk.log_in)


@app.command()
def logout(
    context: typer.Context,
    operator_ids: IdsArgument,
    *,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """The shift ends; during a contact, as soon as that is over."""
    _set_duty(config_path(context, config_file), database, operator_ids, desk.log_out)


@app.command()
def pause(
    context: typer.Context,
    operator_id: IdArgument,
    reason: Annotated[str, typer.Argument(help="Why: lunch, training.")] = "pause",
    *,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """No contacts for a while; during a contact, as soon as that is over."""

    async def order(store: QueueStore, name: str) -> Operator:
        return await desk.pause(store, name, reason)

    _set_duty(config_path(context, config_file), database, [operator_id], order)


@app.command()
def ready(
    context: typer.Context,
    operator_ids: IdsArgument,
    *,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """The next contact is welcome: ends wrap-up or pause."""
    _set_duty(config_path(context, config_file), database, operator_ids, desk.ready)


@app.command()
def supervise(
    context: typer.Context,
    operator_id: IdArgument,
    target: Annotated[str, typer.Argument(help="SIP URI of the supervisor: sip:200@pbx.")],
    *,
    mode: Annotated[
        SupervisionMode, typer.Option(help="To begin with; keys 4, 5, 6 change it.")
    ] = SupervisionMode.LISTEN,
    url: Annotated[
        str, typer.Option("--url", help="Of the service that has the call; default: [http].")
    ] = "",
    config_file: ConfigOption = None,
) -> None:
    """Ring a supervisor's phone to listen to an operator's conversation.

    Needs the running service. Keys of the supervisor's phone: 4 listen,
    5 whisper to the operator, 6 three-way talk. Ends with the conversation, or
    when the supervisor hangs up.
    """
    try:
        settings = load(config_path(context, config_file)).http
        body = {"target": target, "mode": mode.value}
        path = f"/operators/{quote(operator_id, safe='')}/supervise"
        order_service(url or service_url(settings), path, body, settings.token)
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(Text(f"{target} is being rung beside {operator_id}: {mode.value}"))


@app.command("import")
def import_operators(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with a heading.", exists=True, dir_okay=False)],
    *,
    skip_wrong: Annotated[
        bool, typer.Option("--skip-wrong", help="Import the other lines all the same.")
    ] = False,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """Add and change operators from a table: id,name,target,skills,languages.

    A line: [bold]anna,Анна Смирнова,sip:101@pbx,general:1 sales:3,ru[/]. Only id
    and target are needed; commas, semicolons or tabs. Wrong lines are named and
    nothing is imported (--skip-wrong: the others are). Known operators keep their
    states; who is not in the table stays as is. `ivr operators list --csv` writes
    such a table.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"{file} is no readable UTF-8 text: {exc}") from None

    guard = operator_rules(load(config_path(context, config_file)))

    async def order(store: QueueStore) -> OperatorsFile:
        table = read_operators(text, guard)
        if table.wrong and not skip_wrong:
            return table
        for row in table.rows:
            known = await store.operator(row.operator.operator_id)
            await store.save_operator(row.operator)
            done = "added" if known is None else "changed"
            console.print(Text(f"{row.operator.operator_id}: {done}"))
        return table

    table = _ask(config_path(context, config_file), database, order, create=True)
    for wrong in table.wrong:
        errors.print(Text(f"{file}:{wrong.line}: {wrong.fault}\n    {wrong.text}"), soft_wrap=True)
    if table.wrong:
        count = f"{len(table.wrong)} wrong lines"
        errors.print(f"{count} left out" if skip_wrong else f"{count}: nothing was imported")
        raise typer.Exit(EXIT_FAULT)


def _set_duty(
    config_file: Path | None,
    database: str,
    operator_ids: Sequence[str],
    order: Callable[[QueueStore, str], Awaitable[Operator]],
) -> None:
    done = _each(config_file, database, operator_ids, order)
    _tell(done)
    _require_all(operator_ids, done)


def _each(
    config_file: Path | None,
    database: str,
    operator_ids: Sequence[str],
    order: Callable[[QueueStore, str], Awaitable[T]],
) -> list[T]:
    """The order for each of them; what cannot be done is told and the others go on."""

    async def work(store: QueueStore) -> list[T]:
        done = []
        for operator_id in operator_ids:
            try:
                done.append(await order(store, operator_id))
            except DeskError as fault:
                errors.print(Text(f"ivr: {fault.message}"), soft_wrap=True)
        return done

    return _ask(config_file, database, work)


def _require_all(wanted: Sequence[str], done: Sequence[object]) -> None:
    if len(done) < len(wanted):
        raise typer.Exit(EXIT_FAULT)


def _snapshot(config_file: Path | None, database: str) -> Snapshot:
    async def order(store: QueueStore) -> Snapshot:
        return await store.snapshot()

    return _ask(config_file, database, order)


def _ask(
    config_file: Path | None,
    database: str,
    order: Callable[[QueueStore], Awaitable[T]],
    *,
    create: bool = False,
) -> T:
    async def work() -> T:
        async with open_queue(config_file, database, create=create) as store:
            return await order(store)

    return run(work())


def _tell(operators: Sequence[Operator]) -> None:
    for operator in operators:
        console.print(operator_line(operator))


def _print_list(snapshot: Snapshot) -> None:
    if snapshot.operators:
        console.print(operators_table(snapshot.operators, {}, snapshot.at))
    else:
        console.print("no operators yet: ivr operators add anna sip:101@pbx", markup=False)
