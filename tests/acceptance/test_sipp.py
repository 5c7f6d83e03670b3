"""Callers on another vendor's stack (SIPp), through Kamailio."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile

SCENARIOS = Path(__file__).parent / "sipp"
CALLER = "79030000005"
LISTEN_FIRST_S = 6.3
LISTEN_AFTER_S = 9.0


async def sipp(service, scenario: Path, *options: str) -> tuple[int, str]:
    address = service.sip.partition("@")[2]
    process = await asyncio.create_subprocess_exec(
        *("sipp", address, "-s", "0611", "-sf", str(scenario), "-i", "127.0.0.1"),
        *("-nostdin", "-timeout", "40", *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaints = await process.communicate()
    assert process.returncode is not None
    return process.returncode, complaints.decode()


def write_alaw(path: Path, speech: bytes) -> None:
    """Silence, the question, silence: headerless A-law as SIPp streams it."""
    samples = np.concatenate(
        [
            np.zeros(round(LISTEN_FIRST_S * 8000), dtype="<i2"),
            np.frombuffer(speech, dtype="<i2"),
            np.zeros(round(LISTEN_AFTER_S * 8000), dtype="<i2"),
        ]
    )
    soundfile.write(path, samples, 8000, format="RAW", subtype="ALAW")


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_a_question_by_voice_from_sipp_is_understood(
    service, says, records, tmp_path, transport: str
):
    audio = tmp_path / "question.alaw"
    write_alaw(audio, says("подскажите баланс пожалуйста"))
    scenario = tmp_path / "ask.xml"
    text = (SCENARIOS / "ask_by_voice.xml").read_text(encoding="utf-8")
    scenario.write_text(text.replace("AUDIO_FILE", str(audio)), encoding="utf-8")
    seconds = LISTEN_FIRST_S + 2.0 + LISTEN_AFTER_S
    status, complaints = await sipp(
        service, scenario, "-t", transport, "-m", "1", "-d", str(round(seconds * 1000))
    )
    assert status == 0, complaints
    stored = await records.last_call(CALLER)
    assert "balance" in {turn["intent"] for turn in stored["turns"]}
    assert stored["call"]["codec"] == "PCMA"


async def test_more_callers_than_places_are_told_when_to_try_again(service, records, tmp_path):
    """Twelve callers for eight places: four get 503 with Retry-After, nobody is lost."""
    busy = tmp_path / "busy.xml"
    text = (SCENARIOS / "basic_call.xml").read_text(encoding="utf-8")
    refused = (
        '<recv response="503" optional="true" next="refused"><action>'
        '<ereg regexp="[0-9]+" search_in="hdr" header="Retry-After:" check_it="true" '
        'assign_to="wait" /></action></recv>\n  <recv response="200" rrs="true" />'
    )
    text = text.replace('<recv response="200" rrs="true" />', refused, 1)
    text = text.replace("</scenario>", REFUSED + "</scenario>")
    busy.write_text(text, encoding="utf-8")
    before = await rejected(records)
    status, complaints = await sipp(service, busy, "-m", "12", "-r", "8", "-d", "3000")
    assert status == 0, complaints
    assert await rejected(records) - before == 4


async def rejected(records) -> float:
    """Calls turned away so far, as the workers answered them: Kamailio makes 503 of their 486."""
    lines = (await records.text("/metrics")).splitlines()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith("ivr_calls_rejected_total")
    )


REFUSED = """  <nop next="done" />
  <label id="refused" />
  <nop><action><log message="try again after [$wait]" /></action></nop>
  <send>
    <![CDATA[
      ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      [last_Via:]
      Max-Forwards: 70
      From: <sip:79030000001@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
      [last_To:]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Content-Length: 0

    ]]>
  </send>
  <label id="done" />
"""
