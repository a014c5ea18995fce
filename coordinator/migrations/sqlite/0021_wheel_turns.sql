-- Takes of a wheel are counted, so that of two at once the later is known everywhere. Only additions.

-- How often the wheel was given to somebody during this challenge, or taken back.
ALTER TABLE challenges ADD COLUMN wheel_turn BIGINT NOT NULL DEFAULT 0;
-- The turn of which the agent said that it gives the wheel; others weren't answered yet, or never.
ALTER TABLE challenges ADD COLUMN wheel_given BIGINT NOT NULL DEFAULT 0;
