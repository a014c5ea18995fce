-- What is seen of a portal beside its records. Only additions.

-- What the portal says its user may do: `view initiate approve`, as many as are granted; null where nobody has read it.
ALTER TABLE connections ADD COLUMN permissions TEXT;
-- When that was read last.
ALTER TABLE connections ADD COLUMN permissions_at BIGINT;

-- How each way to find something fared, of those that have several: a row for each day, in which the runs of that day
-- with this revision of the script are counted.
CREATE TABLE way_counts (
    institution_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    -- As ISO 8601 writes it, in UTC.
    day TEXT NOT NULL,
    -- What is to be found, by its first way.
    target TEXT NOT NULL,
    way TEXT NOT NULL,
    found BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    disagreed BIGINT NOT NULL,
    PRIMARY KEY (institution_id, day, revision, target, way)
);
CREATE INDEX way_counts_by_day ON way_counts (day);
