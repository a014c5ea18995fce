//! The store's tables, step by step; steps are only ever added.

use sqlx::migrate::Migrator;

/// The steps for SQLite.
pub(super) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
/// The steps for PostgreSQL.
pub(super) static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");
