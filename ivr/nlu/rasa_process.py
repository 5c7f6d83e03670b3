"""How programs of the Rasa environment are started: a closed-in environment, no telemetry."""

from pathlib import Path

HOW_TO_INSTALL = (
    "python3.10 -m venv .venv-rasa && "
    ".venv-rasa/bin/pip install --no-deps -r nlu_data/requirements-rasa.txt && "
    ".venv-rasa/bin/pip install --no-deps --no-build-isolation nlu_data/ivr_rasa"
)
"""What a message tells where the environment is missing; `make setup` does the same."""


def rasa_environment(home: Path) -> dict[str, str]:
    """Environment variables for a Rasa process that keeps its files under `home`."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "LANG": "C.UTF-8",
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        # One request is 3 ms on one core; more threads only disturb audio on small machines.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
