//! The store on SQLite: one file, one writer.
//!
//! Only what PostgreSQL does otherwise stands here; the SQL itself is in `sql/`.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::migrations::SQLITE as STEPS;
use super::{Step, StoreError, Tables};

#[path = "sql/mod.rs"]
mod sql;

/// The database that `sql/` is compiled for here.
pub(crate) type Db = sqlx::Sqlite;

/// A write lock from the start, so that a transaction that reads first can't fail
/// when it comes to write.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

/// Makes an id in SQL.
pub(crate) const RANDOM_ID: &str = "randomblob(16)";

const READERS: u32 = 4;

/// Whether any step was ever taken.
pub(crate) const HAS_STEPS: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations')";

/// Opens the file. Where the tables are to be brought up to date, it is made if it isn't
/// there.
pub(super) async fn open(file: &Path, tables: Tables) -> Result<sql::SqlStore, StoreError> {
    if tables == Tables::LeftAlone && !file.exists() {
        return Err(StoreError::StepsMissing { missing: STEPS.iter().count() });
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A declared effect must outlive the power, too.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10));
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(unopened)?;
    sql::steps::settle(&write, tables).await?;
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options.read_only(true))
        .await
        .map_err(unopened)?;
    Ok(sql::SqlStore { read, write })
}

/// The steps of the tables in the file; all are pending where there is none.
pub(super) async fn steps(file: &Path) -> Result<Vec<Step>, StoreError> {
    if !file.exists() {
        return Ok(STEPS.iter().map(Step::pending).collect());
    }
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(unopened)?;
    sql::steps::list(&pool).await
}

fn unopened(source: sqlx::Error) -> StoreError {
    StoreError::Database { doing: "open its SQLite file", source }
}
