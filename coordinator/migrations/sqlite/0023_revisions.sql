-- Revisions of scripts are kept, and tried before they are current. Only additions.

CREATE TABLE script_revisions (
    institution_id TEXT NOT NULL,
    -- The first digits of the source's SHA-256.
    revision       TEXT NOT NULL,
    origin         TEXT NOT NULL,
    source         TEXT NOT NULL,
    -- As JSON: the hosts that it may reach beside the portal's own.
    hosts          TEXT NOT NULL,
    note           TEXT,
    -- Who published it, as the audit trail names them; null for Bursar itself.
    published_by   TEXT,
    published_at   BIGINT NOT NULL,
    -- As JSON: how it has fared since it was last begun to be tried.
    trial          TEXT,
    PRIMARY KEY (institution_id, revision)
);

-- By which revision an institution's connections are worked.
CREATE TABLE script_rollouts (
    institution_id TEXT NOT NULL PRIMARY KEY,
    -- As JSON: what is current, what was before, and what is tried.
    rollout        TEXT NOT NULL,
    changed_at     BIGINT NOT NULL
);

-- By which revision a run was given out, in which part, and what reads beside it; null for runs from before.
ALTER TABLE runs ADD COLUMN revision TEXT;
ALTER TABLE runs ADD COLUMN part TEXT;
ALTER TABLE runs ADD COLUMN shadow TEXT;
