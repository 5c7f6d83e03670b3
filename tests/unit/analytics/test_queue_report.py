"""Reports as values, rows and pages."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from ivr.analytics.queue_measures import LineFate
from ivr.analytics.queue_page import report_page, rule_sentence
from ivr.analytics.queue_report import Report, Wait, make_report
from ivr.analytics.queue_rows import as_csv, as_values
from ivr.analytics.queue_rules import AbandonRule, FigureRules
from ivr.analytics.queue_telling import tell
from ivr.analytics.queue_text import length, share
from ivr.queue.model import ContactKind
from tests.unit.analytics.queue_days import Day

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, tzinfo=UTC).timestamp()


def report(skill: str = "", interval_s: float | None = 3600.0) -> Report:
    day = Day()
    day.answered("a", START, START + 15, skill="<sales>")
    day.abandoned("b", START + 10, START + 60)
    day.promised("c", START + 20, START + 30)
    day.served("c", START + 20, START + 200, kind=ContactKind.CALLBACK)
    return make_report(
        tell(day),
        since=START,
        until=START + 7200,
        now=START + 5400,
        interval_s=interval_s,
        skill=skill,
    )


def test_a_report_has_each_skill_and_the_waits_behind_the_figures() -> None:
    found = report()
    assert [one.skill for one in found.skills] == ["<sales>", "general"]
    assert len(found.intervals) == 2
    assert len(found.intervals_of_skills) == 4
    assert found.waits == (
        Wait(START, 15.0, LineFate.ANSWERED),
        Wait(START + 10, 50.0, LineFate.ABANDONED),
        Wait(START + 20, 180.0, LineFate.MOVED),
    )
    assert not found.is_empty


def test_a_report_of_one_skill_is_about_nothing_else() -> None:
    found = report("general")
    assert found.total.line.offered == 2
    assert not found.skills
    assert not found.intervals_of_skills
    assert len(found.waits) == 2
    assert report("chess").is_empty


def test_rows_add_up_to_the_total() -> None:
    rows = list(csv.DictReader(StringIO(as_csv(report(), UTC))))
    assert [row["skill"] for row in rows] == ["*", "*", *["<sales>"] * 2, *["general"] * 2]
    assert rows[0]["since"] == "2026-11-22T00:00:00+00:00"
    assert sum(int(row["offered"]) for row in rows if row["skill"] != "*") == 3
    whole = list(csv.DictReader(StringIO(as_csv(report(interval_s=None), UTC))))
    assert [(row["skill"], row["offered"]) for row in whole] == [
        ("*", "3"),
        ("<sales>", "1"),
        ("general", "2"),
    ]
    assert whole[0]["service_level"] == "0.5"
    assert whole[2]["service_level"] == "0.0"


def test_values_for_programs_say_how_they_were_counted() -> None:
    values = as_values(report(), UTC)
    assert values["at"] == "2026-11-22T01:30:00+00:00"
    assert values["rules"]["abandons"] == "missed"
    assert values["rules"]["sentence"].startswith("service level 80/20")
    assert values["total"]["promises"]["bridge_p50_s"] == 180.0


def test_the_page_stands_alone_and_trusts_no_name() -> None:
    page = report_page(report())
    assert page.count("<svg") == 3
    assert "&lt;sales&gt;" in page
    assert "<sales>" not in page
    assert rule_sentence(FigureRules()) in page.replace("\n", " ")


def test_the_page_of_an_empty_time_is_a_page() -> None:
    page = report_page(report("chess"))
    assert "навык «chess»" in page
    assert "—" in page


@pytest.mark.parametrize("rule", AbandonRule)
def test_every_rule_has_its_sentences(rule: AbandonRule) -> None:
    rules = FigureRules(abandons=rule)
    others = [FigureRules(abandons=other) for other in AbandonRule if other is not rule]
    assert rules.sentence() not in [other.sentence() for other in others]
    assert rule_sentence(rules) not in [rule_sentence(other) for other in others]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (0.0, "0:00"),
        (65.4, "1:05"),
        (3723.0, "1:02:03"),
        (-18.0, "-0:18"),
        (-0.2, "0:00"),
    ],
)
def test_lengths_of_time(seconds: float | None, text: str) -> None:
    assert length(seconds) == text


def test_shares() -> None:
    assert (share(None), share(0.456)) == ("—", "46 %")
