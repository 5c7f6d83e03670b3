-- Calls, turns, hand-offs and promises. Understood by SQLite and PostgreSQL alike.
CREATE TABLE calls (
    call_id TEXT PRIMARY KEY,
    offered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ani TEXT NOT NULL,
    dnis TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    duration_s DOUBLE PRECISION,
    billsec DOUBLE PRECISION,
    disposition TEXT NOT NULL,
    hangup_status INTEGER,
    hangup_reason TEXT NOT NULL,
    hangup_side TEXT NOT NULL,
    outcome TEXT NOT NULL,
    codec TEXT NOT NULL,
    recording TEXT NOT NULL,
    turns INTEGER NOT NULL,
    no_inputs INTEGER NOT NULL,
    no_matches INTEGER NOT NULL,
    barge_ins INTEGER NOT NULL,
    handoffs INTEGER NOT NULL,
    callbacks INTEGER NOT NULL,
    dropped_frames INTEGER NOT NULL,
    asr_audio_s DOUBLE PRECISION NOT NULL,
    asr_busy_s DOUBLE PRECISION NOT NULL
);
CREATE INDEX calls_offered_at ON calls (offered_at);
CREATE INDEX calls_ani ON calls (ani);

CREATE TABLE turns (
    call_id TEXT NOT NULL,
    turn_index INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    question TEXT NOT NULL,
    speech_start_s DOUBLE PRECISION,
    speech_end_s DOUBLE PRECISION,
    text TEXT NOT NULL,
    last_partial TEXT NOT NULL,
    asr_confidence DOUBLE PRECISION,
    intent TEXT NOT NULL,
    intent_confidence DOUBLE PRECISION,
    entities JSON NOT NULL,
    decision TEXT NOT NULL,
    reply TEXT NOT NULL,
    barge_in BOOLEAN NOT NULL,
    played_s DOUBLE PRECISION,
    asr_ms DOUBLE PRECISION,
    nlu_ms DOUBLE PRECISION,
    response_ms DOUBLE PRECISION,
    PRIMARY KEY (call_id, turn_index)
);

CREATE TABLE handoffs (
    handoff_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    call_id TEXT NOT NULL,
    target TEXT NOT NULL,
    reason TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    outcome TEXT NOT NULL,
    PRIMARY KEY (handoff_id, mode)
);
CREATE INDEX handoffs_call_id ON handoffs (call_id);

CREATE TABLE handoff_steps (
    handoff_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    step INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (handoff_id, mode, step)
);

CREATE TABLE handoff_contexts (
    handoff_id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    caller_number TEXT NOT NULL,
    reason TEXT NOT NULL,
    intent TEXT NOT NULL,
    slots JSON NOT NULL,
    transcript JSON NOT NULL
);

CREATE TABLE callback_requests (
    request_id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL,
    number TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX callback_requests_state ON callback_requests (state, requested_at);
