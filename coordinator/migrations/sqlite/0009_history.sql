-- How far back a connection's transactions were read. Only additions.

-- A date from which on all was read, or `whole`; null where nobody has said yet.
ALTER TABLE connections ADD COLUMN past TEXT;
-- When a run last read every account.
ALTER TABLE connections ADD COLUMN all_read_at BIGINT;
