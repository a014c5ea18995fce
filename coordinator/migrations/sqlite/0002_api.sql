-- What the whole public API needs. Only additions: an older coordinator goes on beside it.

-- The lowest step that a program has to know to run on these tables.
ALTER TABLE fleet ADD COLUMN oldest_step BIGINT NOT NULL DEFAULT 1;

-- The two environments of an organization are tenants of their own: `live_id` names the
-- live one and stands in the test one alone.
ALTER TABLE organizations ADD COLUMN live_id BLOB REFERENCES organizations (id) ON DELETE CASCADE;
CREATE UNIQUE INDEX organizations_one_test ON organizations (live_id);

-- The key that this one took over from.
ALTER TABLE api_keys ADD COLUMN replaces TEXT;
CREATE UNIQUE INDEX api_keys_one_successor ON api_keys (replaces);
CREATE INDEX api_keys_of_organization ON api_keys (organization_id, created_at, id);

-- What a POST under an `Idempotency-Key` was answered, sealed. `status` is null while
-- the first request is at work.
CREATE TABLE idempotency_keys (
    key_id          TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    idempotency_key TEXT NOT NULL,
    fingerprint     BLOB NOT NULL,
    status          BIGINT,
    answer_sealed   BLOB,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (key_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

ALTER TABLE transactions ADD COLUMN bai_code TEXT;
ALTER TABLE transactions ADD COLUMN category TEXT;
ALTER TABLE transactions ADD COLUMN subcategory TEXT;
ALTER TABLE transactions ADD COLUMN mcc TEXT;
ALTER TABLE transactions ADD COLUMN merchant_name TEXT;
ALTER TABLE transactions ADD COLUMN counterparty_name TEXT;
ALTER TABLE transactions ADD COLUMN counterparty_account_masked TEXT;
CREATE INDEX transactions_of_account_by_update ON transactions (account_id, updated_at, id);
CREATE INDEX transactions_of_connection_by_update ON transactions (connection_id, updated_at, id);

-- The stream of changes. Whoever writes events takes `head` forward under its row's
-- lock as the last thing before the commit, so that a reader who sees a head sees
-- every event up to it. `pruned_through` is the last position that isn't kept.
CREATE TABLE streams (
    organization_id BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    head            BIGINT NOT NULL,
    pruned_through  BIGINT NOT NULL DEFAULT 0
);
-- Events outlive what they tell of.
CREATE TABLE transaction_events (
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    position        BIGINT NOT NULL,
    id              BLOB NOT NULL,
    type            TEXT NOT NULL,
    transaction_id  BLOB NOT NULL,
    account_id      BLOB NOT NULL,
    connection_id   BLOB NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, position)
);
CREATE INDEX transaction_events_of_account ON transaction_events (account_id, position);
CREATE INDEX transaction_events_of_connection ON transaction_events (connection_id, position);

-- What the bank showed for a day; the last time that it was read counts.
CREATE TABLE balance_observations (
    account_id     BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    date           TEXT NOT NULL,
    currency       TEXT NOT NULL,
    ledger_balance TEXT NOT NULL,
    observed_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, date)
);
-- A row a day, as shown: what the bank showed, or derived from another day of its own.
CREATE TABLE balances (
    account_id      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    date            TEXT NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connection_id   BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    currency        TEXT NOT NULL,
    ledger_balance  TEXT NOT NULL,
    posted_delta    TEXT NOT NULL,
    source          TEXT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (account_id, date)
);
CREATE INDEX balances_by_date ON balances (organization_id, date DESC, account_id);
CREATE INDEX balances_of_connection ON balances (connection_id, date DESC, account_id);

-- The secret before a rotation signs beside the new one until its time is over.
ALTER TABLE webhooks ADD COLUMN previous_secret_sealed BLOB;
ALTER TABLE webhooks ADD COLUMN previous_secret_until BIGINT;
-- When a delivery last arrived, and when Bursar switched the endpoint off.
ALTER TABLE webhooks ADD COLUMN last_delivered_at BIGINT;
ALTER TABLE webhooks ADD COLUMN disabled_at BIGINT;
-- The delivery that a person wanted sent once more.
ALTER TABLE webhook_deliveries ADD COLUMN redelivers BLOB;
-- How many tries in a row came to nothing, and until when the endpoint is left alone.
ALTER TABLE webhooks ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN quiet_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_oldest ON webhook_deliveries (created_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX webhook_events_by_age ON webhook_events (created_at);

CREATE INDEX connections_of_entity ON connections (entity_id, id);
CREATE INDEX connections_without_institution ON connections (portal_url) WHERE institution_id IS NULL;

-- A SimpleFIN token is claimed once; what the claim gave is kept as a hash.
CREATE TABLE simplefin_tokens (
    id               BLOB NOT NULL PRIMARY KEY,
    organization_id  BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    entity_id        BLOB REFERENCES entities (id) ON DELETE CASCADE,
    name             TEXT NOT NULL,
    claim_hash       BLOB NOT NULL UNIQUE,
    claim_expires_at BIGINT NOT NULL,
    claimed_at       BIGINT,
    secret_hash      BLOB,
    created_at       BIGINT NOT NULL,
    revoked_at       BIGINT,
    last_used_at     BIGINT
);
CREATE INDEX simplefin_tokens_of_organization ON simplefin_tokens (organization_id, id);
CREATE INDEX evidence_by_age ON evidence (created_at);
