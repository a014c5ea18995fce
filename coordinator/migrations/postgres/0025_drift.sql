-- How the pages of portals are built and how far they drift, and repair tickets where a script fits its portal no more.
-- Connections that wait for another revision are planned. Only additions.

-- A page as runs that read everything saw it, without anything of a customer's.
CREATE TABLE known_pages (
    institution_id   TEXT NOT NULL,
    -- As the script calls it.
    page             TEXT NOT NULL,
    -- The revision that saw it first as it is in `reference`, from which distances are measured.
    revision         TEXT NOT NULL,
    reference        TEXT NOT NULL,
    reference_digest TEXT NOT NULL,
    reference_at     BIGINT NOT NULL,
    -- As it showed last.
    latest           TEXT NOT NULL,
    latest_digest    TEXT NOT NULL,
    latest_at        BIGINT NOT NULL,
    -- How far that is from the reference, in thousandths.
    distance         BIGINT NOT NULL,
    PRIMARY KEY (institution_id, page)
);

-- How far a page was from its reference in the runs of a day.
CREATE TABLE page_distances (
    institution_id TEXT NOT NULL,
    -- As ISO 8601 writes it, in UTC.
    day            TEXT NOT NULL,
    page           TEXT NOT NULL,
    runs           BIGINT NOT NULL,
    -- Those of them in which it wasn't built as the reference.
    changed        BIGINT NOT NULL,
    -- In thousandths.
    distance_sum   BIGINT NOT NULL,
    distance_max   BIGINT NOT NULL,
    PRIMARY KEY (institution_id, day, page)
);
CREATE INDEX page_distances_by_day ON page_distances (day);

-- A script that fits its portal no more, once for all runs that fail alike.
CREATE TABLE repair_tickets (
    id               UUID NOT NULL PRIMARY KEY,
    institution_id   TEXT NOT NULL,
    revision         TEXT NOT NULL,
    code             TEXT NOT NULL,
    stage            TEXT NOT NULL,
    message          TEXT NOT NULL,
    -- The page of the script that showed, and what was looked for; empty where there is none.
    page             TEXT NOT NULL,
    target           TEXT NOT NULL,
    -- The known page that what showed is nearest to, and how far it is, in thousandths.
    nearest_page     TEXT,
    nearest_distance BIGINT,
    -- The page as it was known when the ticket was opened, and the evidence of how it showed last, as long as that is kept.
    before_html      TEXT,
    evidence_id      UUID,
    state            TEXT NOT NULL,
    runs             BIGINT NOT NULL,
    first_seen_at    BIGINT NOT NULL,
    last_seen_at     BIGINT NOT NULL,
    ended_at         BIGINT,
    -- The revision that was published to mend it, and the one by which a connection read whole again.
    mending_revision TEXT,
    mended_by        TEXT,
    -- Who closed it, as the audit trail names them, and why.
    closed_by        TEXT,
    closed_because   TEXT
);
CREATE UNIQUE INDEX repair_tickets_open ON repair_tickets (institution_id, revision, code, page, target)
    WHERE state = 'open';
CREATE INDEX repair_tickets_ended ON repair_tickets (ended_at) WHERE ended_at IS NOT NULL;

-- The connections whose runs failed so.
CREATE TABLE repair_ticket_connections (
    ticket_id     UUID NOT NULL REFERENCES repair_tickets (id) ON DELETE CASCADE,
    connection_id UUID NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    PRIMARY KEY (connection_id, ticket_id)
);
CREATE INDEX repair_ticket_connections_of_ticket ON repair_ticket_connections (ticket_id);

-- Connections that wait for another revision of their script.
CREATE INDEX connections_waiting_for_script ON connections (id) WHERE next_sync_at IS NULL AND status = 'errored';
