"""The page for people: pictures on one scale, heat map, nothing of a recording breaks the HTML."""

import os
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from ivr.regress.compare import judge_all
from ivr.regress.figures import figures_of
from ivr.regress.outcome import Case, Mark, Outcome
from ivr.regress.page import hit_shade, picture_of, wave_path, wer_shade, write_page
from ivr.regress.run import Report

pytestmark = pytest.mark.unit

CASE = Case(
    file="a.flac", path=Path("audio_fixtures/a.flac"), text="да", intent="affirm", voice="Anna"
)
OUTCOME = Outcome(
    file="a.flac",
    transcript="да",
    intent="affirm",
    reply="Слушаю <вас>.",
    response_ms=560,
    seconds=1.5,
    peaks=(10, 100, 0),
    marks=(
        Mark(kind="speech", at_s=0.3, end_s=0.9, text="да"),
        Mark(kind="partial", at_s=0.6, text="да"),
        Mark(kind="reply", at_s=1.46, text="Слушаю"),
    ),
)


def report() -> Report:
    cases = [CASE, replace(CASE, file="b.flac", voice="Irina"), replace(CASE, condition="gsm")]
    outcomes = [
        OUTCOME,
        replace(OUTCOME, file="b.flac", transcript="нет", intent="deny"),
        replace(OUTCOME, condition="gsm", peaks=(), error="<b>broken</b>"),
    ]
    accepted = {("b.flac", ""): replace(OUTCOME, file="b.flac")}
    judgements = judge_all(cases, {one.key: one for one in outcomes}, accepted)
    return Report(
        judgements=judgements,
        figures=figures_of(judgements),
        wall_s=1.0,
        replayed=3,
        speech_s=3.0,
        call_s=9.0,
    )


def test_the_page_shows_worst_first_with_changes_players_and_figures(tmp_path):
    path = tmp_path / "deep" / "report.html"
    write_page(path, report(), Path("baseline.tsv"))
    page = path.read_text(encoding="utf-8")
    assert (
        page.index("&lt;b&gt;broken") < page.index("<strong>b.flac") < page.rindex("<strong>a.flac")
    )
    assert "<b>broken" not in page
    assert "Слушаю &lt;вас&gt;." in page
    assert "<del>affirm</del> → <ins>deny</ins>" in page
    assert page.count("<audio") == 2
    assert "audio_fixtures/a.flac" in page
    assert "в 3.0 раза" in page
    assert '<th scope="row">gsm</th>' in page


def test_a_player_finds_its_file_whatever_the_name(tmp_path):
    name = os.fsdecode("a#b?c%20 «да»:1".encode() + b"\xff.flac")
    case = replace(CASE, file="a", path=tmp_path / "sound" / name)
    judgements = judge_all([case], {("a", ""): replace(OUTCOME, file="a")}, {})
    one = replace(report(), judgements=judgements, figures=figures_of(judgements))
    write_page(tmp_path / "r.html", one, Path("baseline.tsv"))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    (link,) = re.findall(r'<audio [^>]*src="([^"]*)"', page)
    assert unquote_to_bytes(link) == b"sound/" + os.fsencode(name)
    assert not set(link) & set("#?: ")


def test_times_and_waveform_share_one_scale():
    picture = picture_of(report().judgements[0])
    assert picture.end_x == pytest.approx(320.0)
    assert picture.speech[0].x == pytest.approx(64.0)
    assert picture.speech[0].width == pytest.approx(128.0)
    assert picture.speech[0].title == "0.30-0.90 с да"
    assert picture.replies[0].x < picture.end_x


def test_a_waveform_is_a_stroke_a_peak():
    assert wave_path((100, 0), 10.0) == "M0.0 0.0v56.0M5.0 28.0v1.0"


def test_shades_go_from_green_to_red():
    cell = report().figures.by_condition[""]
    assert wer_shade(cell["Anna"]).hue == 120
    assert wer_shade(cell["Irina"]).hue == 0
    assert hit_shade(cell[""]).text == "50.0 %"
    assert wer_shade(report().figures.by_condition["gsm"][""]) is None
