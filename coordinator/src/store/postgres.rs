//! The store on PostgreSQL, shared by any number of coordinators.
//!
//! Only what SQLite does otherwise stands here; the SQL itself is in `sql/`.

use domain::secret::Secret;
use sqlx::postgres::PgPoolOptions;

use super::StoreError;

#[path = "sql/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "one implementation, compiled for each database")]
mod sql;

/// The database that `sql/` is compiled for here.
pub(crate) type Db = sqlx::Postgres;

/// Rows are locked as they are updated.
pub(crate) const BEGIN: &str = "BEGIN";

const CONNECTIONS: u32 = 16;

/// Connects, and brings the tables up to date under an advisory lock.
pub(super) async fn open(url: &Secret) -> Result<sql::SqlStore, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect(url.expose())
        .await
        .map_err(|source| StoreError::Database { doing: "connect to PostgreSQL", source })?;
    super::migrations::POSTGRES.run(&pool).await.map_err(StoreError::Migration)?;
    Ok(sql::SqlStore { read: pool.clone(), write: pool })
}
