//! The steps of the store's tables: the same on both databases, never changed once they
//! are published, and, after the first, only ever adding or no longer demanding. That is
//! what lets an older coordinator go on beside a newer one. An index that isn't unique demands
//! nothing, and may go.
//!
//! Not here: whether they work; the store's own tests take them.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::files::{File, files, root};
use crate::no;

const FOLDER: &str = "coordinator/migrations/";

#[test]
fn both_databases_have_the_same_steps() {
    let names = |database: &str| -> Vec<String> {
        let prefix = format!("{FOLDER}{database}/");
        steps().iter().filter_map(|file| file.name.strip_prefix(&prefix).map(str::to_owned)).collect()
    };
    let names = (names("sqlite"), names("postgres"));
    assert!(!names.0.is_empty());
    assert_eq!(names.0, names.1, "each step is in both folders, under the same name");
}

#[test]
fn a_published_step_never_changes() {
    let steps: BTreeMap<String, String> =
        steps().into_iter().map(|file| (file.name[FOLDER.len()..].to_owned(), hash(&file.text))).collect();
    let list = std::fs::read_to_string(root().join(FOLDER).join("published.txt")).expect("published.txt");
    let mut faults = Vec::new();
    for line in list.lines() {
        let (published, name) = line.split_once("  ").expect("a hash, two blanks and a name, as sha256sum writes");
        match steps.get(name) {
            None => faults.push(format!("{FOLDER}{name} was published and is gone")),
            Some(now) if now != published => {
                faults.push(format!("{FOLDER}{name} was published and has changed since: add a step instead"));
            }
            Some(_) => {}
        }
    }
    assert!(!list.is_empty());
    no(&faults);
}

#[test]
fn every_step_after_the_first_only_adds() {
    let later = steps().into_iter().filter(|file| !file.name.ends_with("/0001_start.sql"));
    let mut faults: Vec<_> = later.flat_map(|file| faults_of(&file.name, &file.text)).collect();
    let unique: Vec<String> = steps().iter().flat_map(|file| unique_indexes(&file.text)).collect();
    for file in steps() {
        let dropped = statements(&file.text).into_iter();
        let dropped = dropped.filter_map(|statement| Some(statement.strip_prefix("DROP INDEX ")?.to_owned()));
        faults.extend(
            dropped.filter(|name| unique.contains(name)).map(|name| format!("{}: {name} is unique", file.name)),
        );
    }
    no(&faults);
}

#[test]
fn what_would_break_an_older_coordinator_is_found() {
    let check = |sql: &str, expected: Option<&str>| {
        let faults = faults_of("step", sql);
        match expected {
            None => assert!(faults.is_empty(), "{sql}: {faults:?}"),
            Some(said) => assert!(faults.len() == 1 && faults[0].contains(said), "{sql}: {faults:?}"),
        }
    };
    check("CREATE TABLE a (b TEXT NOT NULL); CREATE UNIQUE INDEX c ON a (b);", None);
    check("ALTER TABLE a ADD COLUMN b TEXT;\nALTER TABLE a ADD COLUMN c BIGINT NOT NULL DEFAULT 0;", None);
    check("ALTER TABLE a ADD b TEXT REFERENCES c (id) ON DELETE CASCADE", None);
    check("INSERT INTO a (b) VALUES (1); UPDATE fleet SET oldest_step = 3;", None);
    check("-- DROP TABLE a;\nCREATE INDEX d ON a (b);", None);
    check("DROP TABLE a", Some("only adds"));
    check("drop  index\n i", None);
    assert_eq!(unique_indexes("CREATE INDEX a ON b (c); create unique index\n d ON e (f)"), ["D"]);
    check("DELETE FROM a", Some("only adds"));
    check("TRUNCATE a", Some("only adds"));
    check("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1", Some("only adds"));
    check("CREATE TRIGGER t AFTER INSERT ON audit_entries BEGIN SELECT 1", Some("only adds"));
    check("CREATE TRIGGER t BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'no'); END", None);
    check("ALTER TABLE a DROP COLUMN b", Some("only adds columns"));
    check("ALTER TABLE a RENAME TO b", Some("only adds columns"));
    check("ALTER TABLE a RENAME COLUMN b TO c", Some("only adds columns"));
    check("ALTER TABLE a ALTER COLUMN b TYPE BIGINT", Some("only adds columns"));
    check("ALTER TABLE a ALTER COLUMN b SET NOT NULL", Some("only adds columns"));
    check("ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)", Some("only adds columns"));
    check("ALTER TABLE a ADD UNIQUE (b)", Some("only adds columns"));
    check("ALTER TABLE a DROP CONSTRAINT a_b_fkey", None);
    check("ALTER TABLE a DROP CONSTRAINT a_b_key", Some("only adds columns"));
    check("ALTER TABLE a DROP CONSTRAINT a_b_fkey, DROP COLUMN b", Some("only adds columns"));
    check("ALTER TABLE a ADD COLUMN b TEXT, DROP COLUMN c", Some("one column"));
    check("ALTER TABLE a ADD COLUMN b TEXT, ADD COLUMN c TEXT", Some("one column"));
    check("ALTER TABLE a ADD COLUMN b TEXT NOT NULL", Some("null or have a default"));
    check("ALTER TABLE a ADD COLUMN b TEXT UNIQUE NOT NULL", Some("null or have a default"));
}

