"""Which of the graphs built from own texts is in force: a small file beside them, `current`.

The choice is made by name, never by age, and can be taken back: `current` also holds what was in
force before. Services read it while they run, see ivr/speech/live.py.
"""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ivr.errors import SetupError

CURRENT: Final = "current"
NO_GRAPH: Final = ""
"""Name of the choice that no graph of our own is in force: the bundled model's is."""
KEPT: Final = 20
"""Earlier choices that are remembered."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One graph that is or was in force."""

    graph: str
    """Folder beside `current`, or `NO_GRAPH`."""
    promoted: bool
    """By hand; False: taken by set-up or for want of another, and set-up may replace it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is in force, and what was before it, the latest first."""

    now: Pick
    before: tuple[Pick, ...] = ()


def read_choice(graphs: Path) -> Choice | None:
    """The choice made in a folder of graphs; None: none yet. Raises `SetupError` if unreadable."""
    file = graphs / CURRENT
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        now, *before = (Pick(str(one["graph"]), bool(one["promoted"])) for one in data)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise SetupError(
            "graph",
            f"{file} is damaged ({exc}); name the graph anew with 'ivr asr promote', or delete it",
        ) from exc
    return Choice(now, tuple(before))


def choose(graphs: Path, graph: str, *, promoted: bool) -> Choice:
    """Put a graph in force; what was in force is remembered. Choosing it again only notes who."""
    try:
        old = read_choice(graphs)
    except SetupError:
        old = None  # damaged: choosing anew is the way out
    before: tuple[Pick, ...] = (Pick(NO_GRAPH, promoted=False),)
    if old is not None:
        again = old.now.graph == graph
        before = old.before if again else (old.now, *old.before)[:KEPT]
        promoted = promoted or (again and old.now.promoted)
    return _write(graphs, Choice(Pick(graph, promoted), before))


def offer(graphs: Path, graph: str, *, set_up: bool) -> bool:
    """Whether a graph that was just built came into force: where no choice was made yet, and by
    set-up where nobody has promoted the present one by hand."""
    choice = read_choice(graphs)
    if choice is not None and (not set_up or choice.now.promoted or choice.now.graph == graph):
        return False
    choose(graphs, graph, promoted=False)
    return True


def go_back(graphs: Path) -> Choice:
    """Put in force what was before, as a choice by hand; `SetupError` when nothing was."""
    old = read_choice(graphs)
    if old is None or not old.before:
        raise SetupError("graph", f"no graph was in force before in {graphs}")
    return _write(graphs, Choice(Pick(old.before[0].graph, promoted=True), old.before[1:]))


def mark(graphs: Path) -> tuple[int, int, int] | None:
    """Changes whenever `current` is written; None while there is none. Costs one system call."""
    try:
        found = (graphs / CURRENT).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _write(graphs: Path, choice: Choice) -> Choice:
    """Whole or not at all: readers look at any moment."""
    graphs.mkdir(parents=True, exist_ok=True)
    lines = ",\n ".join(json.dumps(asdict(one)) for one in (choice.now, *choice.before))
    with tempfile.TemporaryDirectory(dir=graphs, prefix=".choosing-") as folder:
        unfinished = Path(folder) / CURRENT
        unfinished.write_text(f"[{lines}]\n", encoding="utf-8")
        unfinished.replace(graphs / CURRENT)
    return choice
