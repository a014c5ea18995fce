//! A Redis server of a test's own, on a socket in its folder, that can be wiped.
//!
//! Not here: anything of the queue's meaning; tests look at it from outside.

use std::path::Path;

use tokio::process::Command;

use crate::patience::eventually;
use crate::programs::{Program, ProgramError};

/// A running server.
pub struct Redis {
    _server: Program,
    socket: std::path::PathBuf,
}

impl Redis {
    /// Starts one with its socket in `folder`.
    ///
    /// # Errors
    /// [`ProgramError`] if redis-server isn't installed or doesn't get ready.
    pub async fn start(folder: &Path) -> Result<Self, ProgramError> {
        let socket = folder.join("redis.sock");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
        command.arg("--dir").arg(folder);
        let server = Program::start("redis-server", command)?;
        let ready = eventually(async || socket.exists().then_some(())).await;
        ready.ok_or_else(|| ProgramError::NotReady { name: "redis-server".into(), said: server.talk() })?;
        Ok(Self { _server: server, socket })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket.display())
    }

    /// Takes everything out of it; true if the server said so.
    pub async fn wipe(&self) -> bool {
        self.command(&["FLUSHALL"]).await.trim() == "OK"
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
        let output = Command::new("redis-cli").arg("-s").arg(&self.socket).args(arguments).output().await;
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    }
}