/// The steps by name.
fn steps() -> Vec<File> {
    files(&["sql"]).into_iter().filter(|file| file.is_in(FOLDER)).collect()
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The statements of a step, in capitals, without comments.
fn statements(sql: &str) -> Vec<String> {
    let code: String =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    code.split(';').map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()).collect()
}

/// The names of the unique indexes that a step makes, in capitals.
fn unique_indexes(sql: &str) -> Vec<String> {
    let made = statements(sql).into_iter();
    let name = |text: String| Some(text.strip_prefix("CREATE UNIQUE INDEX ")?.split(' ').next()?.to_owned());
    made.filter_map(name).collect()
}

/// What a step does that an older coordinator wouldn't survive.
fn faults_of(name: &str, sql: &str) -> Vec<String> {
    let fault = |statement: String| {
        let said = fault_of(&statement)?;
        Some(format!("{name}: `{}`: {said}", statement.chars().take(60).collect::<String>()))
    };
    statements(sql).into_iter().filter(|statement| !statement.is_empty()).filter_map(fault).collect()
}

fn fault_of(statement: &str) -> Option<&'static str> {
    let allowed = [
        "CREATE TABLE ",
        "CREATE INDEX ",
        "CREATE UNIQUE INDEX ",
        "DROP INDEX ",
        "INSERT INTO ",
        "UPDATE ",
        "ALTER TABLE ",
    ];
    let is_allowed = allowed.iter().any(|beginning| statement.starts_with(beginning));
    if !is_allowed && !keeps_the_trail(statement) {
        return Some("a step only adds tables, columns, indexes and rows");
    }
    let altered = statement.strip_prefix("ALTER TABLE ")?;
    let words: Vec<&str> = altered.split(' ').skip(1).collect();
    // What held before goes on to be written by an older coordinator.
    if matches!(words.as_slice(), ["DROP", "CONSTRAINT", name] if name.ends_with("_FKEY")) {
        return None;
    }
    let constraints = ["CONSTRAINT", "UNIQUE", "PRIMARY", "FOREIGN", "CHECK", "EXCLUDE"];
    let column = match words.as_slice() {
        ["ADD", "COLUMN", column @ ..] => column,
        ["ADD", first, ..] if constraints.contains(first) => &[],
        ["ADD", column @ ..] => column,
        _ => &[],
    };
    if column.is_empty() {
        return Some("a step only adds columns to a table that is there");
    }
    if column.iter().any(|word| word.ends_with(',')) {
        return Some("a statement adds one column");
    }
    let definition = column.join(" ");
    let takes_rows = !definition.contains("NOT NULL") || definition.contains(" DEFAULT ");
    (!takes_rows).then_some("rows of older coordinators lack it: it has to be null or have a default")
}

/// Whether it is part of what keeps the audit trail as it is: no coordinator has ever changed an entry, so none misses it.
fn keeps_the_trail(statement: &str) -> bool {
    let is_trigger = statement.starts_with("CREATE TRIGGER ")
        && statement.contains(" BEFORE ")
        && statement.contains(" ON AUDIT_ENTRIES ");
    // A body is cut where its statements end.
    let of_a_body = ["CREATE FUNCTION ", "END", "RETURN NEW"];
    is_trigger || of_a_body.iter().any(|beginning| statement.starts_with(beginning))
}
