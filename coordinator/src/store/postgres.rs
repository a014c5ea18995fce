//! The store on PostgreSQL, shared by any number of coordinators.
//!
//! Only what SQLite does otherwise stands here; the SQL itself is in `sql/`.

use std::time::Duration;

use domain::secret::Secret;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection as _, QueryBuilder};

use super::columns::Column;
use super::migrations::POSTGRES as STEPS;
use super::{Step, StoreError, Tables};

#[path = "sql/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "one implementation, compiled for each database")]
mod sql;

/// The database that `sql/` is compiled for here.
pub(crate) type Db = sqlx::Postgres;

/// Rows are locked as they are updated.
pub(crate) const BEGIN: &str = "BEGIN";

/// Makes an id in SQL.
pub(crate) const RANDOM_ID: &str = "gen_random_uuid()";

/// Ends a `SELECT` that takes rows, and waits for those that another transaction holds.
/// Rows that only refer to one that is taken can still be added.
pub(crate) const HOLD: &str = " FOR NO KEY UPDATE";

/// Ends a `SELECT` that takes rows and passes those over that another transaction holds.
pub(crate) const SKIP_HELD: &str = " FOR NO KEY UPDATE SKIP LOCKED";

/// Begins an `INSERT` of rows of which none is there.
pub(crate) const INSERT_NEW: &str = "INSERT INTO ";

/// Rows in one statement: where each value has a place of its own, at most 13 of them,
/// below PostgreSQL's 65,535.
pub(crate) const ROWS_AT_ONCE: usize = 5_000;

const CONNECTIONS: u32 = 16;

/// How many statements a connection keeps.
const STATEMENTS: usize = 256;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether any step was ever taken.
pub(crate) const HAS_STEPS: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";

/// Connects, and looks after the tables under an advisory lock.
pub(super) async fn open(url: &Secret, tables: Tables) -> Result<sql::SqlStore, StoreError> {
    let pool = connect(url).await?;
    sql::steps::settle(&pool, tables).await?;
    Ok(sql::SqlStore { read: pool.clone(), write: pool })
}

/// The steps of the tables.
pub(super) async fn steps(url: &Secret) -> Result<Vec<Step>, StoreError> {
    sql::steps::list(&connect(url).await?).await
}

async fn connect(url: &Secret) -> Result<PgPool, StoreError> {
    let failed = |source| StoreError::Database { doing: "connect to PostgreSQL", source };
    let options: PgConnectOptions = url.expose().parse().map_err(failed)?;
    // Statements are kept, so each names its columns: what `*` stands for changes under it when a newer
    // coordinator adds one. Plans aren't: one that was made while a table was empty is bad for long.
    // Keeping no statement isn't a way out, the driver would leave each of them open
    // (launchbadge/sqlx#4328), and each is looked at whenever statistics change.
    let options = options.statement_cache_capacity(STATEMENTS).options([("plan_cache_mode", "force_custom_plan")]);
    // One connection outside of the pool first: the pool would try until its patience
    // ends and then only say that it has ended.
    PgConnection::connect_with(&options).await.map_err(failed)?.close().await.map_err(failed)?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE).connect_with(options);
    pool.await.map_err(failed)
}

/// Appends rows: an array for each column.
pub(crate) fn push_rows(query: &mut QueryBuilder<Db>, columns: Vec<Column>) {
    query.push(" SELECT * FROM UNNEST(");
    for (position, column) in columns.into_iter().enumerate() {
        if position > 0 {
            query.push(", ");
        }
        match column {
            Column::Id(ids) => query.push_bind(ids).push("::UUID[]"),
            Column::Text(texts) => query.push_bind(texts).push("::TEXT[]"),
            Column::Number(numbers) => query.push_bind(numbers).push("::BIGINT[]"),
        };
    }
    query.push(")");
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;
    use tests::postgres::Database;

    use super::{STATEMENTS, connect};

    #[tokio::test]
    async fn a_session_keeps_each_statement_once_and_no_more_than_it_may() {
        let server = Database::create().await.expect("PostgreSQL");
        let pool = connect(&Secret::new(server.url())).await.expect("a pool");
        let mut session = pool.acquire().await.expect("a session");
        let asked = "SELECT COUNT(*) FROM pg_prepared_statements";
        let mut kept = 0;
        for _ in 0..5 {
            kept = sqlx::query_scalar::<_, i64>(asked).fetch_one(&mut *session).await.expect("a count");
        }
        assert_eq!(kept, 1);
        for number in 0..2 * STATEMENTS {
            let other = sqlx::AssertSqlSafe(format!("SELECT {number}"));
            sqlx::query(other).execute(&mut *session).await.expect("a number");
        }
        let kept = sqlx::query_scalar::<_, i64>(asked).fetch_one(&mut *session).await.expect("a count");
        assert_eq!(usize::try_from(kept), Ok(STATEMENTS));
        let plans = sqlx::query_scalar::<_, String>("SHOW plan_cache_mode").fetch_one(&mut *session).await;
        assert_eq!(plans.expect("a setting"), "force_custom_plan");
    }
}
