//! What the coordinators, Redis and PostgreSQL have used so far, and what comes of it a run.
//!
//! Not here: what browsers use (`wear`).

use super::database::RedisUse;
use super::world::World;
use crate::Failure;
use ::tests::rows::Row;
use ::tests::usage::cpu_seconds;

/// What was used so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    pub(super) redis: RedisUse,
    /// Seconds.
    pub(super) coordinators_cpu: f64,
    /// Seconds.
    database_cpu: f64,
    transactions: f64,
    /// Bytes of the log that is written ahead.
    log: f64,
    /// Bytes of the database.
    size: f64,
    /// Rows of large tables that were read by going through the whole table.
    scanned: f64,
}

/// What a run costs, the fleet's idling beside it included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Scripts that coordinators sent to Redis.
    pub(crate) redis_calls: f64,
    pub(crate) redis_commands: f64,
    /// Seconds of CPU.
    pub(crate) redis_cpu: f64,
    pub(crate) coordinator_cpu: f64,
    pub(crate) database_cpu: f64,
    pub(crate) transactions: f64,
    /// Bytes.
    pub(crate) log: f64,
    pub(crate) size: f64,
    /// Not of a run, but of all: rows of large tables that were read one after the other.
    scanned: f64,
}

impl Used {
    pub(super) async fn of(world: &World) -> Result<Self, Failure> {
        // PostgreSQL counts what a session did when the session has been idle for a moment.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let counts = world.database.run(
            "SELECT xact_commit + xact_rollback, pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_database_size(datname),
                    (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN ('connections', 'runs', 'transactions'))
             FROM pg_stat_database WHERE datname = current_database()",
        );
        let counts: Vec<f64> = counts.await?.split('\t').map(str::parse).collect::<Result<_, _>>()?;
        let [transactions, log, size, scanned] = counts[..] else { return Err("four counts".into()) };
        Ok(Self {
            redis: RedisUse::of(&world.redis).await?,
            coordinators_cpu: world.coordinators_cpu(),
            database_cpu: cpu_seconds(world.database.pid),
            transactions,
            log,
            size,
            scanned,
        })
    }

    /// What came to each of so many since `before`.
    pub(super) fn each_since(&self, before: &Self, count: usize) -> Cost {
        let each = |now: f64, before: f64| (now - before) / count as f64;
        Cost {
            redis_calls: each(self.redis.calls, before.redis.calls),
            redis_commands: each(self.redis.commands, before.redis.commands),
            redis_cpu: each(self.redis.cpu, before.redis.cpu),
            coordinator_cpu: each(self.coordinators_cpu, before.coordinators_cpu),
            database_cpu: each(self.database_cpu, before.database_cpu),
            transactions: each(self.transactions, before.transactions),
            log: each(self.log, before.log),
            size: each(self.size, before.size),
            scanned: self.scanned - before.scanned,
        }
    }
}

impl Cost {
    /// A row for each.
    pub(super) fn rows(&self, stage: &str) -> Vec<Row> {
        let row = |what: &str, value, unit| Row::new(format!("{stage}: {what}"), value, unit);
        vec![
            row("scripts sent to Redis a run", self.redis_calls, "scripts"),
            row("Redis' commands a run, those in scripts included", self.redis_commands, "commands"),
            row("Redis' CPU a run", self.redis_cpu * 1e6, "µs"),
            row("coordinators' CPU a run", self.coordinator_cpu * 1e3, "ms"),
            row("PostgreSQL's CPU a run", self.database_cpu * 1e3, "ms"),
            row("PostgreSQL's transactions a run", self.transactions, "transactions"),
            row("PostgreSQL's write-ahead log a run", self.log / 1024.0, "KiB"),
            row("the database grows a run", self.size / 1024.0, "KiB"),
            row("rows of large tables read one after the other", self.scanned, "rows"),
        ]
    }
}
