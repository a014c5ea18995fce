-- An entry of the audit trail stays as it was written, and comes behind the last one: no coordinator has ever done anything
-- else. Whoever owns the database can take these triggers away; `coordinator audit verify` finds what is done after that.

CREATE TRIGGER audit_entries_are_not_changed BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are only added'); END;

CREATE TRIGGER audit_entries_are_not_deleted BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are only added'); END;

-- Without this a row that is put in the place of another would go without being deleted.
CREATE TRIGGER audit_entries_come_last BEFORE INSERT ON audit_entries
WHEN NEW.position <= (SELECT MAX(position) FROM audit_entries)
BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are only added'); END;
