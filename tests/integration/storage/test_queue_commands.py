"""`ivr operators`, `ivr queue` and `ivr report` on real databases."""

import asyncio
import csv
import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from ivr.analytics.queue_board import Board
from ivr.cli import queue
from ivr.cli.main import app
from ivr.queue.model import AttemptOutcome
from ivr.testing.queue_life import QueueLife, queue_life

pytestmark = pytest.mark.integration


def ivr(*words: str, status: int = 0) -> str:
    """Runs the command; gives what it printed, faults included."""
    result: Result = CliRunner().invoke(app, words)
    assert result.exit_code == status, result.output
    return result.output


def test_an_operator_s_day_on_either_database(queue_url: str) -> None:
    def operators(*words: str, status: int = 0) -> str:
        return ivr("operators", *words, "--database", queue_url, status=status)

    added = operators("add", "anna", "sip:101@pbx", "--name", "Анна [1]", "--skill", "sales:3")
    assert added == "anna: offline\n"
    assert "already" in operators("add", "anna", "sip:101@pbx", status=2)
    assert operators("add", "boris", "sip:102@pbx") == "boris: offline\n"
    assert operators("login", "anna", "boris") == "anna: available\nboris: available\n"
    assert operators("pause", "anna", "lunch") == "anna: paused (lunch)\n"
    assert operators("ready", "anna") == "anna: available\n"
    told = operators("logout", "boris", "clara", status=2)
    assert "boris: offline" in told
    assert "there is no operator 'clara'" in told
    assert "not logged in" in operators("pause", "boris", status=2)
    operators("change", "anna", "--skill", "general", "--skill", "sales:2", "--language", "tt")
    listed = operators("list")
    assert "Анна [1]" in listed
    assert "general sales:2 [tt]" in listed
    (anna, boris) = json.loads(operators("list", "--json"))
    assert (anna["state"], anna["skills"]) == ("available", {"general": 1, "sales": 2})
    assert boris["target"] == "sip:102@pbx"
    assert operators("remove", "boris") == "boris: removed\n"
    assert "boris" not in operators("list")
    assert "a SIP URI such as sip:100@pbx" in operators("add", "dan", "101", status=2)
    assert "handoff.hosts" in operators("add", "dan", "sip:1@trunk.example", status=2)
    foreign = operators("change", "anna", "--target", "sip:+8821612345678@trunk", status=2)
    assert "callback.exceptions" in foreign


def test_a_table_with_wrong_lines_imports_nothing_until_told_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/queue.db"
    ivr("operators", "add", "anna", "sip:1@pbx", "--name", "Old", "--database", url)
    ivr("operators", "login", "anna", "--database", url)
    table = tmp_path / "operators.csv"
    table.write_text(
        "\ufeffid;name;target;skills\n"
        "anna;Анна;sip:101@pbx;general sales:3\n"
        "boris;Борис;102;general\n"
        "\n"
        "clara;Клара;sip:103@pbx;sales:high\n"
        "dan;Дан;sip:104@pbx\n"
        "anna;Анна;sip:105@pbx;general\n"
        "elena;Елена;sip:106@pbx;\n"
        "fedor;Фёдор;sip:107@trunk.example;\n",
        encoding="utf-8",
    )
    told = ivr("operators", "import", str(table), "--database", url, status=2)
    for line, fault in (
        (3, "target '102': a SIP URI such as sip:100@pbx"),
        (5, "level 'high' of skill sales: a number from 1 on"),
        (6, "3 cells where the heading has 4"),
        (7, "id 'anna' is in line 2 too"),
        (9, "target sip:107@trunk.example: its host is neither of the own network"),
    ):
        assert f"{line}: {fault}" in told
    assert "boris;Борис;102;general" in told
    assert "5 wrong lines: nothing was imported" in told
    assert "Old" in ivr("operators", "list", "--database", url)
    done = ivr("operators", "import", str(table), "--skip-wrong", "--database", url, status=2)
    assert "anna: changed" in done
    assert "elena: added" in done
    assert "5 wrong lines left out" in done
    anna, elena = json.loads(ivr("operators", "list", "--json", "--database", url))
    assert (anna["name"], anna["state"]) == ("Анна", "available")
    assert elena["skills"] == {"general": 1}
    again = tmp_path / "again.csv"
    again.write_text(ivr("operators", "list", "--csv", "--database", url), encoding="utf-8")
    ivr("operators", "import", str(again), "--database", url)
    assert json.loads(ivr("operators", "list", "--json", "--database", url))[0]["name"] == "Анна"


