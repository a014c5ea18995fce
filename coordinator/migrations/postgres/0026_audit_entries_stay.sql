-- An entry of the audit trail stays as it was written, and comes behind the last one: no coordinator has ever done anything
-- else. Whoever owns the table can take these triggers away; `coordinator audit verify` finds what is done after that.

CREATE FUNCTION refuse_to_change_the_trail() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit trail are only added';
END $$ LANGUAGE plpgsql;

CREATE FUNCTION refuse_to_put_into_the_trail() RETURNS trigger AS $$
BEGIN
    IF NEW.position <= (SELECT MAX(position) FROM audit_entries) THEN
        RAISE EXCEPTION 'entries of the audit trail are only added';
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;

CREATE TRIGGER audit_entries_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_trail();

CREATE TRIGGER audit_entries_come_last BEFORE INSERT ON audit_entries
FOR EACH ROW EXECUTE FUNCTION refuse_to_put_into_the_trail();
