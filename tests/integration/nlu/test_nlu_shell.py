"""`ivr nlu shell` and `ivr nlu suggest` with the real model, the shell at a real terminal."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli.main import app

pytestmark = pytest.mark.integration

RUN = "from ivr.cli.main import main; main()"
LIMIT_S = 120.0
"""Rasa starts in 5 s; a busy machine needs several times that."""


class Terminal:
    """The master side of a pseudo-terminal a program talks to."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._shown = b""  # bytes: a read may end within a letter

    def types(self, text: str) -> None:
        os.write(self._master, text.encode())

    def shows(self, text: str) -> None:
        """Wait until it does, from what was not waited for yet on."""
        deadline = time.monotonic() + LIMIT_S
        while text.encode() not in self._shown:
            assert time.monotonic() < deadline, f"no {text!r} in {self._shown.decode()!r}"
            if select.select([self._master], [], [], 1.0)[0]:
                with contextlib.suppress(OSError):  # the other side has closed it
                    self._shown += os.read(self._master, 65536)
        self._shown = self._shown.partition(text.encode())[2]


@contextlib.contextmanager
def shell_at_a_terminal(runtime: Path) -> Iterator[tuple[Terminal, "subprocess.Popen[bytes]"]]:
    """The shell as a process of its own session, whose terminal sends Ctrl-C as a signal."""
    master, slave = pty.openpty()
    environment = os.environ | {
        "IVR_SERVICE__RUNTIME": str(runtime),
        "TERM": "xterm",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    take_terminal = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); {RUN}"
    command = [sys.executable, "-c", take_terminal, "nlu", "shell"]
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    ) as process:
        os.close(slave)
        try:
            terminal = Terminal(master)
            terminal.shows("/help lists commands")
            terminal.shows("> ")
            yield terminal, process
        finally:
            process.kill()
            os.close(master)


@pytest.mark.usefixtures("rasa_model")
def test_the_shell_explains_edits_and_remembers_at_a_terminal(tmp_path: Path) -> None:
    with shell_at_a_terminal(tmp_path) as (terminal, process):
        terminal.types("какой у меня баланс в казани\n")
        terminal.shows("balance")
        terminal.shows("accept")
        terminal.shows("city = Казань")
        terminal.shows("asks the back office: balance")
        terminal.types("\x1b[A")  # up: the last line again
        terminal.shows("баланс в казани")
        terminal.types("\n")
        terminal.shows("next")
        terminal.shows("> ")
        terminal.types("\x04")
        assert process.wait(LIMIT_S) == 0
    history = (tmp_path / "nlu-shell-history").read_text("utf-8")
    assert "какой у меня баланс в казани" in history


@pytest.mark.usefixtures("rasa_model")
def test_ctrl_c_at_the_prompt_ends_the_shell(tmp_path: Path) -> None:
    with shell_at_a_terminal(tmp_path) as (terminal, process):
        # A signal between readline's prompt and its first wait is seen at the next key only, so
        # a user's second try is allowed.
        for _ in range(3):
            terminal.types("\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20.0)
                break
        assert process.returncode == 130


@pytest.mark.usefixtures("rasa_model")
def test_suggestions_are_in_order_of_what_the_model_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_SERVICE__RUNTIME", str(tmp_path))
    result = CliRunner().invoke(app, ["nlu", "suggest", "service_connect", "--count", "8"])
    assert result.exit_code == 0, result.output
    rows = [line.split("│")[2:4] for line in result.output.splitlines() if line.startswith("│")]
    said = [(intent.strip(), *answer.split()) for intent, answer in rows]
    assert len(said) == 8
    right = [float(confidence) for intent, best, confidence in said if best == intent]
    assert right == sorted(right)
    wrong = [place for place, (intent, best, _) in enumerate(said) if best != intent]
    assert wrong or right[0] < 0.9, "nothing to learn"
