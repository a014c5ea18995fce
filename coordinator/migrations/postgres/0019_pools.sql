-- Connections have addresses and numbers of their own, and codes come in there. Only additions.

-- Whose each address and number is, or was last: it isn't given again for a while after it was given back.
CREATE TABLE pool_addresses (
    -- An e-mail address in small letters, or a number in E.164.
    address       TEXT NOT NULL PRIMARY KEY,
    medium        TEXT NOT NULL,
    -- No foreign key: it outlives its connection.
    connection_id UUID NOT NULL,
    allocated_at  BIGINT NOT NULL,
    released_at   BIGINT
);
CREATE INDEX pool_addresses_of_connection ON pool_addresses (connection_id);

-- Connections for which there was no number when they were made.
CREATE TABLE awaited_numbers (
    connection_id UUID NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    since         BIGINT NOT NULL
);
CREATE INDEX awaited_numbers_since ON awaited_numbers (since);

-- Codes that came in, sealed, until a run takes them or ten minutes have passed.
CREATE TABLE inbound_codes (
    id            UUID NOT NULL PRIMARY KEY,
    connection_id UUID NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    medium        TEXT NOT NULL,
    sealed        BYTEA NOT NULL,
    received_at   BIGINT NOT NULL
);
CREATE INDEX inbound_codes_of_connection ON inbound_codes (connection_id);
CREATE INDEX inbound_codes_received ON inbound_codes (received_at);

-- Messages that were taken in, by a hash of the provider's name for each: none counts twice.
CREATE TABLE inbound_messages (
    fingerprint BYTEA NOT NULL PRIMARY KEY,
    received_at BIGINT NOT NULL
);
CREATE INDEX inbound_messages_received ON inbound_messages (received_at);
