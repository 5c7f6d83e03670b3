"""The tables as SQLAlchemy sees them; the migrations are what creates them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)


class Moment(TypeDecorator[datetime]):
    """An aware time: kept as UTC, given back in the machine's zone. SQLite knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone()


metadata = MetaData()

calls = Table(
    "calls",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("offered_at", Moment),
    Column("ani", Text),
    Column("dnis", Text),
    Column("sip_call_id", Text),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("duration_s", Double),
    Column("billsec", Double),
    Column("disposition", Text),
    Column("hangup_status", Integer),
    Column("hangup_reason", Text),
    Column("hangup_side", Text),
    Column("outcome", Text),
    Column("codec", Text),
    Column("recording", Text),
    Column("turns", Integer),
    Column("no_inputs", Integer),
    Column("no_matches", Integer),
    Column("barge_ins", Integer),
    Column("handoffs", Integer),
    Column("callbacks", Integer),
    Column("dropped_frames", Integer),
    Column("asr_audio_s", Double),
    Column("asr_busy_s", Double),
)

turns = Table(
    "turns",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("turn_index", Integer, key="index", primary_key=True),
    Column("at", Moment),
    Column("kind", Text),
    Column("question", Text),
    Column("speech_start_s", Double),
    Column("speech_end_s", Double),
    Column("text", Text),
    Column("last_partial", Text),
    Column("asr_confidence", Double),
    Column("intent", Text),
    Column("intent_confidence", Double),
    Column("entities", JSON),
    Column("decision", Text),
    Column("reply", Text),
    Column("barge_in", Boolean),
    Column("played_s", Double),
    Column("asr_ms", Double),
    Column("nlu_ms", Double),
    Column("response_ms", Double),
    Column("endpoint", Text),
    Column("patience_ms", Integer),
    Column("played_item", Integer),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("handoff_id", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("call_id", Text),
    Column("target", Text),
    Column("reason", Text),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", Text),
)

handoff_steps = Table(
    "handoff_steps",
    metadata,
    Column("handoff_id", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("at", Moment),
    Column("status", Integer),
    Column("reason", Text),
)

handoff_contexts = Table(
    "handoff_contexts",
    metadata,
    Column("handoff_id", Text, primary_key=True),
    Column("call_id", Text),
    Column("created_at", Moment),
    Column("caller_number", Text),
    Column("reason", Text),
    Column("intent", Text),
    Column("slots", JSON),
    Column("transcript", JSON),
)

callback_requests = Table(
    "callback_requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("call_id", Text),
    Column("number", Text),
    Column("reason", Text),
    Column("requested_at", Moment),
    Column("state", Text),
)
