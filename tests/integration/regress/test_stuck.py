"""A replaying process that stands still is replaced, and the run goes on."""

import contextlib
from pathlib import Path

import psutil
import pytest

from ivr.config import Settings
from ivr.nlu.rasa_server import RasaServer
from ivr.regress import work
from ivr.regress.cases import Selection, find_cases
from ivr.regress.file_leg import Manners
from ivr.regress.lab import LabPlan
from ivr.regress.work import Sounds, WorkPlan, replay_all
from ivr.speech.models import resolve

pytestmark = pytest.mark.integration


async def test_a_process_that_stands_still_costs_one_recording(
    rasa: RasaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(work, "CASE_S", 8.0)
    cases = find_cases([Path("audio_fixtures")], Selection(limit=4))
    lab = LabPlan(
        settings=Settings(),
        model=resolve("").path,
        nlu_url=rasa.url,
        nlu_token=rasa.token,
        folder=tmp_path,
        caller="9030000001",
        manners=Manners.WAIT,
    )
    plan = WorkPlan(lab=lab, sounds=Sounds(voices=(), kept=tmp_path / "audio"))
    others = set(psutil.Process().children())
    outcomes = []
    async with contextlib.aclosing(replay_all(cases, plan, 1)) as coming:
        async for outcome in coming:
            if not outcomes:
                for worker in set(psutil.Process().children()) - others:
                    worker.suspend()
            outcomes.append(outcome)
    assert [case.file for case in cases] == [outcome.file for outcome in outcomes]
    errors = [outcome.error for outcome in outcomes if outcome.error]
    assert len(errors) == 1
    assert "the process died or stood still at this recording" in errors[0]
    assert outcomes[-1].transcript
