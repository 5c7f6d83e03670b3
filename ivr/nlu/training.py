"""Training data -> a Rasa model archive named by the hash of everything that made it."""

import hashlib
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.errors import NluError, SetupError
from ivr.nlu.model_records import (
    ModelRecord,
    commit_of,
    library_versions,
    now,
    sha256,
    version_of,
    write_record,
)
from ivr.nlu.phrases import check_phrases, read_intents, read_phrases
from ivr.nlu.rasa_process import HOW_TO_INSTALL, rasa_environment

FEWEST_PHRASES = 20
"""Below, accuracy falls fast: 17 phrases an intent gave 0.92, 8 gave 0.82, 3 gave 0.66."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """What `validate` found."""

    intents: int
    phrases: int
    held_out: int


def validate(data: Path) -> DataSummary:
    """Check nlu/*.yml, test.yml and domain.yml; raises `ConfigError` with file and line."""
    training = read_phrases(data / "nlu")
    held_out = read_phrases(data / "test.yml")
    intents = read_intents(data / "domain.yml")
    check_phrases(training, held_out, intents, fewest=FEWEST_PHRASES)
    return DataSummary(intents=len(intents), phrases=len(training), held_out=len(held_out))


def content_hash(data: Path) -> str:
    """Twelve hex digits over everything a model depends on; the test phrases are not part."""
    digest = hashlib.sha256()
    for file in _inputs(data):
        digest.update(file.relative_to(data).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def expected_model(data: Path, models: Path) -> Path:
    """Where the model of the present data is or will be, e.g. models/rasa/0a1b2c3d4e5f.tar.gz."""
    return models / f"{content_hash(data)}.tar.gz"


def ensure_model(
    data: Path,
    models: Path,
    python: Path,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """The model of the present data, trained now (about 20 s) if it is not there yet.

    A fresh model gets a record beside it. Blocks; raises `ConfigError` for bad data, `SetupError`
    without a Rasa environment, `NluError` when training fails or the data changed meanwhile.
    """
    model = expected_model(data, models)
    if model.is_file():
        return model
    summary = validate(data)
    on_progress(f"training on {summary.phrases} phrases of {summary.intents} intents")
    inputs = {file.relative_to(data).as_posix(): sha256(file) for file in _inputs(data)}
    began = time.monotonic()
    train_model(data, model, python, on_progress)
    if expected_model(data, models) != model:
        model.unlink()  # nobody knows which version of the data is in it
        raise NluError("data_changed", f"{data} changed while it was trained on; train again")
    record = ModelRecord(
        model=version_of(model),
        trained_at=now(),
        training_s=round(time.monotonic() - began, 1),
        phrases=summary.phrases,
        intents=summary.intents,
        inputs=inputs,
        libraries=library_versions(python),
        commit=commit_of(data),
    )
    write_record(model, record)
    return model


def train_model(data: Path, model: Path, python: Path, on_progress: Callable[[str], None]) -> None:
    """Train on `data` as it is, unchecked, and put the archive at `model`.

    Blocks; raises `SetupError` without a Rasa environment, `NluError` when training fails.
    """
    if not python.is_file():
        message = f"no Rasa environment at {python}; make one: {HOW_TO_INSTALL}"
        raise SetupError("rasa_environment", message)
    model.parent.mkdir(parents=True, exist_ok=True)
    # Trained in a folder of its own and moved when whole: an interrupted run leaves nothing that
    # looks like a model, and two at once do not disturb each other.
    with TemporaryDirectory(prefix=".training-", dir=model.parent) as work:
        _run(data, model, python, Path(work).absolute(), on_progress)
        (Path(work) / model.name).replace(model)


def _inputs(data: Path) -> Iterator[Path]:
    yield from (data / "config.yml", data / "domain.yml", data / "requirements-rasa.txt")
    yield from sorted((data / "nlu").glob("*.yml"))
    yield from sorted((data / "ivr_rasa" / "ivr_rasa").glob("*.py"))


def _run(
    data: Path, model: Path, python: Path, work: Path, on_progress: Callable[[str], None]
) -> None:
    name = model.name.removesuffix(".tar.gz")
    lines: list[str] = []
    with subprocess.Popen(
        [str(python.absolute()), "-m", "ivr_rasa.train", str(data.absolute()), str(work), name],
        env=rasa_environment(work),
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if words := line.strip():
                lines = [*lines[-20:], words]
            if line.startswith("- "):
                on_progress(words.removeprefix("- "))
    if process.returncode != 0:
        raise NluError("training", "Rasa training failed: " + " | ".join(lines[-4:])[-800:])
