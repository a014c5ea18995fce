-- Organizations and entities say for themselves when somebody attends. Only additions.

-- As JSON, hours and a time zone; null where those of the organization count, or the fleet's.
ALTER TABLE organizations ADD COLUMN attended TEXT;
ALTER TABLE entities ADD COLUMN attended TEXT;
