-- Takes of a wheel are counted, so that of two at once the later is known everywhere; and it is known at which coordinator
-- the line of an agent is. Only additions.

-- How often the wheel was given to somebody during this challenge, or taken back.
ALTER TABLE challenges ADD COLUMN wheel_turn BIGINT NOT NULL DEFAULT 0;
-- The turn of which the agent said that it gives the wheel; others weren't answered yet, or never.
ALTER TABLE challenges ADD COLUMN wheel_given BIGINT NOT NULL DEFAULT 0;

-- At which coordinator the line of an agent is, and when it was last seen to stand there.
CREATE TABLE agent_lines (
    agent_id UUID NOT NULL PRIMARY KEY,
    -- Of several the newest.
    line     UUID NOT NULL,
    -- Where other coordinators reach that one.
    address  TEXT NOT NULL,
    seen_at  BIGINT NOT NULL
);
CREATE INDEX agent_lines_by_age ON agent_lines (seen_at);
