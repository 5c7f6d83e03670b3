"""Graphs that are really compiled, and Vosk recognizing with them."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.asr_build.build import build
from ivr.asr_build.language_model import Sentence
from ivr.asr_build.texts import Corpus
from ivr.asr_eval import report
from ivr.asr_eval.corpus import Recording, read_recordings
from ivr.asr_eval.render import render
from ivr.asr_eval.run import recognize_all
from ivr.asr_eval.scoring import compare, word_error_rate
from ivr.audio.wav import load_audio
from ivr.cli.main import app
from ivr.errors import ConfigError
from ivr.nlu.phrases import LabelledPhrase
from ivr.speech.models import built_in
from ivr.speech.synthesis.engines import find_espeak
from ivr.speech.vosk_asr import VoskRecognizerFactory

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
ACOUSTIC = ROOT / "models" / "ru-0611"
FIXTURES = ROOT / "audio_fixtures"


def corpus_of(*texts: str) -> Corpus:
    words = frozenset(word for text in texts for word in text.split())
    return Corpus(tuple(Sentence(tuple(text.split())) for text in texts), {}, words, ())


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return tuple(one for one in read_recordings(FIXTURES) if not one.human)[:40:2]


@pytest.fixture(scope="module")
def model(recordings: tuple[Recording, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    corpus = corpus_of(*(one.text for one in recordings))
    path, _, _ = build(corpus, ACOUSTIC, tmp_path_factory.mktemp("asr"), ["мой баланс"])
    return path


async def test_recordings_are_recognized_with_a_small_graph(
    model: Path, recordings: tuple[Recording, ...]
) -> None:
    run = await recognize_all(model, recordings)
    assert word_error_rate(report.errors_of(run)).value < 0.1
    assert run.real_time_factor < 1
    assert not run.unreadable


async def test_a_new_word_is_recognized_after_a_rebuild(tmp_path: Path) -> None:
    espeak = find_espeak()
    assert espeak is not None
    phrase = LabelledPhrase("подключите услугу звонилушка", "services", "")
    await render([phrase], espeak, tmp_path / "spoken")
    spoken = read_recordings(tmp_path / "spoken")
    known = ("подключите услугу погода", "отключите услугу гудок", "какой у меня тариф")
    before, *_ = build(corpus_of(*known), ACOUSTIC, tmp_path, [])
    after, *_ = build(corpus_of(*known, "услуга звонилушка"), ACOUSTIC, tmp_path, [])
    assert "звонилушка" not in (await recognize_all(before, spoken)).heard[0].text
    assert "звонилушка" in (await recognize_all(after, spoken)).heard[0].text


def test_the_same_texts_give_the_same_graph_and_are_built_once(tmp_path: Path) -> None:
    corpus = corpus_of("мой баланс", "какой тариф")
    first, report_first, cached = build(corpus, ACOUSTIC, tmp_path / "a", ["мой тариф"])
    second, report_again, cached_again = build(corpus, ACOUSTIC, tmp_path / "a", ["мой тариф"])
    elsewhere, *_ = build(corpus, ACOUSTIC, tmp_path / "b", ["мой тариф"])
    assert (first, report_first, cached, cached_again) == (second, report_again, False, True)
    graphs = [path / "graph" / "HCLG.fst" for path in (first, elsewhere)]
    assert graphs[0].read_bytes() == graphs[1].read_bytes()
    other, *_ = build(replace(corpus, sentences=corpus.sentences[:1]), ACOUSTIC, tmp_path / "a", [])
    assert other != first
    assert built_in(tmp_path) == []
    assert built_in(tmp_path / "a") == [other, first]


@pytest.fixture(scope="module")
def with_question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built model with a graph for yes-or-no questions."""
    corpus = corpus_of("подключите услугу погода", "какой у меня баланс", "соедините с оператором")
    spellings = corpus.spellings | {"да", "нет", "дай", "надо", "не"}
    corpus = replace(corpus, spellings=spellings, answers=(("yes_no", ("да", "нет", "не надо")),))
    path, *_ = build(corpus, ACOUSTIC, tmp_path_factory.mktemp("asr"), [])
    return path


