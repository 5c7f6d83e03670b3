"""`ivr serve`: the service until SIGTERM."""

import asyncio
import json
import os
import signal
from pathlib import Path

import typer

from ivr import log
from ivr.app import App, running
from ivr.cli.context import console, errors, run, settings_of
from ivr.config import Settings

PHRASES = (
    ("9030000001", "«Сколько у меня денег?»", "balance"),
    ("9030000001", "«Какой у меня тариф и что осталось?»", "tariff and packages"),
    ("9030000002", "«Подключите обещанный платёж»", "promised payment, confirmed by «да»"),
    ("9030000007", "«У меня не работает интернет»", "known outage"),
    ("any", "«Соедините с оператором» or key 0", "hand-off"),
)


def serve(context: typer.Context) -> None:
    """Answer calls until SIGTERM or Ctrl-C; then let the present calls end (a second one: at once).

    Prints what to dial when everything is ready.
    """
    settings = settings_of(context)
    log.configure(settings.log)
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    hurry = asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    async with running(settings, lambda step: console.print(f"[dim]- {step} ...[/]")) as app:
        _print_banner(app)
        _write_endpoints(app)
        await stop.wait()
        console.print(f"- stopping: {app.registry.live} calls under way")
        draining = asyncio.create_task(app.drain())
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait({draining, hurried}, return_when=asyncio.FIRST_COMPLETED)
        if draining.done() and (fault := draining.exception()) is not None:
            errors.print(f"[red]- not drained: {fault}[/]")
        for task in (draining, hurried):
            task.cancel()
        await asyncio.gather(draining, hurried, return_exceptions=True)
    console.print("- stopped")


def _write_endpoints(app: App) -> None:
    """Where the service can be reached, for scripts: ports may have been chosen freely."""
    folder = Path(app.settings.service.runtime)
    folder.mkdir(parents=True, exist_ok=True)
    endpoints = {
        "sip": app.pool.uri,
        "http": app.http_url,
        "pid": os.getpid(),
        "workers": app.pool.worker_pids,
        "front": app.pool.status().front,
    }
    unfinished = folder / "endpoints.json.new"
    unfinished.write_text(json.dumps(endpoints, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(folder / "endpoints.json")


def _front(app: App) -> str:
    sip = app.settings.sip
    if app.pool.status().front != "kamailio":
        return (
            "one media worker on the SIP port: UDP and TCP, no TLS, "
            f"{app.settings.media.calls_per_worker} calls (install kamailio for more)"
        )
    tls = f", TLS on port {sip.tls_port}" if sip.tls_port else ""
    return f"Kamailio: UDP and TCP{tls}"


def _print_banner(app: App) -> None:
    """What to dial, from where, as whom, and what to say."""
    settings, status = app.settings, app.pool.status()
    capacity = status.workers * settings.media.calls_per_worker
    console.print()
    console.print(f"[bold green]Ready.[/] Dial [bold]{app.pool.uri}[/] from any SIP softphone")
    console.print(f"  numbers      {', '.join(settings.sip.numbers)}")
    console.print(f"  front        {_front(app)}")
    console.print(f"  calls        {capacity} at once on {status.workers} media workers")
    console.print(f"  hearing      {app.recognizer}")
    operator = settings.handoff.operator or "none (handoff.operator): callback requests instead"
    console.print(f"  operator     {operator}")
    console.print(f"  HTTP         {app.http_url}/readyz  /metrics  /calls")
    console.print()
    console.print("Who calls decides what is heard: set the softphone's user name to the number.")
    for number, phrase, meaning in PHRASES:
        console.print(f"  {number:<11} {phrase:<40} [dim]{meaning}[/]")
    console.print(
        "Keys always work: 1 balance, 2 tariff, 3 network, 4 promised payment, 0 operator."
    )
    console.print("All demo subscribers: docs/demo-subscribers.md. Ctrl-C stops.")
    console.print()
