"""`ivr report`: what the queue did, as tables, files or a page with plots."""

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ivr.analytics.queue_page import report_page
from ivr.analytics.queue_reading import read_stories
from ivr.analytics.queue_report import Report, make_report
from ivr.analytics.queue_rows import as_csv, as_values
from ivr.analytics.queue_rules import AbandonRule, FigureRules
from ivr.cli.context import config_path, console, run
from ivr.cli.moments import HOW, day_of, length_of, moment_of
from ivr.cli.queue_store import DatabaseOption, open_queue
from ivr.cli.report_tables import report_tables
from ivr.files import write_whole

T = TypeVar("T")

PAGE = Path("var/queue-report.html")


class Format(StrEnum):
    """What the report is written as."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


DayOption = Annotated[
    str, typer.Option(help="One day: 2026-11-22, today, yesterday. Default: today.")
]
SinceOption = Annotated[str, typer.Option(help=f"Beginning: {HOW}.")]
UntilOption = Annotated[str, typer.Option(help="End, not included; default: now.")]
IntervalOption = Annotated[
    str, typer.Option(help="Length of the intervals: 15m, 30m, 1h, 1d, or none.")
]
SkillOption = Annotated[str, typer.Option(help="Only contacts that asked for this skill.")]
FormatOption = Annotated[
    Format, typer.Option("--format", "-f", help="table, csv, json, or html with plots.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help=f"File to write; html without it: {PAGE}."),
]
TargetOption = Annotated[
    float, typer.Option(min=0, help="Service level: seconds to answer within.")
]
GoalOption = Annotated[float, typer.Option(min=0, max=100, help="Per cent of calls to be so.")]
ShortOption = Annotated[
    float, typer.Option(min=0, help="Hang-ups within so many seconds are left out.")
]
AbandonsOption = Annotated[
    AbandonRule, typer.Option(help="Other hang-ups: all missed, only late ones, or all left out.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]


def report(
    context: typer.Context,
    *,
    day: DayOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    interval: IntervalOption = "30m",
    skill: SkillOption = "",
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    target: TargetOption = 20.0,
    goal: GoalOption = 80.0,
    short: ShortOption = 5.0,
    abandons: AbandonsOption = AbandonRule.MISSED,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """Figures of the queue: who came, who was answered, which promises were kept.

    [bold]Calls on the line[/] add up: offered = answered + abandoned + short +
    to call back + waiting. [bold]ASA[/] is the mean wait of the answered,
    [bold]level[/] the service level by the rule printed below the tables
    (--target, --goal, --short and --abandons change it).

    [bold]Promised calls[/] are in neither: they have a table of their own, with
    the time from the first place to the joining ([bold]to bridge[/]).

    [bold]AHT[/] is talk and wrap-up. The estimates [bold]told[/] to callers were
    [bold]off by[/] so much in the median. Every figure: docs/operators.md.

    Examples:

    ivr report --day yesterday

    ivr report --since 8h --interval 15m --skill sales

    ivr report --since 7d --interval 1d -f csv > week.csv

    ivr report -f html
    """
    now = datetime.now().astimezone()
    begin, end = _period(day, since, until, now)
    interval_s = _checked(length_of, interval, "--interval")
    rules = FigureRules(target_s=target, goal=goal / 100, short_abandon_s=short, abandons=abandons)

    async def read() -> Report:
        async with open_queue(config_path(context, config_file), database) as store:
            return make_report(
                await read_stories(store, begin.timestamp()),
                since=begin.timestamp(),
                until=end.timestamp(),
                now=now.timestamp(),
                interval_s=interval_s,
                skill=skill,
                rules=rules,
            )

    _give(run(read()), output_format, output)


def _give(found: Report, output_format: Format, output: Path | None) -> None:
    match output_format:
        case Format.TABLE:
            begin, end = (datetime.fromtimestamp(at) for at in (found.since, found.until))
            console.print(f"[bold]queue[/] {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}")
            if found.is_empty:
                console.print("nobody came, nothing was promised, nobody was on duty")
            else:
                console.print(report_tables(found))
            return
        case Format.CSV:
            text = as_csv(found)
        case Format.JSON:
            text = json.dumps(as_values(found), ensure_ascii=False, indent=2) + "\n"
        case Format.HTML:
            text = report_page(found)
            output = output or PAGE
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_whole(output, text)
        console.print(f"written: {output}")


def _period(day: str, since: str, until: str, now: datetime) -> tuple[datetime, datetime]:
    if day and (since or until):
        raise typer.BadParameter("either --day, or --since and --until")
    if not since:
        begin, end = _checked(lambda text: day_of(text, now), day or "today", "--day")
    else:
        begin, end = _checked(lambda text: moment_of(text, now), since, "--since"), now
    if until:
        end = _checked(lambda text: moment_of(text, now), until, "--until")
    if end <= begin:
        raise typer.BadParameter(f"the end, {end:%Y-%m-%d %H:%M}, is not after the beginning")
    return begin, end


def _checked(read: Callable[[str], T], text: str, option: str) -> T:
    try:
        return read(text)
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint=option) from None
