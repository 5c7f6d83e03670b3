"""The shell over a scripted engine; tests/integration/nlu/test_nlu_shell.py has the real one."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import nlu_shell
from ivr.cli.main import app
from ivr.errors import NluError
from ivr.nlu.phrases import read_phrases
from ivr.nlu.schema import Entity, EntityKind, NluResult, ScoredIntent

pytestmark = pytest.mark.unit

RANKINGS = {
    "баланс": (ScoredIntent("balance", 0.9), ScoredIntent("last_payment", 0.05)),
    "оператор": (ScoredIntent("operator", 0.95),),
    "смените тариф": (ScoredIntent("tariff_change", 0.45), ScoredIntent("tariff_info", 0.3)),
    "пока": (ScoredIntent("goodbye", 0.97),),
    "авария в казани": (ScoredIntent("outage", 0.9),),
    "перезвоните": (ScoredIntent("callback", 0.9),),
}
KAZAN = (Entity(EntityKind.CITY, "Казань", "казани", 9, 15),)


class ScriptedEngine:
    """Knows the texts above; anything else is out of scope, 'сбой' is a fault."""

    def __init__(self) -> None:
        self.closed = False

    async def parse(self, text: str) -> NluResult:
        if text == "сбой":
            raise NluError("timeout", "intent recognition took longer than 10.0 s")
        ranking = RANKINGS.get(text, (ScoredIntent("out_of_scope", 0.2),))
        return NluResult(text, ranking, KAZAN if "казани" in text else ())


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ScriptedEngine:
    scripted = ScriptedEngine()

    @asynccontextmanager
    async def pinned(*arguments: object) -> AsyncIterator[ScriptedEngine]:
        yield scripted
        scripted.closed = True

    monkeypatch.setattr(nlu_shell, "pinned", pinned)
    return scripted


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "nlu_data"
    shutil.copytree("nlu_data", folder, ignore=shutil.ignore_patterns("ivr_rasa"))
    monkeypatch.setenv("IVR_NLU__DATA", str(folder))
    return folder


def typed(*lines: str, options: tuple[str, ...] = (), exit_code: int = 0) -> str:
    text = "".join(f"{line}\n" for line in lines)
    result = CliRunner().invoke(app, ["nlu", "shell", *options], input=text)
    assert result.exit_code == exit_code, result.output
    return result.output


def test_a_text_is_explained(engine: ScriptedEngine) -> None:
    output = typed("баланс")
    assert f"balance                  0.90  {'█' * 27}" in output
    assert "decision  accept (accept from 0.6, confirm from 0.3)" in output
    assert "nearest   100 % «баланс» balance nlu_data/nlu/money.yml:5" in output
    assert engine.closed


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("text", "decision", "following"),
    [
        ("баланс", "accept", "asks the back office: balance"),
        ("авария в казани", "accept", "asks the back office: outage (city=Казань)"),
        ("смените тариф", "confirm", "says «Правильно ли я поняла, вы хотите сменить тариф.»"),
        ("абракадабра", "reject", "says «"),
        ("пока", "accept", "ends the call (goodbye)"),
        ("оператор", "accept", "says «"),
    ],
)
def test_the_decision_and_the_next_step_are_told(text: str, decision: str, following: str) -> None:
    output = typed(text)
    assert f"decision  {decision} " in output
    told = output.partition("next      ")[2]
    assert following in told, output


@pytest.mark.usefixtures("engine")
def test_with_an_operator_the_caller_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_HANDOFF__OPERATOR", "sip:100@127.0.0.1")
    assert "hands over to an operator" in typed("оператор")


@pytest.mark.usefixtures("engine")
def test_spelling_and_entities_are_shown() -> None:
    output = typed("Ещё, авария в казани!")
    assert "compared  еще авария в казани" in output
    assert "entity    city = Казань  «казани»" in output


@pytest.mark.usefixtures("engine")
def test_the_last_text_is_taught_after_a_confirmation(data: Path) -> None:
    output = typed("Озвучь, мой балансик!", "/add balance", "y", "озвучь мой балансик")
    assert "add «озвучь мой балансик» to balance? y/n y" in output
    assert "nearest   100 % «озвучь мой балансик» balance" in output
    taught = [one for one in read_phrases(data / "nlu") if one.text == "озвучь мой балансик"]
    assert [one.intent for one in taught] == ["balance"]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("/add balance",), "takes the text before it"),
        (("мой новый баланс", "/add"), "takes the text before it"),
        (("мой новый баланс", "/add balance", "n"), "left"),
        (("мой новый баланс", "/add balance"), "left"),
        (("мой новый баланс", "/add ballance", "y"), "nearest: balance"),
        (("дай 5 рублей", "/add balance", "y"), "numbers in words"),
        (("баланс", "/add balance", "y"), "balance has it already"),
        (("баланс", "/add tariff_info", "y"), "has it as balance"),
        (("/teach balance",), "there is no /teach"),
        (("/help",), "/add INTENT"),
    ],
)
def test_what_cannot_be_taught_is_told_and_nothing_changes(
    data: Path, lines: tuple[str, ...], message: str
) -> None:
    before = read_phrases(data / "nlu")
    assert message in typed(*lines, *(() if lines[-1] == "/add balance" else ("баланс",)))
    assert read_phrases(data / "nlu") == before


def test_a_fault_of_the_engine_ends_with_one_sentence(engine: ScriptedEngine) -> None:
    assert "took longer than 10.0 s" in typed("", "баланс", "сбой", exit_code=2)
    assert engine.closed