async def test_the_graph_of_a_question_hears_answers_and_what_else_is_said(
    with_question: Path, tmp_path: Path
) -> None:
    espeak = find_espeak()
    assert espeak is not None
    texts = ("не надо", "нет", "соедините с оператором", "какой у меня баланс")
    await render([LabelledPhrase(t, "", "") for t in texts], espeak, tmp_path / "spoken")
    factory = await VoskRecognizerFactory.load(with_question, threads=1, questions=True)
    assert factory.questions == ("yes_no",)
    recognizer = factory.create()
    heard = []
    for turn, recording in enumerate(read_recordings(tmp_path / "spoken")):
        recognizer.expect("yes_no")
        await recognizer.accept(load_audio(recording.path) + bytes(8000))
        await recognizer.settle()
        heard.append((await recognizer.finish()).text)
        assert turn < len(texts)
    assert heard == list(texts)
    # The large graph of this model does not know the word at all: each turn has its own graph.
    recognizer.expect("")
    await recognizer.accept(load_audio(tmp_path / "spoken" / "0001.flac") + bytes(8000))
    await recognizer.settle()
    assert "нет" not in (await recognizer.finish()).text.split()
    await recognizer.aclose()
    await factory.aclose()


async def test_a_model_asked_for_no_question_graphs_loads_none(with_question: Path) -> None:
    factory = await VoskRecognizerFactory.load(with_question, threads=1)
    assert factory.questions == ()
    await factory.aclose()


async def test_turning_to_another_graph_costs_little(with_question: Path) -> None:
    factory = await VoskRecognizerFactory.load(with_question, threads=1, questions=True)
    recognizers = [factory.create() for _ in range(10)]
    took_s: dict[str, list[float]] = {"": [], "yes_no": []}
    for recognizer in recognizers:
        for question, times in took_s.items():
            recognizer.expect(question)
            began = time.perf_counter()
            await recognizer.accept(bytes(1600))
            await recognizer.settle()
            times.append(time.perf_counter() - began)
            await recognizer.finish()
        await recognizer.aclose()
    medians = [sorted(times)[5] * 1000 for times in took_s.values()]
    print(f"\nfirst piece: large graph {medians[0]:.1f} ms, question {medians[1]:.1f} ms")
    assert factory.questions == ("yes_no",)
    await factory.aclose()


async def test_two_models_are_compared_in_a_page_and_bad_files_are_named(
    model: Path, recordings: tuple[Recording, ...], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio", encoding="utf-8")
    some = (*recordings[:4], Recording(broken, "баланс"))
    runs = [await recognize_all(path, some) for path in (ACOUSTIC, model)]
    assert [name for name, _ in runs[0].unreadable] == [f"{tmp_path.name}/broken.wav"]
    errors = [report.errors_of(run) for run in runs]
    intents = {text: "x" for run in runs for one in run.heard
               for text in (one.text, one.recording.text)}  # fmt: skip
    reports = [
        report.summarize(run, found, intents) for run, found in zip(runs, errors, strict=True)
    ]
    page = report.as_html("Сравнение", runs, errors, reports)
    assert "<svg" in page
    assert "broken.wav" in page
    assert model.name in page
    figures = report.as_json(reports, compare(*errors))
    assert figures["models"][0]["words"]["of"] == sum(one.words for one in errors[0])


def test_the_command_writes_page_and_figures(model: Path, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "tts" / "0003.flac", tmp_path / "a.flac")
    (tmp_path / "a.txt").write_text("Какой у меня тариф", encoding="utf-8")
    page = tmp_path / "out" / "report.html"
    command = ["asr", "eval", str(tmp_path), "-m", str(model), "--html", str(page)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "word error rate" in done.output
    assert "Ошибки в словах" in page.read_text(encoding="utf-8")
    figures = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert figures["models"][0]["words"]["of"] == 4


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="recordings"):
        read_recordings(tmp_path)
