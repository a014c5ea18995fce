//! The peer for reads: Datasette, which serves any SQLite file as JSON, on the very file
//! that the coordinator wrote. Installed from PyPI by version, into a cache.
//!
//! Not here: a peer on PostgreSQL; Datasette reads SQLite alone.

use std::path::Path;
use std::time::Duration;

use tests::patience::eventually;
use tests::programs::Program;
use tokio::process::Command;

use crate::Failure;
use crate::python::Environment;

const VERSION: &str = "0.65.1";

/// Datasette on one file.
pub(crate) struct Datasette {
    _program: Program,
    address: String,
}

impl Datasette {
    /// Installs it if need be, and serves `file`.
    pub(crate) async fn start(file: &Path, client: &reqwest::Client) -> Result<Self, Failure> {
        // Setuptools because its plugins need what Python no longer brings.
        let packages = [&format!("datasette=={VERSION}"), "setuptools"];
        let program = Environment::with(&format!("datasette-{VERSION}"), &packages).await?.program("datasette");
        // It can't say which port it took; one that was free a moment ago has to do.
        let port = tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let mut command = Command::new(program);
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string(), "--setting", "max_returned_rows"]);
        command.args(["1000", "--setting", "sql_time_limit_ms", "60000", "--setting", "num_sql_threads", "4"]);
        command.arg("--immutable").arg(file);
        let program = Program::start("datasette", command)?;
        let address = format!("http://127.0.0.1:{port}");
        let ready = eventually(async || client.get(format!("{address}/-/versions.json")).send().await.ok()).await;
        ready.ok_or_else(|| format!("datasette didn't get ready; it said:\n{}", program.talk()))?;
        Ok(Self { _program: program, address })
    }

    /// The rows of `sql`, as JSON objects.
    pub(crate) fn request(
        &self,
        client: &reqwest::Client,
        database: &str,
        sql: &str,
    ) -> Result<reqwest::Request, reqwest::Error> {
        let query = [("sql", sql), ("_shape", "array")];
        client.get(format!("{}/{database}.json", self.address)).query(&query).timeout(Duration::from_secs(60)).build()
    }
}
