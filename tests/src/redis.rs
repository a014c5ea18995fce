//! A Redis server of a test's own, on a socket in its folder, that can be wiped, killed, and
//! brought back empty or as it once was.
//!
//! Not here: anything of the queue's meaning; tests look at it from outside.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::patience::eventually;
use crate::programs::{Program, ProgramError};

/// What the server reads when it starts, and where it writes what it is asked to keep.
const KEPT: &str = "dump.rdb";
/// What is remembered of it, for it to be brought back to.
const OLDER: &str = "older.rdb";

/// A server, running unless it was killed.
pub struct Redis {
    server: Option<Program>,
    folder: PathBuf,
}

impl Redis {
    /// Starts one with its socket in `folder`.
    ///
    /// # Errors
    /// [`ProgramError`] if redis-server isn't installed or doesn't get ready.
    pub async fn start(folder: &Path) -> Result<Self, ProgramError> {
        let mut redis = Self { server: None, folder: folder.to_owned() };
        redis.start_again().await?;
        Ok(redis)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("redis.sock")
    }

    /// Its process; none once it was killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().and_then(Program::pid)
    }

    /// Takes everything out of it; true if the server said so.
    pub async fn wipe(&self) -> bool {
        self.command(&["FLUSHALL"]).await.trim() == "OK"
    }

    /// Kills it as the kernel would; nothing that stood in it is left.
    pub async fn kill_hard(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill_hard().await;
        }
    }

    /// Starts it, empty, after it was killed.
    ///
    /// # Errors
    /// [`ProgramError`] if it doesn't get ready.
    pub async fn start_again(&mut self) -> Result<(), ProgramError> {
        // The one that was killed has left its socket.
        let _ = std::fs::remove_file(self.socket());
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--dbfilename", KEPT, "--unixsocket"]);
        command.arg(self.socket()).arg("--dir").arg(&self.folder);
        let server = Program::start("redis-server", command)?;
        let answers = async || (self.command(&["PING"]).await.trim() == "PONG").then_some(());
        let ready = eventually(answers).await;
        ready.ok_or_else(|| ProgramError::NotReady { name: "redis-server".into(), said: server.talk() })?;
        self.server = Some(server);
        Ok(())
    }

    /// Remembers all that stands in it now; true if that was done.
    pub async fn remember(&self) -> bool {
        let saved = self.command(&["SAVE"]).await.trim() == "OK";
        saved && std::fs::rename(self.folder.join(KEPT), self.folder.join(OLDER)).is_ok()
    }

    /// Kills it, and starts it with what was remembered: it comes back older.
    ///
    /// # Errors
    /// [`ProgramError`] if nothing was remembered, or it doesn't get ready.
    pub async fn roll_back(&mut self) -> Result<(), ProgramError> {
        self.kill_hard().await;
        let failed = |source| ProgramError::Spawn { name: "redis-server".into(), source };
        std::fs::copy(self.folder.join(OLDER), self.folder.join(KEPT)).map_err(failed)?;
        self.start_again().await?;
        std::fs::remove_file(self.folder.join(KEPT)).map_err(failed)
    }

    /// Everything that stands in it, as text.
    pub async fn contents(&self) -> String {
        let mut contents = String::new();
        for key in self.command(&["KEYS", "*"]).await.lines() {
            contents.push_str(key);
            for read in
                [["GET", key].as_slice(), &["HGETALL", key], &["LRANGE", key, "0", "-1"], &["ZRANGE", key, "0", "-1"]]
            {
                contents.push_str(&self.command(read).await);
            }
        }
        contents
    }

    async fn command(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli").arg("-s").arg(self.socket()).args(arguments).output().await;
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    }
}
