-- What a bank has set at a first sign-in is kept before the bank is told it. Only additions.

-- What is being set at a bank and isn't known to be taken, of each connection one of a kind: by the effect that sets it.
CREATE TABLE candidates (
    connection_id BLOB NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    effect        TEXT NOT NULL,
    -- The intent that it is for, with the run and the fence that declared it. Other connections of the same bank user have
    -- the same candidate under the same intent.
    intent_id     BLOB NOT NULL,
    run_id        BLOB NOT NULL,
    fence         BIGINT NOT NULL,
    -- What takes the place of what is kept once the bank has taken it.
    sealed        BLOB NOT NULL,
    -- Of a password: the fingerprints of the credentials with it, and of those without.
    login         BLOB,
    whole         BLOB,
    old_whole     BLOB,
    -- Which of the two is likelier to be the bank's: new or old.
    likely        TEXT NOT NULL,
    -- How often each was submitted while nobody knew.
    tries_new     BIGINT NOT NULL,
    tries_old     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (connection_id, effect)
);
CREATE INDEX candidates_intent ON candidates (intent_id);

-- Answers to security questions that were set.
CREATE TABLE security_answers (
    connection_id BLOB NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    sealed        BLOB NOT NULL,
    set_at        BIGINT NOT NULL,
    -- How many of them the bank refused, one after the other.
    refusals      BIGINT NOT NULL
);

-- What the organization says of banks' terms; null is to ask.
ALTER TABLE organizations ADD COLUMN terms TEXT;
