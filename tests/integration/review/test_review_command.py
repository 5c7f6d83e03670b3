"""`ivr nlu review` as a process: with a real Rasa and a browser, in a terminal, and its effect."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ivr.nlu.engine import DATA, MODELS
from ivr.nlu.training import ensure_model
from ivr.review.journal_file import JournalFile
from tests.browser import browser, page_faults
from tests.integration.review.test_page import Trainer

pytestmark = pytest.mark.integration

PYTHON = Path(".venv-rasa/bin/python")
LIMIT_S = 120.0


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with data of its own and the models of this checkout."""
    shutil.copytree(DATA, tmp_path / "nlu_data")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "rasa").symlink_to(MODELS.resolve())
    return tmp_path


def environment(calls: str, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IVR_")}
    return {
        **kept,
        "PYTHONPATH": str(Path.cwd()),
        "IVR_RECORDS__DATABASE": calls,
        "IVR_NLU__PYTHON": str(PYTHON.absolute()),
        "COLUMNS": "160",
        **more,
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ivr", "nlu", "review", *arguments]


@pytest.fixture
def running(calls: str, workplace: Path) -> Iterator[subprocess.Popen[str]]:
    ensure_model(DATA, MODELS, PYTHON)
    process = subprocess.Popen(
        command("--since", "all", "--no-browser", "--who", "Мария"),
        cwd=workplace,
        env=environment(calls),
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_a_real_review_with_rasa_ends_with_written_files(
    running: subprocess.Popen[str], workplace: Path
) -> None:
    assert running.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", running.stdout.readline())
    assert address is not None
    with browser() as driver:
        trainer = Trainer(driver)
        trainer.open(address[0])
        trainer.press("e")
        trainer.press("журавликус какой у меня тариф скажите")
        trainer.wait(
            lambda _: trainer.script("checked && checked.suggestions.some((one) => one.by_model)"),
            "Rasa's suggestions",
        )
        trainer.wait(
            lambda _: trainer.script("checked.suggestions[0].intent") == "tariff_info", "the best"
        )
        trainer.press("\ue007", "1")
        trainer.wait(lambda _: trainer.one("#count").text.startswith("1 из"), "the decision")
        assert page_faults(driver) == []
    running.send_signal(signal.SIGINT)
    told, _ = running.communicate(timeout=LIMIT_S)
    assert running.returncode == 0
    assert "Записано: в обучение 1" in told
    phrase = "журавликус какой у меня тариф скажите"
    assert f"    - {phrase}\n" in (workplace / "nlu_data" / "nlu" / "tariff.yml").read_text("utf-8")
    (entry,) = JournalFile(workplace / "nlu_data" / "reviews.tsv").standing().for_training
    assert (entry.who, entry.text, entry.intent) == ("Мария", phrase, "tariff_info")

    effect = subprocess.run(
        command("--effect", "--before", entry.model, "--after", entry.model),
        cwd=workplace,
        env=environment("sqlite:///none.db"),
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert effect.returncode == 0, effect.stderr
    assert re.search(r"tariff_info\W+1\W+1\W+1\W+0", effect.stdout)


def test_a_terminal_is_enough(calls: str, workplace: Path) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("--since", "all", "--terminal", "--who", "Мария"),
        cwd=workplace,
        # Nobody answers there: suggestions come from phrases that look alike.
        env=environment(calls, IVR_NLU__URL="http://127.0.0.1:9", TERM="xterm"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    try:
        screen = read_until(master, "закончить")
        assert "0 из" in screen
        os.write(master, "щ".encode())
        read_until(master, "out_of_scope")
        process.send_signal(signal.SIGINT)
        told = read_until(master, "Записано")
        assert "в обучение" in told
        assert process.wait(LIMIT_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
    journal = JournalFile(workplace / "nlu_data" / "reviews.tsv").standing()
    assert [one.intent for one in journal.for_training] == ["out_of_scope"]
    assert journal.pending == ()


def read_until(master: int, text: str) -> str:
    """What the terminal showed until the text came."""
    deadline, shown = time.monotonic() + LIMIT_S, b""
    while text not in shown.decode("utf-8", "ignore"):
        ready, _, _ = select.select([master], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, shown.decode("utf-8", "replace")
        shown += os.read(master, 4096)
    return shown.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "tomorrowish"), "yesterday, today, all"),
        (("--since", "all", "--call", "zzz"), "there is no call zzz"),
        (("--effect",), "--before"),
        (("--terminal", "--since", "all"), "needs a terminal"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    calls: str, workplace: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = subprocess.run(
        command(*arguments),
        cwd=workplace,
        env=environment(calls, IVR_NLU__URL="http://127.0.0.1:9"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (workplace / "nlu_data" / "reviews.tsv").exists()


def test_a_killed_review_has_lost_nothing_and_goes_on(calls: str, workplace: Path) -> None:
    decided = "20261121-100700-aa02:1"
    with started(calls, workplace) as (first, api):
        body = {"key": decided, "choice": "train", "text": "интернет пропал", "intent": "outage"}
        assert api.post("/api/decide", json=body).status_code == 200
        first.kill()
        first.wait(LIMIT_S)
    with started(calls, workplace) as (second, api):
        keys = [row["key"] for row in api.get("/api/queue").json()["items"]]
        assert decided not in keys
        assert api.post("/api/undo", json={}).json()["key"] == decided
        second.send_signal(signal.SIGTERM)
        assert second.wait(LIMIT_S) == 0
    with started(calls, workplace) as (_third, api):
        assert decided in [row["key"] for row in api.get("/api/queue").json()["items"]]


@contextmanager
def started(calls: str, workplace: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """The command without a model, and its interface."""
    process = subprocess.Popen(
        command("--since", "all", "--no-browser", "--who", "Мария"),
        cwd=workplace,
        env=environment(calls, IVR_NLU__URL="http://127.0.0.1:9"),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = re.search(r"(http://\S+)/\?token=(\S+)", process.stdout.readline())
        assert address is not None
        headers = {"X-Review-Token": address[2]}
        with httpx.Client(base_url=address[1], headers=headers, trust_env=False) as api:
            yield process, api
    finally:
        process.kill()
        process.communicate()
