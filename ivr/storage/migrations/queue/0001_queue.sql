-- The shared queue: contacts, operators, attempts, nodes, and what happened to them.
-- Understood by SQLite and PostgreSQL alike. AUTO_KEY is what each calls a key that counts by itself.
-- Times are seconds since the epoch, because every node and the database have to agree on them.
CREATE TABLE queue_contacts (
    contact_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    caller TEXT NOT NULL,
    topic TEXT NOT NULL,
    skill TEXT NOT NULL,
    language TEXT NOT NULL,
    priority TEXT NOT NULL,
    first_promised_at DOUBLE PRECISION NOT NULL,
    place_at DOUBLE PRECISION NOT NULL,
    rank DOUBLE PRECISION NOT NULL,
    due_at DOUBLE PRECISION NOT NULL,
    overflow_at DOUBLE PRECISION,
    overflow_skill TEXT NOT NULL,
    preferred_operator TEXT,
    preferred_until DOUBLE PRECISION NOT NULL,
    promised BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    node TEXT NOT NULL,
    call_id TEXT NOT NULL,
    handoff_id TEXT NOT NULL,
    tries INTEGER NOT NULL,
    version INTEGER NOT NULL,
    ended_at DOUBLE PRECISION,
    end_reason TEXT NOT NULL
);
-- The heads of the order and places in it, of those who wait.
CREATE INDEX queue_contacts_order ON queue_contacts
    (skill, language, kind, rank, contact_id, due_at) WHERE state = 'waiting';
CREATE INDEX queue_contacts_overflow ON queue_contacts
    (overflow_skill, language, kind, rank, contact_id, due_at)
    WHERE state = 'waiting' AND overflow_at IS NOT NULL;
CREATE INDEX queue_contacts_preferring ON queue_contacts (preferred_until)
    WHERE state = 'waiting' AND preferred_operator IS NOT NULL;
-- One promise for each number and topic.
CREATE UNIQUE INDEX queue_contacts_promise ON queue_contacts (number, topic)
    WHERE promised AND state IN ('waiting', 'offered') AND number <> '';
CREATE INDEX queue_contacts_number ON queue_contacts (number, first_promised_at);
CREATE INDEX queue_contacts_caller ON queue_contacts (caller, first_promised_at);
CREATE INDEX queue_contacts_node ON queue_contacts (node) WHERE state = 'waiting' AND node <> '';

CREATE TABLE queue_operators (
    operator_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    languages TEXT NOT NULL,
    state TEXT NOT NULL,
    state_since DOUBLE PRECISION NOT NULL,
    idle_since DOUBLE PRECISION NOT NULL,
    wrap_up_until DOUBLE PRECISION NOT NULL,
    wish TEXT,
    reason TEXT NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX queue_operators_state ON queue_operators (state);

CREATE TABLE queue_skills (
    operator_id TEXT NOT NULL,
    skill TEXT NOT NULL,
    level INTEGER NOT NULL,
    PRIMARY KEY (operator_id, skill)
);
CREATE INDEX queue_skills_skill ON queue_skills (skill);

CREATE TABLE queue_attempts (
    attempt_id TEXT PRIMARY KEY,
    contact_id TEXT NOT NULL,
    operator_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    node TEXT NOT NULL,
    fence INTEGER NOT NULL,
    step TEXT NOT NULL,
    planned_at DOUBLE PRECISION NOT NULL,
    joined_at DOUBLE PRECISION,
    ended_at DOUBLE PRECISION,
    outcome TEXT
);
-- One living attempt for each contact, and one for each operator.
CREATE UNIQUE INDEX queue_attempts_contact ON queue_attempts (contact_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX queue_attempts_operator ON queue_attempts (operator_id) WHERE ended_at IS NULL;
CREATE INDEX queue_attempts_node ON queue_attempts (node, step) WHERE ended_at IS NULL;
CREATE INDEX queue_attempts_of_contact ON queue_attempts (contact_id);
CREATE INDEX queue_attempts_talks ON queue_attempts (ended_at) WHERE joined_at IS NOT NULL;

CREATE TABLE queue_nodes (
    node TEXT PRIMARY KEY,
    process TEXT NOT NULL,
    lease_until DOUBLE PRECISION NOT NULL
);

CREATE TABLE queue_events (
    seq AUTO_KEY,
    at DOUBLE PRECISION NOT NULL,
    contact_id TEXT NOT NULL,
    kind TEXT,
    what TEXT NOT NULL,
    skill TEXT NOT NULL,
    operator_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX queue_events_at ON queue_events (at);
