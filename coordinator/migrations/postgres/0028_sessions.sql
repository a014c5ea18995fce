-- The fence of the grant that a run's session began with. A wheel that is handed back changes the run's fence, and the bank's
-- session goes on.

ALTER TABLE runs ADD COLUMN session BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET session = fence;
