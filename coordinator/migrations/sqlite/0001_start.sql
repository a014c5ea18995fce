-- Times are milliseconds since 1970-01-01T00:00:00Z, ids are 16 bytes, lists and
-- objects are JSON text, amounts are decimal text, dates are YYYY-MM-DD.

CREATE TABLE fleet (
    only_row   INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    generation BIGINT NOT NULL
);
INSERT INTO fleet (only_row, generation) VALUES (1, 0);

CREATE TABLE organizations (
    id         BLOB NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    data_key   BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id              TEXT NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    environment     TEXT NOT NULL,
    name            TEXT NOT NULL,
    scopes          TEXT NOT NULL,
    secret_hash     BLOB NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT,
    revoked_at      BIGINT,
    last_used_at    BIGINT
);

CREATE TABLE entities (
    id                 BLOB NOT NULL PRIMARY KEY,
    organization_id    BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    external_entity_id TEXT NOT NULL,
    is_default         BOOLEAN NOT NULL,
    name               TEXT,
    contact_emails     TEXT NOT NULL,
    metadata           TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    UNIQUE (organization_id, external_entity_id)
);

CREATE TABLE connections (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    entity_id       BLOB NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    anchor          TEXT NOT NULL,
    institution_id  TEXT,
    portal_url      TEXT NOT NULL,
    status          TEXT NOT NULL,
    state           TEXT NOT NULL,
    activated_at    BIGINT,
    last_synced_at  BIGINT,
    last_failure    TEXT,
    instructions    TEXT NOT NULL,
    metadata        TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
-- A revoked connection stays as a record and makes way for another.
CREATE UNIQUE INDEX connections_one_alive ON connections (entity_id, anchor) WHERE status <> 'revoked';
CREATE INDEX connections_by_organization ON connections (organization_id, id);

-- What was given last, sealed. `refused` is the code of the failure that freezes it;
-- doubts are counted from `given_at` on.
CREATE TABLE credentials (
    connection_id BLOB NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    sealed        BLOB NOT NULL,
    refused       TEXT,
    given_at      BIGINT NOT NULL
);

CREATE TABLE connection_events (
    id              BLOB NOT NULL PRIMARY KEY,
    connection_id   BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    cause           TEXT NOT NULL,
    actor           TEXT NOT NULL,
    previous_status TEXT,
    status          TEXT NOT NULL,
    failure         TEXT,
    run_id          BLOB,
    created_at      BIGINT NOT NULL
);
CREATE INDEX connection_events_in_order ON connection_events (connection_id, id);

CREATE TABLE runs (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connection_id   BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    institution_id  TEXT NOT NULL,
    kind            TEXT NOT NULL,
    state           TEXT NOT NULL,
    attempt         BIGINT NOT NULL,
    crashes         BIGINT NOT NULL,
    not_before      BIGINT NOT NULL,
    fence           BIGINT NOT NULL,
    agent_id        BLOB,
    agent_key       TEXT,
    failure         TEXT,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT,
    finished_at     BIGINT
);
CREATE UNIQUE INDEX runs_one_open ON runs (connection_id) WHERE state = 'open';
CREATE INDEX runs_of_connection ON runs (connection_id, id);
CREATE INDEX runs_open ON runs (id) WHERE state = 'open';

CREATE TABLE intents (
    id         BLOB NOT NULL PRIMARY KEY,
    run_id     BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    fence      BIGINT NOT NULL,
    effect     TEXT NOT NULL,
    outcome    TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX intents_of_run ON intents (run_id);

CREATE TABLE challenges (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connection_id   BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    run_id          BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    fence           BIGINT NOT NULL,
    question        TEXT NOT NULL,
    state           TEXT NOT NULL,
    answer_sealed   BLOB,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX challenges_of_connection ON challenges (connection_id, id);
CREATE INDEX challenges_of_run ON challenges (run_id);
CREATE INDEX challenges_pending ON challenges (expires_at) WHERE state IN ('open', 'answered');

CREATE TABLE evidence (
    id              BLOB NOT NULL PRIMARY KEY,
    run_id          BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    url             TEXT NOT NULL,
    html            TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE INDEX evidence_of_run ON evidence (run_id);

CREATE TABLE accounts (
    id                BLOB NOT NULL PRIMARY KEY,
    organization_id   BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connection_id     BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    portal_key        TEXT NOT NULL,
    type              TEXT NOT NULL,
    currency          TEXT NOT NULL,
    name              TEXT NOT NULL,
    status            TEXT NOT NULL,
    official_name     TEXT,
    masked_number     TEXT,
    account_number    TEXT,
    routing_number    TEXT,
    swift_bic         TEXT,
    current_balance   TEXT,
    available_balance TEXT,
    balance_as_of     TEXT,
    metadata          TEXT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    UNIQUE (connection_id, portal_key)
);
CREATE INDEX accounts_by_organization ON accounts (organization_id, id);

CREATE TABLE transactions (
    id                 BLOB NOT NULL PRIMARY KEY,
    organization_id    BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connection_id      BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    account_id         BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    status             TEXT NOT NULL,
    posted_date        TEXT,
    sort_date          TEXT NOT NULL,
    amount             TEXT NOT NULL,
    currency           TEXT NOT NULL,
    entry_type         TEXT NOT NULL,
    description        TEXT NOT NULL,
    raw_description    TEXT,
    rail               TEXT NOT NULL,
    bank_reference     TEXT,
    customer_reference TEXT,
    match_key          TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL
);
CREATE INDEX transactions_of_account ON transactions (account_id, sort_date, id);
CREATE INDEX transactions_of_connection ON transactions (connection_id, sort_date, id);
CREATE INDEX transactions_by_date ON transactions (organization_id, sort_date, id);
CREATE INDEX transactions_by_update ON transactions (organization_id, updated_at, id);

CREATE TABLE webhooks (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    url             TEXT NOT NULL,
    events          TEXT NOT NULL,
    secret_sealed   BLOB NOT NULL,
    active          BOOLEAN NOT NULL,
    metadata        TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE INDEX webhooks_of_organization ON webhooks (organization_id, id);

-- The outbox: written with the change that it tells of.
CREATE TABLE webhook_events (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    type            TEXT NOT NULL,
    data            TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (
    id          BLOB NOT NULL PRIMARY KEY,
    webhook_id  BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id    BLOB NOT NULL REFERENCES webhook_events (id) ON DELETE CASCADE,
    state       TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    last_status BIGINT,
    last_error  TEXT,
    created_at  BIGINT NOT NULL,
    settled_at  BIGINT
);
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id);
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending';
