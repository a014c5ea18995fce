-- A bank can be asked for a new code, and a connection can be set up by its customer. Only additions.

-- How many new codes were asked for while the challenge is open.
ALTER TABLE challenges ADD COLUMN resends BIGINT NOT NULL DEFAULT 0;
-- How many more may be; null of those that an older coordinator opened.
ALTER TABLE challenges ADD COLUMN resends_left BIGINT;
-- Not before when.
ALTER TABLE challenges ADD COLUMN resend_after BIGINT;

-- Links to the set-up page that were made under another number are good for nothing.
ALTER TABLE connections ADD COLUMN setup_links BIGINT NOT NULL DEFAULT 0;
