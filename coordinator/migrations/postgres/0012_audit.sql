-- Who did what to what: only ever added to, never pruned. Only additions.

-- Entries name things without referring to them: they outlive what they tell of. Hashes are
-- hexadecimal; `domain::audit` says what they are of.
CREATE TABLE audit_entries (
    position        BIGINT NOT NULL PRIMARY KEY,
    at              BIGINT NOT NULL,
    actor_kind      TEXT NOT NULL,
    actor_id        TEXT,
    actor_name      TEXT,
    action          TEXT NOT NULL,
    organization_id UUID,
    connection_id   UUID,
    subject         TEXT,
    detail          TEXT NOT NULL,
    previous_hash   TEXT NOT NULL,
    hash            TEXT NOT NULL
);
CREATE INDEX audit_entries_of_connection ON audit_entries (connection_id, position) WHERE connection_id IS NOT NULL;
CREATE INDEX audit_entries_of_organization ON audit_entries (organization_id, position) WHERE organization_id IS NOT NULL;
CREATE INDEX audit_entries_of_actor ON audit_entries (actor_id, position) WHERE actor_id IS NOT NULL;

-- Whoever adds an entry takes this row forward under its lock as the last thing before the commit.
CREATE TABLE audit_head (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    position BIGINT NOT NULL,
    hash     TEXT NOT NULL
);
INSERT INTO audit_head (only_row, position, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
