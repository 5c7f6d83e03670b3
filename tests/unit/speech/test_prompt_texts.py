"""The prompt lists are sound, and damaged ones are refused with the line."""

import re
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from ivr.errors import SetupError
from ivr.speech.prompt_texts import (
    OWN_LIST,
    WORD_ID,
    load_prompt_texts,
    read_prompt_list,
    read_recordings,
)

pytestmark = pytest.mark.unit

VOICE = Path(__file__).parents[3] / "models" / "voice-elena"
OWN = read_prompt_list(OWN_LIST)


def test_ids_are_unique_in_both_lists() -> None:
    recorded = [row.prompt_id for row in read_prompt_list(VOICE / "manifest.tsv")]
    ids = Counter([row for row in recorded if row != WORD_ID] + [row.prompt_id for row in OWN])
    assert [prompt_id for prompt_id, count in ids.items() if count > 1] == []


@pytest.mark.parametrize("prompt", OWN, ids=lambda prompt: prompt.prompt_id)
def test_own_prompts_can_be_spoken_by_any_synthesizer(prompt: object) -> None:
    text = getattr(prompt, "text", "")
    assert re.fullmatch(r"[а-яёА-ЯЁ ,.!?:;«»–—-]+", text)
    assert text == " ".join(text.split())


def test_every_recording_of_the_manifest_is_there() -> None:
    recordings = read_recordings(VOICE)
    assert len(recordings) > 700
    assert [row.path.name for row in recordings if not row.path.is_file()] == []


def test_recorded_prompts_win_over_own_ones(tmp_path: Path) -> None:
    (tmp_path / "own.tsv").write_text("id\tstyle\ttext\nack.ok\tend\tЛадно.\nx.y\tend\tДа.\n")
    texts = load_prompt_texts(VOICE, tmp_path / "own.tsv")
    assert texts.prompt("ack.ok").text == "Хорошо."
    assert texts.prompt("x.y").text == "Да."
    assert "x.y" in texts
    assert "x.z" not in texts


@pytest.mark.parametrize("row", ["a\tend", "a\tloud\tДа.", "\tend\tДа."])
def test_a_damaged_row_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "list.tsv"
    path.write_text(f"id\tstyle\ttext\n{row}\n")
    with pytest.raises(SetupError, match="line 2"):
        read_prompt_list(path)


def test_a_missing_list_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=re.escape(str(tmp_path))):
        read_recordings(tmp_path)


def test_sentences_lie_inside_their_recordings() -> None:
    cuts = [row for row in read_recordings(VOICE) if row.end_s is not None]
    assert len(cuts) > 50
    for cut in cuts:
        assert cut.end_s is not None
        assert 0.0 <= cut.start_s < cut.end_s <= soundfile.info(cut.path).duration + 0.001


def test_a_cut_without_times_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.tsv").write_text("id\tstyle\ttext\tfile\tseconds\n")
    path = tmp_path / "sentences.tsv"
    path.write_text("style\ttext\tfile\tstart_s\tend_s\nend\tДа.\ta.flac\tsoon\tlate\n")
    with pytest.raises(SetupError, match=r"sentences\.tsv"):
        read_recordings(tmp_path)
