-- Connections of portals that no institution of the catalog stands for are looked through whenever the catalog changes.
-- Only additions.

CREATE INDEX connections_of_unknown_portals ON connections (id) WHERE institution_id IS NULL;
