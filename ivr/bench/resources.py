"""CPU and memory of a service's processes, by part."""

import asyncio
from dataclasses import dataclass

import psutil

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class PartUse:
    """One part of the service."""

    name: str
    processes: int
    rss_mb: float
    cpu_s: float
    """User and system time since the part's processes began."""


def part_name(process: psutil.Process) -> str:
    """Which part a child of the service is."""
    command = " ".join(process.cmdline())
    for mark, name in (
        ("ivr.media.worker", "media workers"),
        ("kamailio", "Kamailio"),
        ("rasa", "Rasa"),
        ("ivr serve", "call core"),
        ("-m ivr", "call core"),
    ):
        if mark in command:
            return name
    return "other"


def usage(service: psutil.Process) -> dict[str, PartUse]:
    """Memory and CPU time of the service and all below it, by part."""
    parts: dict[str, PartUse] = {}
    for process in (service, *service.children(recursive=True)):
        try:
            name = part_name(process)
            times = process.cpu_times()
            rss_mb = process.memory_info().rss / MEGABYTE
        except psutil.NoSuchProcess:
            continue
        before = parts.get(name, PartUse(name, 0, 0.0, 0.0))
        parts[name] = PartUse(
            name,
            before.processes + 1,
            before.rss_mb + rss_mb,
            before.cpu_s + times.user + times.system,
        )
    return parts


async def cpu_share(service: psutil.Process, seconds: float) -> dict[str, float]:
    """Share of one core each part used during the next seconds, 1.0 = one core."""
    before = usage(service)
    await asyncio.sleep(seconds)
    after = usage(service)
    return {
        name: (part.cpu_s - before[name].cpu_s) / seconds
        for name, part in after.items()
        if name in before
    }
