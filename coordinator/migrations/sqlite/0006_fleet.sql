-- What the fleet needs to go on by itself. Only additions.

-- Which runs of a flow go first: a word of `domain::run::RunClass`.
ALTER TABLE runs ADD COLUMN class TEXT NOT NULL DEFAULT 'onDemand';
-- How many leases lapsed that nobody ever renewed.
ALTER TABLE runs ADD COLUMN lapses BIGINT NOT NULL DEFAULT 0;
-- When its poison was set aside for an operator, and when one let it go on.
ALTER TABLE runs ADD COLUMN dead_at BIGINT;
ALTER TABLE runs ADD COLUMN revived_at BIGINT;
CREATE INDEX runs_dead ON runs (dead_at, id) WHERE dead_at IS NOT NULL;

-- When the next sync is due by itself; null from the end of a run until it is planned.
ALTER TABLE connections ADD COLUMN next_sync_at BIGINT;
CREATE INDEX connections_due ON connections (next_sync_at, id) WHERE next_sync_at IS NOT NULL;
CREATE INDEX connections_unplanned ON connections (id) WHERE next_sync_at IS NULL AND status = 'active';

-- What goes on at an institution: how its last runs went (`domain::breaker`, as JSON), and
-- whether an operator paused it.
CREATE TABLE institution_states (
    institution_id TEXT NOT NULL PRIMARY KEY,
    breaker        TEXT,
    paused_at      BIGINT,
    pause_reason   TEXT,
    updated_at     BIGINT NOT NULL
);

-- The queue's keys have another layout: a coordinator that doesn't know it would lease the same
-- runs beside one that does.
UPDATE fleet SET oldest_step = 6;
