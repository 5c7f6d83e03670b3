"""A PostgreSQL server of our own in a temporary folder: for tests and benchmarks.

PostgreSQL does not run as root, so there it runs as 'postgres' or 'nobody', reached by TCP on
loopback. Its programs are where Debian puts them, or in PATH.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from ivr.errors import SetupError

START_S: Final = 30.0
DEBIAN: Final = Path("/usr/lib/postgresql")
USERS: Final = ("postgres", "nobody")
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}
DURABLE: Final = {"fsync": "on", "synchronous_commit": "on"}
"""Every commit is on disk when it returns, as it has to be where promises are kept."""
FLEETING: Final = {"fsync": "off", "full_page_writes": "off"}
"""For tests that end no server and no machine: the disk is not waited for."""


class PostgresServer:
    """Use as a context manager. Synchronous; the server is a process of its own."""

    def __init__(self, *, durable: bool = True) -> None:
        self._settings = SETTINGS | (DURABLE if durable else FLEETING)
        self._programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="ivr-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self._databases = 0

    def __enter__(self) -> "PostgresServer":
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start and wait until it answers; the port stays the same from the first time on."""
        self.port = self.port or _free_port()
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port)],
                stdout=log,
                stderr=log,
                user=_user(),
                cwd=self._folder,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SetupError("postgresql", f"PostgreSQL did not start:\n{self._log()}")
            time.sleep(0.05)

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """As an administrator would: connections are cut, nothing committed is lost."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(by)
        try:
            process.wait(20.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Stop and remove everything; nothing is written to disk before."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """An empty database of its own; its URL."""
        self._databases += 1
        name = f"queue_{self._databases}"
        self._run("createdb", *self._where(), name)
        return self.url(name)

    def url(self, database: str, port: int | None = None) -> str:
        """As `queue.database` takes it; another port where a proxy stands between."""
        return f"postgresql+psycopg://ivr@127.0.0.1:{port or self.port}/{database}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _where(self) -> tuple[str, ...]:
        return ("-h", "127.0.0.1", "-p", str(self.port), "-U", "ivr")

    def _initialise(self) -> None:
        if (user := _user()) is not None:
            shutil.chown(self._folder, user)
        self._run("initdb", "-D", str(self._data), "-U", "ivr", "-A", "trust", "-E", "UTF8", "-N")
        lines = [f"{key} = '{value}'\n" for key, value in self._settings.items()]
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def _answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", *self._where()]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            user=_user(),
            cwd=self._folder,
        )
        if done.returncode != 0:
            raise SetupError("postgresql", f"{program} failed: {done.stderr or done.stdout}")

    def _log(self) -> str:
        text = (self._folder / "server.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-20:])


def programs() -> Path:
    """The folder of `initdb` and `postgres`: the newest version that Debian has, else from PATH."""
    versions = [path for path in DEBIAN.glob("*/bin") if (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    found = shutil.which("initdb")
    if found is None:
        raise SetupError("postgresql", "there is no PostgreSQL server here: apt install postgresql")
    return Path(found).resolve().parent


def _user() -> str | None:
    """Who runs the server; None: we ourselves may."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in USERS:
        if name in known:
            return name
    raise SetupError("postgresql", f"PostgreSQL does not run as root: make a user {USERS[0]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
