-- The lockout budget is a bank's user's, not a connection's. Only additions.

-- Keyed fingerprints of who signs in, and of all that is given for it, as of `printed_at`: they
-- count while that is `given_at`, since an older coordinator replaces credentials without them.
ALTER TABLE credentials ADD COLUMN login BYTEA;
ALTER TABLE credentials ADD COLUMN whole BYTEA;
ALTER TABLE credentials ADD COLUMN printed_at BIGINT;
CREATE INDEX credentials_of_login ON credentials (login);

-- The same of what the holder of a run was given: others may be given meanwhile.
ALTER TABLE runs ADD COLUMN login BYTEA;
ALTER TABLE runs ADD COLUMN whole BYTEA;
CREATE INDEX open_runs_of_login ON runs (login) WHERE state = 'open';

-- A user of a bank, whichever connections sign in with it: when the bank last locked it, and when
-- a password was last about to be submitted.
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
