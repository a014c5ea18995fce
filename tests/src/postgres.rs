//! A PostgreSQL server of a test's own, on a socket in a folder of its own.
//!
//! PostgreSQL refuses to run as root, so under root it runs as the user `postgres`,
//! which the system's package makes.
//!
//! Not here: anything that outlives the process.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::patience::eventually;
use crate::programs::{Program, ProgramError};

/// A running server.
pub struct Postgres {
    server: Option<Program>,
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    /// [`ProgramError`] if PostgreSQL isn't installed or doesn't get ready.
    pub async fn start() -> Result<Self, ProgramError> {
        let mut postgres = Self::make().await?;
        postgres.serve().await?;
        Ok(postgres)
    }

    /// Makes a cluster.
    async fn make() -> Result<Self, ProgramError> {
        let failed = |source| ProgramError::Spawn { name: "postgres".into(), source };
        let programs = programs().ok_or_else(|| ProgramError::NotBuilt { path: "/usr/lib/postgresql".into() })?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let owner = unprivileged();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).map_err(failed)?;
        }
        let postgres = Self { server: None, folder, programs };
        let mut init = postgres.command("initdb");
        init.args(["--auth", "trust", "--username", "bursar", "--no-sync", "--encoding", "UTF8", "--locale", "C"]);
        let made = init.arg("--pgdata").arg(postgres.cluster()).output().await.map_err(failed)?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(ProgramError::NotReady { name: "initdb".into(), said });
        }
        Ok(postgres)
    }

    /// Has it end as if it had crashed, and starts it again: what was committed is there.
    ///
    /// # Errors
    /// [`ProgramError`] if it doesn't get ready.
    pub async fn restart(&mut self) -> Result<(), ProgramError> {
        if let Some(server) = self.server.take() {
            server.quit().await;
        }
        self.serve().await
    }

    async fn serve(&mut self) -> Result<(), ProgramError> {
        let mut serve = self.command("postgres");
        self.settings(&mut serve);
        let server = Program::start("postgres", serve)?;
        self.ready(|| server.talk()).await?;
        self.server = Some(server);
        Ok(())
    }

    fn settings(&self, serve: &mut Command) {
        serve.arg("-D").arg(self.cluster()).arg("-k").arg(self.folder.path());
        serve.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=300"]);
    }

    /// Waits until it takes connections; what it said, where it doesn't.
    async fn ready(&self, said: impl Fn() -> String) -> Result<(), ProgramError> {
        let mut ready = self.command("pg_isready");
        ready.arg("-h").arg(self.folder.path()).args(["-d", "postgres", "-q"]);
        let is_ready = eventually(async || ready.status().await.ok().filter(|status| status.success())).await;
        is_ready.map(|_| ()).ok_or_else(|| ProgramError::NotReady { name: "postgres".into(), said: said() })
    }

    fn cluster(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    /// One of its programs, as the user that it may run as.
    fn command(&self, program: &str) -> Command {
        self.of_its_user(Command::new(self.programs.join(program)))
    }

    fn of_its_user(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path());
        if let Some((user, group)) = unprivileged() {
            command.uid(user).gid(group);
        }
        command
    }

    /// Where its one database is.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    fn url_of(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://bursar@{folder}/{database}")
    }
}

/// The server whose databases the tests of this process have, however they follow each other: a cluster takes seconds to make.
static SHARED: OnceCell<Shared> = OnceCell::const_new();

/// The database on the shared server that others are copies of.
static PREPARED: OnceCell<Database> = OnceCell::const_new();

/// Runs a server until the other end of its standard input is closed, as that of a process is which ends, however it ends; then
/// takes the server's folder away. The folder comes first, then the server with its arguments.
const UNTIL_INPUT_ENDS: &str =
    r#"folder=$1; shift; "$@" </dev/null >log 2>&1 & read -r _; kill -INT $!; wait $!; cd /; rm -rf "$folder""#;

/// A server that ends after this process.
struct Shared {
    postgres: Postgres,
    /// Its standard input is open for as long as this process lives.
    _runner: Child,
}

impl Shared {
    async fn start() -> Result<Self, ProgramError> {
        let mut postgres = Postgres::make().await?;
        // Nothing of a process is dropped that ends.
        postgres.folder.disable_cleanup(true);
        let folder = postgres.folder.path();
        let mut command = postgres.of_its_user(Command::new("sh"));
        command.args(["-c", UNTIL_INPUT_ENDS, "sh"]).arg(folder).arg(postgres.programs.join("postgres"));
        postgres.settings(&mut command);
        // A Ctrl-C at the terminal ends this process, and the server by that.
        command.process_group(0);
        // It is no runtime's: that of each test ends with the test.
        let mut command = command.into_std();
        let runner = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let runner = runner.map_err(|source| ProgramError::Spawn { name: "postgres".into(), source })?;
        postgres.ready(|| std::fs::read_to_string(folder.join("log")).unwrap_or_default()).await?;
        Ok(Self { postgres, _runner: runner })
    }
}

/// A database of a test's own, on a server that it shares.
pub struct Database {
    server: &'static Postgres,
    name: String,
}

impl Database {
    /// Makes one; the server ends after this process.
    ///
    /// # Errors
    /// [`ProgramError`] if PostgreSQL isn't installed or doesn't get ready.
    pub async fn create() -> Result<Self, ProgramError> {
        Self::copy_of("template0").await
    }

    /// Makes a copy of a database that `prepare` prepared, once in this process: steps of tables take longer than a copy of what
    /// they come to. Whoever asks prepares the same, as only the first is asked to, and leaves no connection open.
    ///
    /// # Errors
    /// [`ProgramError`] as of [`Self::create`], or where `prepare` left it open.
    pub async fn create_prepared(prepare: impl AsyncFnOnce(String)) -> Result<Self, ProgramError> {
        let prepared = PREPARED.get_or_try_init(async || {
            let database = Self::create().await?;
            prepare(database.url()).await;
            Ok::<_, ProgramError>(database)
        });
        Self::copy_of(&prepared.await?.name).await
    }

    async fn copy_of(template: &str) -> Result<Self, ProgramError> {
        let server = &SHARED.get_or_try_init(Shared::start).await?.postgres;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut create = server.command("createdb");
        create.arg("--host").arg(server.folder.path()).args(["--username", "bursar", "--template", template, &name]);
        let made = create.output().await.map_err(|source| ProgramError::Spawn { name: "createdb".into(), source })?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(ProgramError::NotReady { name: "createdb".into(), said });
        }
        Ok(Self { server, name })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url_of(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whatever still has it open goes first; one that can't be dropped goes with the server.
        let mut gone = self.server.command("dropdb").into_std();
        gone.arg("--host").arg(self.server.folder.path()).args(["--username", "bursar", "--force", &self.name]);
        let _ = gone.stdout(Stdio::null()).stderr(Stdio::null()).status();
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
