"""`ivr forget`: delete now what calls and the queue left behind long ago."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ivr.cli.context import config_path, console, run
from ivr.cli.moments import moment_of
from ivr.clock import SystemClock
from ivr.config import load
from ivr.storage.retention import Retention

OlderOption = Annotated[
    str,
    typer.Option(
        help="90d, 12w, or a date: what ended before that day. Default: records.keep_days and "
        "queue.keep_days."
    ),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]


def forget(
    context: typer.Context,
    *,
    older_than: OlderOption = "",
    dry_run: DryOption = False,
    config_file: ConfigOption = None,
) -> None:
    """Delete records, recordings and contacts of the queue that ended long ago.

    A running service does so every hour, by records.keep_days and
    queue.keep_days; this does it at once, beside a running service or without
    one. Whole days are kept, yesterday and today in any case, and whatever
    belongs to somebody who is still owed a call.

    Examples:

    ivr forget --dry-run

    ivr forget --older-than 30d
    """
    retention = Retention.configured(load(config_path(context, config_file)), SystemClock())
    before = _day(older_than, retention) if older_than else None
    gone = run(retention.forget(before, dry=dry_run))
    word = "would be deleted" if dry_run else "deleted"
    console.print(
        Text(
            f"{word}: {gone.calls} calls with {gone.recordings} recordings; of the queue "
            f"{gone.contacts} contacts, {gone.attempts} attempts, {gone.events} events"
        ),
        soft_wrap=True,
    )


def _day(text: str, retention: Retention) -> datetime:
    """The beginning of a day, none that is needed for what happens today."""
    try:
        found = moment_of(text, retention.clock.now())
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint="--older-than") from None
    latest = retention.midnight(1)
    if found > latest:
        raise typer.BadParameter(f"a day up to {latest:%Y-%m-%d}", param_hint="--older-than")
    return found
