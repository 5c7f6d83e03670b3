"""`ivr bench turns` as a process: a service, real RTP, figures, a page and an exit code."""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from ivr.bench.turns.run import Plan, read_turns, run_turns
from ivr.bench.turns.sounds import SoundBank


async def bench_turns(folder: Path, *options: str) -> tuple[int, str, Any]:
    """Exit code, output, and the figures that were written."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ivr", "bench", "turns", "--part", "dev", *options),
        *("--html", str(folder / "turns.html"), "--json", str(folder / "turns.json")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    written = folder / "turns.json"
    figures = json.loads(written.read_text(encoding="utf-8")) if written.exists() else None
    return process.returncode or 0, output.decode(), figures


def children_of(pid: int) -> dict[psutil.Process, str]:
    """All of them with their names, as long as they live."""
    named = {}
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                named[child] = child.name()
    return named


async def test_answers_are_measured_beside_silence_alone(tmp_path: Path):
    code, output, found = await bench_turns(
        tmp_path,
        *("--only", "city", "--sample", "3", "--baseline", "1000", "--baseline-turns", "2"),
    )
    assert code == 0, output
    assert len(found["outcomes"]) == 3
    assert not found["figures"]["faults"], output
    assert sum(item["latency_ms"] is not None for item in found["outcomes"]) >= 1
    assert [point["trailing_ms"] for point in found["silence_wire"]] == [1000]
    assert "<svg" in (tmp_path / "turns.html").read_text(encoding="utf-8")


async def test_what_sounds_over_a_prompt_is_measured_and_missed_targets_fail_the_gate(
    tmp_path: Path,
):
    code, output, found = await bench_turns(
        tmp_path, *("--only", "over_prompt", "--sample", "3", "--baseline", "", "--gate")
    )
    assert code == 1, output  # no open question was measured, so its targets are not met
    assert len(found["outcomes"]) == 3
    assert not found["figures"]["faults"], output


async def test_packets_are_lost_in_every_call_and_two_seconds_of_it_end_no_number():
    rows = {row.id: row for row in read_turns()}
    chosen = (rows["dev-165"], rows["dev-171"])  # callers of two kinds: a call each
    outcomes = await run_turns(Plan(rows=chosen, calls=2), SoundBank(), lambda _: None)
    assert len(outcomes) == 2
    for outcome in outcomes:
        assert not outcome.fault  # as one would be of which no packet was lost
        assert outcome.heard
        assert not outcome.cut_off


async def test_a_promise_made_in_one_turn_is_not_what_the_next_call_is_about():
    rows = {row.id: row for row in read_turns()}
    chosen = (rows["dev-060"], rows["dev-007"])  # «да конечно, перезвоните», then a request
    promised, asked = await run_turns(Plan(rows=chosen), SoundBank(), lambda _: None)
    assert not promised.fault
    assert not asked.fault
    assert asked.latency_ms is not None


async def test_wrong_options_are_told_before_anything_is_started(tmp_path: Path):
    code, output, _ = await bench_turns(tmp_path, "--baseline", "123")
    assert code == 2
    assert "--baseline" in output
    code, output, _ = await bench_turns(tmp_path, "--write", str(tmp_path / "none.md"))
    assert code == 2
    assert "none.md" in output


async def test_a_bench_that_is_terminated_leaves_nothing_running(tmp_path: Path):
    bench = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ivr", "bench", "turns", "--part", "dev", "--sample", "3", "--baseline", ""),
        *("--html", str(tmp_path / "turns.html"), "--json", str(tmp_path / "turns.json")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60.0):
        while not any("kamailio" in name for name in children_of(bench.pid).values()):
            await asyncio.sleep(0.1)
        started = list(children_of(bench.pid))
        bench.terminate()
        assert await bench.wait() == 130
    gone, alive = psutil.wait_procs(started, timeout=10.0)
    assert gone
    assert not alive
