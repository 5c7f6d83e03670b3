"""What is to be replayed: folders, manifests and single files -> cases."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import soundfile

from ivr.audio.resample import Samples
from ivr.audio.wav import load_samples
from ivr.errors import AudioError, SetupError
from ivr.files import read_text
from ivr.fixtures.manifest import MANIFEST, parse
from ivr.regress.outcome import CLEAN, Case

MOST_S: Final = 180.0
"""Nobody speaks longer without a pause; a caller's turn is cut off far earlier."""
MOST_BYTES: Final = 200 * 2**20
NO_RECORDINGS: Final = frozenset({".md", ".tsv", ".txt", ".json", ".html", ".xml"})
"""Files of a folder without a manifest that nobody takes for recordings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the cases found are run."""

    part: str = ""
    only: str = ""
    """Part of the file's path or of the intent's name."""
    limit: int = 0
    """0: all."""
    conditions: tuple[str, ...] = ()
    """In addition to the recordings as they are."""


def find_cases(targets: Sequence[Path], selection: Selection) -> tuple[Case, ...]:
    """All cases in order, each recording under every condition; `SetupError` if there are none."""
    found: dict[str, Case] = {}
    for case in (case for target in targets for case in _cases(target)):
        if found.setdefault(case.file, case).path.resolve() != case.path.resolve():
            both = f"{found[case.file].path} and {case.path} would both be called {case.file}"
            raise SetupError("regress", f"{both}: name a folder that has both")
    chosen = [
        case
        for case in found.values()
        if (not selection.part or case.part == selection.part)
        and (not selection.only or selection.only in case.file or selection.only == case.intent)
    ]
    if selection.limit:
        chosen = chosen[: selection.limit]
    if not chosen:
        names = ", ".join(map(str, targets))
        raise SetupError("regress", f"nothing to replay in {names}: no recording fits")
    conditions = (CLEAN, *selection.conditions)
    return tuple(replace(case, condition=one) for one in conditions for case in chosen)


def _cases(target: Path) -> Iterator[Case]:
    if target.suffix == ".tsv":
        yield from _listed(target)
    elif (target / MANIFEST).exists():
        yield from _listed(target / MANIFEST)
    elif target.is_dir():
        for path in sorted(target.rglob("*")):
            if path.is_file() and not _is_beside(path):
                yield Case(file=_named(path.relative_to(target)), path=path)
    elif target.exists():
        yield Case(file=_named(Path(target.name)), path=target)
    else:
        raise SetupError("regress", f"{target} is no file, folder, manifest or augmentation")


def _is_beside(path: Path) -> bool:
    """Whether nobody takes the file for a recording."""
    return path.name.startswith(".") or path.suffix.lower() in NO_RECORDINGS


def _named(path: Path) -> str:
    """The name as text that any file can carry, whatever bytes it is of."""
    return os.fsencode(path).decode("utf-8", "replace")


def _listed(manifest: Path) -> Iterator[Case]:
    for row in parse(read_text(manifest), str(manifest)):
        yield Case(
            file=row.file,
            path=manifest.parent / row.file,
            text=row.text,
            intent=row.intent,
            slots=row.slots,
            voice=row.voice,
            part=row.part,
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """A file's audio at the line's rate, mono, and the form it had."""

    samples: Samples
    channels: int
    rate_hz: int


def read_recording(path: Path) -> Recording:
    """A recording of any form as the line would carry it.

    `AudioError` for what cannot be a caller's turn, before a huge file is read.
    """
    try:
        size = path.stat().st_size
    except OSError as exc:
        raise AudioError("unreadable", f"{path} cannot be read: {exc.strerror}") from exc
    if not size:
        raise AudioError("empty", f"{path} is empty")
    if size > MOST_BYTES:
        raise AudioError("huge", f"{path} has {size / 2**20:.0f} MB; at most {MOST_BYTES >> 20}")
    try:
        info = soundfile.info(path)
    except (soundfile.SoundFileError, RuntimeError) as exc:
        raise AudioError("not_audio", f"{path} is not audio this program can read: {exc}") from exc
    if info.duration > MOST_S:
        raise AudioError("too_long", f"{path} is {info.duration:.0f} s long; at most {MOST_S:.0f}")
    return Recording(load_samples(path), info.channels, info.samplerate)
