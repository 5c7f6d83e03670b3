"""Logs: what is written, and what of a caller never is."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest

from ivr.config import LogSettings
from ivr.log import call_context, configure, mask, mask_digit_runs

pytestmark = pytest.mark.unit

log = logging.getLogger("ivr.sample")


@pytest.fixture(autouse=True)
def _root_logger_is_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def start(**settings: str) -> io.StringIO:
    stream = io.StringIO()
    configure(LogSettings.model_validate(settings), stream)
    return stream


def last(stream: io.StringIO) -> dict[str, object]:
    record: dict[str, object] = json.loads(stream.getvalue().splitlines()[-1])
    return record


def test_json_lines_carry_time_level_logger_message_action_and_call_id() -> None:
    stream = start(format="json")
    log.info("> reply", extra={"action": "say", "call_id": "c1", "parts": 3})
    record = last(stream)
    assert record["message"] == "> reply"
    assert record["level"] == "info"
    assert record["logger"] == "ivr.sample"
    assert record["action"] == "say"
    assert record["call_id"] == "c1"
    assert record["parts"] == 3
    assert "T" in str(record["time"])


async def test_call_context_follows_into_tasks_and_does_not_leak_between_calls() -> None:
    stream = start(format="json")

    async def call(name: str) -> None:
        with call_context(name):
            await asyncio.sleep(0)
            await asyncio.create_task(speak(name))

    async def speak(name: str) -> None:
        log.info("said by %s", name)

    await asyncio.gather(call("a"), call("b"))
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {(r["call_id"], r["message"]) for r in records} == {
        ("a", "said by a"),
        ("b", "said by b"),
    }
    log.info("after")
    assert "call_id" not in last(stream)


def test_personal_data_is_masked_by_default_and_plain_on_request() -> None:
    extra = {"pii": {"ani": "9031234567", "text": "мой баланс", "empty": ""}}
    masked = start(format="json")
    log.info("< heard", extra=extra)
    record = last(masked)
    assert record["pii.ani"] == "********67"
    assert record["pii.text"] == "<10 characters>"
    assert record["pii.empty"] == ""
    assert "9031234567" not in masked.getvalue()
    plain = start(format="json", personal_data="plain")
    log.info("< heard", extra=extra)
    assert last(plain)["pii.ani"] == "9031234567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call to 89031234567 failed", "call to *********67 failed"),
        ("sip:+79031234567@host", "sip:*********67@host"),
        ("8 (903) 123-45-67 said", "*********67 said"),
        ("2026-11-22 12:30", "2026-11-22 12:30"),
        ("0611 port 5060 in 0.1234567 s", "0611 port 5060 in 0.1234567 s"),
        ("id 5f12345678ab", "id 5f12345678ab"),
        ("number 123456", "number 123456"),
    ],
)
def test_long_digit_runs_are_masked_anywhere(text: str, expected: str) -> None:
    assert mask_digit_runs(text) == expected


def test_digits_in_messages_arguments_and_exceptions_are_masked() -> None:
    stream = start()
    try:
        raise ValueError("no subscriber 9031234567")
    except ValueError:
        log.exception("x lookup of %s", "9031234567")
    assert "9031234567" not in stream.getvalue()
    assert "ValueError: no subscriber ********67" in stream.getvalue()


def test_text_lines_are_short_and_carry_fields_in_brackets() -> None:
    stream = start()
    log.warning("x lost", extra={"call_id": "c9", "pii": {"words": ["да", "нет"]}})
    line = stream.getvalue().strip()
    assert "warning sample: x lost" in line
    assert line.endswith("[call_id=c9 pii.words=['<2 characters>', '<3 characters>']]")


def test_nested_values_are_masked_item_by_item() -> None:
    assert mask({"a": [None, True, 9031234567]}) == {"a": [None, True, "********67"]}


def test_level_is_respected_and_a_second_configure_replaces_the_first() -> None:
    first = start()
    second = start(level="error")
    log.info("unseen")
    log.error("seen")
    assert first.getvalue() == ""
    assert "seen" in second.getvalue()
    assert "unseen" not in second.getvalue()
