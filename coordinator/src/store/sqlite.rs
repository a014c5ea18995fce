//! The store on SQLite: one file, one writer.
//!
//! Only what PostgreSQL does otherwise stands here; the SQL itself is in `sql/`.

use std::path::Path;
use std::time::Duration;

use sqlx::QueryBuilder;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use uuid::Uuid;

use super::columns::Column;
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

/// The transaction holds the one write lock already.
pub(crate) const HOLD: &str = "";

/// There is one writer, so no row that it looks for is held by another.
pub(crate) const SKIP_HELD: &str = "";

/// Begins an `INSERT` of rows of which none is there: one that fails ends the transaction
/// anyway, so nothing is noted to take back the statement alone.
pub(crate) const INSERT_NEW: &str = "INSERT OR FAIL INTO ";

/// Rows in one statement: at most 36 places each, below SQLite's 32,766.
pub(crate) const ROWS_AT_ONCE: usize = 900;

const READERS: u32 = 4;

/// How much of the file the writer keeps at hand, in KiB, negative as SQLite wants it: a
/// transaction with a hundred thousand rows shouldn't be written before its end.
const WRITER_CACHE: &str = "-65536";

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
    let writer = options.clone().pragma("cache_size", WRITER_CACHE);
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(writer).await.map_err(unopened)?;
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

/// Appends rows: a place for each value.
pub(crate) fn push_rows(query: &mut QueryBuilder<Db>, columns: Vec<Column>) {
    let rows = columns.iter().map(Column::len).max().unwrap_or_default();
    let mut columns: Vec<Values> = columns.into_iter().map(Values::from).collect();
    query.push_values(0..rows, |mut places, _| {
        for column in &mut columns {
            match column {
                Values::Ids(ids) => places.push_bind(ids.next().flatten()),
                Values::Texts(texts) => places.push_bind(texts.next().flatten()),
                Values::Numbers(numbers) => places.push_bind(numbers.next().flatten()),
            };
        }
    });
}

/// What is left of a column.
enum Values {
    Ids(std::vec::IntoIter<Option<Uuid>>),
    Texts(std::vec::IntoIter<Option<String>>),
    Numbers(std::vec::IntoIter<Option<i64>>),
}

impl From<Column> for Values {
    fn from(column: Column) -> Self {
        match column {
            Column::Id(ids) => Self::Ids(ids.into_iter()),
            Column::Text(texts) => Self::Texts(texts.into_iter()),
            Column::Number(numbers) => Self::Numbers(numbers.into_iter()),
        }
    }
}

fn unopened(source: sqlx::Error) -> StoreError {
    StoreError::Database { doing: "open its SQLite file", source }
}
