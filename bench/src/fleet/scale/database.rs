//! PostgreSQL and Redis from outside, by their own clients: `psql` and `redis-cli`.
//!
//! The SQL here fills tables in bulk and counts; it is the bench's alone, and nothing of the
//! coordinator's is repeated in it.
//!
//! Not here: when anything is asked.

use std::path::PathBuf;

use tests::postgres::Postgres;
use tests::redis::Redis;
use tokio::process::Command;

use crate::Failure;

/// A database that statements can be sent to.
pub(crate) struct Database {
    url: String,
    /// The server's first process.
    pub(crate) pid: u32,
}

impl Database {
    /// That of a server.
    pub(crate) async fn of(server: &Postgres) -> Result<Self, Failure> {
        let mut database = Self { url: server.url(), pid: 0 };
        let folder = database.text("SHOW data_directory").await?;
        let pid = std::fs::read_to_string(PathBuf::from(folder).join("postmaster.pid"))?;
        database.pid = pid.lines().next().unwrap_or_default().trim().parse()?;
        Ok(database)
    }

    /// Runs a statement; its rows, tabs between the columns.
    pub(crate) async fn run(&self, statement: &str) -> Result<String, Failure> {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", &self.url, "-c", statement]);
        let output =
            psql.output().await.map_err(|error| format!("psql: {error}\nhint: apt-get install -y postgresql"))?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?.trim_end().to_owned());
        }
        Err(format!("psql failed:\n{}\n{statement}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// The one value of a statement.
    pub(crate) async fn text(&self, statement: &str) -> Result<String, Failure> {
        Ok(self.run(statement).await?.trim().to_owned())
    }

    /// The one value of a statement, as a number; nothing is none.
    pub(crate) async fn number(&self, statement: &str) -> Result<f64, Failure> {
        let text = self.text(statement).await?;
        if text.is_empty() { Ok(0.0) } else { Ok(text.parse().map_err(|_| format!("{text} is no number"))?) }
    }
}

/// The path of a server's socket.
pub(crate) fn socket_of(redis: &Redis) -> String {
    redis.url().trim_start_matches("redis+unix://").to_owned()
}

/// A section of what Redis says of itself.
async fn info(redis: &Redis, section: &str) -> Result<String, Failure> {
    let mut client = Command::new("redis-cli");
    let output = client.arg("-s").arg(socket_of(redis)).args(["INFO", section]).output().await?;
    Ok(String::from_utf8(output.stdout)?)
}

fn field(info: &str, name: &str) -> f64 {
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(f64::NAN)
}

/// What Redis has been asked so far, and what it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedisUse {
    /// Scripts and commands that clients sent.
    pub(crate) calls: f64,
    /// Commands, those inside of scripts among them.
    pub(crate) commands: f64,
    /// In seconds.
    pub(crate) cpu: f64,
    /// In bytes.
    pub(crate) memory: f64,
}

impl RedisUse {
    pub(crate) async fn of(redis: &Redis) -> Result<Self, Failure> {
        let (stats, cpu, memory) =
            (info(redis, "commandstats").await?, info(redis, "cpu").await?, info(redis, "memory").await?);
        let counts = stats.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name, rest.split(',').next()?.parse::<f64>().ok()?))
        });
        let counts: Vec<(&str, f64)> = counts.collect();
        let is_sent = |name: &str| name.starts_with("eval");
        Ok(Self {
            calls: counts.iter().filter(|(name, _)| is_sent(name)).map(|(_, count)| count).sum(),
            commands: counts.iter().map(|(_, count)| count).sum(),
            cpu: field(&cpu, "used_cpu_user") + field(&cpu, "used_cpu_sys"),
            memory: field(&memory, "used_memory"),
        })
    }
}
