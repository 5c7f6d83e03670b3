"""Structured logs on standard error, with personal data in marked fields only.

A record may carry `extra={"action": ..., "call_id": ..., "pii": {...}}`. Values under `pii` are
masked unless the configuration says otherwise; long runs of digits are masked anywhere as a safety
net, since a number that slipped into a message is the leak that happens in practice.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, TextIO

from ivr.config import LogSettings

_call_id: ContextVar[str] = ContextVar("call_id", default="")

DIGIT_RUN: Final = re.compile(r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)\+?\d(?:[ ()-]{0,2}\d){6,}(?!\w)")
"""Seven digits or more, as numbers are written; not dates, decimals or parts of ids."""
NUMBER: Final = re.compile(r"\+?[\d ()-]+")
OWN_FIELDS: Final = ("action", "call_id", "pii")
STANDARD_FIELDS: Final = frozenset(
    {*vars(logging.LogRecord("", 0, "", 0, "", None, None)), "message", "asctime", "taskName"}
)


@contextmanager
def call_context(call_id: str) -> Iterator[None]:
    """Within the block, and in tasks started there, records carry this call id."""
    token = _call_id.set(call_id)
    try:
        yield
    finally:
        _call_id.reset(token)


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Set up the root logger; replaces what was set up before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(add_call_id)
    handler.setFormatter(
        RecordFormatter(as_json=settings.format == "json", plain=settings.personal_data == "plain")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for chatty in ("httpx", "httpcore", "uvicorn", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def add_call_id(record: logging.LogRecord) -> bool:
    """Put the current call id into records that do not name one."""
    if not getattr(record, "call_id", ""):
        record.call_id = _call_id.get()
    return True


def mask(value: object) -> object:
    """A personal value as it may be logged: numbers keep two digits, texts only their length."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {key: mask(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(item) for item in value]
    text = str(value)
    if NUMBER.fullmatch(text) and any(character.isdigit() for character in text):
        return mask_digits(text)
    return f"<{len(text)} characters>" if text else ""


def mask_digits(number: str) -> str:
    """All digits but the last two become '*'; one or two digits are no number to protect."""
    digits = "".join(character for character in number if character.isdigit())
    return "*" * (len(digits) - 2) + digits[-2:]


def mask_digit_runs(text: str) -> str:
    """Mask whatever looks like a telephone number within a text."""
    return DIGIT_RUN.sub(lambda match: mask_digits(match.group()), text)


class RecordFormatter(logging.Formatter):
    """One line per record: JSON, or text for people."""

    def __init__(self, *, as_json: bool, plain: bool) -> None:
        super().__init__()
        self._as_json = as_json
        self._plain = plain

    def format(self, record: logging.LogRecord) -> str:
        fields = self._fields(record)
        if self._as_json:
            return json.dumps(fields, ensure_ascii=False, default=str)
        message = str(fields.pop("message")).replace("\n", "\n    ")
        moment = str(fields.pop("time"))[11:23]
        level, logger = str(fields.pop("level")), str(fields.pop("logger"))
        trace = fields.pop("exception", "")
        rest = " ".join(f"{key}={value}" for key, value in fields.items())
        line = f"{moment} {level:<7} {logger.removeprefix('ivr.')}: {message}"
        return line + (f"  [{rest}]" if rest else "") + (f"\n{trace}" if trace else "")

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created)
            .astimezone()
            .isoformat("T", "milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._safe(record.getMessage()),
        }
        for key in ("call_id", "action"):
            if value := getattr(record, key, ""):
                fields[key] = value
        for key, value in vars(record).items():
            if key not in STANDARD_FIELDS and key not in OWN_FIELDS:
                fields[key] = self._safe(value) if isinstance(value, str) else value
        personal = getattr(record, "pii", None) or {}
        for key, value in personal.items():
            fields[f"pii.{key}"] = value if self._plain else mask(value)
        if record.exc_info:
            fields["exception"] = self._safe(self.formatException(record.exc_info))
        return fields

    def _safe(self, text: str) -> str:
        return text if self._plain else mask_digit_runs(text)
