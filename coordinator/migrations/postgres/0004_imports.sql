-- What it takes to take an imported file back. Only additions: files that an older
-- coordinator takes in aren't listed here, and can't be taken back.

-- Statement files that persons handed in. The id is that of the reading. `proof` is a word
-- of `domain::account_match::AccountProof`; `account_number` is the number that the file
-- names, where an operator said that it is the account's; `masked_number` is what may be shown of it.
CREATE TABLE imports (
    id                UUID NOT NULL PRIMARY KEY,
    account_id        UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    format            TEXT NOT NULL,
    proof             TEXT NOT NULL,
    account_number    TEXT,
    masked_number     TEXT,
    covers_from       TEXT,
    covers_to         TEXT,
    row_count         BIGINT NOT NULL,
    added             BIGINT NOT NULL,
    modified          BIGINT NOT NULL,
    removed           BIGINT NOT NULL,
    references_kept   BIGINT NOT NULL,
    references_broken BIGINT NOT NULL,
    imported_at       BIGINT NOT NULL,
    taken_back_at     BIGINT
);
CREATE INDEX imports_of_account ON imports (account_id, id);

-- What a file did to transactions that were known: what they were before, as JSON.
CREATE TABLE import_changes (
    import_id      UUID NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    transaction_id UUID NOT NULL,
    change         TEXT NOT NULL,
    PRIMARY KEY (import_id, transaction_id)
);

-- The reading that the balance was read in; null of what older coordinators read.
ALTER TABLE balance_observations ADD COLUMN observation_id UUID;
