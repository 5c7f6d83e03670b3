"""What every command shares: the configuration, the console, and errors told in one sentence."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import typer
from rich.console import Console

from ivr.config import Settings, load
from ivr.errors import IvrError

T = TypeVar("T")

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

EXIT_FAULT = 2


def config_path(context: typer.Context, own: Path | None) -> Path | None:
    """The file named after a subcommand, else the one named before it."""
    before: Path | None = context.find_root().obj
    return own or before


def settings_of(context: typer.Context) -> Settings:
    """The effective configuration; ends the command with a sentence when it is not valid."""
    path: Path | None = context.obj
    try:
        return load(path)
    except IvrError as exc:
        raise fail(exc) from exc


def fail(exc: IvrError) -> typer.Exit:
    """Print the fault and give the exception that ends the command."""
    errors.print(f"[bold red]ivr:[/] {exc.message}", soft_wrap=True)
    return typer.Exit(EXIT_FAULT)


def _as_ctrl_c(_: int, frame: FrameType | None) -> None:
    """asyncio has a handler of its own while a coroutine runs, which cancels it."""
    on_ctrl_c = signal.getsignal(signal.SIGINT)
    if not callable(on_ctrl_c):
        raise KeyboardInterrupt
    on_ctrl_c(signal.SIGINT, frame)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; faults become one sentence and exit code 2. SIGTERM ends it like Ctrl-C, so
    that services and phones it has started end, too."""
    before = signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        return asyncio.run(work)
    except IvrError as exc:
        raise fail(exc) from exc
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
