"""Outcomes against labels and the accepted run; figures, JUnit, and the baseline's text."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from ivr.errors import ConfigError
from ivr.regress.baseline import accept, read_baseline, write_baseline
from ivr.regress.compare import Change, Verdict, judge, judge_all
from ivr.regress.figures import ALL, figures_of
from ivr.regress.junit import junit
from ivr.regress.outcome import Case, Outcome

pytestmark = pytest.mark.unit

CASE = Case(
    file="a.flac",
    path=Path("a.flac"),
    text="ещё триста рублей",
    intent="promised_payment",
    slots="amount=300",
    voice="Anna",
)
GOOD = Outcome(
    file="a.flac",
    transcript="еще триста рублей",
    intent="promised_payment",
    slots="amount=300;number=3",
    actions="call promised_payment_terms; ask yes_no",
    prompts="promised.offer <money>",
    reply="Могу подключить 300 рублей.",
    response_ms=560,
    seconds=2.0,
)


def test_a_run_like_the_accepted_one_passes():
    judged = judge(CASE, GOOD, GOOD)
    assert judged.verdict is Verdict.SAME
    assert not judged.verdict.fails
    assert judged.score.wer == 0.0  # 'е' and 'ё' are one letter to a recognizer
    assert judged.score.intent_right
    assert judged.score.slots_right


def test_without_an_accepted_run_it_is_new():
    assert judge(CASE, GOOD, None).verdict is Verdict.NEW


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"transcript": "еще триста"}, Verdict.WORSE),
        ({"intent": "balance"}, Verdict.WORSE),
        ({"slots": ""}, Verdict.WORSE),
        ({"response_ms": 900}, Verdict.WORSE),
        ({"response_ms": 300}, Verdict.BETTER),
        ({"response_ms": 600}, Verdict.SAME),
        ({"response_ms": None}, Verdict.CHANGED),
        ({"reply": "Иначе."}, Verdict.CHANGED),
        ({"prompts": "other"}, Verdict.CHANGED),
        ({"actions": "transfer operator"}, Verdict.CHANGED),
        ({"error": "no audio"}, Verdict.ERROR),
    ],
)
def test_what_changed_decides_the_verdict(change, verdict):
    judged = judge(CASE, replace(GOOD, **change), GOOD)
    assert judged.verdict is verdict
    assert judged.verdict.fails is (verdict in (Verdict.WORSE, Verdict.CHANGED, Verdict.ERROR))


def test_nearer_to_the_labels_is_better():
    before = replace(GOOD, transcript="еще тристо рублей", intent="balance")
    judged = judge(CASE, GOOD, before)
    assert judged.verdict is Verdict.BETTER
    assert judged.changes[:2] == (
        Change("transcript", "еще тристо рублей", "еще триста рублей"),
        Change("intent", "balance", "promised_payment"),
    )


def test_better_in_one_thing_and_worse_in_another_is_worse():
    before = replace(GOOD, transcript="триста рублей")
    assert judge(CASE, replace(GOOD, intent="balance"), before).verdict is Verdict.WORSE


def test_a_recording_without_labels_can_only_change():
    case = replace(CASE, text=None, intent="", slots="")
    assert judge(case, replace(GOOD, transcript="что"), GOOD).verdict is Verdict.CHANGED
    assert judge(case, GOOD, GOOD).score.wer is None


def test_older_labels_are_understood():
    case = replace(CASE, intent="goodbye")
    assert judge(case, replace(GOOD, intent="thanks"), None).score.intent_right


def judgements():
    cases = [CASE, replace(CASE, condition="gsm"), replace(CASE, file="b.flac", voice="Irina")]
    outcomes = [
        replace(GOOD, transcript="еще рублей", intent="balance"),
        replace(GOOD, condition="gsm", error="broken \x00 file"),
        replace(GOOD, file="b.flac"),
    ]
    accepted = {("a.flac", ""): GOOD}
    return judge_all(cases, {one.key: one for one in outcomes}, accepted)


def test_figures_by_condition_and_voice():
    figures = figures_of(judgements())
    assert figures.failed == 2
    assert figures.total.wer == pytest.approx(1 / 6)
    assert figures.total.intents == 0.5
    assert figures.by_condition[""]["Anna"].wer == pytest.approx(1 / 3)
    assert figures.by_condition[""]["Irina"].wer == 0.0
    assert figures.by_condition["gsm"][ALL].wer is None
    assert figures.by_condition["gsm"][ALL].errors == 1
    assert figures.median_response_ms == 560


def test_junit_tells_failures_and_errors():
    suite = Xml.fromstring(junit(judgements(), 1.5))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    failure = suite.find("testcase[@name='a.flac'][@classname='regress.clean']/failure")
    assert failure is not None
    assert failure.get("message") == "worse: transcript, intent"
    assert "- intent: promised_payment\n+ intent: balance" in (failure.text or "")
    error = suite.find("testcase[@classname='regress.gsm']/error")
    assert error is not None
    assert error.get("message") == "broken ? file"


def test_junit_has_the_form_that_servers_read():
    text = junit(judgements(), 1.5)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuite ')
    suite = Xml.fromstring(text)
    assert suite.attrib.keys() == {"name", "tests", "failures", "errors", "time"}
    cases = list(suite)
    assert {case.tag for case in cases} == {"testcase"}
    assert int(suite.attrib["tests"]) == len(cases)
    for kind in ("failure", "error"):
        found = list(suite.iter(kind))
        assert int(suite.attrib[f"{kind}s"]) == len(found)
        assert all(one.get("message") for one in found)
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    for case in cases:
        assert case.attrib.keys() == {"classname", "name", "time"}
        assert float(case.attrib["time"]) >= 0
        assert len(case) <= 1


def test_the_baseline_is_a_table_that_is_read_back(tmp_path):
    path = tmp_path / "baseline.tsv"
    assert read_baseline(path) == {}
    accepted, count = accept({}, [replace(GOOD, reply="Раз\tдва\nтри"), replace(GOOD, error="x")])
    write_baseline(path, accepted)
    assert count == 1
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    (read,) = read_baseline(path).values()
    assert read == replace(GOOD, reply="Раз два три", seconds=0.0)


def test_accepting_a_part_keeps_the_rest_and_one_line_changes(tmp_path):
    path = tmp_path / "baseline.tsv"
    write_baseline(path, accept({}, [GOOD, replace(GOOD, file="b.flac")])[0])
    before = path.read_text(encoding="utf-8").splitlines()
    changed = [replace(GOOD, file="b.flac", intent="balance")]
    write_baseline(path, accept(read_baseline(path), changed)[0])
    after = path.read_text(encoding="utf-8").splitlines()
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, True, False]


@pytest.mark.parametrize("text", ["file\n", "half"])
def test_a_damaged_baseline_is_named(tmp_path, text):
    path = tmp_path / "baseline.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"baseline\.tsv"):
        read_baseline(path)
