-- What operators show beside the token of the settings. Only additions.

-- `role` is a word of `domain::role::Role`; of the token only the id and the secret's SHA-256 are kept.
CREATE TABLE control_tokens (
    id           TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    secret_hash  BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT
);
