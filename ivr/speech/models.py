"""Which Vosk model is used, and fetching the official ones."""

import hashlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import httpx

from ivr.errors import SetupError
from ivr.speech.graph_choice import NO_GRAPH, read_choice

MODELS_FOLDER: Final = Path(__file__).resolve().parents[2] / "models"
BUNDLED: Final = "ru-0611"
BUILT: Final = "asr"
"""Folder of the graphs built here from own texts, one per content."""
QUESTIONS: Final = "questions"
"""Folder in a built model: small models for closed questions, by name."""
OFFICIAL_SOURCE: Final = "https://alphacephei.com/vosk/models"
UNPACKED_LIMIT_BYTES: Final = 8 << 30
"""No official Russian model comes near; an archive that says more is a bomb."""


@dataclass(frozen=True, slots=True)
class OfficialModel:
    """A model of the Vosk project, by the short name used here."""

    short_name: str
    folder: str
    about: str
    least_bytes: int
    """A download smaller than this cannot be the model."""


OFFICIAL: Final = (
    OfficialModel(
        "small-ru",
        "vosk-model-small-ru-0.22",
        "about 45 MB, for phones and small machines",
        30 << 20,
    ),
    OfficialModel("ru", "vosk-model-ru-0.42", "about 1.8 GB, the most accurate", 1 << 30),
)

Progress = Callable[[int, int | None], None]
"""(bytes so far, bytes in all or None when the server does not say)."""


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """The model to load and why it is this one."""

    path: Path
    description: str
    follows_choice: bool = False
    """Another one is used as soon as another graph is put in force."""
    fault: str = ""
    """Why the graph that should be in force is not; '' when all is well."""


def resolve(
    configured: str, folder: Path = MODELS_FOLDER, graphs: Path | None = None
) -> ResolvedModel:
    """Configured path, else an official Russian model in `folder`, else the graph in force in
    `graphs` (by default folder/asr), else the bundled model.

    A graph that cannot be found is a `fault`, not an error: the bundled model takes its place.
    """
    if configured:
        path = Path(configured)
        if not is_model(path):
            raise SetupError("model", f"speech.model = {configured!r} is not a Vosk model folder")
        return ResolvedModel(path, f"{path.name} (configured)")
    official = official_in(folder)
    if official:
        return ResolvedModel(official[0], f"{official[0].name} (official model in {folder.name}/)")
    try:
        return in_force(folder, graphs)
    except SetupError as exc:
        return bundled(folder, exc.message)


def in_force(folder: Path = MODELS_FOLDER, graphs: Path | None = None) -> ResolvedModel:
    """The graph in force, or the bundled model where none is; `SetupError` when it is missing."""
    graphs = graphs or folder / BUILT
    choice = read_choice(graphs)
    if choice is None or choice.now.graph == NO_GRAPH:
        return bundled(folder)
    path = graphs / choice.now.graph
    if not is_model(path):
        raise SetupError(
            "graph",
            f"the graph in force, {path}, is missing: 'ivr asr rollback' returns to the one "
            "before, 'ivr asr build --promote' makes a new one",
        )
    return ResolvedModel(path, f"{BUNDLED} with the graph {path.name} of own texts", True)


def bundled(folder: Path = MODELS_FOLDER, fault: str = "") -> ResolvedModel:
    """The model in the repository; `SetupError` when it is gone."""
    path = folder / BUNDLED
    if not is_model(path):
        raise SetupError(
            "model",
            f"no speech model: {path} is missing. Restore it from the repository, or run "
            "'ivr models fetch small-ru'",
        )
    about = f"{BUNDLED} (bundled; small vocabulary, best within the domain)"
    return ResolvedModel(path, f"{about}, because {fault}" if fault else about, True, fault)


def official_in(folder: Path) -> list[Path]:
    """Unpacked official Russian models, the largest first."""
    found = [path for path in folder.glob("vosk-model-*ru*") if is_model(path)]
    return sorted(found, key=lambda path: ("-small-" in path.name, path.name))


def built_in(graphs: Path) -> list[Path]:
    """Models that `ivr asr build` made, the one made or confirmed last first."""
    reports = [file for file in graphs.glob("*/report.json") if is_model(file.parent)]
    reports.sort(key=lambda file: (-file.stat().st_mtime_ns, file.parent.name))
    return [file.parent for file in reports]


