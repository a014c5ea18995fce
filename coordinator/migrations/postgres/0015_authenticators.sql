-- A connection may have an authenticator of its own, whose codes are answered with. Only additions.

-- What may answer a challenge, as words with a blank between; null of those that an older coordinator opened.
ALTER TABLE challenges ADD COLUMN may_answer TEXT;
-- What answered; null before anything has.
ALTER TABLE challenges ADD COLUMN source TEXT;

-- The secrets of authenticators.
CREATE TABLE authenticators (
    connection_id UUID  NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    sealed        BYTEA NOT NULL,
    given_at      BIGINT NOT NULL,
    -- How many of its codes the bank refused, one after the other.
    refusals      BIGINT NOT NULL
);

-- The last moment of each secret whose code was used, in seconds of the epoch, by whichever connection: by a keyed
-- fingerprint of the secret, as several connections may be of the same user at a bank.
CREATE TABLE authenticator_uses (
    fingerprint BYTEA NOT NULL PRIMARY KEY,
    used_until  BIGINT NOT NULL
);
