"""Bench results as Markdown."""

import platform
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import psutil

from ivr.bench.run import P95_LIMIT_MS, Results

COMMAND = "make bench"


def markdown(results: Results, today: date) -> str:
    """The whole report."""
    head = (
        "# Benchmarks",
        "",
        f"Measured {today.isoformat()} with `{COMMAND}` on {machine()}.",
        "",
        "A second user agent places real SIP calls on loopback and records both directions on one",
        "clock; latencies are read off that recording, so they contain jitter buffers, packets and",
        "everything a caller waits for. Callers, service and bench share the machine's cores.",
        "",
    )
    sections = (_latency(results), _load(results), _cpu(results), _memory(results))
    return "\n".join([*head, *(line for section in sections for line in (*section, ""))])


def _latency(results: Results) -> list[str]:
    single = results.single
    rows = (single.greeting.row(), single.reply.row())
    return [
        "## Latency, one call at a time (milliseconds)",
        "",
        *table(("what", "count", "P50", "P95", "P99"), rows),
        "",
        f"Turns without a reply: {single.unanswered}. How soon the bot yields to a caller who",
        "speaks over it is measured apart: [turn taking](turn-taking.md).",
    ]


def _load(results: Results) -> list[str]:
    rows = (
        (
            str(load.calls),
            *load.figures.reply.row()[1:],
            str(load.figures.unanswered),
            f"{load.core_cpu:.2f}",
        )
        for load in results.loads
    )
    head = ("calls", "turns", "P50 ms", "P95 ms", "P99 ms", "no reply", "cores used")
    return [
        "## Calls at once",
        "",
        *table(head, rows),
        "",
        f"P95 stays within {P95_LIMIT_MS:.0f} ms up to **{results.most_calls} calls at once** "
        "(of those tried).",
    ]


def _cpu(results: Results) -> list[str]:
    without = sorted(results.cpu_without_calls.items())
    rows = (
        *((f"no calls: {name}", f"{share:.1%}") for name, share in without),
        ("one more idle call", f"{results.cpu_idle_call:.1%}"),
        ("one more call whose caller speaks", f"{results.cpu_speaking_call:.1%}"),
    )
    return ["## CPU", "", *table(("state", "share of one core"), rows)]


def _memory(results: Results) -> list[str]:
    parts = sorted(results.memory.values(), key=lambda part: part.name)
    rows = ((part.name, str(part.processes), f"{part.rss_mb:.0f}") for part in parts)
    return ["## Memory after the run (resident)", "", *table(("part", "processes", "MB"), rows)]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]


def machine() -> str:
    """Processor, cores, memory, system."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{_processor()}, {psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
