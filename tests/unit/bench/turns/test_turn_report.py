"""Figures as Markdown between two marks, as JSON, and as a page with plots."""

import json
from pathlib import Path

import msgspec
import pytest

from ivr.bench.turns.figures import TurnOutcome, summarize
from ivr.bench.turns.page import write_page
from ivr.bench.turns.report import MARKED, Report, as_json, markdown
from ivr.bench.turns.rows import Kind, Profile
from ivr.bench.turns.run import read_turns
from ivr.bench.turns.silence import CurvePoint
from ivr.bench.turns.whole import by_id, point_of, silence_only
from ivr.config import SpeechSettings
from ivr.errors import ConfigError

pytestmark = pytest.mark.unit


def outcome(name: str, latency_ms: float | None = 420.0, **changes: object) -> TurnOutcome:
    return TurnOutcome(
        id=name,
        profile=Profile.OPEN,
        kind=Kind.PLAIN,
        paused=False,
        latency_ms=latency_ms,
        **changes,  # type: ignore[arg-type]
    )


OUTCOMES = (
    outcome("dev-001", heard="какой <тариф>", understood=True),
    outcome("dev-002", None, cut_off=True),
    outcome("dev-003", None, missed=True),
)


def report(*, wire: bool = True) -> Report:
    point = point_of("x", 0, OUTCOMES)
    silences = tuple(
        CurvePoint(f"{ms} ms", ms, point.p50_ms, point.p95_ms, point.cut_offs) for ms in (300, 550)
    )
    return Report(
        day="2026-06-10",
        machine="a machine",
        command="ivr bench turns",
        calls=1,
        part="dev",
        turns=3,
        figures=summarize(OUTCOMES),
        silence_files=silences,
        silence_wire=silences[:1] if wire else (),
        silence_turns=3 if wire else 0,
        own=point,
        own_same=point if wire else None,
        outcomes=OUTCOMES,
    )


def test_markdown_names_targets_that_were_missed():
    text = markdown(report())
    assert "| open question, P50 | at most 450 ms | 420 ms | met |" in text
    assert "| open question, cut-offs | at most 5.0% | 33.3% | **missed** |" in text
    assert "silence of 300 ms, over RTP" in text


def test_figures_replace_what_was_between_the_marks(tmp_path: Path):
    page = tmp_path / "turns.md"
    page.write_text(f"before\n{MARKED.begin}\nold\n{MARKED.end}\nafter\n", encoding="utf-8")
    MARKED.write(page, "new")
    MARKED.write(page, "newer")
    assert (
        page.read_text(encoding="utf-8")
        == f"before\n{MARKED.begin}\n\nnewer\n\n{MARKED.end}\nafter\n"
    )


@pytest.mark.parametrize("text", ["", MARKED.begin, f"{MARKED.end}\n{MARKED.begin}"])
def test_a_document_without_a_place_for_figures_is_left_alone(tmp_path: Path, text: str):
    page = tmp_path / "turns.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="begin"):
        MARKED.write(page, "new")
    assert page.read_text(encoding="utf-8") == text


def test_a_document_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="readable"):
        MARKED.write(tmp_path / "none.md", "new")


def test_json_has_every_turn_and_null_where_nothing_was_measured():
    values = json.loads(as_json(report(wire=False)))
    assert msgspec.convert(values["outcomes"], tuple[TurnOutcome, ...]) == OUTCOMES
    group = values["figures"]["groups"][0]
    assert group["cut_offs"]["value"] == pytest.approx(1 / 3)
    assert group["cut_offs_paused"] == {"value": None, "low": None, "high": None, "count": 0}


@pytest.mark.parametrize("wire", [True, False])
def test_the_page_has_plots_and_every_turn_and_escapes_what_was_heard(tmp_path: Path, wire: bool):
    page = tmp_path / "new" / "turns.html"
    write_page(page, report(wire=wire), by_id(read_turns()))
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 2
    assert "какой &lt;тариф&gt;" in html
    assert html.index("dev-002") < html.index("dev-003") < html.index("dev-001")
    assert "cut off" in html
    assert "missed end" in html


def test_missed_ends_count_where_points_are_compared_as_turns_that_were_not_cut_off():
    point = point_of("x", 0, OUTCOMES)
    assert point.cut_offs.count == 3
    assert point.p50_ms.count == 1


def test_silence_only_is_set_by_keys_that_exist():
    keys = {key.removeprefix("IVR_SPEECH__").lower() for key in silence_only(300)}
    assert keys <= set(SpeechSettings.model_fields)
    assert {"trailing_silence_ms", "trailing_silence_closed_ms"} <= keys
