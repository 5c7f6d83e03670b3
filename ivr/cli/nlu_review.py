"""`ivr nlu review`: yesterday's calls become training data, by a trainer's decisions."""

import asyncio
import getpass
import re
import secrets
import signal
import subprocess
import webbrowser
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ivr.cli.context import console, fail, run, settings_of
from ivr.errors import ConfigError, IvrError
from ivr.http.server import HttpServer
from ivr.review.effect import EffectRow
from ivr.review.page import PageParts, create_app
from ivr.review.session import ReviewSettings, effect_of, open_desk
from ivr.review.source import Wanted
from ivr.review.terminal import review_in_terminal
from ivr.review.views import summary
from ivr.review.writing import Written, together

app = typer.Typer()

Since = Annotated[
    str, typer.Option(help="First day: yesterday, today, 7d (days back), 2026-11-21, all.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=2000, help="Most decisions.")]
Call = Annotated[str, typer.Option(help="Only this call: its id or the beginning of it.")]
Who = Annotated[str, typer.Option(help="Your name in the journal; default: git's or the login.")]
HoldOut = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Share of new phrases for test.yml instead.")
]
Terminal = Annotated[bool, typer.Option("--terminal", help="Without a browser, by single keys.")]
Effect = Annotated[
    bool, typer.Option("--effect", help="Only print what reviews have brought, by intent.")
]
Before = Annotated[str, typer.Option(help="With --effect: earlier model, by hash or file.")]
After = Annotated[str, typer.Option(help="With --effect: later model; default: the present one.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0 takes a free one.")]
Browser = Annotated[bool, typer.Option(help="Open the page in the browser.")]


@app.command()
def review(
    context: typer.Context,
    since: Since = "yesterday",
    limit: Limit = 80,
    call: Call = "",
    who: Who = "",
    hold_out: HoldOut = 0.0,
    terminal: Terminal = False,
    effect: Effect = False,
    before: Before = "",
    after: After = "",
    port: Port = 0,
    browser: Browser = True,
) -> None:
    """Review callers' turns, the most instructive first, and make training phrases of them.

    Opens a page on this machine; Ctrl-C or «Завершить» writes what was decided into nlu_data and
    ends. Every decision is kept in nlu_data/reviews.tsv at once. Personal data is masked before
    anything is kept. Then train: ivr nlu train.
    """
    try:
        first = first_moment(since, datetime.now().astimezone())
    except IvrError as exc:
        raise fail(exc) from exc
    configured = settings_of(context)
    settings = ReviewSettings(
        settings=configured,
        wanted=Wanted(since=first, limit=limit, call=call),
        who=who or _own_name(),
        share=hold_out,
        data=Path(configured.nlu.data),
        models=Path(configured.nlu.models),
    )
    if effect:
        with console.status("starting") as status:
            rows = run(effect_of(settings, before=before, after=after, on_progress=status.update))
        _print_effect(rows)
    elif terminal:
        _print_written(run(_in_terminal(settings)))
    else:
        _print_written(run(_on_page(settings, port, browser)))


def first_moment(since: str, now: datetime) -> datetime | None:
    """'yesterday', '7d', '2026-11-21' -> the beginning of that day; None for 'all'."""
    midnight = datetime.combine(now.date(), time.min, tzinfo=now.tzinfo)
    if since == "all":
        return None
    if since in {"today", "yesterday"}:
        return midnight - timedelta(days=since == "yesterday")
    if days := re.fullmatch(r"(\d{1,4})d", since):
        return midnight - timedelta(days=int(days[1]))
    try:
        return datetime.fromisoformat(since).astimezone(now.tzinfo)
    except ValueError as exc:
        allowed = "yesterday, today, all, days back like 7d, or a date like 2026-11-21"
        raise ConfigError("--since", since, allowed) from exc


async def _on_page(review: ReviewSettings, port: int, browser: bool) -> Written:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with open_desk(review) as desk:
        effect = partial(effect_of, review, before="", after="", on_progress=lambda _: None)
        token = secrets.token_urlsafe(24)
        app_ = create_app(PageParts(desk, effect, stop.set), token)
        server = await HttpServer.start(app_, "127.0.0.1", port)
        try:
            url = f"{server.url}/?token={token}"
            console.print(f"{len(desk.items)} turns to review: [bold]{url}[/]", soft_wrap=True)
            console.print("Ctrl-C writes what was decided and ends")
            if browser:
                await asyncio.to_thread(_open_browser, url)
            await stop.wait()
        finally:
            await server.aclose()
        desk.write()
        return together(desk.written)


async def _in_terminal(review: ReviewSettings) -> Written:
    async with open_desk(review) as desk:
        await review_in_terminal(desk, console)
        desk.write()
        return together(desk.written)


def _open_browser(url: str) -> None:
    """In a window only: a browser of the terminal would take the terminal away."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return
    if type(found) is not webbrowser.GenericBrowser:
        found.open(url)


def _own_name() -> str:
    try:
        answer = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, check=False
        )
    except OSError:
        return getpass.getuser()
    return answer.stdout.strip() or getpass.getuser()


def _print_written(written: Written) -> None:
    training, held_out = len(written.training), len(written.held_out)
    console.print(summary(training, held_out, len(written.words), len(written.refused)))
    for phrase in (*written.training, *written.held_out):
        console.print(f"[green]+[/] {phrase.file}: «{phrase.text}» {phrase.intent}")
    for word in written.words:
        console.print(f"[green]+[/] words/reviewed.txt: {word}")
    for refused in written.refused:
        console.print(f"[yellow]-[/] «{escape(refused.text)}» {escape(refused.why)}")


def _print_effect(rows: Sequence[EffectRow]) -> None:
    table = Table("intent", title="right answers to reviewed phrases")
    for name in ("reviewed", "before", "now", "became wrong", "held out: before", "now"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.intent,
            str(row.reviewed),
            str(row.right_before),
            str(row.right_after),
            f"[red]{row.became_wrong}[/]" if row.became_wrong else "0",
            f"{row.held_out_before} of {row.held_out}",
            f"{row.held_out_after} of {row.held_out}",
        )
    console.print(table)
    console.print("held-out phrases were never trained on: judge by them")
