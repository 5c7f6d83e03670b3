"""From a call to a better assistant: a word that nobody taught is reviewed, learned, understood.

Everything is real: the call, the recognizer, the review page in a browser, the graph's build, the
training, the gates, and the service that takes both over while others are on the line.
"""

import asyncio
import csv
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from ivr.asr_eval.render import render
from ivr.audio.wav import load_audio
from ivr.config import VoiceSettings
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.training import expected_model
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.speech.graph_choice import read_choice
from ivr.speech.synthesis.choice import choose_synthesizer
from ivr.testing.service import ServiceProcess
from tests.acceptance.ear import heard
from tests.acceptance.support import FAST, Records
from tests.browser import browser, page_faults

PHRASE = "подкинь доверяшку"
NEW_WORD = "доверяшку"
INTENT = "promised_payment"
LEARNER = "9030000002"
OTHER = "9030000001"
STEP_S = 300.0
"""No step of the workshop may take longer, however busy the machine is."""


class Workshop:
    """The project's data and models in a folder of their own, and its commands."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "nlu_data"
        self.models = folder / "rasa"
        self.graphs = folder / "graphs"
        self.recordings = folder / "recordings"
        shutil.copytree("nlu_data", self.data, ignore=shutil.ignore_patterns("reviews.tsv"))
        self.models.mkdir()
        trained = expected_model(Path("nlu_data"), Path("models/rasa"))
        for file in trained.parent.glob(trained.name.removesuffix(".tar.gz") + ".*"):
            shutil.copy(file, self.models)
        shutil.copytree("models/asr", self.graphs, copy_function=os.link)
        self._sample_recordings()
        self.settings: dict[str, object] = {
            "IVR_NLU__DATA": self.data,
            "IVR_NLU__MODELS": self.models,
            "IVR_SPEECH__GRAPHS": self.graphs,
            "IVR_RECORDS__DATABASE": f"sqlite:///{folder}/ivr.db",
            "IVR_SERVICE__RUNTIME": folder / "run",
        }

    def _sample_recordings(self) -> None:
        """Every tenth recording: enough for the gate to judge by, and it takes seconds."""
        self.recordings.mkdir()
        (self.recordings / "tts").symlink_to(Path("audio_fixtures/tts").resolve())
        (self.recordings / "human").symlink_to(Path("audio_fixtures/human").resolve())
        with Path("audio_fixtures/manifest.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t"))
        with (self.recordings / "manifest.tsv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows([rows[0], *rows[1::10]])

    @property
    def environment(self) -> dict[str, str]:
        own = {key: str(value) for key, value in self.settings.items()}
        return {**{key: value for key, value in os.environ.items() if key[:4] != "IVR_"}, **own}

    async def command(self, *arguments: str) -> str:
        """Run `ivr ...` to its end; what it printed. A refusal is a failure of the test."""
        process = await self._started(*arguments)
        async with asyncio.timeout(STEP_S):
            output, _ = await process.communicate()
        text = output.decode("utf-8", "replace")
        assert process.returncode == 0, f"ivr {' '.join(arguments)}:\n{text}"
        return text

    @asynccontextmanager
    async def review(self, *arguments: str) -> AsyncIterator[str]:
        """The review page's address; the page has to end `ivr nlu review` within the block."""
        process = await self._started("nlu", "review", "--no-browser", *arguments)
        try:
            yield await _address(process)
            async with asyncio.timeout(STEP_S):
                await process.communicate()
            assert process.returncode == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _started(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "ivr", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.environment | {"COLUMNS": "200"},
        )


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(STEP_S):
        while (found := re.search(r"http://\S+token=\S+", said)) is None:
            line = await process.stdout.readline()
            assert line, f"no address was printed:\n{said}"
            said += line.decode("utf-8", "replace")
    return found[0]


class Trainer:
    """Somebody who reviews turns at the page, mostly by keys. Not on the event loop."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, address: str) -> None:
        self._driver.get(address)
        self._until("!!(item && checked && !busy)", "a turn to review")

    def choose(self, needle: str) -> None:
        """Go to the turn whose text has these words."""
        self._driver.execute_script(
            "open(queue.items.find((row) => row.text === arguments[0]).key)", needle
        )
        self._until(f"!!checked && !busy && item.heard === {needle!r}", needle)

    def write_down(self, phrase: str, new_word: str) -> None:
        self._press("e")
        self._press(phrase)
        self._until(f"checked && checked.text === {phrase!r}", "the check of the phrase")
        self._press(Keys.ENTER, "n")
        # The page offers the first word that the recognizer does not know: it is typed over.
        self._until("$('new-word').value !== ''", "the offer of a new word")
        self._press(new_word, Keys.ENTER)
        self._until(f"newWords.includes({new_word!r})", "the new word")

    def label(self, intent: str) -> None:
        """Search the intent among all and take it."""
        self._press("f")
        self._press(intent)
        button = self._driver.find_element("css selector", f"#all-intents [data-intent={intent}]")
        button.click()
        self._until("queue.pending === 1", "the decision")

    def finish(self) -> None:
        self._driver.find_element("css selector", "#finish").click()

    def _press(self, *keys: str) -> None:
        ActionChains(self._driver).send_keys(*keys).perform()

    def _until(self, condition: str, what: str) -> None:
        try:
            WebDriverWait(self._driver, 60).until(
                lambda driver: driver.execute_script(f"return {condition}"), what
            )
        except TimeoutException:
            told = self._driver.execute_script("return $('toast').textContent")
            pytest.fail(f"{what} did not come; the page said last: {told!r}")


@contextmanager
def trainer() -> Iterator[Trainer]:
    with browser() as driver:
        yield Trainer(driver)
        assert page_faults(driver) == []


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def learning_service(
    workshop: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServiceProcess]:
    patient = {**FAST, "IVR_DIALOGUE__NO_INPUT_S": 10}
    async with ServiceProcess(
        workshop.data.parent, IVR_MEDIA__WORKERS=3, **patient, **workshop.settings
    ) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The phrase as a caller's line delivers it: int16, 8 kHz."""
    folder = tmp_path_factory.mktemp("spoken")
    voice = choose_synthesizer(VoiceSettings.model_validate({"synthesizer": "festival"}))
    await render([LabelledPhrase(PHRASE, INTENT, "the test")], voice, folder)
    return load_audio(folder / "0000.flac")


