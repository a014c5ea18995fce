-- What a run did in its last attempt that ended, step by step; and the audit trail is looked through faster. Only additions.

CREATE TABLE run_steps (
    run_id     BLOB NOT NULL PRIMARY KEY,
    -- A JSON list of steps.
    steps      TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX run_steps_by_age ON run_steps (created_at);

-- The audit trail by what was done, and by when.
CREATE INDEX audit_entries_by_action ON audit_entries (action, position);
CREATE INDEX audit_entries_by_time ON audit_entries (at);
