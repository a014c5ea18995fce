//! A private redis-server that starts and ends with the coordinator, on a socket in
//! a scratch folder and on no port. It keeps nothing on disk: the queue is rebuilt
//! from the store whenever it starts empty.

use std::path::Path;
use std::time::Duration;

use domain::secret::Secret;
use supervisor::{Output, ScratchDir, Spec, Supervised};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const READY: Duration = Duration::from_secs(10);

/// The running server; it ends when this is dropped, or when this process ends.
pub struct EmbeddedRedis {
    server: Supervised,
    url: Secret,
    _folder: ScratchDir,
}

/// The private server didn't start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedRedisError {
    /// Its folder couldn't be made.
    #[error("no folder for the private redis-server could be made")]
    Folder(#[source] std::io::Error),
    /// It couldn't be started at all.
    #[error("`{program}` couldn't be started as the private redis-server")]
    Spawn {
        /// What was to be started.
        program: String,
        /// Why it wasn't.
        source: supervisor::SpawnError,
    },
    /// It ended or stayed silent.
    #[error("the private redis-server didn't get ready; it said: {said}")]
    NotReady {
        /// The last that it said.
        said: String,
    },
}

impl EmbeddedRedis {
    /// Starts `program` with its socket in a new folder below `base`, and waits until
    /// it takes connections.
    ///
    /// # Errors
    /// [`EmbeddedRedisError`].
    pub async fn start(program: &Path, base: &Path) -> Result<Self, EmbeddedRedisError> {
        std::fs::create_dir_all(base).map_err(EmbeddedRedisError::Folder)?;
        supervisor::sweep(base).map_err(EmbeddedRedisError::Folder)?;
        let folder = ScratchDir::create(base, "redis").map_err(EmbeddedRedisError::Folder)?;
        let socket = folder.path().join("redis.sock");
        let spec = Spec::new(program)
            .args(["--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no"])
            .args(["--daemonize", "no", "--loglevel", "notice", "--logfile", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(folder.path())
            .stdout(Output::Piped)
            .stderr(Output::Null)
            .remove(&folder);
        let program = program.display().to_string();
        let mut server =
            Supervised::spawn(spec).await.map_err(|source| EmbeddedRedisError::Spawn { program, source })?;
        let mut said = String::from("nothing");
        let Some(output) = server.take_stdout() else { return Err(EmbeddedRedisError::NotReady { said }) };
        let mut lines = BufReader::new(output).lines();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.to_lowercase().contains("ready to accept connections") {
                    return true;
                }
                said = line;
            }
            false
        };
        if !tokio::time::timeout(READY, ready).await.unwrap_or(false) {
            return Err(EmbeddedRedisError::NotReady { said });
        }
        // A pipe that nobody reads would stop the server once it is full.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                tracing::debug!(target: "redis", "{line}");
            }
        });
        let url = Secret::new(format!("redis+unix://{}", socket.display()));
        Ok(Self { server, url, _folder: folder })
    }

    /// Where the server is.
    #[must_use]
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// Waits until the server ends, which it shouldn't.
    pub async fn ended(&mut self) {
        self.server.wait().await;
    }

    /// Ends the server.
    pub async fn stop(self) {
        self.server.kill().await;
    }
}
