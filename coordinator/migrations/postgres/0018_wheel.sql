-- A person may hold the wheel of a run while a challenge of it is open. Only additions.

-- Who holds it, by the name that others are told, at which seat (one page that is open), and until when unless they
-- are heard of again; all null while nobody does.
ALTER TABLE challenges ADD COLUMN holder_id UUID;
ALTER TABLE challenges ADD COLUMN holder_name TEXT;
ALTER TABLE challenges ADD COLUMN seat UUID;
ALTER TABLE challenges ADD COLUMN held_until BIGINT;
CREATE INDEX challenges_held ON challenges (held_until) WHERE held_until IS NOT NULL;
