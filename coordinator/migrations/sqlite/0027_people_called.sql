-- When people are called to a challenge that a message may answer by itself; null once they were, or where they were at once.

ALTER TABLE challenges ADD COLUMN people_at BIGINT;
CREATE INDEX challenges_nobody_was_called_to ON challenges (people_at) WHERE people_at IS NOT NULL;
