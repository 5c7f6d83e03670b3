import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

PYTHON = Path(".venv-rasa/bin/python")

PARENT = """
import asyncio, sys
from pathlib import Path
from ivr.nlu.rasa_server import RasaServer

async def main():
    python, model, runtime = map(Path, sys.argv[1:])
    server = RasaServer(python=python, model=model, runtime=runtime)
    await server.start()
    print(server.process_id, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_the_server_dies_with_its_parent_even_when_that_is_killed(
    rasa_model: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PARENT, str(PYTHON), str(rasa_model), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}/cmdline").read_bytes().count(b"ivr_rasa.serve") == 1
        parent.kill()
    deadline = time.monotonic() + 5.0
    while _runs(child):
        assert time.monotonic() < deadline, "Rasa outlived its parent"
        time.sleep(0.05)


def _runs(process_id: int) -> bool:
    """False for a zombie too: nobody may be there to collect it."""
    try:
        return ") Z " not in Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_component_passes_its_own_tests_in_its_own_environment() -> None:
    command = [str(PYTHON), "-m", "unittest", "discover", "nlu_data/ivr_rasa/tests"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
