"""Runs as processes of their own: interrupted, killed, gone on with; on one process and on two."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import psutil
import pytest

from ivr.nlu.rasa_server import RasaServer
from ivr.regress.compare import COMPARED
from ivr.regress.outcome import Outcome

pytestmark = pytest.mark.integration

WORDS = ("regress", "audio_fixtures", "--limit", "40", "--augment", "gsm")
CASES = 80
BEFORE = 8
"""Recordings done when a run is interrupted."""
PATIENCE_S = 240.0


@dataclass(frozen=True)
class Run:
    """A folder in which the same run is made, as often as one likes."""

    folder: Path
    environment: dict[str, str]

    def command(self, *arguments: object) -> list[str]:
        own = ("--out", self.folder, "--baseline", self.folder / "baseline.tsv")
        return [sys.executable, "-m", "ivr", *map(str, (*WORDS, *own, *arguments))]

    def finish(self, *arguments: object) -> tuple[int, str]:
        """Run to the end: exit code and what was printed."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    @contextlib.contextmanager
    def begun(self, *arguments: object, done: int = BEFORE) -> Iterator[subprocess.Popen[str]]:
        """A run that has done some of its work, or has started one process with `done` 0."""
        process = subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            wait_for(lambda: (len(self.lines()) > done and workers_of(process)) or process.poll())
            assert process.poll() is None, process.communicate()[0]
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def lines(self) -> list[bytes]:
        """Whole lines of the progress file; the first names the run."""
        path = self.folder / "progress.jsonl"
        return path.read_bytes().splitlines(keepends=True) if path.exists() else []

    def outcomes(self) -> dict[tuple[str, str], Outcome]:
        """What is the same in every run; fails where a case was replayed twice."""
        decoded = [msgspec.json.decode(line, type=Outcome) for line in self.lines()[1:]]
        found = {outcome.key: steady(outcome) for outcome in decoded}
        assert len(found) == len(decoded), "a recording was replayed twice"
        return found


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The run's replaying processes."""
    with contextlib.suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children()
        return [one for one in children if "spawn_main" in " ".join(one.cmdline())]
    return []


def steady(outcome: Outcome) -> Outcome:
    """What is compared, and the waveform: the way of a call after a hand-off is in real time."""
    kept = {name: getattr(outcome, name) for name in (*COMPARED, "response_ms", "error", "peaks")}
    return Outcome(file=outcome.file, condition=outcome.condition, **kept)


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def run(rasa: RasaServer, tmp_path: Path) -> Callable[[str], Run]:
    environment = {
        **os.environ,
        "COLUMNS": "200",
        "IVR_NLU__URL": rasa.url,
        "IVR_NLU__TOKEN": rasa.token,
    }
    return lambda name: Run(tmp_path / name, environment)


@pytest.fixture(scope="module")
def whole(rasa: RasaServer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run without any interruption, on one process."""
    environment = {**os.environ, "IVR_NLU__URL": rasa.url, "IVR_NLU__TOKEN": rasa.token}
    made = Run(tmp_path_factory.mktemp("whole"), environment)
    code, text = made.finish("--workers", 1)
    assert code == 0, text
    assert len(made.outcomes()) == CASES
    return made


def replayed(text: str) -> int:
    found = re.search(r"(\d+) replayed in", text)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_is_gone_on_with_and_nothing_is_replayed_twice(
    run: Callable[[str], Run], whole: Run, number: signal.Signals
):
    interrupted = run("interrupted")
    with interrupted.begun("--workers", 2) as process:
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        os.killpg(process.pid, number)  # as a terminal does with Ctrl-C
        text = process.communicate(timeout=PATIENCE_S)[0]
        _, left = psutil.wait_procs(family, timeout=60)
    assert not left, "processes were left behind"
    assert process.returncode == (130 if number is signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in text
    kept = [line for line in interrupted.lines() if line.endswith(b"\n")]
    assert BEFORE < len(kept) <= CASES
    code, text = interrupted.finish("--workers", 2, "--resume")
    assert code == 0, text
    assert replayed(text) == CASES - (len(kept) - 1)
    assert interrupted.lines()[: len(kept)] == kept
    assert interrupted.outcomes() == whole.outcomes()


def test_ctrl_c_while_processes_start_is_no_wall_of_text(run: Callable[[str], Run]):
    early = run("early")
    with early.begun("--workers", 2, done=0) as process:
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        text = process.communicate(timeout=PATIENCE_S)[0]
        _, left = psutil.wait_procs(family, timeout=60)
    assert not left
    assert process.returncode == 130
    assert "Traceback" not in text


def test_a_process_that_dies_costs_one_recording_which_resuming_makes_up(
    run: Callable[[str], Run], whole: Run
):
    hurt = run("hurt")
    with hurt.begun("--workers", 2) as process:
        workers_of(process)[0].kill()
        text = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 1, text
    assert text.count("the process died or stood still at this recording") == 1
    assert "1 error, 79 new" in text
    code, text = hurt.finish("--resume", "--workers", 2)
    assert code == 0, text
    assert replayed(text) == 1
    assert hurt.outcomes() == whole.outcomes()


def test_two_processes_hear_and_do_what_one_does(run: Callable[[str], Run], whole: Run):
    parallel = run("parallel")
    code, text = parallel.finish("--workers", 2)
    assert code == 0, text
    assert parallel.outcomes() == whole.outcomes()


def test_a_finished_run_has_nothing_left_and_another_configuration_begins_anew(whole: Run):
    code, text = whole.finish("--resume")
    assert code == 0, text
    assert replayed(text) == 0
    other = replace(whole, environment=whole.environment | {"IVR_DIALOGUE__NO_INPUT_S": "7"})
    code, text = other.finish("--resume", "--workers", 2)
    assert code == 0, text
    assert replayed(text) == CASES
