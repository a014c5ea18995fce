//! The store on SQLite: one file, one writer.
//!
//! Only what PostgreSQL does otherwise stands here; the SQL itself is in `sql/`.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::StoreError;

#[path = "sql/mod.rs"]
mod sql;

/// The database that `sql/` is compiled for here.
pub(crate) type Db = sqlx::Sqlite;

/// A write lock from the start, so that a transaction that reads first can't fail
/// when it comes to write.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

/// Makes an id in SQL.
pub(crate) const RANDOM_ID: &str = "randomblob(16)";

/// The transaction holds the one write lock already.
pub(crate) const HOLD: &str = "";

/// There is one writer, so no row that it looks for is held by another.
pub(crate) const SKIP_HELD: &str = "";

const READERS: u32 = 4;

/// Opens the file, makes it if it isn't there, and brings its tables up to date.
pub(super) async fn open(file: &Path) -> Result<sql::SqlStore, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A declared effect must outlive the power, too.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10));
    let failed = |source| StoreError::Database { doing: "open its SQLite file", source };
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(failed)?;
    super::migrations::SQLITE.run(&write).await.map_err(StoreError::Migration)?;
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options.read_only(true))
        .await
        .map_err(failed)?;
    Ok(sql::SqlStore { read, write })
}
