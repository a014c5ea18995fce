//! A PostgreSQL server of a test's own, on a socket in a folder of its own.
//!
//! PostgreSQL refuses to run as root, so under root it runs as the user `postgres`,
//! which the system's package makes.
//!
//! Not here: anything that outlives the test.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::patience::eventually;
use crate::programs::{Program, ProgramError};

/// A running server.
pub struct Postgres {
    _server: Program,
    folder: tempfile::TempDir,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    /// [`ProgramError`] if PostgreSQL isn't installed or doesn't get ready.
    pub async fn start() -> Result<Self, ProgramError> {
        let failed = |source| ProgramError::Spawn { name: "postgres".into(), source };
        let programs = programs().ok_or_else(|| ProgramError::NotBuilt { path: "/usr/lib/postgresql".into() })?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let owner = unprivileged();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).map_err(failed)?;
        }
        let cluster = folder.path().join("cluster");
        let prepared = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path());
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let mut init = prepared("initdb");
        init.args(["--auth", "trust", "--username", "bursar", "--no-sync", "--encoding", "UTF8", "--locale", "C"]);
        let made = init.arg("--pgdata").arg(&cluster).output().await.map_err(failed)?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(ProgramError::NotReady { name: "initdb".into(), said });
        }
        let mut serve = prepared("postgres");
        serve.arg("-D").arg(&cluster).arg("-k").arg(folder.path());
        serve.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100"]);
        let server = Program::start("postgres", serve)?;
        let mut ready = prepared("pg_isready");
        ready.arg("-h").arg(folder.path()).args(["-d", "postgres", "-q"]);
        let is_ready = eventually(async || ready.status().await.ok().filter(|status| status.success())).await;
        is_ready.ok_or_else(|| ProgramError::NotReady { name: "postgres".into(), said: server.talk() })?;
        Ok(Self { _server: server, folder })
    }

    /// Where its one database is.
    #[must_use]
    pub fn url(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://bursar@{folder}/postgres")
    }
}

/// The folder with the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let paths = versions.filter_map(Result::ok).map(|version| version.path());
    paths.filter(|path| path.join("bin/initdb").is_file()).max_by_key(|path| number(path)).map(|path| path.join("bin"))
}

fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.starts_with("postgres:"))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
