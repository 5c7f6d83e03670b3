"""What is known of a model version: how it was made, how it measured; JSON beside the archive."""

import hashlib
import subprocess
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

from ivr.errors import NluError
from ivr.files import write_whole
from ivr.nlu.curves import advise
from ivr.nlu.evaluation import Prediction, score

LIBRARIES: Final = ("rasa", "scikit-learn", "numpy", "tensorflow-cpu", "ivr-rasa")
"""Of the Rasa environment; a model is loaded by what trained it."""
GIT_LIMIT_S: Final = 5.0


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Figures on held-out phrases; 0..1 where nothing else is said."""

    measured_at: datetime
    test_file: str
    test_sha256: str
    phrases: int
    accept: float
    """The threshold the shares below were taken at."""
    confirm: float
    accuracy: float
    macro_f1: float
    accepted_right: float
    accepted_wrong: float
    false_accepts: float
    advised_accept: float
    advised_confirm: float
    ms_per_text: float


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One version. Fields of training are empty for an archive that came without a record."""

    model: str
    """Hash of everything it was trained from, also the archive's name."""
    trained_at: datetime
    training_s: float | None = None
    phrases: int | None = None
    intents: int | None = None
    inputs: dict[str, str] = {}
    """File of the training data -> SHA-256."""
    libraries: dict[str, str] = {}
    commit: str = ""
    """Of the checkout trained in; '-dirty' at the end: with changes that are not committed."""
    measurement: Measurement | None = None


def now() -> datetime:
    """The present moment with its zone, whole seconds."""
    return datetime.now().astimezone().replace(microsecond=0)


def measured(
    predictions: list[Prediction], test: Path, *, accept: float, confirm: float, mean_s: float
) -> Measurement:
    """The figures of `predictions` for the phrases of `test`; `mean_s`: seconds per text."""
    found = score(predictions, accept=accept, confirm=confirm)
    advice = advise(predictions)
    return Measurement(
        measured_at=now(),
        test_file=str(test),
        test_sha256=sha256(test),
        phrases=len(predictions),
        accept=accept,
        confirm=confirm,
        accuracy=round(found.accuracy, 6),
        macro_f1=round(found.macro_f1, 6),
        accepted_right=round(found.accepted_right, 6),
        accepted_wrong=round(found.accepted_wrong, 6),
        false_accepts=round(found.false_accepts, 6),
        advised_accept=advice.accept,
        advised_confirm=advice.confirm,
        ms_per_text=round(mean_s * 1000, 1),
    )


def read_record(archive: Path) -> ModelRecord:
    """The record beside an archive, or what the archive itself tells where there is none.

    Raises `NluError` where the record cannot be read.
    """
    file = record_file(archive)
    try:
        return msgspec.json.decode(file.read_bytes(), type=ModelRecord)
    except FileNotFoundError:
        made = datetime.fromtimestamp(int(archive.stat().st_mtime)).astimezone()
        return ModelRecord(model=version_of(archive), trained_at=made)
    except (OSError, msgspec.DecodeError) as error:
        raise NluError("model_record", f"{file} cannot be read: {error}") from error


def write_record(archive: Path, record: ModelRecord) -> None:
    """Whole or not at all."""
    write_whole(record_file(archive), pretty(record))


def record_file(archive: Path) -> Path:
    return archive.with_name(f"{version_of(archive)}.json")


def version_of(archive: Path) -> str:
    """'models/rasa/0a1b2c3d4e5f.tar.gz' -> '0a1b2c3d4e5f'."""
    return archive.name.removesuffix(".tar.gz")


def pretty(value: msgspec.Struct) -> bytes:
    """JSON that people can read too."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def library_versions(python: Path) -> dict[str, str]:
    """Versions in the environment of an interpreter; what is not there is left out."""
    folders = [str(folder) for folder in python.parent.parent.glob("lib/python3*/site-packages")]
    found = {one.name.lower(): one.version for one in metadata.distributions(path=folders)}
    return {name: found[name] for name in LIBRARIES if name in found}


def commit_of(folder: Path) -> str:
    """The git commit a folder is checked out at; '' without git or outside a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=GIT_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
