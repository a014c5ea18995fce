-- What identity and completeness need. Only additions: an older coordinator goes on
-- beside it; what it adds meanwhile is matched by what these columns begin with.

-- The day of the payment itself, for rows that aren't booked yet.
ALTER TABLE transactions ADD COLUMN transaction_date TEXT;
-- Where it was read first, and its description in the other source.
ALTER TABLE transactions ADD COLUMN source TEXT NOT NULL DEFAULT 'pages';
ALTER TABLE transactions ADD COLUMN alias TEXT;
-- Where its reference was read; null where that is `source`.
ALTER TABLE transactions ADD COLUMN reference_source TEXT;
-- The bank's day on which it was first read, and when it was first read as booked; where
-- they are null, `created_at` says both.
ALTER TABLE transactions ADD COLUMN first_seen TEXT;
ALTER TABLE transactions ADD COLUMN booked_seen_at BIGINT;
-- How many readings in a row have proved it gone.
ALTER TABLE transactions ADD COLUMN absences BIGINT NOT NULL DEFAULT 0;
-- The reading that it came from, and its row there from 0.
ALTER TABLE transactions ADD COLUMN observation_id BLOB;
ALTER TABLE transactions ADD COLUMN observation_row BIGINT;

-- What was in the ledger once. It keeps its id in case that it comes back. `entry` is the
-- transaction as it was known; `cause` is a word of
-- `domain::ledger::RemovalCause`.
CREATE TABLE removed_transactions (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connection_id   BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    account_id      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    entry           TEXT NOT NULL,
    cause           TEXT NOT NULL,
    merged_into     BLOB,
    created_at      BIGINT NOT NULL,
    removed_at      BIGINT NOT NULL
);
CREATE INDEX removed_transactions_of_account ON removed_transactions (account_id, removed_at);

-- What was read of an account, as it was handed in: never changed, only forgotten. Readings
-- with the same content share it.
CREATE TABLE observation_contents (
    id         BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest     BLOB NOT NULL,
    body       BLOB NOT NULL
);
CREATE INDEX observation_contents_of_account ON observation_contents (account_id);
CREATE TABLE observations (
    id          BLOB NOT NULL PRIMARY KEY,
    account_id  BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    content_id  BLOB NOT NULL REFERENCES observation_contents (id),
    run_id      BLOB,
    revision    TEXT,
    source      TEXT NOT NULL,
    today       TEXT NOT NULL,
    row_count   BIGINT NOT NULL,
    observed_at BIGINT NOT NULL
);
CREATE INDEX observations_of_account ON observations (account_id, id);
CREATE INDEX observations_of_content ON observations (content_id);
CREATE INDEX observations_by_age ON observations (observed_at);

-- Why a row was taken for a transaction that was known otherwise. `changed` holds what was
-- known before, by field.
CREATE TABLE transaction_matches (
    id              BLOB NOT NULL PRIMARY KEY,
    account_id      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    transaction_id  BLOB NOT NULL,
    observation_id  BLOB NOT NULL,
    observation_row BIGINT NOT NULL,
    grounds         TEXT NOT NULL,
    changed         TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE INDEX transaction_matches_of_transaction ON transaction_matches (transaction_id, id);
CREATE INDEX transaction_matches_of_account ON transaction_matches (account_id);

-- What operators decided. `said` holds which faces are which transaction or never are, as
-- long as the decision isn't undone; `undo` what takes its effect back.
CREATE TABLE ledger_decisions (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,
    transaction_id  BLOB NOT NULL,
    other_id        BLOB NOT NULL,
    said            TEXT NOT NULL,
    undo            TEXT NOT NULL,
    reason          TEXT,
    created_at      BIGINT NOT NULL,
    undone_at       BIGINT
);
CREATE INDEX ledger_decisions_of_account ON ledger_decisions (account_id, id);
CREATE INDEX ledger_decisions_of_transaction ON ledger_decisions (transaction_id);
CREATE INDEX ledger_decisions_of_other ON ledger_decisions (other_id);

-- How far an institution's references tell transactions apart, as measured.
CREATE TABLE reference_records (
    institution_id TEXT NOT NULL,
    source         TEXT NOT NULL,
    kept           BIGINT NOT NULL,
    broken         BIGINT NOT NULL,
    demoted_at     BIGINT,
    PRIMARY KEY (institution_id, source)
);

-- How complete an account was at the last reading, as JSON; the balance that the next
-- reading is proved from; since when and in how many whole lists it wasn't shown.
ALTER TABLE accounts ADD COLUMN completeness TEXT;
ALTER TABLE accounts ADD COLUMN anchor TEXT;
ALTER TABLE accounts ADD COLUMN unseen BIGINT NOT NULL DEFAULT 0;

-- The first day of which all bookings had been read with the balance.
ALTER TABLE balance_observations ADD COLUMN read_from TEXT;