def is_model(path: Path) -> bool:
    """Whether this folder has what Vosk loads, in the present or the older layout."""
    return any(
        (path / acoustic).is_file() and (path / features).is_file()
        for acoustic, features in (
            ("am/final.mdl", "conf/mfcc.conf"),
            ("final.mdl", "mfcc.conf"),
        )
    )


def fetch(
    name: str,
    *,
    folder: Path = MODELS_FOLDER,
    source: str = OFFICIAL_SOURCE,
    sha256: str = "",
    progress: Progress = lambda done, total: None,
) -> Path:
    """Download and unpack an official model; a broken-off download is taken up again.

    The Vosk project publishes no checksum that could be built in, so the archive is checked by
    size, by the CRC of every member and by its contents; with `sha256`, by that as well.
    """
    model = next((one for one in OFFICIAL if name in (one.short_name, one.folder)), None)
    if model is None:
        known = ", ".join(one.short_name for one in OFFICIAL)
        raise SetupError("model", f"there is no official model {name!r}; known: {known}")
    target = folder / model.folder
    if is_model(target):
        return target
    archive = folder / f"{model.folder}.zip.part"
    folder.mkdir(parents=True, exist_ok=True)
    _download(f"{source}/{model.folder}.zip", archive, progress)
    try:
        _check_archive(archive, model, sha256)
        _unpack(archive, model, target)
    except (SetupError, zipfile.BadZipFile, zlib.error, OSError) as exc:
        archive.unlink(missing_ok=True)  # damaged: resuming it would only repeat the damage
        raise SetupError("model", f"the download of {model.folder} is damaged: {exc}") from exc
    archive.unlink()
    return target


def _download(url: str, archive: Path, progress: Progress) -> None:
    have = archive.stat().st_size if archive.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with httpx.stream(
            "GET", url, headers=headers, follow_redirects=True, timeout=30.0
        ) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                return  # all of it is here already; the checks that follow tell
            response.raise_for_status()
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                have = 0  # the server began anew
            _store(response, archive, have, progress)
    except httpx.HTTPStatusError as exc:
        raise SetupError("model", f"{url} answers {exc.response.status_code}") from exc
    except httpx.HTTPError as exc:
        raise SetupError(
            "model",
            f"cannot fetch {url} ({exc or type(exc).__name__}). Without network, download it "
            f"elsewhere and unpack it into {archive.parent}; what has arrived so far is kept",
        ) from exc


def _store(response: httpx.Response, archive: Path, have: int, progress: Progress) -> None:
    length = response.headers.get("Content-Length")
    total = have + int(length) if length else None
    with archive.open("r+b" if have else "wb") as file:
        file.seek(have)
        for chunk in response.iter_raw():
            file.write(chunk)
            progress(file.tell(), total)


def _check_archive(archive: Path, model: OfficialModel, sha256: str) -> None:
    size = archive.stat().st_size
    if size < model.least_bytes:
        raise SetupError("model", f"{size} bytes are too few for {model.folder}")
    if sha256 and (found := digest(archive)) != sha256.lower():
        raise SetupError("model", f"its SHA-256 is {found}, not {sha256.lower()}")
    with zipfile.ZipFile(archive) as opened:
        if sum(member.file_size for member in opened.infolist()) > UNPACKED_LIMIT_BYTES:
            raise SetupError("model", "unpacked it would be larger than any model")
        for member in opened.infolist():
            parts = PurePosixPath(member.filename.replace("\\", "/")).parts
            if parts[:1] != (model.folder,) or ".." in parts or _is_link(member):
                raise SetupError("model", f"unexpected member {member.filename!r}")
        if (damaged := opened.testzip()) is not None:
            raise SetupError("model", f"wrong CRC of {damaged!r}")


def _unpack(archive: Path, model: OfficialModel, target: Path) -> None:
    """Unpack beside the target and rename, so that half a model never looks like one."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-") as scratch:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(scratch)
        unpacked = Path(scratch) / model.folder
        if not is_model(unpacked):
            raise SetupError("model", "it holds no Vosk model")
        if target.exists():
            shutil.rmtree(target)
        unpacked.rename(target)


def _is_link(member: zipfile.ZipInfo) -> bool:
    return (member.external_attr >> 16) & 0o170000 == 0o120000


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
