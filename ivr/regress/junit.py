"""Judgements -> JUnit XML, as CI servers read it."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from ivr.regress.compare import Judgement, Verdict

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


def junit(judgements: Sequence[Judgement], wall_s: float) -> str:
    """One suite; a condition is a class, a recording a case."""
    failures = sum(item.verdict in (Verdict.WORSE, Verdict.CHANGED) for item in judgements)
    errors = sum(item.verdict is Verdict.ERROR for item in judgements)
    suite = Xml.Element(
        "testsuite",
        name="ivr regress",
        tests=str(len(judgements)),
        failures=str(failures),
        errors=str(errors),
        time=f"{wall_s:.1f}",
    )
    for item in judgements:
        suite.append(_case(item))
    Xml.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suite, encoding="unicode")


def _case(item: Judgement) -> Xml.Element:
    case = Xml.Element(
        "testcase",
        classname=f"regress.{item.case.condition or 'clean'}",
        name=_clean(item.case.file),
        time=f"{item.outcome.wall_s:.3f}",
    )
    if item.verdict is Verdict.ERROR:
        Xml.SubElement(case, "error", message=_clean(item.outcome.error))
    elif item.verdict.fails:
        fields = ", ".join(change.field for change in item.changes)
        failure = Xml.SubElement(case, "failure", message=f"{item.verdict.value}: {fields}")
        failure.text = _clean("\n".join(_lines(item)))
    return case


def _lines(item: Judgement) -> list[str]:
    said = [] if item.case.text is None else [f"said: {item.case.text}"]
    return said + [
        line
        for change in item.changes
        for line in (f"- {change.field}: {change.before}", f"+ {change.field}: {change.after}")
    ]


def _clean(text: str) -> str:
    """Without characters that XML cannot carry."""
    return _NOT_XML.sub("?", text)