def test_a_table_without_a_heading_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "operators.csv"
    table.write_text("anna,sip:101@pbx\n", encoding="utf-8")
    url = f"sqlite:///{tmp_path}/queue.db"
    told = ivr("operators", "import", str(table), "--database", url, status=2)
    assert "heading = 'anna,sip:101@pbx' is not allowed" in told


@pytest.mark.parametrize("words", [("queue", "--once"), ("report",), ("operators", "list")])
def test_where_there_is_no_queue_it_is_said_how_one_is_made(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    url = f"sqlite:///{tmp_path}/none/queue.db"
    told = ivr(*words, "--database", url, status=2)
    assert "there is no queue" in told
    assert "ivr operators add" in told
    assert not (tmp_path / "none").exists()


async def an_hour(life: QueueLife) -> None:
    """One call answered after 12 s, one hung up after 40 s, a promise kept, one still waits."""
    await life.operator("anna")
    await life.call("a", "9030000001", topic="balance")
    (trio,) = await life.assign()
    life.now += 12
    attempt = await life.join(trio)
    await life.call("b", "9030000002")
    life.now += 40
    await life.store.leave(await life.call("b2", "9030000005"))
    contact = await life.store.open_contacts("9030000002")
    await life.store.leave(contact[0].contact_id)
    await life.callback("c", "9030000003")
    life.now += 68
    await life.store.end(attempt, AttemptOutcome.CONNECTED)
    life.now += 20
    await life.store.recover(trio.attempt.node)
    (trio,) = await life.assign()
    life.now += 2
    await life.join(trio)
    await life.call("d", "9030000004", topic="complaint")
    life.now += 30


def filled(folder: Path) -> tuple[str, datetime]:
    """A queue with a past of some minutes, which began at a whole hour of yesterday."""
    url = f"sqlite:///{folder}/queue.db"
    began = datetime.now().replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=1)

    async def live() -> None:
        async with queue_life(url, began.timestamp()) as life:
            await an_hour(life)

    asyncio.run(live())
    return url, began


def test_the_queue_is_shown_with_masked_numbers(tmp_path: Path) -> None:
    url, _ = filled(tmp_path)
    shown = ivr("queue", "--once", "--database", url)
    assert "1 on the line" in shown
    assert "********04" in shown
    assert "9030000004" not in shown
    assert "callback ********03, joined" in shown
    assert "node-a gone for" in shown
    plain = ivr("queue", "--once", "--plain", "--database", url)
    assert "9030000004" in plain
    values = json.loads(ivr("queue", "--json", "--database", url))
    assert values["waiting"][0]["number"] == "********04"
    assert values["served"][0]["attempt"]["step"] == "joined"
    # a terminal is needed for the live view: into a pipe it is printed once
    assert "1 on the line" in ivr("queue", "--database", url)
    few = ivr("queue", "--once", "--most", "1", "--database", url)
    assert "more" not in few


