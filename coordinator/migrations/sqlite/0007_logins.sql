-- The lockout budget is a bank's user's, not a connection's. Only additions.

-- Keyed fingerprints of who signs in, and of all that is given for it; null until the next
-- lease where they were given before these were kept.
ALTER TABLE credentials ADD COLUMN login BYTEA;
ALTER TABLE credentials ADD COLUMN whole BYTEA;
CREATE INDEX credentials_of_login ON credentials (login);

-- A user of a bank, whichever connections sign in with it: whether the bank has locked it, as
-- far as nobody said since that it hasn't, and when a password was last about to be submitted.
CREATE TABLE logins (
    fingerprint BYTEA NOT NULL PRIMARY KEY,
    locked_at   BIGINT,
    used_at     BIGINT NOT NULL
);
CREATE INDEX logins_by_age ON logins (used_at);

-- Credentials that a bank refused; nobody submits them again.
CREATE TABLE refused_credentials (
    fingerprint BYTEA NOT NULL PRIMARY KEY,
    refused_at  BIGINT NOT NULL
);
CREATE INDEX refused_credentials_by_age ON refused_credentials (refused_at);
