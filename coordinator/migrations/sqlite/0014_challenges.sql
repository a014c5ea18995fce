-- A challenge says why it closed. Only additions.

-- Why it closed without the portal's verdict on an answer; null while it is open, and where there is one.
ALTER TABLE challenges ADD COLUMN closed_for TEXT;