def test_what_failed_because_of_us_is_shown_apart_from_what_the_customer_did(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/queue.db"
    began = datetime.now().timestamp() - 1000

    async def live() -> None:
        async with queue_life(url, began) as life:
            await life.operator("anna")
            await life.callback("c", "9030000003")
            outcomes = (AttemptOutcome.TRUNK_FAILED, AttemptOutcome.CUSTOMER_BUSY)
            for outcome in (*outcomes, AttemptOutcome.TRUNK_FAILED):
                (trio,) = await life.assign()
                await life.fail(trio, outcome)
                life.now += 130

    asyncio.run(live())
    (waiting,) = json.loads(ivr("queue", "--json", "--database", url))["waiting"]
    assert (waiting["tries"], waiting["faults"]) == (1, 2)
    shown = ivr("queue", "--once", "--database", url)
    (heading,) = (line.split() for line in shown.splitlines() if "tries" in line)
    (line,) = (line.split() for line in shown.splitlines() if "********03" in line)
    assert heading[-3:] == ["tries", "faults", "id"]
    assert line[-3:] == ["1", "2", "c"]
    report = ("report", "--since", "2h", "--interval", "none", "--database", url)
    promises = json.loads(ivr(*report, "-f", "json"))["total"]["promises"]
    assert (promises["retries"], promises["faults"]) == (2, 2)
    assert "our faults" in ivr(*report)


def test_promises_are_cancelled_by_their_ids(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/queue.db"

    async def live() -> None:
        async with queue_life(url, 1000.0) as life:
            await life.callback("c", "9030000003")

    asyncio.run(live())
    assert ivr("queue", "cancel", "c", "--database", url) == "c: cancelled\n"
    assert "is over: cancelled" in ivr("queue", "cancel", "c", "--database", url, status=2)
    assert "no promised call 'x'" in ivr("queue", "cancel", "x", "--database", url, status=2)


def test_a_report_as_tables(tmp_path: Path) -> None:
    url, _ = filled(tmp_path)
    shown = ivr("report", "--day", "yesterday", "--database", url)
    assert "calls on the line" in shown
    (line,) = (
        line.split() for line in shown.splitlines() if line.startswith("all ") and "0:12" in line
    )
    # offered, answered, abandoned, short, to call back, waiting, level, ASA
    assert line[1:8] == ["4", "1", "1", "1", "0", "1", "33"]
    assert "by interval" in shown
    assert "10:00" in shown
    assert "every other hang-up is missed" in shown
    empty = ivr("report", "--since", "2020-01-01", "--until", "2020-01-02", "--database", url)
    assert "nobody came" in empty


def test_a_report_as_files(tmp_path: Path) -> None:
    url, began = filled(tmp_path)
    since, until = began.isoformat(), (began + timedelta(hours=1)).isoformat()
    period = ("--since", since, "--until", until, "--database", url)
    rows = list(csv.DictReader(StringIO(ivr("report", "-f", "csv", *period))))
    assert [(row["skill"], row["offered"], row["kept"]) for row in rows] == [
        ("*", "4", "1"),
        ("*", "0", "0"),
        ("general", "4", "1"),
        ("general", "0", "0"),
    ]
    assert rows[0]["bridge_p50_s"] == "90.0"
    values = json.loads(ivr("report", "-f", "json", "--interval", "none", *period))
    assert values["total"]["line"]["asa_s"] == 12.0
    assert values["total"]["promises"]["promised"] == 1
    assert values["intervals"] == []
    page = tmp_path / "deep" / "report.html"
    assert "written" in ivr("report", "-f", "html", "-o", str(page), *period)
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 3
    assert "Уровень сервиса 80/20" in text
    assert "http" not in text.replace("http://www.w3.org", "")  # one file without references


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--day", "22.11.2026"), "is no day"),
        (("--since", "soon"), "is no time"),
        (("--interval", "often"), "is no length"),
        (("--day", "today", "--since", "8h"), "either --day, or --since"),
        (("--since", "2026-11-22", "--until", "2026-11-21"), "is not after the beginning"),
    ],
)
def test_wrong_times_are_told(words: tuple[str, ...], fault: str) -> None:
    assert fault in " ".join(ivr("report", *words, status=2).replace("│", " ").split())


async def test_the_live_view_goes_on_when_the_database_does_not_answer_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with queue_life(f"sqlite:///{tmp_path}/queue.db", 1000.0) as life:
        for number in range(40):
            await life.call(f"c{number:02d}", f"90300000{number:02d}")
        screen = Console(file=StringIO(), force_terminal=True, width=150, height=24)
        monkeypatch.setattr(queue, "console", screen)
        board = Board(life.store)
        screen.print(await queue.drawn(board, plain=False, most=1000))
        await life.store.aclose()
        screen.print(await queue.drawn(board, plain=False, most=1000))
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    # as many as the terminal has room for
    assert "and 25 more" in shown
    assert "the queue cannot be read: the database is closed" in shown


async def test_the_live_view_is_drawn_anew_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/queue.db"
    screen = Console(file=StringIO(), force_terminal=True, width=150, height=30)
    monkeypatch.setattr(queue, "console", screen)
    async with queue_life(url, 1000.0) as life:
        watching = asyncio.create_task(queue.watch(None, url, 0.05, plain=False, most=10))
        for number, text in enumerate(("no operators", "offline", "available")):
            if number:
                await life.operator("anna", on_duty=number > 1)
            async with asyncio.timeout(20):
                while text not in screen.file.getvalue():  # type: ignore[attr-defined]
                    await asyncio.sleep(0.05)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
