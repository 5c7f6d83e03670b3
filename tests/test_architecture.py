"""The rules of the house, read off the source: imports to the left, small modules, quarantine."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

PACKAGE = Path(__file__).parents[1] / "ivr"
MODULES = {
    ".".join(("ivr", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): file
    for file in PACKAGE.rglob("*.py")
}

PURE = (
    "ivr.speech.endpointing",
    "ivr.speech.foreground",
    "ivr.speech.grammar",
    "ivr.speech.melody",
    "ivr.speech.phrase",
    "ivr.speech.russian",
    "ivr.speech.vosk_results",
    "ivr.call.backchannel",
    "ivr.call.turn_taking",
    "ivr.call.completeness",
    "ivr.call.unfinished",
    "ivr.call.endings",
    "ivr.call.caller",
    "ivr.handoff.transfer",
    "ivr.handoff.lease",
    "ivr.handoff.whisper",
    "ivr.handoff.attended",
    "ivr.queue",
    "ivr.nlu.schema",
    "ivr.nlu.thresholds",
    "ivr.nlu.entities",
    "ivr.nlu.normalise",
    "ivr.nlu.evaluation",
    "ivr.nlu.statistics",
    "ivr.nlu.comparison",
    "ivr.nlu.confusions",
    "ivr.nlu.curves",
    "ivr.nlu.likeness",
    "ivr.nlu.paraphrase",
    "ivr.nlu.suggestions",
    "ivr.nlu.hygiene",
    "ivr.nlu.hygiene_likeness",
    "ivr.dialogue",
    "ivr.sip.refer",
    "ivr.sip.identity",
    "ivr.sip.causes",
    "ivr.sip.will",
    "ivr.audio.pcm",
    "ivr.audio.playout",
    "ivr.media.rtp_gaps",
    "ivr.media.places",
    "ivr.media.connections",
    "ivr.analytics.cdr",
    "ivr.analytics.queue_figures",
    "ivr.analytics.queue_lengths",
    "ivr.analytics.queue_measures",
    "ivr.analytics.queue_report",
    "ivr.analytics.queue_rows",
    "ivr.analytics.queue_rules",
    "ivr.analytics.queue_stories",
    "ivr.analytics.queue_telling",
    "ivr.analytics.queue_text",
    "ivr.softphone.listening",
    "ivr.asr_build.letter_to_sound",
    "ivr.asr_build.lexicon",
    "ivr.asr_build.graph",
    "ivr.asr_build.language_model",
    "ivr.asr_build.spoken_values",
    "ivr.asr_build.name_classes",
    "ivr.asr_build.questions",
    "ivr.asr_eval.scoring",
    "ivr.fixtures.coverage",
    "ivr.simulate.visits",
    "ivr.simulate.leaving",
    "ivr.simulate.day",
    "ivr.bench.turns.rows",
    "ivr.bench.turns.tracks",
    "ivr.bench.turns.judge",
    "ivr.bench.turns.figures",
    "ivr.bench.turns.compose",
    "ivr.fixtures.manifest",
    "ivr.regress.outcome",
    "ivr.regress.story",
    "ivr.audio.augment",
    "ivr.audio.conditions",
    "ivr.regress.compare",
    "ivr.regress.figures",
    "ivr.regress.junit",
    "ivr.review.ranking",
    "ivr.review.folding",
    "ivr.review.spoken",
    "ivr.review.masking",
    "ivr.review.masking_names",
    "ivr.review.masking_numbers",
    "ivr.review.journal",
    "ivr.review.sorting",
    "ivr.review.effect",
    "ivr.review.views",
)
IMPURE_LIBRARIES = {"asyncio", "threading", "time", "random", "os", "logging", "socket"}

QUARANTINE = {
    "pjsua2": (
        "ivr.media.worker",
        "ivr.media.pj_thread",
        "ivr.media.pj_leg",
        "ivr.media.pj_account",
        "ivr.media.pj_messages",
        "ivr.media.port_pool",
    ),
    "vosk": ("ivr.speech.vosk_asr",),
    "webrtcvad": ("ivr.speech.vad",),
    "parselmouth": ("ivr.speech.melody",),
    "sqlalchemy": ("ivr.storage", "ivr.services.demo"),
    "sqlite3": ("ivr.services.demo",),
    "psycopg": ("ivr.storage",),
    "httpx": ("ivr.nlu.rasa_nlu", "ivr.nlu.rasa_server", "ivr.speech.models", "ivr.cli"),
    "fastapi": ("ivr.http", "ivr.review.page"),
    "uvicorn": ("ivr.http",),
    "typer": ("ivr.cli",),
    "kaldifst": ("ivr.asr_build.openfst",),
    "wordfreq": ("ivr.asr_build.texts",),
    "jiwer": ("ivr.asr_eval.scoring",),
    "sortedcontainers": ("ivr.queue",),
    "matplotlib": (
        "ivr.plots",
        "ivr.bench.turns.plot",
        "ivr.bench.queue.plot",
        "ivr.simulate.plot",
    ),
}

LAYERS = (
    (
        "ivr.errors",
        "ivr.clock",
        "ivr.config",
        "ivr.documents",
        "ivr.config_queue",
        "ivr.config_section",
        "ivr.documents",
        "ivr.files",
        "ivr.plots",
    ),
    ("ivr.audio", "ivr.sip", "ivr.nlu.schema", "ivr.events", "ivr.log"),
    ("ivr.speech", "ivr.nlu", "ivr.services", "ivr.queue"),
    ("ivr.dialogue", "ivr.analytics"),
    ("ivr.asr_build", "ivr.asr_eval"),
    ("ivr.storage", "ivr.media", "ivr.http", "ivr.handoff"),
    ("ivr.call", "ivr.softphone", "ivr.testing", "ivr.fixtures"),
    (
        "ivr.app",
        "ivr.app_queue",
        "ivr.app_queue_rules",
        "ivr.bench",
        "ivr.regress",
        "ivr.review",
        "ivr.simulate",
    ),
    ("ivr.cli", "ivr.__main__"),
)
"""Left to right: a module imports from its own layer and those before it."""


def imports(module: str) -> Iterator[str]:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def layer(module: str) -> int:
    best = max(
        (
            (len(name), number)
            for number, names in enumerate(LAYERS)
            for name in names
            if within(module, (name,))
        ),
        default=None,
    )
    assert best is not None, f"{module} belongs to no layer"
    return best[1]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_to_the_left(module: str):
    if module == "ivr":
        return
    for name in imports(module):
        if name in MODULES and name != "ivr":
            assert layer(name) <= layer(module), f"{module} imports {name} from a later layer"


@pytest.mark.parametrize("module", sorted(name for name in MODULES if within(name, PURE)))
def test_pure_modules_import_nothing_that_acts(module: str):
    acting = {name.split(".")[0] for name in imports(module)} & IMPURE_LIBRARIES
    assert not acting, f"{module} is pure and imports {acting}"


@pytest.mark.parametrize("library", sorted(QUARANTINE))
def test_third_party_libraries_stay_in_their_adapters(library: str):
    users = {
        module
        for module in MODULES
        if any(name.split(".")[0] == library for name in imports(module))
    }
    strays = {module for module in users if not module.startswith(QUARANTINE[library])}
    assert not strays, f"{library} is imported by {strays}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_modules_and_functions_stay_small(module: str):
    text = MODULES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400, f"{module} has grown beyond 400 lines: split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 60, f"{module}.{node.name} has {length} lines"


def test_there_are_no_import_cycles():
    graph = {
        module: {name for name in imports(module) if name in MODULES and name != module}
        for module in MODULES
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"import cycle: {' -> '.join((*path, module))}"
        if module not in done:
            for name in graph[module]:
                visit(name, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_the_environment_is_read_in_one_place():
    readers = {
        module for module, file in MODULES.items() if "os.environ" in file.read_text("utf-8")
    }
    # The service that tests start gets a copy of the environment without our own variables.
    assert readers <= {"ivr.config", "ivr.testing.service"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_cancellation_gets_lost(module: str):
    """Before Python 3.12 `asyncio.wait_for` swallows a cancellation that comes together with the
    result: a caller's hang-up got lost just when the operator answered. `asyncio.timeout` does not.
    """
    assert "asyncio.wait_for(" not in MODULES[module].read_text(encoding="utf-8")
