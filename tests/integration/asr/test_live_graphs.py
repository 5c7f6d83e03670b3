"""A running service's recognizers, really compiled graphs, and another one put in force."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ivr.asr_build.build import build
from ivr.asr_eval.render import render
from ivr.audio.wav import load_audio
from ivr.config import SpeechSettings
from ivr.errors import AsrError
from ivr.nlu.phrases import LabelledPhrase
from ivr.speech.graph_choice import CURRENT, choose, go_back
from ivr.speech.live import LiveRecognizers
from ivr.speech.models import BUNDLED
from ivr.speech.synthesis.engines import find_espeak
from ivr.speech.vosk_asr import VoskRecognizer
from tests.integration.asr.test_asr_build import ACOUSTIC, corpus_of

pytestmark = pytest.mark.integration

KNOWN = ("подключите услугу погода", "отключите услугу гудок", "какой у меня тариф")
NEW_WORD = "звонилушка"


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two built graphs: the second knows one word more."""
    folder = tmp_path_factory.mktemp("graphs")
    build(corpus_of(*KNOWN), ACOUSTIC, folder, [])
    build(corpus_of(*KNOWN, f"услуга {NEW_WORD}"), ACOUSTIC, folder, [])
    return folder


@pytest.fixture(scope="module")
def names(graphs: Path) -> tuple[str, str]:
    """Without and with the new word."""
    paths = sorted(graphs.iterdir(), key=lambda p: len((p / "graph/words.txt").read_text("utf-8")))
    return paths[0].name, paths[1].name


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    espeak = find_espeak()
    assert espeak is not None
    folder = tmp_path_factory.mktemp("spoken")
    phrase = LabelledPhrase(f"подключите услугу {NEW_WORD}", "services", "")
    asyncio.run(render([phrase], espeak, folder))
    return load_audio(folder / "0000.flac") + bytes(8000)


@pytest.fixture
async def live(graphs: Path, names: tuple[str, str]) -> AsyncIterator[LiveRecognizers]:
    (graphs / CURRENT).unlink(missing_ok=True)
    choose(graphs, names[0], promoted=False)
    recognizers = await LiveRecognizers.open(SpeechSettings(graphs=str(graphs)))
    following = asyncio.create_task(recognizers.follow())
    yield recognizers
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    await recognizers.aclose()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20.0):
        while not happened():
            await asyncio.sleep(0.02)


async def heard(recognizer: VoskRecognizer, speech: bytes) -> str:
    await recognizer.accept(speech)
    await recognizer.settle()
    return (await recognizer.finish()).text


async def test_a_new_word_is_heard_by_calls_after_the_switch_and_calls_before_it_go_on(
    live: LiveRecognizers, graphs: Path, names: tuple[str, str], speech: bytes
) -> None:
    before = live.create()
    assert NEW_WORD not in await heard(before, speech)
    choose(graphs, names[1], promoted=True)
    await until(lambda: names[1] in live.description)
    after = live.create()
    assert NEW_WORD in await heard(after, speech)
    said = await heard(before, speech)
    assert said.startswith("подключите услугу")
    assert NEW_WORD not in said
    await before.aclose()
    await after.aclose()
    go_back(graphs)
    await until(lambda: names[0] in live.description)
    again = live.create()
    assert NEW_WORD not in await heard(again, speech)
    await again.aclose()


async def test_a_model_is_given_back_after_its_last_call(
    live: LiveRecognizers, graphs: Path, names: tuple[str, str], speech: bytes
) -> None:
    calls = [live.create(), live.create()]
    for call in calls:
        await heard(call, speech)
    old = live._factory
    model = weakref.ref(old._models[""])
    choose(graphs, names[1], promoted=True)
    await until(lambda: names[1] in live.description)
    await calls[0].aclose()
    assert old.loaded
    await calls[1].aclose()
    assert not old.loaded
    gc.collect()
    assert model() is None
    with pytest.raises(AsrError, match="closed"):
        await calls[1].accept(bytes(160))


@pytest.mark.parametrize("damage", ["missing", "cut", "no choice"])
async def test_a_broken_graph_is_told_and_the_old_one_keeps_on(
    live: LiveRecognizers,
    graphs: Path,
    names: tuple[str, str],
    speech: bytes,
    damage: str,
    tmp_path: Path,
) -> None:
    broken = graphs / "broken"
    if damage == "cut":
        for file in (graphs / names[1]).rglob("*.*"):
            (broken / file.relative_to(graphs / names[1])).parent.mkdir(parents=True, exist_ok=True)
            (broken / file.relative_to(graphs / names[1])).write_bytes(file.read_bytes()[:3000])
    if damage == "no choice":
        (tmp_path / "new").write_text("{", encoding="utf-8")
        (tmp_path / "new").replace(graphs / CURRENT)
    else:
        choose(graphs, "broken", promoted=True)
    await until(lambda: bool(live.fault))
    assert names[0] in live.description
    call = live.create()
    assert (await heard(call, speech)).startswith("подключите услугу")
    await call.aclose()
    choose(graphs, names[1], promoted=True)
    await until(lambda: names[1] in live.description)
    assert live.fault == ""


async def test_a_service_starts_with_the_bundled_model_when_the_graph_is_broken(
    graphs: Path, tmp_path: Path
) -> None:
    choose(tmp_path, "gone", promoted=True)
    recognizers = await LiveRecognizers.open(SpeechSettings(graphs=str(tmp_path)))
    assert "gone" in recognizers.fault
    assert recognizers.description.startswith(BUNDLED)
    await recognizers.aclose()
