-- What the operators' console needs. Only additions.

-- Who signs in. `login` is in lower case; `password_hash` is argon2id in PHC form, and null of those
-- whom another system vouches for under `vouched_as`. Without an organization all are reached.
CREATE TABLE console_users (
    id              BLOB NOT NULL PRIMARY KEY,
    login           TEXT NOT NULL UNIQUE,
    display_name    TEXT NOT NULL,
    role            TEXT NOT NULL,
    organization_id BLOB REFERENCES organizations (id) ON DELETE CASCADE,
    password_hash   TEXT,
    vouched_as      TEXT UNIQUE,
    active          BOOLEAN NOT NULL,
    created_at      BIGINT NOT NULL,
    seen_at         BIGINT
);

-- Of what the browser keeps only SHA-256 is here.
CREATE TABLE console_sessions (
    id         BLOB NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    user_id    BLOB NOT NULL REFERENCES console_users (id) ON DELETE CASCADE,
    browser    TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL
);
CREATE INDEX console_sessions_of_user ON console_sessions (user_id, id);
CREATE INDEX console_sessions_by_end ON console_sessions (ends_at);

-- How often a sign-in came to nothing, by a keyed hash of the name and by address.
CREATE TABLE sign_in_failures (
    bucket        TEXT NOT NULL PRIMARY KEY,
    failures      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_by_age ON sign_in_failures (last_at);

-- How runs ended, by hour (since 1970) and institution: `succeeded`, or whose doing it was that they didn't
-- (`domain::failure::Fault`).
CREATE TABLE run_outcomes (
    institution_id TEXT NOT NULL,
    hour           BIGINT NOT NULL,
    outcome        TEXT NOT NULL,
    runs           BIGINT NOT NULL,
    PRIMARY KEY (institution_id, hour, outcome)
);
CREATE INDEX run_outcomes_by_hour ON run_outcomes (hour);

-- The lists of the console, each a walk along one index.
CREATE INDEX connections_by_status ON connections (status, id);
CREATE INDEX connections_by_institution ON connections (institution_id, id);
CREATE INDEX connections_of_organization_by_status ON connections (organization_id, status, id);
CREATE INDEX entities_by_external_id ON entities (external_entity_id);
