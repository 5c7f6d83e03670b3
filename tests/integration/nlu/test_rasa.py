import asyncio
import os
import signal
import time
from datetime import date
from pathlib import Path

import pytest

from ivr.errors import NluError, SetupError
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.rasa_server import RasaServer
from ivr.nlu.schema import EntityKind

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PYTHON = Path(".venv-rasa/bin/python")

SAID = {
    "скажите пожалуйста какой у меня баланс": "balance",
    "какой у меня тариф и сколько он стоит": "tariff_info",
    "сколько гигабайт у меня ещё осталось": "packages_left",
    "можно мне взять обещанный платёж": "promised_payment",
    "за что у меня вчера сняли деньги": "last_charges",
    "когда был мой последний платёж": "last_payment",
    "какие услуги у меня подключены сейчас": "service_list",
    "в москве авария связи нет": "outage",
    "какой у меня номер телефона": "own_number",
    "соедините с живым оператором": "operator",
    "да верно": "affirm",
    "нет не хочу": "deny",
    "повтори пожалуйста": "repeat",
    "всё спасибо до свидания": "goodbye",
    "как сварить борщ": "out_of_scope",
}

HOSTILE = (
    "", "   ", "/", "/balance", '/operator{"x": "y"}', "\x00\x1b[2J", "!!!", "баланс " * 20_000,
    "🤷" * 100, "\ud83d", "<script>", '"', "а\nб", "ё" * 500,
)  # fmt: skip


async def until(condition: str, server: RasaServer, *, healthy: bool, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while server.healthy is not healthy:
        assert time.monotonic() < deadline, condition
        await asyncio.sleep(0.05)


async def test_spoken_wishes_are_understood(client: RasaNlu) -> None:
    found = {text: (await client.parse(text)).intent.name for text in SAID}
    assert found == SAID


async def test_entities_come_with_the_intents(client: RasaNlu) -> None:
    result = await client.parse("Вчера положил триста рублей в Казани")
    assert [(entity.kind, entity.value) for entity in result.entities] == [
        (EntityKind.DATE, "2026-11-21"),
        (EntityKind.AMOUNT, "300"),
        (EntityKind.CITY, "Казань"),
    ]
    confidences = [item.confidence for item in result.ranking]
    assert confidences == sorted(confidences, reverse=True)


async def test_no_text_breaks_anything(rasa: RasaServer, client: RasaNlu) -> None:
    for text in HOSTILE:
        result = await client.parse(text)
        assert result.text == text
        assert result.ranking
    assert (await client.parse("/operator")).intent.confidence < 1.0
    assert rasa.restarts == 0


async def test_a_wrong_token_is_a_fault(rasa: RasaServer) -> None:
    stranger = RasaNlu(rasa.url, "wrong", 5.0, today=lambda: date(2026, 11, 22))
    with pytest.raises(NluError, match="401"):
        await stranger.parse("баланс")
    await stranger.aclose()


async def test_a_killed_server_fails_fast_and_comes_back(rasa: RasaServer, client: RasaNlu) -> None:
    assert rasa.process_id is not None
    os.kill(rasa.process_id, signal.SIGKILL)
    began = time.monotonic()
    for _ in range(5):
        with pytest.raises(NluError):
            await client.parse("баланс")
    assert time.monotonic() - began < 5.0  # one time limit, not five
    await until("loss was not noticed", rasa, healthy=False, limit_s=5.0)
    await until("no restart", rasa, healthy=True, limit_s=60.0)
    await asyncio.sleep(2.0)  # the circuit's pause
    assert (await client.parse("какой баланс")).intent.name == "balance"
    assert rasa.restarts == 1


async def test_a_missing_model_or_environment_is_told_before_anything_starts(
    rasa_model: Path, tmp_path: Path
) -> None:
    for python, model, words in (
        (PYTHON, tmp_path / "none.tar.gz", "ivr nlu train"),
        (tmp_path / "python", rasa_model, "pip install"),
    ):
        server = RasaServer(python=python, model=model, runtime=tmp_path)
        with pytest.raises(SetupError, match=words):
            await server.start()
        await server.aclose()


async def test_a_broken_model_ends_the_start_with_rasas_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"not an archive")
    server = RasaServer(python=PYTHON, model=broken, runtime=tmp_path)
    with pytest.raises(NluError, match="ended while starting"):
        await server.start()
    assert not server.healthy