async def ask(call: PhoneCall, samples: bytes) -> bytes:
    await call.say(samples)
    return await call.prompt_heard()


async def a_call(phone: Softphone, service: ServiceProcess, caller: str, samples: bytes) -> bytes:
    """What a caller hears who says this after the greeting."""
    async with await phone.call(service.sip, caller=caller) as call:
        await call.answered()
        await call.prompt_heard()
        return await ask(call, samples)


async def keep_calling(
    phone: Softphone, service: ServiceProcess, samples: bytes, enough: asyncio.Event
) -> int:
    """Calls one after the other; every one must be answered from data. How many there were."""
    calls = 0
    while not enough.is_set():
        assert heard(await a_call(phone, service, OTHER, samples), "balance.is")
        calls += 1
    return calls


async def keep_asking(call: PhoneCall, samples: bytes, enough: asyncio.Event) -> int:
    """Asks in one call again and again; every turn must be answered. How many there were."""
    await call.answered()
    await call.prompt_heard()
    turns = 0
    while not enough.is_set():
        assert heard(await ask(call, samples), "balance.is")
        turns += 1
    return turns


async def taken_over(records: Records, part: str, version: str) -> None:
    """Until the service says that this version is in use."""
    async with asyncio.timeout(STEP_S):
        while version not in (await records.get("/readyz"))["parts"][part]["detail"]:
            await asyncio.sleep(0.2)


def caller_turn(call: dict[str, Any]) -> dict[str, Any]:
    return next(turn for turn in call["turns"] if turn["kind"] == "heard")


def review_the_turn(address: str, heard_text: str) -> None:
    """Blocks: what the trainer does at the page."""
    with trainer() as person:
        person.open(address)
        person.choose(heard_text)
        person.write_down(PHRASE, NEW_WORD)
        person.label(INTENT)
        person.finish()


async def learn(workshop: Workshop) -> tuple[str, str]:
    """Build, train, pass the gates; names of the graph and the model that are in force then."""
    gate = ("--recordings", str(workshop.recordings))
    assert "in force:" in await workshop.command("asr", "build", "--promote", *gate)
    await workshop.command("nlu", "train")
    assert "is in service" in await workshop.command("nlu", "promote")
    graph = read_choice(workshop.graphs)
    model = ModelFolder(workshop.models).current()
    assert graph is not None
    assert model is not None
    return graph.now.graph, model.model


async def test_an_unknown_word_is_understood_after_review_build_training_and_promotion(
    workshop: Workshop,
    learning_service: ServiceProcess,
    phone: Softphone,
    recording: bytes,
    says,
) -> None:
    records = Records(learning_service)

    assert not heard(await a_call(phone, learning_service, LEARNER, recording), "promised.offer")
    before = await records.last_call(LEARNER)
    turn = caller_turn(before)
    assert NEW_WORD not in turn["text"]
    assert turn["decision"] != "accept"

    call_id = before["call"]["call_id"]
    async with workshop.review("--since", "all", "--call", call_id, "--who", "test") as url:
        await asyncio.to_thread(review_the_turn, url, turn["text"])
    assert f"- {PHRASE}\n" in "".join(
        file.read_text("utf-8") for file in (workshop.data / "nlu").glob("*.yml")
    )
    assert NEW_WORD in (workshop.data / "words" / "reviewed.txt").read_text("utf-8").split()

    enough = asyncio.Event()
    balance = says("подскажите баланс пожалуйста")
    async with (
        Softphone() as other_phone,
        await phone.call(learning_service.sip, caller=OTHER) as long_call,
    ):
        busy = (
            asyncio.create_task(keep_calling(other_phone, learning_service, balance, enough)),
            asyncio.create_task(keep_asking(long_call, balance, enough)),
        )
        graph, model = await learn(workshop)
        await taken_over(records, "hearing", graph)
        await taken_over(records, "intents", model)
        enough.set()
        calls, turns = await asyncio.gather(*busy)
    assert calls >= 2
    assert turns >= 4

    assert heard(await a_call(phone, learning_service, LEARNER, recording), "promised.offer")
    turn = caller_turn(await records.last_call(LEARNER))
    assert turn["text"] == PHRASE
    assert (turn["intent"], turn["decision"]) == (INTENT, "accept")
